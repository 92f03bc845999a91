"""Faults of the userinfo document (OpenID Connect Core §5.3), and what Pro Santé Connect's own ones have varied in."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mockpsc.errors import BearerRefusal, InvalidToken, OAuthError
from mockpsc.faults.base import DocumentFault, RequestFault, fault
from mockpsc.faults.occasion import Occasion
from mockpsc.faults.refusing import Refusing
from mockpsc.faults.subjects import Asked, Document
from mockpsc.members import member

CLAIMS = (
    "SubjectNameID",
    "sub",
    "preferred_username",
    "given_name",
    "family_name",
    "codeCivilite",
    "otherIds",
    "SubjectRefPro",
    "SubjectRole",
    "SubjectOrganization",
    "SubjectOrganizationID",
    "Secteur_Activite",
    "codeGenreActivite",
    "Mode_Acces_Raison",
    "Acces_Regulation_Medicale",
    "UITVersion",
    "Palier_Authentification",
    "PSI_Locale",
    "authMode",
    "email_verified",
)
FILLED = tuple(each for each in CLAIMS if each != "Mode_Acces_Raison")
"""Those that are not empty anyway."""

# Keycloak's words with each code, and its status.
_USUAL: Mapping[str, tuple[str, int]] = {
    "invalid_token": ("Token verification failed", 401),
    "invalid_request": ("User session not found or doesn't have client attached on it", 401),
    "insufficient_scope": ("Missing openid scope", 403),
    "unauthorized_client": (
        "Client certificate missing, or its thumbprint and one in the refresh token did NOT match",
        401,
    ),
    "invalid_client": ("Client disabled", 400),
}
_USUAL_WORDS, _ = _USUAL["invalid_token"]
_SAMPLES = "Userinfo documents of Pro Santé Connect, 2021 to 2023"


@fault("userinfo.error", "handle", "OpenID Connect Core §5.3.3; RFC 6750 §3", targets=("userinfo",))
class Error(Refusing):
    """The access token is refused with an error code, in the body and in `WWW-Authenticate`."""

    usual = _USUAL

    error: str = member("invalid_token", "The error code.", choices=tuple(_USUAL))
    description: str | None = member(
        None, "The error_description, empty for none; by default, Keycloak's usual one.", header=True
    )

    def effect(self, subject: Asked, occasion: Occasion) -> Asked:
        raise BearerRefusal(self.refusal)


@fault(
    "userinfo.unauthorized",
    "handle",
    "OpenID Connect Core §5.3.3; RFC 6750 §3; RFC 9110 §11.6.1",
    modules=(
        "fapi1-advanced-final-client-refresh-token-test",
        "fapi2-security-profile-final-client-refresh-token-test",
    ),
    targets=("userinfo",),
)
class Unauthorized(RequestFault):
    """The access token is refused with 401, as Keycloak has done it in its versions, and in a way that is hard to
    read."""

    how: str = member(
        "plain",
        "As today; with commas and equals signs in the quoted description; without the header, as older ones; "
        "or with the bare header and no body.",
        choices=("plain", "comma", "no_header", "no_body"),
    )

    def effect(self, subject: Asked, occasion: Occasion) -> Asked:
        raise self._refusal()

    def _refusal(self) -> OAuthError | BearerRefusal:
        if self.how == "no_body":
            return BearerRefusal(None, hint=self.hint)
        words = "Token verification failed, error=expired, try again" if self.how == "comma" else _USUAL_WORDS
        refusal = InvalidToken(words, hint=self.hint)
        return refusal if self.how == "no_header" else BearerRefusal(refusal)


@fault(
    "userinfo.sub_different",
    "reject",
    "OpenID Connect Core §5.3.2",
    modules=("oidcc-client-test-userinfo-invalid-sub",),
    targets=("userinfo",),
)
class SubDifferent(DocumentFault):
    """The userinfo document is about another person than the ID token: its `sub` is another."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.having(sub=f"{subject.members.get('sub', '')}0")


@fault("userinfo.sub_missing", "reject", "OpenID Connect Core §5.3.2", targets=("userinfo",))
class SubMissing(DocumentFault):
    """The userinfo document has no `sub`, which it must have."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.without("sub")


@fault(
    "userinfo.signed",
    "handle",
    "OpenID Connect Core §5.3.2",
    modules=("oidcc-client-test-userinfo-signed",),
    targets=("userinfo",),
)
class Signed(DocumentFault):
    """The userinfo document comes as a signed JWT, `application/jwt`, and not as JSON."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return replace(subject, signed=True)


@fault("userinfo.claim_missing", "handle", "OpenID Connect Core §5.3.2", targets=("userinfo",))
class ClaimMissing(DocumentFault):
    """A claim is not in the userinfo document: no claim but `sub` is ever sure to be there."""

    claim: str = member("SubjectNameID", "The claim.", choices=CLAIMS)

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.without(self.claim)


@fault("userinfo.claim_empty", "handle", _SAMPLES, targets=("userinfo",))
class ClaimEmpty(DocumentFault):
    """A claim is an empty text, as Pro Santé Connect sends what it does not know."""

    claim: str = member("SubjectNameID", "The claim.", choices=FILLED)

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.having(**{self.claim: ""}) if subject.members.get(self.claim, "") != "" else subject


