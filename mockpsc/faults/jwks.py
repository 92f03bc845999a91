"""Faults of the JWK Set (RFC 7517 §5), and of which key signs (OpenID Connect Core §10.1)."""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from mockpsc.faults.base import DocumentFault, Fault, RequestFault, SigningFault, fault, signing
from mockpsc.faults.occasion import Occasion
from mockpsc.faults.subjects import Answer, Asked, Document, Signing
from mockpsc.members import member

Jwk = Mapping[str, Any]

_ED25519 = {
    "kid": "ed25519",
    "kty": "OKP",
    "alg": "EdDSA",
    "use": "sig",
    "crv": "Ed25519",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",  # RFC 8037 appendix A.2
}


class _KeySetFault(DocumentFault):
    targets = ("jwks",)


class _SigningKeyFault(SigningFault):
    targets = ("id_token", "access_token", "userinfo", "authorization")


class _NamelessFault(Fault[Document | Signing]):
    stage = "document"
    targets = ("jwks",)
    also = (signing("id_token"), signing("access_token"))

    def keys(self, active: Jwk) -> list[Jwk]:
        """Those of the set."""
        raise NotImplementedError

    def effect(self, subject: Document | Signing, occasion: Occasion) -> Document | Signing:
        if isinstance(subject, Signing):
            return replace(subject, header=_without(subject.header, "kid"))
        [active] = subject.variants["active"]["keys"]
        return subject.having(keys=[_without(key, "kid") for key in self.keys(active)])


@fault("jwks.empty", "reject", "OpenID Connect Core §10.1")
class Empty(_KeySetFault):
    """The set has no key."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.having(keys=[])


@fault(
    "jwks.missing_kid",
    "accept",
    "OpenID Connect Core §10.1",
    modules=("oidcc-client-test-kid-absent-single-jwks",),
)
class MissingKid(_NamelessFault):
    """The set is the one key that signs, without a kid, and tokens name none: there is only this key to take."""

    def keys(self, active: Jwk) -> list[Jwk]:
        return [active]


@fault(
    "jwks.several_without_kid",
    "handle",
    "OpenID Connect Core §10.1",
    modules=("oidcc-client-test-kid-absent-multiple-jwks",),
)
class SeveralWithoutKid(_NamelessFault):
    """The set has two keys that could have signed, none with a kid, and tokens name none: each can be tried, or the
    token refused. The one that signs is the second."""

    def keys(self, active: Jwk) -> list[Jwk]:
        return [_other_key(), active]


@fault("jwks.unknown_kty", "accept", "RFC 7517 §5")
class UnknownKty(_KeySetFault):
    """The set begins with a key of another type (OKP, RFC 8037), to be ignored by those who do not know it. OpenIddict
    6 refuses the whole set."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.having(keys=[_ED25519, *subject.members["keys"]])


@fault("jwks.wrong_key", "reject", "OpenID Connect Core §3.1.3.7 (6)")
class WrongKey(_KeySetFault):
    """Another key is under the kid of the one that signs, so that no signature is good."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return _with_signing_keys(subject, lambda key: {**_other_key(), "kid": key["kid"]})


@fault("jwks.new_key_published", "accept", "OpenID Connect Core §10.1.1")
class NewKeyPublished(_KeySetFault):
    """The set begins with a key that does not sign yet, as before a rotation."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.having(keys=[_other_key(), *subject.members["keys"]])


@fault(
    "jwks.new_key_used",
    "accept",
    "OpenID Connect Core §10.1.1",
    modules=("oidcc-client-test-signing-key-rotation", "oidcc-client-test-signing-key-rotation-just-before-signing"),
)
class NewKeyUsed(_SigningKeyFault):
    """Tokens are signed with a key that is published only now, a new one for each arming: who does not know its kid
    must fetch the set again. It stays in the set afterwards."""

    def effect(self, subject: Signing, occasion: Occasion) -> Signing:
        is_first = not occasion.memory
        occasion.memory["made"] = True
        return replace(subject, key="new" if is_first else "next")


