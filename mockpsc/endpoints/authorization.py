"""The authorization endpoint (OpenID Connect Core §3.1.2), with its login page and single sign-on."""

from uuid import NAMESPACE_URL, uuid4, uuid5

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from mockpsc import pages
from mockpsc.endpoints.authorization_request import AuthorizationRequest, read_destination, read_request
from mockpsc.endpoints.authorization_response import accepted, refused
from mockpsc.endpoints.language import language_of
from mockpsc.errors import AccessDenied, LoginRequired, OAuthError, PageError, nearest
from mockpsc.faults import Occasion
from mockpsc.faults.base import AUTHORIZATION_REQUEST
from mockpsc.faults.subjects import Asked
from mockpsc.parameters import Parameters, from_form, from_query
from mockpsc.profiles import Persona
from mockpsc.provider import Provider
from mockpsc.store import AuthorizationCode, Session

COOKIE = "KEYCLOAK_IDENTITY"
LOGIN_ACTION = "/login-actions/authenticate"

# An expired code is remembered this long (in seconds), so that its exchange can be told that it came too late.
_GRACE = 3600


async def authorize(provider: Provider, request: Request) -> Response:
    """GET or POST: an authorization request, answered by a redirection, or by the login page."""
    parameters = from_query(request) if request.method != "POST" else await from_form(request)
    return await _settle(provider, request, parameters, None)


async def decide(provider: Provider, request: Request) -> Response:
    """POST from the login page: who the person is, or that the person refuses. The query is the request's own."""
    form = await from_form(request)
    return await _settle(provider, request, from_query(request), form)


async def _settle(
    provider: Provider, request: Request, parameters: Parameters, decision: Parameters | None
) -> Response:
    destination = read_destination(provider, parameters)
    occasion = request.state.occasion
    occasion.client = destination.client.id
    try:
        asked = read_request(provider, destination, parameters)
        provider.faults.change(AUTHORIZATION_REQUEST, Asked(), occasion)
        if decision is not None:
            return await _decided(provider, request, asked, decision)
        return await _answer(provider, request, asked, parameters)
    except OAuthError as refusal:
        request.state.refusal = refusal
        return refused(provider, destination, refusal, occasion)


async def _answer(
    provider: Provider, request: Request, asked: AuthorizationRequest, parameters: Parameters
) -> Response:
    named = _named_persona(provider, asked)
    session = await provider.sessions.of_browser(request.cookies.get(COOKIE))
    flaw = _why_not_reused(provider, asked, session, named)
    if session is not None and flaw is None:
        return await _grant(provider, asked, session, request.state.occasion)
    if "none" in asked.prompt:
        raise LoginRequired(hint=f"prompt=none, and {flaw}.")
    if named is not None and (provider.settings.login == "auto" or "select_account" not in asked.prompt):
        return await _log_in(provider, asked, named, request.state.occasion)
    return _login_page(provider, request, asked, parameters)


def _named_persona(provider: Provider, asked: AuthorizationRequest) -> Persona | None:
    """Who logs in without a page: whom the request names, else whom `--login auto` names."""
    hinted = provider.personas.get(asked.login_hint or "")
    return hinted or provider.personas.get(provider.settings.persona or "")


def _why_not_reused(
    provider: Provider, asked: AuthorizationRequest, session: Session | None, named: Persona | None
) -> str | None:
    """Why a login cannot answer this request (OpenID Connect Core §3.1.2.1 and §3.1.2.3), or None when it can."""
    if session is None or session.persona_id not in provider.personas:
        return "nobody is logged in in this browser"
    age = provider.clock.now() - session.auth_time
    if asked.max_age is not None and age > asked.max_age:
        return f"the login is {age:.0f} s old, more than max_age"
    if named is not None and named.id != session.persona_id:
        return f"{session.persona_id} is logged in, not {named.id}"
    if asked.prompt & {"login", "select_account"}:
        return "the relying party asks for a new login"
    return None


async def _decided(provider: Provider, request: Request, asked: AuthorizationRequest, decision: Parameters) -> Response:
    if "refuse" in decision:
        raise AccessDenied(hint="The person chose to refuse on the login page.")
    id = decision.get("persona") or ""
    persona = provider.personas.get(id)
    if persona is None:
        raise PageError("Invalid username or password.", hint=f"No persona {id!r}{nearest(id, provider.personas)}.")
    return await _log_in(provider, asked, persona, request.state.occasion)


async def _log_in(provider: Provider, asked: AuthorizationRequest, persona: Persona, occasion: Occasion) -> Response:
    session = await provider.sessions.open(persona.id)
    response = await _grant(provider, asked, session, occasion)
    cookie = provider.sessions.cookie(session)
    response.set_cookie(COOKIE, cookie, path="/auth", secure=True, httponly=True, samesite="none")
    return response


async def _grant(provider: Provider, asked: AuthorizationRequest, session: Session, occasion: Occasion) -> Response:
    occasion.persona = session.persona_id
    await provider.sessions.use(session)
    await provider.sessions.attach(session, asked.client.id)
    code = None if asked.response_type == "none" else await _new_code(provider, asked, session)
    return accepted(provider, asked.destination, occasion, session_id=session.id, code=code)


async def _new_code(provider: Provider, asked: AuthorizationRequest, session: Session) -> str:
    """A code in Keycloak's form: a UUID, the login's id and a UUID of the client, with dots between them."""
    valid_until = provider.clock.now() + provider.settings.code_lifetime
    code = AuthorizationCode(
        id=f"{uuid4()}.{session.id}.{uuid5(NAMESPACE_URL, asked.client.id)}",
        client_id=asked.client.id,
        session_id=session.id,
        redirect_uri=asked.destination.redirect_uri,
        scope=asked.scope,
        nonce=asked.nonce,
        code_challenge=asked.code_challenge,
        code_challenge_method=asked.code_challenge_method,
        valid_until=valid_until,
        expires_at=valid_until + _GRACE,
    )
    await provider.store.put(code)
    return code.id


def _login_page(provider: Provider, request: Request, asked: AuthorizationRequest, parameters: Parameters) -> Response:
    language = language_of(request, parameters)
    base = request.url.path.rstrip("/").removesuffix("/protocol/openid-connect/auth")
    other = "en" if language == "fr" else "fr"
    page = pages.login(
        language=language,
        application=asked.client.id,
        destination=asked.destination.redirect_uri,
        personas=[_choice(persona, language) for persona in provider.personas.values()],
        action=f"{base}{LOGIN_ACTION}?{parameters.query()}",
        switch_url=f"{request.url.path}?{parameters.query(kc_locale=other)}",
        notice=_login_notice(provider, asked, language),
    )
    return HTMLResponse(page)


def _choice(persona: Persona, language: pages.Language) -> pages.PersonaChoice:
    return pages.PersonaChoice(
        id=persona.id,
        name=persona.name,
        profession=persona.profession,
        what=persona.what.get(language, ""),
        auth_mode=persona.auth_mode,
        acr=persona.acr,
    )


def _login_notice(provider: Provider, asked: AuthorizationRequest, language: pages.Language) -> str:
    hint = asked.login_hint
    if not hint or hint in provider.personas:
        return ""
    close = nearest(hint, provider.personas)
    french = f"login_hint vaut {hint!r}, qui n’est l’identifiant de personne ici."
    return french if language == "fr" else f"login_hint is {hint!r}, which is nobody's id here{close}"
