"""Faults of the access token. A relying party holds it for an opaque text (RFC 6749 §1.4); the verdicts are those of a
resource server that reads it, as the relying party's own API may (RFC 7519, RFC 8725).

The mock's own userinfo endpoint refuses most of these tokens, too.
"""

from dataclasses import replace
from typing import ClassVar

from mockpsc.faults import jwt
from mockpsc.faults.base import ClaimsFault, SigningFault, fault
from mockpsc.faults.occasion import Occasion
from mockpsc.faults.subjects import Claims, Signing
from mockpsc.members import member


class _AccessToken:
    """Acts on access tokens."""

    targets: ClassVar[tuple[str, ...]] = ("access_token",)


@fault("access_token.iss_wrong", "reject", "RFC 8725 §3.8")
class IssWrong(_AccessToken, jwt.Saying):
    """The access token says that another issuer made it; userinfo refuses it."""

    iss: str = member(jwt.ANOTHER_ISSUER, "The issuer that it names.")


@fault("access_token.aud_wrong", "reject", "RFC 7519 §4.1.3")
class AudWrong(_AccessToken, jwt.Saying):
    """The access token has an audience, which Pro Santé Connect's do not have, and it is another API; userinfo accepts
    it all the same."""

    aud: str = member("https://api.example.test", "The audience that it names.")


@fault("access_token.azp_wrong", "reject", "RFC 8725 §3.9")
class AzpWrong(_AccessToken, jwt.Saying):
    """The access token was given to another client; userinfo refuses it."""

    azp: str = member(jwt.ANOTHER_CLIENT, "The client that it names.")


@fault("access_token.sub_missing", "reject", "RFC 9068 §2.2")
class SubMissing(_AccessToken, jwt.Without):
    """The access token does not say whom it stands for; userinfo, which knows by its session, accepts it."""

    claim = "sub"


@fault("access_token.expired", "reject", "RFC 7519 §4.1.4")
class Expired(_AccessToken, jwt.HasExpired):
    """The access token has expired when it comes, whatever expires_in says; userinfo refuses it."""


@fault("access_token.exp_missing", "reject", "RFC 9068 §2.2")
class ExpMissing(_AccessToken, jwt.Without):
    """The access token has no exp; userinfo refuses it."""

    claim = "exp"


@fault("access_token.exp_as_text", "reject", "RFC 7519 §4.1.4")
class ExpAsText(_AccessToken, jwt.AsText):
    """The exp of the access token is a text of digits, and no number; userinfo refuses it."""

    claim = "exp"


@fault("access_token.nbf_in_future", "reject", "RFC 7519 §4.1.5")
class NbfInFuture(_AccessToken, jwt.NotYetGood):
    """The access token is not to be used before some time from now; userinfo, which does not look at nbf, accepts
    it."""


@fault("access_token.typ_wrong", "reject", "RFC 8725 §3.12")
class TypWrong(_AccessToken, jwt.Saying):
    """The access token's claim typ says that it is another kind of token; userinfo refuses it."""

    typ: str = member("ID", "The kind of token, as Keycloak names it.", choices=("ID", "Refresh", "Offline", "Logout"))


@fault("access_token.typ_at_jwt", "accept", "RFC 9068 §2.1")
class TypAtJwt(_AccessToken, SigningFault):
    """The header's typ is at+jwt, as the standard for access tokens has it, and not Keycloak's JWT."""

    def effect(self, subject: Signing, occasion: Occasion) -> Signing:
        return replace(subject, header={**subject.header, "typ": "at+jwt"})


@fault("access_token.scope_missing", "reject", "RFC 9068 §4")
class ScopeMissing(_AccessToken, jwt.Without):
    """The access token does not say what it is good for; userinfo refuses it as insufficient_scope."""

    claim = "scope"


@fault("access_token.acr_missing", "reject", "RFC 9470 §6.1")
class AcrMissing(_AccessToken, jwt.Without):
    """The access token does not say how well the person was authenticated; userinfo accepts it."""

    claim = "acr"


@fault("access_token.acr_lower", "reject", "RFC 9470 §6.1")
class AcrLower(_AccessToken, jwt.Saying):
    """The access token says that the person was authenticated less well than was asked for; userinfo accepts it."""

    acr: str = member("0", "The acr in the access token.")


