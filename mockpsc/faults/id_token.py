"""Faults of the ID token: each item of its validation (OpenID Connect Core §3.1.3.7), and what is to be accepted."""

from dataclasses import replace
from typing import ClassVar

from mockpsc.faults import jwt
from mockpsc.faults.base import ClaimsFault, SigningFault, fault
from mockpsc.faults.jwt import fapi
from mockpsc.faults.occasion import Occasion
from mockpsc.faults.subjects import Claims, Signing
from mockpsc.members import member


class _IdToken:
    """Acts on ID tokens."""

    targets: ClassVar[tuple[str, ...]] = ("id_token",)


@fault(
    "id_token.iss_wrong",
    "reject",
    "OpenID Connect Core §3.1.3.7 (2)",
    modules=("oidcc-client-test-invalid-iss", *fapi("invalid-iss")),
)
class IssWrong(_IdToken, jwt.Saying):
    """The ID token says that another issuer made it."""

    iss: str = member(jwt.ANOTHER_ISSUER, "The issuer that it names.")


@fault("id_token.iss_with_slash", "reject", "OpenID Connect Core §3.1.3.7 (2)")
class IssWithSlash(_IdToken, ClaimsFault):
    """The issuer in the ID token ends with a slash, as that of the discovery document does not."""

    def effect(self, subject: Claims, occasion: Occasion) -> Claims:
        return {**subject, "iss": f"{subject.get('iss', '')}/"}


@fault("id_token.iss_missing", "reject", "OpenID Connect Core §2", modules=fapi("invalid-missing-iss"))
class IssMissing(_IdToken, jwt.Without):
    """The ID token has no iss."""

    claim = "iss"


@fault(
    "id_token.aud_wrong",
    "reject",
    "OpenID Connect Core §3.1.3.7 (3)",
    modules=("oidcc-client-test-invalid-aud", *fapi("invalid-aud")),
)
class AudWrong(_IdToken, jwt.Saying):
    """The ID token is for another client."""

    aud: str = member(jwt.ANOTHER_CLIENT, "The audience that it names.")


@fault(
    "id_token.aud_missing",
    "reject",
    "OpenID Connect Core §2",
    modules=("oidcc-client-test-missing-aud", *fapi("invalid-missing-aud")),
)
class AudMissing(_IdToken, jwt.Without):
    """The ID token has no aud."""

    claim = "aud"


@fault("id_token.aud_in_a_list", "accept", "OpenID Connect Core §2", modules=fapi("valid-aud-as-array"))
class AudInAList(_IdToken, jwt.InAList):
    """The audience is a list with the client alone in it, which is another way to say the same."""

    claim = "aud"


@fault(
    "id_token.aud_with_stranger",
    "reject",
    "OpenID Connect Core §3.1.3.7 (3) and (4)",
    modules=fapi("invalid-secondary-aud"),
)
class AudWithStranger(_IdToken, ClaimsFault):
    """The audience is a list of the client and of a stranger, and no azp says to which of them the ID token was
    given."""

    stranger: str = member(jwt.ANOTHER_CLIENT, "The second audience.")

    def effect(self, subject: Claims, occasion: Occasion) -> Claims:
        return {**jwt.without(subject, "azp"), "aud": [subject.get("aud"), self.stranger]}


@fault("id_token.azp_wrong", "reject", "OpenID Connect Core §3.1.3.7 (5)")
class AzpWrong(_IdToken, jwt.Saying):
    """The ID token was given to another client, though this one is its audience."""

    azp: str = member(jwt.ANOTHER_CLIENT, "The client that it names.")


@fault("id_token.azp_missing", "accept", "OpenID Connect Core §2")
class AzpMissing(_IdToken, jwt.Without):
    """The ID token has no azp, which it need not have for one audience."""

    claim = "azp"


