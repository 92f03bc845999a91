"""What tokens and the userinfo document say: pure functions from a grant to members, in the profile's order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import uuid4

from mockpsc.profiles import Persona, Profile, UserInfoShape
from mockpsc.tokens.keys import base64url


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What one person granted to one relying party, and when. Times are in seconds since the epoch.

    `thumbprint` is the `x5t#S256` of the client certificate that tokens are bound to (RFC 8705 §3.1), if they are."""

    issuer: str
    client_id: str
    persona: Persona
    session_id: str
    auth_time: int
    acr: str
    scope: str
    nonce: str | None
    thumbprint: str | None

    @property
    def has_openid(self) -> bool:
        """Whether this is an OpenID Connect grant, with an ID token and userinfo."""
        return "openid" in self.scope.split()


def access_token(grant: Grant, profile: Profile, *, now: float, expires_at: float) -> dict[str, Any]:
    """The claims of an access token."""
    own = {"typ": "Bearer", "otherIds": grant.persona.other_ids}
    return _ordered(profile.claims["access_token"], _common(grant, profile, now, expires_at) | own)


def id_token(grant: Grant, profile: Profile, *, now: float, expires_at: float, access_token: str) -> dict[str, Any]:
    """The claims of the ID token that goes with an access token (OpenID Connect Core §3.1.3.6)."""
    own = {"typ": "ID", "aud": grant.client_id, "at_hash": at_hash(access_token)}
    return _ordered(profile.claims["id_token"], _common(grant, profile, now, expires_at) | own)


def refresh_token(grant: Grant, profile: Profile, *, now: float, expires_at: float) -> dict[str, Any]:
    """The claims of a refresh token; its audience is the issuer itself."""
    own = {"typ": "Refresh", "aud": grant.issuer}
    return _ordered(profile.claims["refresh_token"], _common(grant, profile, now, expires_at) | own)


def at_hash(access_token: str) -> str:
    """The left half of the SHA-256 of an access token (OpenID Connect Core §3.1.3.6)."""
    return base64url(sha256(access_token.encode()).digest()[:16])


def _common(grant: Grant, profile: Profile, now: float, expires_at: float) -> dict[str, Any]:
    persona = grant.persona
    return {
        "exp": int(expires_at),
        "iat": int(now),
        "auth_time": grant.auth_time,
        "jti": str(uuid4()),
        "iss": grant.issuer,
        "sub": profile.subject_prefix + persona.id,
        "azp": grant.client_id,
        "nonce": grant.nonce,
        "session_state": grant.session_id,
        "sid": grant.session_id,
        "acr": grant.acr,
        "scope": grant.scope,
        "cnf": {"x5t#S256": grant.thumbprint} if grant.thumbprint else None,
        "authMode": persona.auth_mode,
        "SubjectNameID": persona.id,
        "preferred_username": persona.id,
        "given_name": persona.given_name,
        "family_name": persona.family_name,
    }


def userinfo(persona: Persona, profile: Profile) -> dict[str, Any]:
    """The userinfo document of a person, in the generation that the person has."""
    layout = profile.userinfo
    shape = layout.shapes[persona.shape]
    members = shape.members if persona.exercices else layout.unaffiliated
    values = {**layout.constants, **_identity(persona, profile)}
    if persona.exercices:
        values |= _professional_record(persona, profile, shape)
    return _ordered([*members, *(name for name in persona.claims if name not in members)], {**values, **persona.claims})


def _identity(persona: Persona, profile: Profile) -> dict[str, Any]:
    return {
        "sub": profile.subject_prefix + persona.id,
        "preferred_username": persona.id,
        "SubjectNameID": persona.id,
        "given_name": persona.given_name,
        "family_name": persona.family_name,
        "codeCivilite": persona.civilite,
        "authMode": persona.auth_mode,
        "otherIds": persona.other_ids,
    }


def _professional_record(persona: Persona, profile: Profile, shape: UserInfoShape) -> dict[str, Any]:
    """The members about a profession and its places; those of the first place are repeated at the top."""
    systems = profile.userinfo.code_systems
    exercices = [_exercice(exercice, profile, shape) for exercice in persona.exercices]
    first: Mapping[str, str] = next((activity for exercice in exercices for activity in exercice["activities"]), {})
    reference = {"codeCivilite": persona.civilite, "exercices": exercices}
    return {
        "Secteur_Activite": f"{first.get('codeSecteurDactivite', '')}^{systems['Secteur_Activite']}",
        "codeGenreActivite": first.get("codeGenreActivite", ""),
        "SubjectOrganization": first.get("raisonSocialeSite", ""),
        "SubjectOrganizationID": first.get("identifiantTechniqueDeLaStructure", ""),
        "SubjectRole": [f"{code}^{systems['SubjectRole']}" for code in _professions(exercices)],
        "SubjectRefPro": _ordered(shape.subject_ref_pro, reference),
    }


def _professions(exercices: Iterable[Mapping[str, Any]]) -> list[str]:
    return [code for code in dict.fromkeys(exercice["codeProfession"] for exercice in exercices) if code]


def _exercice(exercice: Mapping[str, Any], profile: Profile, shape: UserInfoShape) -> dict[str, Any]:
    activities = [
        {name: activity.get(name, "") for name in shape.activity} for activity in exercice.get("activities", ())
    ]
    return {name: exercice.get(name, "") for name in profile.userinfo.exercice} | {"activities": activities}


def _ordered(names: Iterable[str], values: Mapping[str, Any]) -> dict[str, Any]:
    """The named members that have a value, in the order of the names."""
    return {name: values[name] for name in names if values.get(name) is not None}