@fault("userinfo.claim_null", "handle", "OpenID Connect Core §5.3.2", targets=("userinfo",))
class ClaimNull(DocumentFault):
    """A claim is null, though one without a value should be left out."""

    claim: str = member("SubjectNameID", "The claim.", choices=CLAIMS)

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.having(**{self.claim: None}) if self.claim in subject.members else subject


@fault("userinfo.subject_ref_pro_absent", "handle", _SAMPLES, targets=("userinfo",))
class SubjectRefProAbsent(DocumentFault):
    """There is no `SubjectRefPro`, as for a person who is no health professional."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.without("SubjectRefPro")


@fault("userinfo.subject_ref_pro_empty", "handle", _SAMPLES, targets=("userinfo",))
class SubjectRefProEmpty(DocumentFault):
    """`SubjectRefPro` is there, and empty: the whole object, its professions, or their activities."""

    what: str = member("object", "What is empty.", choices=("object", "exercices", "activities"))

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        record = subject.members.get("SubjectRefPro")
        if not record:
            return subject
        return subject.having(
            SubjectRefPro={} if self.what == "object" else {**record, "exercices": self._left(record)}
        )

    def _left(self, record: Mapping[str, Any]) -> list[dict[str, Any]]:
        if self.what == "exercices":
            return []
        return [{**each, "activities": []} for each in record.get("exercices", ())]


@fault("userinfo.code_civilite_at_top", "accept", _SAMPLES, targets=("userinfo",))
class CodeCiviliteAtTop(DocumentFault):
    """`codeCivilite` is at the top of the document, where it has been since November 2023; it matters to a person who
    has an older generation."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        record = subject.members.get("SubjectRefPro") or {}
        if "codeCivilite" not in record:
            return subject
        kept = {name: value for name, value in record.items() if name != "codeCivilite"}
        return subject.having(codeCivilite=record["codeCivilite"], SubjectRefPro=kept)


@fault("userinfo.code_civilite_in_subject_ref_pro", "accept", _SAMPLES, targets=("userinfo",))
class CodeCiviliteInSubjectRefPro(DocumentFault):
    """`codeCivilite` is in `SubjectRefPro`, where it was until November 2023."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        record = subject.members.get("SubjectRefPro")
        if record is None or "codeCivilite" not in subject.members:
            return subject
        moved = {"codeCivilite": subject.members["codeCivilite"], **record}
        return subject.without("codeCivilite").having(SubjectRefPro=moved)


@fault("userinfo.other_ids_cased", "accept", _SAMPLES, targets=("userinfo",))
class OtherIdsCased(DocumentFault):
    """`otherIds` is written `otherIDs`."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        if "otherIds" not in subject.members:
            return subject
        cased = {("otherIDs" if name == "otherIds" else name): value for name, value in subject.members.items()}
        return replace(subject, members=cased)


@fault("userinfo.many_activities", "accept", _SAMPLES, targets=("userinfo",))
class ManyActivities(DocumentFault):
    """The first profession has very many activities, each at a place of its own."""

    count: int = member(200, "How many.", least=2, most=10_000)

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        record = subject.members.get("SubjectRefPro") or {}
        first, *others = record.get("exercices") or [{}]
        if not first.get("activities"):
            return subject
        many = {**first, "activities": [_at(place, first["activities"][0]) for place in range(1, self.count + 1)]}
        return subject.having(SubjectRefPro={**record, "exercices": [many, *others]})


def _at(place: int, activity: Mapping[str, Any]) -> dict[str, Any]:
    """The same activity at another place."""
    return {
        **activity,
        "identifiantTechniqueDeLaStructure": f"R9{place:05}",
        "raisonSocialeSite": f"CABINET FICTIF {place}",
    }


_NAMES: Mapping[str, tuple[str, str]] = {
    "apostrophe": ("Mary-D'Essai", "L'ÉPREUVE D'O'FICTIF"),
    "typographic_apostrophe": ("Mary-D’Essai", "L’ÉPREUVE D’O’FICTIF"),
    "accents": ("Zoë Çağla Íñigo", "D’ÆŒÜŸ-ŁÓDŹ ÅNGSTRÖM"),
    "decomposed": ("He\u0301le\u0300ne", "NOE\u0308L-FIC\u0327TIF"),
    "long": ("Anne-Élisabeth" + " Fictive" * 25, "DE L'ESSAI" + "-INTERMINABLE" * 15),
    "markup": ("<b>Anne</b> & Co", "FICTIF\"><script>alert('essai')</script>"),
    "right_to_left": ("ליאת", "דוגמה"),
}


@fault("userinfo.names", "accept", "OpenID Connect Core §5.1", targets=("userinfo",))
class Names(DocumentFault):
    """The person has names that software stumbles over: with apostrophes, with accents composed or not, of more than
    200 characters, with what looks like HTML, or written from right to left."""

    kind: str = member("apostrophe", "What is special in them.", choices=tuple(_NAMES))

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        given_name, family_name = _NAMES[self.kind]
        return subject.having(given_name=given_name, family_name=family_name)
