"""Distinguished names: read from what a person pastes, compared as a person would, shown on one line.

The text form is RFC 4514. It begins with the attribute that is encoded last, `openssl x509 -subject` prints the others'
way round, and both get pasted into configurations: `parse_dn` reads either as it stands, and `same_dn` compares names
whichever end they begin with.
"""

import re
import unicodedata

from cryptography import x509
from cryptography.x509.oid import NameOID

from mockpsc.errors import ConfigurationError, nearest

_TYPES = {
    "CN": NameOID.COMMON_NAME,
    "L": NameOID.LOCALITY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "S": NameOID.STATE_OR_PROVINCE_NAME,  # as Windows prints it
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "C": NameOID.COUNTRY_NAME,
    "STREET": NameOID.STREET_ADDRESS,
    "DC": NameOID.DOMAIN_COMPONENT,
    "UID": NameOID.USER_ID,
    "SERIALNUMBER": NameOID.SERIAL_NUMBER,
    "ORGANIZATIONIDENTIFIER": NameOID.ORGANIZATION_IDENTIFIER,  # 2.5.4.97, as OpenSSL prints it
    "EMAILADDRESS": NameOID.EMAIL_ADDRESS,
}
_ATTRIBUTE = re.compile(
    r"""\s* (?:OID\.)? (?P<type> [A-Za-z][A-Za-z0-9-]* | \d+(?:\.\d+)+ ) \s*=\s*
        (?P<value> "(?:\\.|[^"\\])*" | (?:\\.|[^\\",+;])*? ) \s* (?P<end> [,+] | $ )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"(?P<bytes>(?:\\[0-9A-Fa-f]{2})+)|\\(?P<character>.)", re.DOTALL)
_EXAMPLE = r"CN=my-client,OU=300000000000000,O=My company\, Paris,ST=Paris (75),C=FR"


def make_dn(*attributes: tuple[str, str]) -> x509.Name:
    """A name of single attributes, as `("C", "FR")`, in the order of the encoding, which begins with the country."""
    return x509.Name([x509.NameAttribute(_TYPES[kind], value) for kind, value in attributes])


def parse_dn(text: str) -> x509.Name:
    """The name that an RFC 4514 string stands for: its last attribute is the first one encoded.

    White space around `,`, `+` and `=`, quotes, and type names in any case are accepted, because tools print them.
    Raises ConfigurationError when the text cannot be read.
    """
    rdns: list[list[x509.NameAttribute[str]]] = [[]]
    position, end = 0, ","
    while end:
        match = _ATTRIBUTE.match(text, position)
        if match is None:
            raise _unreadable(text, f"it does not go on as TYPE=value at {text[position:]!r}")
        rdns[-1].append(_attribute(match, text))
        position, end = match.end(), match["end"]
        if end == ",":
            rdns.append([])
    return x509.Name([x509.RelativeDistinguishedName(rdn) for rdn in reversed(rdns)])


def _attribute(match: re.Match[str], text: str) -> x509.NameAttribute[str]:
    """The attribute in one match of `_ATTRIBUTE`; ConfigurationError when its type or value cannot be."""
    kind, value = match["type"], match["value"]
    if value.startswith("#"):
        raise _unreadable(text, f"the value of {kind} is in hexadecimal, and only text is accepted")
    try:
        return x509.NameAttribute(_type(kind), _unescape(value))
    except KeyError:
        raise _unreadable(text, f"{kind!r} is not a known type{nearest(kind.upper(), _TYPES)}") from None
    except ValueError as error:
        raise _unreadable(text, f"the value of {kind} is not acceptable: {error}") from error


def _type(kind: str) -> x509.ObjectIdentifier:
    """The type that a short name or a dotted OID stands for; KeyError when it is no known name."""
    return x509.ObjectIdentifier(kind) if kind[0].isdigit() else _TYPES[kind.upper()]


def _unescape(value: str) -> str:
    """The value without its quotes and its backslashes (RFC 4514 §3); ValueError when the bytes are not UTF-8."""
    if value.startswith('"'):
        value = value[1:-1]
    return _ESCAPED.sub(
        lambda match: (
            bytes.fromhex(match["bytes"].replace("\\", "")).decode() if match["bytes"] else match["character"]
        ),
        value,
    )


def _unreadable(text: str, reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"The distinguished name {text!r} cannot be read, because {reason}: write it as in RFC 4514, "
        f"for example {_EXAMPLE!r}, with a backslash before a comma that is part of a value."
    )


def same_dn(a: x509.Name, b: x509.Name) -> bool:
    """Whether two names are one, by rules like those of RFC 4518, and whichever end each of them begins with.

    Case, white space around and within values, and the ASN.1 string type make no difference.
    """
    one, other = _prepared(a), _prepared(b)
    return one in (other, other[::-1])


def _prepared(name: x509.Name) -> list[frozenset[tuple[str, str | bytes]]]:
    return [frozenset((each.oid.dotted_string, _folded(each.value)) for each in rdn) for rdn in name.rdns]


def _folded(value: str | bytes) -> str | bytes:
    if isinstance(value, bytes):  # a bit string, which has no case
        return value
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())


def common_name(name: x509.Name) -> str | None:
    """The value of the most specific (last encoded) CN, or None when there is none."""
    values = [str(each.value) for each in name.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return values[-1] if values else None


def attribute_name(oid: x509.ObjectIdentifier) -> str:
    """The short name of an attribute type, such as `OU`, or its dotted OID."""
    return next((name for name, known in _TYPES.items() if known == oid), oid.dotted_string)


def show_dn(name: x509.Name) -> str:
    """The name as an RFC 4514 string; a character that does not print is written as its escaped bytes."""
    text = name.rfc4514_string({NameOID.SERIAL_NUMBER: "SERIALNUMBER"})
    return "".join(character if character.isprintable() else _escaped(character) for character in text)


def _escaped(character: str) -> str:
    return "".join(f"\\{byte:02x}" for byte in character.encode())
