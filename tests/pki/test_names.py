import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from mockpsc.errors import ConfigurationError
from mockpsc.pki import common_name, make_dn, parse_dn, same_dn, show_dn

LEAF = make_dn(("C", "FR"), ("ST", "Paris (75)"), ("O", "Éditeur"), ("OU", "300000000000000"), ("CN", "my-client"))


@pytest.mark.parametrize(
    "text",
    [
        "CN=my-client,OU=300000000000000,O=Éditeur,ST=Paris (75),C=FR",  # RFC 4514
        "CN=my-client, OU=300000000000000, O=Éditeur, ST=Paris (75), C=FR",  # keytool
        'CN = my-client, OU = 300000000000000, O = "Éditeur", S = Paris (75), C = FR',
        "cn=my-client,ou=300000000000000,o=Éditeur,st=Paris (75),c=FR",
        "2.5.4.3=my-client,OU=300000000000000,O=\\C3\\89diteur,OID.2.5.4.8=Paris (75),C=FR",
    ],
)
def test_a_name_is_read_with_its_last_attribute_first(text: str) -> None:
    assert parse_dn(text) == LEAF


def test_a_name_in_the_order_of_openssl_is_the_same_name() -> None:
    pasted = parse_dn("C = FR, ST = Paris (75), O = Éditeur, OU = 300000000000000, CN = my-client")
    assert pasted != LEAF
    assert same_dn(pasted, LEAF)


@pytest.mark.parametrize(
    ("text", "oid", "value"),
    [
        ("SERIALNUMBER=42", NameOID.SERIAL_NUMBER, "42"),
        ("serialNumber=42", NameOID.SERIAL_NUMBER, "42"),
        ("2.5.4.97=VATFR-00", NameOID.ORGANIZATION_IDENTIFIER, "VATFR-00"),
        ("organizationIdentifier=VATFR-00", NameOID.ORGANIZATION_IDENTIFIER, "VATFR-00"),
        ("L=Saint-Étienne", NameOID.LOCALITY_NAME, "Saint-Étienne"),
        ("1.2.3.4=x", x509.ObjectIdentifier("1.2.3.4"), "x"),
        (r"O=Durand\, Petit \+ Cie", NameOID.ORGANIZATION_NAME, "Durand, Petit + Cie"),
        ('O="Durand, \\"Petit\\" + Cie"', NameOID.ORGANIZATION_NAME, 'Durand, "Petit" + Cie'),
        (r"O=\ space at both ends\ ", NameOID.ORGANIZATION_NAME, " space at both ends "),
        ("O=a=b", NameOID.ORGANIZATION_NAME, "a=b"),
        (r"O=back\\slash", NameOID.ORGANIZATION_NAME, r"back\slash"),
    ],
)
def test_types_and_values_are_read(text: str, oid: x509.ObjectIdentifier, value: str) -> None:
    assert parse_dn(text) == x509.Name([x509.NameAttribute(oid, value)])


def test_an_rdn_of_two_attributes_is_one() -> None:
    name = parse_dn("CN=x+SERIALNUMBER=1,C=FR")
    assert [len(rdn) for rdn in name.rdns] == [1, 2]
    assert same_dn(name, parse_dn("SERIALNUMBER=1 + CN=X, C=fr"))
    assert not same_dn(name, parse_dn("CN=x,SERIALNUMBER=1,C=FR"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "does not go on as TYPE=value at ''"),
        ("my-client", "at 'my-client'"),
        ("/C=FR/CN=x", "at '/C=FR/CN=x'"),
        ("CN=x,", "at ''"),
        ("CN=x,,C=FR", "at ',C=FR'"),
        ("CN=Durand, Petit", "at ' Petit'"),
        ('CN="x', "at 'CN=\"x'"),
        ("CNN=x", "'CNN' is not a known type (did you mean 'CN'?)"),
        ("C=France", "the value of C is not acceptable"),
        ("CN=", "the value of CN is not acceptable"),
        (r"CN=\ff", "the value of CN is not acceptable"),
        ("9.9=x", "the value of 9.9 is not acceptable"),
        ("CN=#0c0178", "in hexadecimal"),
    ],
)
def test_a_name_that_cannot_be_read_is_refused_with_the_place_and_an_example(text: str, says: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        parse_dn(text)
    assert str(refusal.value).startswith(f"The distinguished name {text!r} cannot be read, because ")
    assert says in str(refusal.value)
    assert r"'CN=my-client,OU=300000000000000,O=My company\\, Paris,ST=Paris (75),C=FR'" in str(refusal.value)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("CN=My Client,C=FR", "CN=my client,C=fr"),
        (r"CN=\ my   client\ ,C=FR", "CN=my client,C=FR"),
        ("CN=STRASSE", "CN=straße"),
        ("CN=E\u0301diteur", "CN=Éditeur"),
        ("CN=x,O=y,C=FR", "C=FR,O=y,CN=x"),
    ],
)
def test_case_white_space_and_direction_make_no_difference(a: str, b: str) -> None:
    assert same_dn(parse_dn(a), parse_dn(b))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("CN=x,C=FR", "CN=y,C=FR"),
        ("CN=x,C=FR", "CN=x"),
        ("CN=x,O=x", "CN=x,OU=x"),
        ("CN=x,O=y,C=FR", "O=y,CN=x,C=FR"),
        ("CN=my client", "CN=myclient"),
        ("OU=a,OU=b,CN=x", "OU=a,CN=x"),
    ],
)
def test_another_name_is_not_the_same(a: str, b: str) -> None:
    assert not same_dn(parse_dn(a), parse_dn(b))


def test_the_string_type_makes_no_difference() -> None:
    printable = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x", _ASN1Type.PrintableString)])
    assert printable.public_bytes() != parse_dn("CN=x").public_bytes()
    assert same_dn(printable, parse_dn("CN=x"))


def test_a_bit_string_is_compared_as_it_is() -> None:
    def name(value: bytes) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.X500_UNIQUE_IDENTIFIER, value, _ASN1Type.BitString)])

    assert same_dn(name(b"a"), name(b"a"))
    assert not same_dn(name(b"a"), name(b"A"))


def test_the_common_name_is_the_last_one_encoded() -> None:
    assert common_name(LEAF) == "my-client"
    assert common_name(make_dn(("CN", "first"), ("CN", "last"))) == "last"
    assert common_name(make_dn(("O", "no common name"))) is None


@pytest.mark.parametrize(
    "value", ["x", "a, b + c", " x ", "x\ny", "\x1b[31mred", "\u202egnp", "é", "#x", '"', "nul\x00"]
)
def test_what_is_shown_prints_and_is_read_as_the_same_name(value: str) -> None:
    name = make_dn(("C", "FR"), ("SERIALNUMBER", value), ("CN", value))
    shown = show_dn(name)
    assert shown.isprintable()
    assert shown.startswith("CN=")
    assert shown.endswith(",C=FR")
    assert parse_dn(shown) == name


def test_an_rfc_4514_string_is_shown() -> None:
    assert show_dn(LEAF) == "CN=my-client,OU=300000000000000,O=Éditeur,ST=Paris (75),C=FR"
    assert show_dn(parse_dn("2.5.4.97=VATFR-00")) == "2.5.4.97=VATFR-00"