@fault("access_token.acr_twice", "accept", "RFC 7519 §4; a token of Pro Santé Connect, August 2021")
class AcrTwice(_AccessToken, jwt.WithAcrTwice):
    """The access token has the member acr twice, as Pro Santé Connect's of 2021 had. Who reads it takes the last, or
    refuses the token; nobody may take the first."""


@fault("access_token.cnf_of_another", "reject", "RFC 8705 §3")
class CnfOfAnother(_AccessToken, ClaimsFault):
    """The access token is bound to a certificate that is not the client's; userinfo refuses it."""

    thumbprint: str = member("A" * 43, "The x5t#S256 of the certificate, 43 characters of base64url.")

    def effect(self, subject: Claims, occasion: Occasion) -> Claims:
        return {**subject, "cnf": {"x5t#S256": self.thumbprint}}


@fault("access_token.unknown_claims", "accept", "RFC 7519 §4")
class UnknownClaims(_AccessToken, jwt.WithUnknownClaims):
    """The access token has claims that nobody knows, of each type of JSON."""


@fault("access_token.large", "accept", "RFC 6749 §1.4")
class Large(_AccessToken, ClaimsFault):
    """The access token is longer than usual: too long for a cookie, and for some proxies' limit of a header."""

    size: int = member(4096, "How much longer it is, at least.", unit="bytes", least=1, most=8192)

    def effect(self, subject: Claims, occasion: Occasion) -> Claims:
        return {**subject, "urn:example:filling": "x" * self.size}


@fault("access_token.signature_broken", "reject", "RFC 8725 §3.3")
class SignatureBroken(_AccessToken, jwt.Damaged):
    """A bit of the access token's signature is wrong; userinfo refuses it."""


@fault("access_token.signature_missing", "reject", "RFC 8725 §3.3")
class SignatureMissing(_AccessToken, jwt.Unsigned):
    """The header says RS256, and after the last dot of the access token comes no signature; userinfo refuses it."""


@fault("access_token.alg_none", "reject", "RFC 8725 §3.2")
class SaysNone(_AccessToken, jwt.AlgNone):
    """The access token is not signed, and its header says so; userinfo refuses it."""


@fault("access_token.hs256_with_public_key", "reject", "RFC 8725 §2.1")
class Hs256WithPublicKey(_AccessToken, jwt.MacOfPublicKey):
    """The access token is signed with HS256, and the secret is the provider's public key as it is in a PEM file;
    userinfo refuses it."""


@fault("access_token.es256", "reject", "RFC 8725 §3.1")
class Es256(_AccessToken, jwt.OnACurve):
    """The access token is signed with ES256 by a key that nobody published, under the kid of an RSA key; userinfo
    refuses it."""


@fault("access_token.alg_unexpected", "reject", "RFC 8725 §3.1")
class AlgUnexpected(_AccessToken, jwt.ByOtherAlgorithm):
    """The access token is well signed by the provider's key, but not with RS256, for which alone the key is published;
    userinfo refuses it."""


@fault("access_token.kid_unknown", "reject", "RFC 7515 §4.1.4")
class KidUnknown(_AccessToken, jwt.UnknownKid):
    """The access token names a key that is not in the JWK Set, not even when it is fetched again. Userinfo, which tries
    the key that signs, accepts it."""


@fault("access_token.kid_absent", "accept", "RFC 7515 §4.1.4")
class KidAbsent(_AccessToken, jwt.WithoutKid):
    """The access token does not name its key, and there is one to sign with in the JWK Set."""


@fault("access_token.signed_by_stranger", "reject", "RFC 8725 §3.3")
class SignedByStranger(_AccessToken, jwt.ByAStranger):
    """The access token names the provider's key and was signed with another one; userinfo refuses it."""


@fault("access_token.key_in_header", "reject", "RFC 8725 §3.10")
class KeyInHeader(_AccessToken, jwt.KeyInHeader):
    """The access token brings the public key that verifies it in its own header, as jwk; userinfo refuses it."""


@fault("access_token.crit_unknown", "reject", "RFC 7515 §4.1.11")
class CritUnknown(_AccessToken, jwt.UnknownCrit):
    """The header of the access token has an extension that nobody knows, and says in crit that it must be understood;
    userinfo refuses it."""


@fault("access_token.encrypted", "accept", "RFC 6749 §1.4")
class Encrypted(_AccessToken, jwt.Encrypted):
    """The access token is encrypted for the provider itself: a relying party cannot read it, and need not. Userinfo
    accepts it."""
