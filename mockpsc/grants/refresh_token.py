"""grant_type=refresh_token (RFC 6749 §6), in Keycloak's words.

As in Keycloak by default, every refresh gives a new refresh token and the old one stays good until its end, unless an
armed fault ends it with its use.
"""

from typing import Any

from mockpsc.clients import Client
from mockpsc.errors import InvalidGrant, InvalidRequest, InvalidScope
from mockpsc.faults import Occasion
from mockpsc.faults.base import REFRESH_REUSE
from mockpsc.faults.subjects import Reuse
from mockpsc.grants.binding import require_bound_certificate
from mockpsc.grants.token_request import TokenRequest
from mockpsc.grants.token_response import token_response
from mockpsc.provider import Provider
from mockpsc.store import UsedRefreshToken
from mockpsc.verification import DeadToken, Flaw, LiveToken, read_token, verify

GRANT_TYPE = "refresh_token"

_DESCRIPTIONS: dict[Flaw, str] = {
    "malformed": "Invalid refresh token",
    "expired": "Token is not active",
    "session_over": "Session not active",
    "detached": "Session doesn't have required client",
    "stale": "Refresh toked issued before the client session started",
    "revoked": "Stale token",
}


async def exchange(provider: Provider, request: TokenRequest) -> dict[str, Any]:
    """New tokens for a refresh token. Raises InvalidRequest, InvalidGrant, InvalidScope or UnauthorizedClient."""
    client, form = request.client, request.form
    value = form.get("refresh_token")
    if value is None:
        raise InvalidRequest("No refresh token", hint="The token request has no refresh_token.")
    token = await verify_refresh_token(provider, client, value)
    require_bound_certificate(provider, token, request.certificate)
    await _note_use(provider, token, request.occasion)
    scope = _narrowed(provider, token.claims["scope"], form.get("scope"))
    nonce, bound_to = token.claims.get("nonce"), token.thumbprint
    grant = provider.grant(client, token.persona, token.session, scope=scope, nonce=nonce, thumbprint=bound_to)
    return await token_response(provider, grant, token.session, request.occasion, refresh_scope=token.claims["scope"])


async def verify_refresh_token(provider: Provider, client: Client, value: str) -> LiveToken:
    """A refresh token of that client that is good now. Raises InvalidGrant."""
    try:
        owner = read_token(provider, value, "Refresh")["azp"]
        if owner != client.id:
            hint = f"The refresh token was given to the client {owner!r}; {client.id!r} wants to use it."
            raise InvalidGrant("Invalid refresh token. Token client and authorized client don't match", hint=hint)
        return await verify(provider, value, "Refresh")
    except DeadToken as dead:
        raise InvalidGrant(_DESCRIPTIONS[dead.flaw], hint=dead.reason) from None


async def _note_use(provider: Provider, token: LiveToken, occasion: Occasion) -> None:
    """Count how often a refresh token was exchanged. Raises InvalidGrant if an armed fault will not have it again."""
    claims = token.claims
    used = await provider.store.get(UsedRefreshToken, claims["jti"])
    if used is not None:
        reuse = provider.faults.change(REFRESH_REUSE, Reuse(before=used.times), occasion)
        if reuse.refusal is not None:
            await provider.sessions.detach(token.session.id, claims["azp"])
            hint = f"The refresh token was exchanged {used.times} times before, and an armed fault forbids that."
            raise InvalidGrant(reuse.refusal, hint=hint)
    times = used.times + 1 if used else 1
    await provider.store.put(UsedRefreshToken(id=claims["jti"], times=times, expires_at=claims["exp"]))


def _narrowed(provider: Provider, granted: str, asked: str | None) -> str:
    """The scope of the new tokens: what was granted, or less when the client asks for less."""
    if not asked:
        return granted
    if not set(asked.split()) <= set(granted.split()):
        raise InvalidScope(f"Invalid scopes: {asked}", hint=f"A refresh can ask for no more than {granted!r}.")
    return provider.profile.with_default_scopes(asked.split())
