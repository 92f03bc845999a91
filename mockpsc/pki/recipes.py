"""The catalogue of certificates, good and bad, each named after its symptom: one entry, what differs from a good one.

Every reason is what OpenSSL finds when the client's authority and its root are both trusted (PARTIAL_CHAIN), or the
server's root by a relying party. Two are not here, for want of a library that will go on reading them: serial numbers
that are zero or negative (RFC 5280 §4.1.2.2), which OpenSSL accepts.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mockpsc.errors import ConfigurationError, nearest
from mockpsc.pki.baking import Baked, Chain, Change, KeyName, Part, Recipe, Side, bake, but, make_key
from mockpsc.pki.build import BACKDATE, TEST_ONLY, CertificateSpec, client_spec
from mockpsc.pki.der import (
    as_v1,
    with_altered_signature,
    with_key_usage_twice,
    with_long_serial,
    with_printable_subject,
    without_basic_constraints,
)
from mockpsc.pki.names import make_dn

__all__ = ["Baked", "KeyName", "Part", "Recipe", "Side", "bake", "find_recipe", "make_key", "recipes"]

_EXPIRED = but(not_before=-timedelta(days=366), lifetime=timedelta(days=365))
_NOT_YET_VALID = but(not_before=timedelta(days=1))
_CLIENT_AUTH, _SERVER_AUTH = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
_INTERMEDIATE = Part()
_SUBORDINATE = Part(
    change=but(subject=make_dn(("O", "MOCKPSC TEST"), ("OU", TEST_ONLY), ("CN", "MOCKPSC TEST SUBORDINATE")))
)
_UNKNOWN_EXTENSION = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.999.1"), b"\x05\x00")  # X.660's example arc
_BAD_CERTIFICATE = 42  # for a host name there is no reason of the mock's own
_UNKNOWN_CA = 48  # OpenSSL looks for no issuer of what it finds malformed, and then misses one
_WEAK = "The program that presents it must be allowed to: in OpenSSL, with the cipher string DEFAULT:@SECLEVEL=0."
_REVOKE = "Revoke it first: as it is made, it is good."


def recipes() -> Mapping[str, Recipe]:
    """All recipes by name, the client's first, in the order of the documentation."""
    return _catalogue()


def find_recipe(name: str) -> Recipe:
    """The recipe of that name; ConfigurationError, with the nearest name, when there is none."""
    if name not in recipes():
        raise ConfigurationError(f"No recipe for a certificate is named {name!r}{nearest(name, recipes())}.")
    return recipes()[name]


@cache
def _catalogue() -> Mapping[str, Recipe]:
    return {recipe.name: recipe for recipe in (*_client(), *_server())}


def _client() -> Iterator[Recipe]:
    yield from _client_validity()
    yield from _client_trust()
    yield from _client_authorities()
    yield from _client_usage()
    yield from _client_cryptography()
    yield from _client_encoding()
    yield from _client_identity()


def _of_client(name: str, meaning: str, reason: str | None = None, *, leaf: Part | None = None, **more: Any) -> Recipe:
    return Recipe(name=name, side="client", meaning=meaning, reason=reason, leaf=leaf or _leaf(), **more)


def _leaf(**more: Any) -> Part:
    """A client's own certificate. Its key is RSA, as at IGC-Santé."""
    return Part(**({"key": "rsa"} | more))


def _changed(**fields: Any) -> Part:
    return _leaf(change=but(**fields))


def _client_validity() -> Iterator[Recipe]:
    yield _of_client("good", "A certificate as it should be.")
    yield _of_client("expired", "It expired yesterday.", "expired", leaf=_leaf(change=_EXPIRED))
    yield _of_client("not-yet-valid", "It is valid from tomorrow.", "not_yet_valid", leaf=_leaf(change=_NOT_YET_VALID))
    yield _of_client(
        "expires-soon",
        "It is valid, and expires in five minutes.",
        leaf=_changed(lifetime=BACKDATE + timedelta(minutes=5)),
    )
    yield _of_client(
        "expired-intermediate",
        "The intermediate that issued it expired yesterday.",
        "expired_issuer",
        path=(Part(change=_EXPIRED),),
    )
    yield _of_client(
        "not-yet-valid-intermediate",
        "The intermediate that issued it is valid from tomorrow.",
        "not_yet_valid",
        path=(Part(change=_NOT_YET_VALID),),
    )
    yield _of_client(
        "expired-root",
        "It was issued by a root that is trusted and expired yesterday.",
        "expired_issuer",
        top="other root",
        root=Part(change=_EXPIRED),
        trusts_root=True,
        needs="The mock must trust root.pem beside it (--client-ca), or it finds unknown_ca.",
    )


