"""The token endpoint (RFC 6749 §3.2): finds the grant, in Keycloak's order of checks."""

from starlette.requests import Request
from starlette.responses import Response

from mockpsc.client_authentication import authenticate_client, peer_certificate
from mockpsc.endpoints.documents import document_response
from mockpsc.errors import InvalidRequest, UnsupportedGrantType, nearest
from mockpsc.grants import DISABLED, GRANTS, TokenRequest
from mockpsc.parameters import Parameters, from_form
from mockpsc.provider import Provider

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


async def token(provider: Provider, request: Request) -> Response:
    """POST: tokens for a grant."""
    form = await from_form(request)
    grant_type = _grant_type(form)
    client = authenticate_client(provider, request, form)
    form.refuse_repeated()
    if grant_type in DISABLED:
        refusal, description = DISABLED[grant_type]
        raise refusal(description, hint=f"mockpsc exchanges {' and '.join(GRANTS)}; asked for: {grant_type}.")
    asked = TokenRequest(
        client=client, form=form, certificate=peer_certificate(request), occasion=request.state.occasion
    )
    response = await GRANTS[grant_type](provider, asked)
    return document_response(provider, request, "token", response, NO_STORE)


def _grant_type(form: Parameters) -> str:
    grant_type = form.get("grant_type")
    if grant_type is None:
        raise InvalidRequest("Missing form parameter: grant_type", hint="The form has no grant_type.")
    known = (*GRANTS, *DISABLED)
    if grant_type not in known:
        raise UnsupportedGrantType(
            "Unsupported grant_type", hint=f"grant_type is {grant_type!r}{nearest(grant_type, known)}."
        )
    return grant_type
