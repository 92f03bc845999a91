"""What ID tokens and access tokens have in common: the ways in which any JWT can be wrong (RFC 7519, RFC 8725).

A fault of a layer is one of these classes with a name, a verdict and a meaning, for the tokens of that layer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

from mockpsc.faults.base import ClaimsFault, SigningFault
from mockpsc.faults.occasion import Occasion
from mockpsc.faults.subjects import Claims, Signing
from mockpsc.members import member

FOREVER = 10**9
"""As many seconds as a time is moved at most; some 30 years."""

ANOTHER_ISSUER = "https://issuer.example.test"
ANOTHER_CLIENT = "another-client"


def fapi(test: str) -> tuple[str, str, str]:
    """The three modules of a test of ID tokens: of FAPI 1 Advanced, FAPI 2 Security Profile and FAPI-CIBA."""
    return (
        f"fapi1-advanced-final-client-test-{test}",
        f"fapi2-security-profile-final-client-test-{test}",
        f"fapi-ciba-id1-client-{test}-test",
    )


class Without(ClaimsFault):
    """A claim is left out."""

    claim: ClassVar[str]

    def effect(self, subject: Claims, occasion: Occasion) -> Claims:
        return without(subject, self.claim) if self.claim in subject else subject


class Saying(ClaimsFault):
    """The parameters are claims, in the place of those that the token has."""

    def effect(self, subject: Claims, occasion: Occasion) -> Claims:
        return {**subject, **{each.name: getattr(self, each.name) for each in fields(self)}}


class InAList(ClaimsFault):
    """A claim is a list with the value that it should be."""

    claim: ClassVar[str]

    def effect(self, subject: Claims, occasion: Occasion) -> Claims:
        return {**subject, self.claim: [subject[self.claim]]} if self.claim in subject else subject


class AsText(ClaimsFault):
    """A claim that is a number is the same number as a text."""

    claim: ClassVar[str]

    def effect(self, subject: Claims, occasion: Occasion) -> Claims:
        return {**subject, self.claim: str(subject[self.claim])} if self.claim in subject else subject


@dataclass(frozen=True, kw_only=True)
class HasExpired(ClaimsFault):
    """The token's end is past."""

    ago: int = member(1, "How long ago it expired.", unit="seconds", least=1, most=FOREVER)

    def effect(self, subject: Claims, occasion: Occasion) -> Claims:
        return {**subject, "exp": int(occasion.now) - self.ago}


@dataclass(frozen=True, kw_only=True)
class NotYetGood(ClaimsFault):
    """The token's beginning is to come."""

    ahead: int = member(3600, "In how much time it begins to be good.", unit="seconds", least=1, most=FOREVER)

    def effect(self, subject: Claims, occasion: Occasion) -> Claims:
        return {**subject, "nbf": int(occasion.now) + self.ahead}


class WithUnknownClaims(ClaimsFault):
    """Claims of each type of JSON that nobody knows."""

    def effect(self, subject: Claims, occasion: Occasion) -> Claims:
        unknown = {"text": "é", "number": 1.5, "truth": True, "nothing": None, "list": [1, "a"], "object": {"a": {}}}
        return {**subject, **{f"urn:example:{name}": value for name, value in unknown.items()}}


@dataclass(frozen=True, kw_only=True)
class WithAcrTwice(SigningFault):
    """The payload has the member `acr` twice, the one that counts last."""

    first: str = member("1", "The first acr, which does not count.")

    def effect(self, subject: Signing, occasion: Occasion) -> Signing:
        twice = subject.payload.replace(b'"acr":', f'"acr":"{self.first}","acr":'.encode(), 1)
        return replace(subject, payload=twice) if twice != subject.payload else subject


class Damaged(SigningFault):
    """The signature differs in one bit."""

    def effect(self, subject: Signing, occasion: Occasion) -> Signing:
        return replace(subject, signature="damaged")


class Unsigned(SigningFault):
    """The signature is left out, and the header as it was."""

    def effect(self, subject: Signing, occasion: Occasion) -> Signing:
        return replace(subject, signature="absent")


@dataclass(frozen=True, kw_only=True)
class AlgNone(SigningFault):
    """The header says that there is no signature."""

    alg: str = member("none", "How it is spelt, against filters.", choices=("none", "None", "NONE", "nOnE"))

    def effect(self, subject: Signing, occasion: Occasion) -> Signing:
        return replace(subject, header={"alg": self.alg, "typ": "JWT"})


class MacOfPublicKey(SigningFault):
    """A MAC whose secret is the provider's public key, which everybody has."""

    def effect(self, subject: Signing, occasion: Occasion) -> Signing:
        return replace(subject, header={**subject.header, "alg": "HS256"})


class OnACurve(SigningFault):
    """An ECDSA signature of a stranger."""

    def effect(self, subject: Signing, occasion: Occasion) -> Signing:
        return replace(subject, header={**subject.header, "alg": "ES256"})


@dataclass(frozen=True, kw_only=True)
class ByOtherAlgorithm(SigningFault):
    """A good signature by the right key, with another algorithm than the one agreed on."""

    alg: str = member("PS256", "The algorithm.", choices=("PS256", "PS384", "PS512", "RS384", "RS512"))

    def effect(self, subject: Signing, occasion: Occasion) -> Signing:
        return replace(subject, header={**subject.header, "alg": self.alg})


@dataclass(frozen=True, kw_only=True)
class UnknownKid(SigningFault):
    """A good signature, whose kid is not in the JWK Set."""

    kid: str = member("a-key-that-nobody-published", "The kid of the header.")

    def effect(self, subject: Signing, occasion: Occasion) -> Signing:
        return replace(subject, header={**subject.header, "kid": self.kid})


class WithoutKid(SigningFault):
    """A good signature, and no kid."""

    def effect(self, subject: Signing, occasion: Occasion) -> Signing:
        return replace(subject, header=without(subject.header, "kid"))


class ByAStranger(SigningFault):
    """A signature by another key, under the provider's kid."""

    def effect(self, subject: Signing, occasion: Occasion) -> Signing:
        return replace(subject, key="stranger")


class KeyInHeader(SigningFault):
    """A signature by a key that the header itself bears."""

    def effect(self, subject: Signing, occasion: Occasion) -> Signing:
        return replace(subject, header=without(subject.header, "kid"), key="embedded")


class UnknownCrit(SigningFault):
    """A header that demands what nobody knows."""

    def effect(self, subject: Signing, occasion: Occasion) -> Signing:
        name = "urn:example:unknown"
        return replace(subject, header={**subject.header, "crit": [name], name: True})


class Encrypted(SigningFault):
    """A JWE, for a key that the reader does not have."""

    def effect(self, subject: Signing, occasion: Occasion) -> Signing:
        return replace(subject, encrypted=True)


def without(members: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Members but one."""
    return {each: value for each, value in members.items() if each != name}