def _client_trust() -> Iterator[Recipe]:
    yield _of_client(
        "untrusted-root", "It leads to an unknown root, which is sent too.", "unknown_ca", top="other root", sends=_all
    )
    yield _of_client(
        "untrusted-issuer",
        "An unknown root issued it, which is not sent.",
        "unknown_ca",
        top="other root",
        sends=_leaf_alone,
    )
    yield _of_client("self-signed", "It is signed with its own key.", "self_signed", top="itself")
    yield _of_client(
        "impostor-ca",
        "Its issuer has the name of the trusted authority and another key.",
        "impostor_ca",
        top="impostor",
        sends=_leaf_alone,
    )
    yield _of_client(
        "incomplete-chain",
        "The certificate of the intermediate that issued it is not sent.",
        "incomplete_chain",
        path=(_SUBORDINATE,),
        sends=_leaf_alone,
        needs="The mock must know the missing intermediate without trusting it, or it finds unknown_ca.",
    )
    yield _of_client("leaf-alone", "It is sent without the trusted authority that issued it.", sends=_leaf_alone)
    yield _of_client("with-root", "The root, which need not be sent, is sent too.", sends=_all)
    yield _of_client(
        "reversed-chain", "The authorities are sent in the wrong order.", path=(_INTERMEDIATE,), sends=_reversed
    )
    yield _of_client("superfluous-certificate", "A certificate of no use for its chain is sent too.", besides=(Part(),))


def _client_authorities() -> Iterator[Recipe]:
    yield _of_client("intermediate", "An intermediate issued it.", path=(_INTERMEDIATE,))
    yield _of_client("long-chain", "There are five intermediates above it.", path=(_INTERMEDIATE,) * 5)
    yield _of_client(
        "path-too-long", "An authority that may issue none issued its authority.", "path_too_long", path=(_SUBORDINATE,)
    )
    yield _of_client(
        "intermediate-not-ca",
        "The basic constraints of the intermediate say that it is no authority.",
        "not_a_ca",
        path=(Part(change=but(ca=False, path_length=None)),),
    )
    yield _of_client(
        "intermediate-without-basic-constraints",
        "The intermediate does not say whether it is an authority.",
        "not_a_ca",
        path=(Part(tamper=without_basic_constraints),),
    )
    yield _of_client(
        "intermediate-without-cert-sign",
        "The key usage of the intermediate does not allow it to issue certificates.",
        "not_a_ca",
        path=(Part(change=but(key_usage=("crl_sign",))),),
    )
    yield _of_client(
        "intermediate-v1",
        "The intermediate is of X.509 version 1, which knows no authorities.",
        "not_a_ca",
        path=(Part(tamper=as_v1),),
    )
    yield _of_client(
        "issued-by-leaf", "Another client's certificate issued it.", "not_a_ca", path=(Part(change=_like_a_leaf),)
    )
    yield _of_client(
        "ca-as-leaf",
        "It is an authority's itself.",
        leaf=_changed(ca=True, key_usage=("digital_signature", "key_cert_sign")),
    )
    yield _of_client(
        "name-constraint",
        "It names a host outside those that its intermediate may issue for.",
        "name_constraint",
        leaf=_changed(alternative_names=(x509.DNSName("elsewhere.example"),)),
        path=(Part(change=but(name_constraints=_permitting("allowed.test"))),),
    )


def _client_usage() -> Iterator[Recipe]:
    yield _of_client(
        "for-servers-only",
        "It is for servers: its extended key usage is serverAuth.",
        "wrong_usage",
        leaf=_changed(extended_key_usage=(_SERVER_AUTH,)),
    )
    yield _of_client(
        "any-extended-key-usage",
        "Its extended key usage is anyExtendedKeyUsage, which OpenSSL does not take for clientAuth.",
        "wrong_usage",
        leaf=_changed(extended_key_usage=(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)),
    )
    yield _of_client(
        "no-extended-key-usage",
        "It has no extended key usage, and so is for everything.",
        leaf=_changed(extended_key_usage=()),
    )
    yield _of_client(
        "client-and-server-auth",
        "Its extended key usages are clientAuth and serverAuth.",
        leaf=_changed(extended_key_usage=(_CLIENT_AUTH, _SERVER_AUTH)),
    )
    yield _of_client(
        "intermediate-for-servers",
        "The intermediate that issued it may issue for servers only.",
        "wrong_usage",
        path=(Part(change=but(extended_key_usage=(_SERVER_AUTH,))),),
    )
    yield _of_client(
        "key-encipherment-only",
        "Its key usage is keyEncipherment, without digitalSignature.",
        "wrong_usage",
        leaf=_changed(key_usage=("key_encipherment",)),
    )
    yield _of_client(
        "non-repudiation-only",
        "Its key usage is nonRepudiation, without digitalSignature.",
        "wrong_usage",
        leaf=_changed(key_usage=("content_commitment",)),
    )
    yield _of_client(
        "key-agreement-only",
        "Its key usage is keyAgreement, which OpenSSL accepts.",
        leaf=_changed(key_usage=("key_agreement",)),
    )
    yield _of_client("no-key-usage", "It has no key usage, and so is for everything.", leaf=_changed(key_usage=()))


