"""The answer that all grants end with: tokens, in the order in which Keycloak prints them."""

from dataclasses import replace
from typing import Any

from mockpsc.faults import Occasion
from mockpsc.provider import Provider
from mockpsc.store import Session
from mockpsc.tokens import Grant, claims


async def token_response(
    provider: Provider, grant: Grant, session: Session, occasion: Occasion, *, refresh_scope: str | None = None
) -> dict[str, Any]:
    """The members of a token response (RFC 6749 §5.1 and OpenID Connect Core §3.1.3.3). No token outlives the login,
    whose idle time starts anew. `refresh_scope` is that of the refresh token, when the others have less (§6)."""
    await provider.sessions.use(session)
    occasion.persona = grant.persona.id
    settings, profile = provider.settings, provider.profile
    now = provider.clock.now()
    access_expiry = min(now + settings.access_token_lifetime, session.expires_at)
    refresh_expiry = min(now + settings.refresh_token_lifetime, session.expires_at)
    lasting = replace(grant, scope=refresh_scope or grant.scope)
    access = provider.issue(
        "access_token", claims.access_token(grant, profile, now=now, expires_at=access_expiry), occasion
    )
    refresh = claims.refresh_token(lasting, profile, now=now, expires_at=refresh_expiry)
    response: dict[str, Any] = {
        "access_token": access,
        "expires_in": int(access_expiry) - int(now),
        "refresh_expires_in": int(refresh_expiry) - int(now),
        "refresh_token": provider.issue("refresh_token", refresh, occasion),
        "token_type": "Bearer",
    }
    if grant.has_openid:
        identity = claims.id_token(grant, profile, now=now, expires_at=access_expiry, access_token=access)
        response["id_token"] = provider.issue("id_token", identity, occasion)
    return response | {"not-before-policy": 0, "session_state": session.id, "scope": grant.scope}
