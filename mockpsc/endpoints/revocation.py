"""The revocation endpoint (RFC 7009), with Keycloak's answers."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mockpsc.client_authentication import authenticate_client
from mockpsc.clients import Client
from mockpsc.errors import InvalidRequest, UnsupportedTokenType
from mockpsc.parameters import from_form
from mockpsc.provider import Provider
from mockpsc.store import RevokedToken
from mockpsc.verification import DeadToken, LiveToken, read_token, verify


async def revoke(provider: Provider, request: Request) -> Response:
    """POST: 200 without a body for a token that was good, 200 with Keycloak's `invalid_token` for one that was not."""
    form = await from_form(request)
    client = authenticate_client(provider, request, form)
    form.refuse_repeated()
    value = form.get("token")
    if not value:
        raise InvalidRequest("Token not provided", hint="The form has no token.")
    try:
        _refuse_others(provider, client, value)
        await _revoke(provider, await verify(provider, value, "Bearer", "Refresh"))
    except DeadToken as dead:
        provider.note(f"Nothing to revoke. {dead.reason}")
        return JSONResponse({"error": "invalid_token", "error_description": "Invalid token"})
    return Response()


def _refuse_others(provider: Provider, client: Client, value: str) -> None:
    claims = read_token(provider, value, "Bearer", "Refresh", "ID")
    if claims["typ"] == "ID":
        hint = "An ID token is not revoked: revoke the refresh token, or log out."
        raise UnsupportedTokenType("Unsupported token type", hint=hint)
    if claims["azp"] != client.id:
        hint = f"The token was given to the client {claims['azp']!r}; {client.id!r} wants to revoke it."
        raise InvalidRequest("Unmatching clients", hint=hint)


async def _revoke(provider: Provider, token: LiveToken) -> None:
    claims = token.claims
    if claims["typ"] == "Refresh":
        await provider.sessions.detach_everywhere(token.persona.id, claims["azp"])
    else:
        await provider.store.put(RevokedToken(id=claims["jti"], expires_at=claims["exp"]))