def _client_cryptography() -> Iterator[Recipe]:
    yield _of_client("rsa-1024", "Its key is RSA of 1024 bits.", "weak_key", leaf=_leaf(key="rsa-1024"), needs=_WEAK)
    yield _of_client("rsa-3072", "Its key is RSA of 3072 bits.", leaf=_leaf(key="rsa-3072"))
    yield _of_client("ec-p256", "Its key is EC on P-256.", leaf=_leaf(key="ec"))
    yield _of_client("ec-p384", "Its key is EC on P-384.", leaf=_leaf(key="ec-p384"))
    yield _of_client("ed25519", "Its key is Ed25519.", leaf=_leaf(key="ed25519"))
    yield _of_client(
        "sha1-signature", "It is signed with SHA-1.", "weak_signature", leaf=_changed(digest="sha1"), needs=_WEAK
    )
    yield _of_client(
        "altered-signature",
        "One bit of its signature was changed.",
        "bad_signature",
        leaf=_leaf(tamper=with_altered_signature),
    )


def _client_encoding() -> Iterator[Recipe]:
    yield _of_client("v1", "It is of X.509 version 1, without extensions.", leaf=_leaf(tamper=as_v1))
    yield _of_client(
        "long-serial", "Its serial number has 32 octets, where 20 are allowed.", leaf=_leaf(tamper=with_long_serial)
    )
    yield _of_client(
        "duplicate-extension",
        "It has the key usage extension twice.",
        "malformed",
        leaf=_leaf(tamper=with_key_usage_twice),
        alert=_UNKNOWN_CA,
    )
    yield _of_client(
        "unknown-critical-extension",
        "It has a critical extension that nobody knows.",
        "unknown_critical_extension",
        leaf=_changed(other_extensions=_unknown(critical=True)),
    )
    yield _of_client(
        "unknown-extension",
        "It has an extension that nobody knows and nobody has to.",
        leaf=_changed(other_extensions=_unknown(critical=False)),
    )


def _client_identity() -> Iterator[Recipe]:
    yield _of_client(
        "other-client", "It is good, and another client's.", "subject_mismatch", leaf=_leaf(change=_another_client)
    )
    yield _of_client(
        "dn-case", "Its subject is in capitals, but for the client id.", leaf=_leaf(change=_with_values(str.upper))
    )
    yield _of_client(
        "dn-inner-space",
        "Its subject has more white space.",
        leaf=_leaf(change=_with_values(lambda value: f" {value.replace(' ', '   ')} ")),
    )
    yield _of_client(
        "dn-string-type",
        "Its subject has PrintableStrings instead of UTF8Strings.",
        leaf=_leaf(tamper=with_printable_subject),
    )
    yield _of_client(
        "alternative-names",
        "It has alternative names as well: a host, a URI and an address.",
        leaf=_changed(
            alternative_names=(
                x509.DNSName("client.test"),
                x509.UniformResourceIdentifier("urn:mockpsc:client"),
                x509.RFC822Name("contact@client.test"),
            )
        ),
    )
    yield _of_client("revoked", "It was revoked.", "revoked", revoked=True, needs=_REVOKE)


def _server() -> Iterator[Recipe]:
    yield from _server_validity()
    yield from _server_host()
    yield from _server_chain()
    yield from _server_usage()
    yield from _server_cryptography()
    # The root is sent, too: curl looks there for the issuer that an OCSP response is from.
    yield _of_server("revoked", "It was revoked.", "revoked", revoked=True, needs=_REVOKE, sends=_all)