@fault(
    "id_token.expired",
    "reject",
    "OpenID Connect Core §3.1.3.7 (9)",
    modules=fapi("invalid-expired-exp"),
)
class Expired(_IdToken, jwt.HasExpired):
    """The ID token has expired."""


@fault("id_token.exp_missing", "reject", "OpenID Connect Core §2", modules=fapi("invalid-missing-exp"))
class ExpMissing(_IdToken, jwt.Without):
    """The ID token has no exp."""

    claim = "exp"


@fault("id_token.exp_as_text", "reject", "RFC 7519 §4.1.4")
class ExpAsText(_IdToken, jwt.AsText):
    """The exp of the ID token is a text of digits, and no number."""

    claim = "exp"


@fault(
    "id_token.iat_missing",
    "reject",
    "OpenID Connect Core §2",
    modules=("oidcc-client-test-missing-iat",),
)
class IatMissing(_IdToken, jwt.Without):
    """The ID token has no iat."""

    claim = "iat"


@fault("id_token.iat_in_future", "reject", "OpenID Connect Core §3.1.3.7 (10)")
class IatInFuture(_IdToken, ClaimsFault):
    """The ID token will have been issued some time from now."""

    ahead: int = member(3600, "In how much time.", unit="seconds", least=1, most=jwt.FOREVER)

    def effect(self, subject: Claims, occasion: Occasion) -> Claims:
        return {**subject, "iat": int(occasion.now) + self.ahead}


@fault(
    "id_token.iat_old",
    "reject",
    "OpenID Connect Core §3.1.3.7 (10)",
    modules=(
        "fapi1-advanced-final-client-test-iat-is-week-in-past",
        "fapi-ciba-id1-client-invalid-iat-is-week-in-past-test",
    ),
)
class IatOld(_IdToken, ClaimsFault):
    """The ID token was issued long ago, a week by default, though it has not expired."""

    ago: int = member(7 * 86400, "How long ago.", unit="seconds", least=1, most=jwt.FOREVER)

    def effect(self, subject: Claims, occasion: Occasion) -> Claims:
        return {**subject, "iat": int(occasion.now) - self.ago}


@fault("id_token.nbf_in_future", "reject", "RFC 7519 §4.1.5")
class NbfInFuture(_IdToken, jwt.NotYetGood):
    """The ID token is not to be used before some time from now."""


@fault(
    "id_token.nonce_wrong",
    "reject",
    "OpenID Connect Core §3.1.3.7 (11)",
    modules=(
        "oidcc-client-test-nonce-invalid",
        "fapi1-advanced-final-client-test-invalid-nonce",
        "fapi2-security-profile-final-client-test-invalid-nonce",
    ),
)
class NonceWrong(_IdToken, jwt.Saying):
    """The nonce is not the one that the relying party sent. Does nothing for one that sent none."""

    nonce: str = member("another-nonce", "The nonce in the ID token.")

    def effect(self, subject: Claims, occasion: Occasion) -> Claims:
        return super().effect(subject, occasion) if "nonce" in subject else subject


@fault(
    "id_token.nonce_missing",
    "reject",
    "OpenID Connect Core §3.1.3.7 (11)",
    modules=(
        "fapi1-advanced-final-client-test-invalid-missing-nonce",
        "fapi2-security-profile-final-client-test-invalid-missing-nonce",
    ),
)
class NonceMissing(_IdToken, jwt.Without):
    """The nonce that the relying party sent does not come back. Does nothing for one that sent none."""

    claim = "nonce"


@fault(
    "id_token.at_hash_wrong",
    "reject",
    "OpenID Connect Core §3.1.3.8",
    modules=("oidcc-client-test-invalid-athash",),
)
class AtHashWrong(_IdToken, jwt.Saying):
    """The at_hash is that of another access token."""

    at_hash: str = member("AAAAAAAAAAAAAAAAAAAAAA", "The at_hash, which for RS256 is 22 characters long.")


