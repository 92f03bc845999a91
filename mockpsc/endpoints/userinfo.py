"""The userinfo endpoint (OpenID Connect Core §5.3), with Keycloak's refusals (RFC 6750 §3)."""

from starlette.requests import Request
from starlette.responses import Response

from mockpsc.client_authentication import bearer_token, peer_certificate
from mockpsc.endpoints.documents import document_response
from mockpsc.errors import BearerRefusal, InsufficientScope, InvalidRequest, InvalidToken, OAuthError
from mockpsc.grants.binding import require_bound_certificate
from mockpsc.parameters import from_form
from mockpsc.provider import Provider
from mockpsc.tokens import claims
from mockpsc.verification import DeadToken, LiveToken, verify
from mockpsc.vocabulary import FORM

_ATTACHMENT = "User session not found or doesn't have client attached on it"


async def userinfo(provider: Provider, request: Request) -> Response:
    """GET or POST: what is known of the person whom an access token stands for."""
    value = await _bearer_token(request)
    if value is None:
        hint = "No access token came: expected the header Authorization: Bearer, or access_token in a POST form."
        raise BearerRefusal(None, hint=hint)
    try:
        token = await _verified(provider, request, value)
    except OAuthError as refusal:
        raise BearerRefusal(refusal) from None
    request.state.occasion.persona = token.persona.id
    members = claims.userinfo(token.persona, provider.profile)
    return document_response(provider, request, "userinfo", members, {"Cache-Control": "no-cache"})


async def _verified(provider: Provider, request: Request, value: str) -> LiveToken:
    try:
        token = await verify(provider, value, "Bearer")
    except DeadToken as dead:
        raise _refusal(dead) from None
    request.state.occasion.client = token.claims["azp"]
    scope = token.claims.get("scope", "")
    if "openid" not in scope.split():
        hint = f"The token's scope is {scope!r}; userinfo needs 'openid'."
        raise InsufficientScope("Missing openid scope", hint=hint)
    require_bound_certificate(provider, token, peer_certificate(request))
    return token


def _refusal(dead: DeadToken) -> OAuthError:
    if dead.flaw in ("session_over", "detached"):
        return InvalidRequest(_ATTACHMENT, status=401, hint=dead.reason)
    return InvalidToken("Stale token" if dead.flaw == "stale" else "Token verification failed", hint=dead.reason)


async def _bearer_token(request: Request) -> str | None:
    """RFC 6750 §2.1, and §2.2 for a POST."""
    token = bearer_token(request)
    if token is not None:
        return token
    if request.method == "POST" and request.headers.get("content-type", "").startswith(FORM):
        return (await from_form(request)).get("access_token")
    return None