def _of_server(name: str, meaning: str, reason: str | None = None, **more: Any) -> Recipe:
    return Recipe(name=f"server-{name}", side="server", meaning=meaning, reason=reason, **more)


def _server_validity() -> Iterator[Recipe]:
    yield _of_server("good", "A certificate as it should be.")
    yield _of_server("expired", "It expired yesterday.", "expired", leaf=Part(change=_EXPIRED))
    yield _of_server("not-yet-valid", "It is valid from tomorrow.", "not_yet_valid", leaf=Part(change=_NOT_YET_VALID))


def _server_host() -> Iterator[Recipe]:
    yield _of_server(
        "wrong-host",
        "It names another host.",
        "wrong_host",
        alert=_BAD_CERTIFICATE,
        leaf=Part(change=but(alternative_names=(x509.DNSName("wrong.host.test"),))),
    )
    yield _of_server(
        "no-san",
        "It names the host in its CN alone, where RFC 9525 no longer looks.",
        "wrong_host",
        alert=_BAD_CERTIFICATE,
        leaf=Part(change=but(alternative_names=())),
        needs="Python's ssl still looks there, unless hostname_checks_common_name is False (as urllib3 2 sets it).",
    )


def _server_chain() -> Iterator[Recipe]:
    yield _of_server("self-signed", "It is signed with its own key.", "self_signed", top="itself")
    yield _of_server(
        "untrusted-root", "It leads to a root that nobody trusts.", "unknown_ca", top="other root", sends=_leaf_alone
    )
    yield _of_server("intermediate", "An intermediate issued it, which is sent.", path=(_INTERMEDIATE,))
    yield _of_server(
        "incomplete-chain",
        "The certificate of the intermediate that issued it is not sent.",
        "incomplete_chain",
        path=(_SUBORDINATE,),
        sends=_leaf_alone,
    )
    yield _of_server(
        "reversed-chain", "The authorities are sent in the wrong order.", path=(_INTERMEDIATE,) * 2, sends=_reversed
    )
    yield _of_server(
        "expired-intermediate",
        "The intermediate that issued it expired yesterday.",
        "expired_issuer",
        path=(Part(change=_EXPIRED),),
    )


def _server_usage() -> Iterator[Recipe]:
    yield _of_server(
        "client-auth-only",
        "It is for clients: its extended key usage is clientAuth.",
        "wrong_usage",
        leaf=Part(change=but(extended_key_usage=(_CLIENT_AUTH,))),
    )


def _server_cryptography() -> Iterator[Recipe]:
    yield _of_server(
        "sha1",
        "It is signed with SHA-1.",
        "weak_signature",
        leaf=Part(change=but(digest="sha1")),
        path=(Part(key="rsa"),),
        needs=_WEAK,
    )
    yield _of_server("weak-key", "Its key is RSA of 1024 bits.", "weak_key", leaf=Part(key="rsa-1024"), needs=_WEAK)


def _all(chain: Chain) -> Chain:
    return chain


def _leaf_alone(chain: Chain) -> Chain:
    return chain[:1]


def _reversed(chain: Chain) -> Chain:
    leaf, *authorities = chain[:-1]
    return (leaf, *reversed(authorities))


def _like_a_leaf(spec: CertificateSpec) -> CertificateSpec:
    return client_spec(spec.public_key, client_id="another-client")


def _another_client(spec: CertificateSpec) -> CertificateSpec:
    other = client_spec(
        spec.public_key, client_id="another-client", organisation="AUTRE ORGANISATION FICTIVE", siret="11111111111111"
    )
    return replace(spec, subject=other.subject)


def _with_values(alter: Callable[[str], str]) -> Change:
    """Change every value of the subject but the country and the CN, which is compared to the letter as a client id."""

    def changed(attribute: x509.NameAttribute[Any]) -> x509.NameAttribute[Any]:
        if attribute.oid in (NameOID.COUNTRY_NAME, NameOID.COMMON_NAME):
            return attribute
        return x509.NameAttribute(attribute.oid, alter(attribute.value))

    return lambda spec: replace(spec, subject=x509.Name([changed(attribute) for attribute in spec.subject]))


def _permitting(host: str) -> x509.NameConstraints:
    return x509.NameConstraints(permitted_subtrees=[x509.DNSName(host)], excluded_subtrees=None)


def _unknown(*, critical: bool) -> tuple[x509.Extension[x509.ExtensionType], ...]:
    return (x509.Extension(_UNKNOWN_EXTENSION.oid, critical, _UNKNOWN_EXTENSION),)