@fault(
    "id_token.at_hash_missing",
    "accept",
    "OpenID Connect Core §3.1.3.6",
    modules=("fapi1-advanced-final-client-test-missing-athash",),
)
class AtHashMissing(_IdToken, jwt.Without):
    """The ID token has no at_hash, which is optional in the code flow."""

    claim = "at_hash"


@fault("id_token.acr_missing", "reject", "OpenID Connect Core §3.1.3.7 (12)")
class AcrMissing(_IdToken, jwt.Without):
    """The ID token does not say how well the person was authenticated, though acr_values asked for it."""

    claim = "acr"


@fault("id_token.acr_lower", "reject", "OpenID Connect Core §3.1.3.7 (12)")
class AcrLower(_IdToken, jwt.Saying):
    """The person was authenticated less well than was asked for. "0" is Keycloak's for a login that goes on."""

    acr: str = member("0", "The acr in the ID token.")


@fault("id_token.acr_higher", "accept", "Tokens of Pro Santé Connect, July 2022 and February 2023")
class AcrHigher(_IdToken, jwt.Saying):
    """The person was authenticated better than was asked for, as Pro Santé Connect said of cards until 2023."""

    acr: str = member("eidas3", "The acr in the ID token.")


@fault("id_token.acr_in_a_list", "reject", "OpenID Connect Core §2")
class AcrInAList(_IdToken, jwt.InAList):
    """The acr is a list, and no text."""

    claim = "acr"


@fault("id_token.acr_twice", "accept", "RFC 7519 §4; a token of Pro Santé Connect, August 2021")
class AcrTwice(_IdToken, jwt.WithAcrTwice):
    """The ID token has the member acr twice, as Pro Santé Connect's access tokens of 2021 had. Who reads it takes the
    last, or refuses the token; nobody may take the first."""


@fault("id_token.auth_time_missing", "reject", "OpenID Connect Core §3.1.3.7 (13)")
class AuthTimeMissing(_IdToken, jwt.Without):
    """The ID token does not say when the person logged in. To be rejected by who sent max_age, accepted by others."""

    claim = "auth_time"


@fault("id_token.auth_time_old", "reject", "OpenID Connect Core §3.1.3.7 (13)")
class AuthTimeOld(_IdToken, ClaimsFault):
    """The person logged in long ago. To be rejected by who sent a smaller max_age, accepted by others."""

    ago: int = member(86400, "How long ago.", unit="seconds", least=1, most=jwt.FOREVER)

    def effect(self, subject: Claims, occasion: Occasion) -> Claims:
        return {**subject, "auth_time": int(occasion.now) - self.ago}


@fault("id_token.auth_time_as_text", "reject", "OpenID Connect Core §2")
class AuthTimeAsText(_IdToken, jwt.AsText):
    """The auth_time is a text of digits, and no number."""

    claim = "auth_time"


@fault(
    "id_token.sub_missing",
    "reject",
    "OpenID Connect Core §2",
    modules=("oidcc-client-test-missing-sub",),
)
class SubMissing(_IdToken, jwt.Without):
    """The ID token does not say who logged in."""

    claim = "sub"


@fault("id_token.amr_as_number", "handle", "OpenID Connect Core §2")
class AmrAsNumber(_IdToken, jwt.Saying):
    """The ID token has an amr, which Pro Santé Connect's do not have, and it is a number instead of a list of texts."""

    amr: int = member(1, "The amr.", least=0, most=10**9)


@fault("id_token.unknown_claims", "accept", "OpenID Connect Core §2")
class UnknownClaims(_IdToken, jwt.WithUnknownClaims):
    """The ID token has claims that nobody knows, of each type of JSON."""


@fault(
    "id_token.signature_broken",
    "reject",
    "OpenID Connect Core §3.1.3.7 (6)",
    modules=(
        "oidcc-client-test-invalid-sig-rs256",
        "fapi1-advanced-final-client-test-invalid-signature",
        "fapi-ciba-id1-client-invalid-signature-test",
    ),
)
class SignatureBroken(_IdToken, jwt.Damaged):
    """A bit of the ID token's signature is wrong."""


