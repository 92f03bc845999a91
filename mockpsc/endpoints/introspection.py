"""The introspection endpoint (RFC 7662): what a token says, or that it is not active, never why."""

from starlette.requests import Request
from starlette.responses import Response

from mockpsc.client_authentication import authenticate_client
from mockpsc.endpoints.documents import document_response
from mockpsc.errors import InvalidClient, InvalidRequest, UnauthorizedClient
from mockpsc.parameters import Parameters, from_form
from mockpsc.provider import Provider
from mockpsc.verification import DeadToken, verify

_HINTS = (None, "", "access_token", "refresh_token", "requesting_party_token")


async def introspect(provider: Provider, request: Request) -> Response:
    """POST: the token's claims with `client_id`, `username` and `active`, or `{"active": false}`."""
    form = await from_form(request)
    _authenticate(provider, request, form)
    form.refuse_repeated()
    token = form.get("token")
    if not token:
        raise InvalidRequest("Token not provided.", hint="The form has no token.")
    if form.get("token_type_hint") not in _HINTS:
        hint = f"token_type_hint is {form.get('token_type_hint')!r}; expected access_token or refresh_token."
        raise InvalidRequest("Unsupported token type.", hint=hint)
    answer = await _introspected(provider, token)
    return document_response(provider, request, "introspection", answer, {"Cache-Control": "no-store"})


def _authenticate(provider: Provider, request: Request, form: Parameters) -> None:
    """Keycloak hides every failure of client authentication here behind one sentence."""
    try:
        authenticate_client(provider, request, form)
    except (InvalidClient, UnauthorizedClient) as refusal:
        raise InvalidRequest("Authentication failed.", status=401, hint=refusal.hint, reason=refusal.reason) from None


async def _introspected(provider: Provider, token: str) -> dict[str, object]:
    try:
        live = await verify(provider, token, "Bearer", "Refresh")
    except DeadToken as dead:
        provider.note(f"Introspection answers active: false. {dead.reason}")
        return {"active": False}
    username = live.persona.id
    return live.claims | {"client_id": live.claims["azp"], "username": username, "active": True}
