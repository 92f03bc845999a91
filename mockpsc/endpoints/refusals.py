"""Writes what was refused: the one place where an error becomes an answer, in Keycloak's form."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from mockpsc import pages
from mockpsc.endpoints.language import language_of
from mockpsc.errors import BearerRefusal, MockPscError, OAuthError, PageError
from mockpsc.parameters import Parameters
from mockpsc.provider import Provider

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
HINT = "Mockpsc-Hint"
_LONGEST_HINT = 1000

# Keycloak's words where Python's changed.
_PHRASES = {413: "Request Entity Too Large", 414: "Request-URI Too Long"}


def handlers(provider: Provider) -> Mapping[Any, Any]:
    """Starlette's exception handlers of a listener."""

    async def bearer(request: Request, refusal: BearerRefusal) -> Response:
        return _noted(request, refusal, _bearer(provider, refusal))

    async def http(request: Request, refusal: HTTPException) -> Response:
        return _http(provider, request, refusal)

    return {OAuthError: _oauth, PageError: _page, BearerRefusal: bearer, HTTPException: http, Exception: _unexpected}


async def _oauth(request: Request, refusal: OAuthError) -> Response:
    return _noted(request, refusal, JSONResponse(refusal.body, refusal.status, headers=NO_STORE))


async def _page(request: Request, refusal: PageError) -> Response:
    language = language_of(request, Parameters(request.query_params.multi_items()))
    page = pages.error(language=language, message=refusal.message, hint=refusal.hint)
    return _noted(request, refusal, HTMLResponse(page, refusal.status, headers=NO_STORE))


def _bearer(provider: Provider, refusal: BearerRefusal) -> Response:
    challenge = f'Bearer realm="{provider.profile.realm}"'
    if refusal.cause is None:
        return Response(status_code=401, headers={"WWW-Authenticate": challenge})
    for name, value in refusal.cause.body.items():
        challenge += f', {name}="{value}"'
    return JSONResponse(refusal.cause.body, refusal.cause.status, headers={**NO_STORE, "WWW-Authenticate": challenge})


def _http(provider: Provider, request: Request, refusal: HTTPException) -> Response:
    """What Keycloak says before any endpoint is reached: an unknown path, another method, another content type."""
    status = HTTPStatus(refusal.status_code)
    body = {"error": f"HTTP {status.value} {_PHRASES.get(status, status.phrase)}"}
    path = request.url.path
    if status == 404 and path.startswith("/auth/realms/") and not _is_below(path, provider.profile.realm_path):
        body = {"error": "Realm does not exist"}
    error = PageError(body["error"], hint=_http_hint(provider, request, status), status=status)
    return _noted(request, error, JSONResponse(body, status, headers=refusal.headers))


def _http_hint(provider: Provider, request: Request, status: HTTPStatus) -> str:
    path = request.url.path
    if status == 405:
        return f"{request.method} is not for {path}."
    if status == 415:
        sent = request.headers.get("content-type", "nothing")
        return f"Content-Type is {sent!r}; expected application/x-www-form-urlencoded."
    if status == 404 and provider.auth_url + path in provider.discovery_document.values():
        return f"Pro Santé Connect's discovery document lists {path}; mockpsc does not emulate it."
    return f"{path}: {status.description or status.phrase}."


def _is_below(path: str, parent: str) -> bool:
    return path == parent or path.startswith(parent + "/")


async def _unexpected(request: Request, error: Exception) -> Response:
    """A defect of mockpsc. The exception goes on to the log."""
    return JSONResponse({"error": "unknown_error", "error_description": "See the log of mockpsc."}, 500)


def _noted(request: Request, refusal: MockPscError, response: Response) -> Response:
    request.state.refusal = refusal
    return response


def header_text(hint: str) -> str:
    """A hint as a header can carry it: printable ASCII."""
    text = "".join(character if character.isprintable() else " " for character in hint)
    for fancy, plain in {"’": "'", "…": "...", "é": "e", "§": "section "}.items():
        text = text.replace(fancy, plain)
    return text.encode("ascii", "replace").decode()[:_LONGEST_HINT]