@fault("id_token.signature_missing", "reject", "RFC 8725 §3.3")
class SignatureMissing(_IdToken, jwt.Unsigned):
    """The header says RS256, and after the last dot of the ID token comes no signature."""


@fault(
    "id_token.alg_none",
    "reject",
    "OpenID Connect Core §3.1.3.7 (7), RFC 8725 §3.2",
    modules=("oidcc-client-test-idtoken-sig-none", *fapi("invalid-null-alg")),
)
class SaysNone(_IdToken, jwt.AlgNone):
    """The ID token is not signed, and its header says so."""


@fault(
    "id_token.hs256_with_public_key",
    "reject",
    "RFC 8725 §2.1",
    modules=("oidcc-client-test-invalid-sig-hs256",),
)
class Hs256WithPublicKey(_IdToken, jwt.MacOfPublicKey):
    """The ID token is signed with HS256, and the secret is the provider's public key as it is in a PEM file."""


@fault(
    "id_token.es256",
    "reject",
    "OpenID Connect Core §3.1.3.7 (7)",
    modules=("oidcc-client-test-invalid-sig-es256",),
)
class Es256(_IdToken, jwt.OnACurve):
    """The ID token is signed with ES256 by a key that nobody published, under the kid of an RSA key."""


@fault(
    "id_token.alg_unexpected",
    "reject",
    "OpenID Connect Core §3.1.3.7 (7)",
    modules=fapi("invalid-alternate-alg"),
)
class AlgUnexpected(_IdToken, jwt.ByOtherAlgorithm):
    """The ID token is well signed by the provider's key, but not with RS256, for which alone the key is published."""


@fault("id_token.kid_unknown", "reject", "OpenID Connect Core §10.1")
class KidUnknown(_IdToken, jwt.UnknownKid):
    """The ID token names a key that is not in the JWK Set, not even when it is fetched again."""


@fault(
    "id_token.kid_absent",
    "accept",
    "OpenID Connect Core §10.1",
    modules=("oidcc-client-test-kid-absent-single-jwks",),
)
class KidAbsent(_IdToken, jwt.WithoutKid):
    """The ID token does not name its key, and there is one to sign with in the JWK Set."""


@fault(
    "id_token.kid_absent_among_several",
    "handle",
    "OpenID Connect Core §10.1",
    modules=("oidcc-client-test-kid-absent-multiple-jwks",),
)
class KidAbsentAmongSeveral(_IdToken, SigningFault):
    """The ID token does not name its key, and there are several in the JWK Set: a new one, published at that moment, is
    the one. The relying party may try each of them, or refuse the token."""

    def effect(self, subject: Signing, occasion: Occasion) -> Signing:
        return replace(subject, header=jwt.without(subject.header, "kid"), key="next")


@fault("id_token.signed_by_stranger", "reject", "OpenID Connect Core §3.1.3.7 (6)")
class SignedByStranger(_IdToken, jwt.ByAStranger):
    """The ID token names the provider's key and was signed with another one."""


@fault("id_token.key_in_header", "reject", "RFC 8725 §3.10")
class KeyInHeader(_IdToken, jwt.KeyInHeader):
    """The ID token brings the public key that verifies it in its own header, as jwk."""


@fault("id_token.crit_unknown", "reject", "RFC 7515 §4.1.11")
class CritUnknown(_IdToken, jwt.UnknownCrit):
    """The header of the ID token has an extension that nobody knows, and says in crit that it must be understood."""


@fault("id_token.encrypted", "reject", "OpenID Connect Core §3.1.3.7 (1)")
class Encrypted(_IdToken, jwt.Encrypted):
    """The ID token is encrypted, for a key that the relying party does not have, and which it did not ask for."""
