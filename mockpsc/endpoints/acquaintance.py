"""Whom a request is about, found out before it is answered, so that a fault can be for one client or one person.

It reads what the endpoint will read, refuses nothing, and spends nothing: what cannot be told yet stays unknown.
"""

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

from mockpsc.client_authentication import basic_credentials, bearer_token, peer_certificate
from mockpsc.endpoints.authorization import COOKIE
from mockpsc.errors import OAuthError
from mockpsc.faults import Occasion
from mockpsc.parameters import Parameters, from_form, from_query
from mockpsc.provider import Provider
from mockpsc.store import AuthorizationCode, Session
from mockpsc.tokens import BadToken

_TOKENS = ("refresh_token", "token", "access_token", "id_token_hint")


async def acquaint(provider: Provider, request: Request, occasion: Occasion) -> None:
    """Write down the client and the person whom a request is about, and its grant, as far as it tells."""
    parameters = await _parameters(request)
    claims = _claims(provider, request, parameters)
    occasion.grant_type = parameters.get("grant_type")
    occasion.client = _client(provider, request, parameters, claims)
    if occasion.endpoint == "authorization":
        occasion.persona = await _who_logs_in(provider, request, parameters)
    else:
        occasion.persona = await _who_is_meant(provider, request, parameters, claims)


async def _parameters(request: Request) -> Parameters:
    """Those of the URL and of the form; the form's come first."""
    try:
        form = tuple(await from_form(request)) if request.method == "POST" else ()
        return Parameters([*form, *from_query(request)])
    except (HTTPException, OAuthError):  # the endpoint will say so
        return Parameters()


def _client(provider: Provider, request: Request, parameters: Parameters, claims: Mapping[str, Any]) -> str | None:
    """Who asks: as the request says, else to whom its token was given, else whose certificate came."""
    basic_id, _ = basic_credentials(request.headers.get("authorization", ""))
    named = parameters.get("client_id") or basic_id or claims.get("azp")
    certificate = peer_certificate(request)
    return named or (provider.clients.id_of(certificate) if certificate else None)


def _claims(provider: Provider, request: Request, parameters: Parameters) -> dict[str, Any]:
    """What the token that comes with a request says, whatever it is for."""
    for token in filter(None, (bearer_token(request), *map(parameters.get, _TOKENS))):
        try:
            return provider.signer.read(token)
        except BadToken:
            continue
    return {}


async def _who_logs_in(provider: Provider, request: Request, parameters: Parameters) -> str | None:
    """By the form, by the request, as `--login auto` says, or who is logged in already."""
    named = parameters.get("persona") or parameters.get("login_hint")
    if named in provider.personas:
        return named
    if {"login", "select_account"} & set((parameters.get("prompt") or "").split()):
        return provider.settings.persona
    return provider.settings.persona or _of(await provider.sessions.of_browser(request.cookies.get(COOKIE)))


async def _who_is_meant(
    provider: Provider, request: Request, parameters: Parameters, claims: Mapping[str, Any]
) -> str | None:
    """Whom a code or a token stands for, or who is logged in in a browser that logs out."""
    code = await provider.store.get(AuthorizationCode, parameters.get("code") or "")
    session = await provider.sessions.get(code.session_id if code else str(claims.get("sid")))
    named = _of(session) or claims.get("preferred_username")
    return named or _of(await provider.sessions.of_browser(request.cookies.get(COOKIE)))


def _of(session: Session | None) -> str | None:
    return session.persona_id if session else None