@fault("jwks.used_not_published", "reject", "OpenID Connect Core §10.1.1")
class UsedNotPublished(_SigningKeyFault):
    """Tokens are signed with a key of the provider's that is not in the set, so that nobody can verify them."""

    def effect(self, subject: Signing, occasion: Occasion) -> Signing:
        return replace(subject, key="unpublished")


@fault("jwks.old_keys_dropped", "reject", "OpenID Connect Core §10.1.1")
class OldKeysDropped(_KeySetFault):
    """The key that signs is gone from the set, and a newer one is there. Who kept the earlier set does not notice."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        others = [key for key in subject.members["keys"] if not _signs(key)]
        return subject.having(keys=[*others, _other_key()])


@fault("jwks.private_member", "reject", "OpenID Connect Discovery §3")
class PrivateMember(_KeySetFault):
    """The set begins with a key whose private half is there, too, as if by a provider that leaks them. It is made for
    this and signs nothing."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.having(keys=[{**_other_key(), **_private_half()}, *subject.members["keys"]])


@fault("jwks.not_found", "handle", "RFC 9110 §15.5.5", targets=("jwks",))
class NotFound(RequestFault):
    """The set is not found."""

    def effect(self, subject: Asked, occasion: Occasion) -> Asked:
        headers = (("Content-Type", "application/json"),)
        return replace(subject, answer=Answer(status=404, headers=headers, body=b'{"error":"HTTP 404 Not Found"}'))


@fault("jwks.not_a_set", "reject", "RFC 7517 §5")
class NotASet(_KeySetFault):
    """The key that signs comes alone, without a set around it."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return replace(subject, members=subject.variants["active"]["keys"][0])


@fault("jwks.wrong_use", "reject", "RFC 7517 §4.2")
class WrongUse(_KeySetFault):
    """The key that signs is said to be for encryption."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return _with_signing_keys(subject, lambda key: {**key, "use": "enc"})


@fault("jwks.wrong_alg", "reject", "RFC 7517 §4.4; RFC 8725 §3.1")
class WrongAlg(_KeySetFault):
    """The key that signs is said to be for another algorithm than tokens are signed with."""

    alg: str = member("PS256", "The algorithm of the key.", choices=("PS256", "RS384", "RS512", "RSA-OAEP"))

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return _with_signing_keys(subject, lambda key: {**key, "alg": self.alg})


@fault("jwks.bare_keys", "accept", "RFC 7517 §4")
class BareKeys(_KeySetFault):
    """Keys have no member that may be absent but their kid: no use, no alg, no certificate."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        keys = [_without(key, "alg", "use", "x5c", "x5t", "x5t#S256") for key in subject.members["keys"]]
        return subject.having(keys=keys)


def _with_signing_keys(subject: Document, change: Callable[[Jwk], Jwk]) -> Document:
    return subject.having(keys=[change(key) if _signs(key) else key for key in subject.members["keys"]])


def _signs(key: Jwk) -> bool:
    return key.get("use") == "sig"


def _without(members: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name not in names}


def _other_key() -> Jwk:
    """The public half of a key that the provider does not have."""
    numbers = _throw_away_key().public_key().public_numbers()
    n = _base64url(numbers.n)
    kid = urlsafe_b64encode(sha256(n.encode()).digest()).rstrip(b"=").decode()
    return {"kid": kid, "kty": "RSA", "alg": "RS256", "use": "sig", "n": n, "e": _base64url(numbers.e)}


def _private_half() -> Jwk:
    """The members of RFC 7518 §6.3.2."""
    own = _throw_away_key().private_numbers()
    numbers = {"d": own.d, "p": own.p, "q": own.q, "dp": own.dmp1, "dq": own.dmq1, "qi": own.iqmp}
    return {name: _base64url(number) for name, number in numbers.items()}


@cache
def _throw_away_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _base64url(number: int) -> str:
    """As RFC 7518 §2 writes a number."""
    data = number.to_bytes((number.bit_length() + 7) // 8)
    return urlsafe_b64encode(data).rstrip(b"=").decode()
