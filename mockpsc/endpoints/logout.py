"""RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0), with Keycloak's answers since its version 18."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from mockpsc import pages
from mockpsc.client_authentication import authenticate_client
from mockpsc.clients import Client
from mockpsc.endpoints.authorization import COOKIE
from mockpsc.endpoints.authorization_response import located
from mockpsc.endpoints.language import language_of
from mockpsc.errors import InvalidRequest, PageError
from mockpsc.faults.base import redirection
from mockpsc.faults.subjects import Redirection
from mockpsc.grants.refresh_token import verify_refresh_token
from mockpsc.parameters import Parameters, from_form, from_query
from mockpsc.provider import Provider
from mockpsc.verification import DeadToken, read_token

CONFIRM = "/logout-confirm"


@dataclass(frozen=True, kw_only=True)
class LogoutRequest:
    """A logout that may take place. `session_id` is known when the ID token hint says it; `uri` is where to go then."""

    client: Client | None
    session_id: str | None
    uri: str | None
    state: str | None


async def logout(provider: Provider, request: Request) -> Response:
    """GET or POST: logs out at once with a good `id_token_hint`, else asks the person; POST with a refresh token is
    Keycloak's back-channel logout, with client authentication and 204."""
    parameters = from_query(request) if request.method != "POST" else await from_form(request)
    if request.method == "POST" and "refresh_token" in parameters:
        return await _back_channel(provider, request, parameters)
    asked = _read(provider, parameters)
    request.state.occasion.client = asked.client.id if asked.client else None
    if asked.session_id is None:
        return _confirmation(request, parameters)
    return await _end(provider, request, parameters, asked)


async def confirm(provider: Provider, request: Request) -> Response:
    """POST from the confirmation page."""
    parameters = await from_form(request)
    return await _end(provider, request, parameters, _read(provider, parameters))


async def _back_channel(provider: Provider, request: Request, form: Parameters) -> Response:
    client = authenticate_client(provider, request, form)
    value = form.get("refresh_token")
    if not value:
        raise InvalidRequest("No refresh token", hint="The form's refresh_token is empty.")
    token = await verify_refresh_token(provider, client, value)
    await provider.sessions.end(token.session.id)
    return Response(status_code=204)


def _read(provider: Provider, parameters: Parameters) -> LogoutRequest:
    if "redirect_uri" in parameters:
        hint = "Since Keycloak 18 the parameter is post_logout_redirect_uri."
        raise PageError("Invalid parameter: redirect_uri", hint=hint)
    hint_claims = _hint(provider, parameters.get("id_token_hint"))
    client_id = parameters.get("client_id")
    given_to = hint_claims.get("azp") if hint_claims else None
    if given_to is not None and client_id is not None and client_id != given_to:
        hint = f"client_id is {client_id!r}; the ID token was given to {given_to!r}."
        raise PageError("Invalid parameter: id_token_hint", hint=hint)
    client_id = given_to or client_id
    client = provider.clients.get(client_id) if client_id else None
    uri = parameters.get("post_logout_redirect_uri")
    if uri is not None:
        _require_registered(client, uri)
    session_id = hint_claims["sid"] if hint_claims else None
    return LogoutRequest(client=client, session_id=session_id, uri=uri, state=parameters.get("state"))


def _hint(provider: Provider, token: str | None) -> dict[str, str] | None:
    """The claims of an ID token hint, however old it is."""
    if token is None:
        return None
    try:
        return read_token(provider, token, "ID")
    except DeadToken as dead:
        raise PageError("Invalid parameter: id_token_hint", hint=dead.reason) from None


def _require_registered(client: Client | None, uri: str) -> None:
    if client is None:
        hint = "post_logout_redirect_uri goes with the id_token_hint, or at least the client_id, of whose it is."
        raise PageError("Missing parameters: id_token_hint", hint=hint)
    if not client.accepts_post_logout_redirect_uri(uri):
        registered = ", ".join(client.post_logout_redirect_uris) or "none"
        hint = f"post_logout_redirect_uri is {uri!r}; {client.id!r} declares: {registered}."
        raise PageError("Invalid redirect uri", hint=hint)


def _confirmation(request: Request, parameters: Parameters) -> Response:
    language = language_of(request, parameters)
    path = request.url.path
    other = "en" if language == "fr" else "fr"
    page = pages.logout_confirm(
        language=language,
        action=path + CONFIRM,
        switch_url=f"{path}?{parameters.query(kc_locale=other)}",
        fields=dict(parameters),
    )
    return HTMLResponse(page)


async def _end(provider: Provider, request: Request, parameters: Parameters, asked: LogoutRequest) -> Response:
    browser = await provider.sessions.of_browser(request.cookies.get(COOKIE))
    for session_id in {asked.session_id, browser.id if browser else None} - {None}:
        await provider.sessions.end(str(session_id))
    response = _goodbye(provider, request, parameters, asked)
    response.delete_cookie(COOKIE, path="/auth", secure=True, httponly=True, samesite="none")
    return response


def _goodbye(provider: Provider, request: Request, parameters: Parameters, asked: LogoutRequest) -> Response:
    state = (("state", asked.state),) if asked.uri and asked.state is not None else ()
    meant = Redirection(uri=asked.uri or "", parameters=state)
    answer = provider.faults.change(redirection("logout"), meant, request.state.occasion)
    if not answer.uri:
        return HTMLResponse(pages.logged_out(language=language_of(request, parameters)))
    return RedirectResponse(located(answer.uri, answer.parameters), 302)
