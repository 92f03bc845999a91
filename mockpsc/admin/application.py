"""The admin listener: a front page, health, the CA, a place for a login without a relying party to end, and the API.

It is never under the client-certificate policy, since it must answer when everything else refuses.
"""

import shlex
from urllib.parse import urljoin, urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from mockpsc import __version__, pages
from mockpsc.admin import revocation
from mockpsc.admin.api.openapi import document
from mockpsc.admin.api.problems import HANDLERS
from mockpsc.admin.api.routing import routes
from mockpsc.admin.control import Control
from mockpsc.admin.guard import Guard
from mockpsc.admin.operations import OPERATIONS
from mockpsc.connection import CALLBACK, Connection


def application(control: Control) -> ASGIApp:
    """The application of the admin listener of a mock."""
    app = Starlette(
        routes=[
            *_front(control.connection, control.provider.discovery_document["token_endpoint"]),
            *revocation.routes(control.revocation),
            Route("/api/openapi.json", _openapi),
            *routes(OPERATIONS, control),
        ],
        exception_handlers=HANDLERS,
    )
    app.router.redirect_slashes = False  # most programs do not follow a redirect of what they post
    names = {urlsplit(control.connection.admin_url).hostname or ""}
    return Guard(app, names=names, token=control.settings.admin_token)


async def _openapi(request: Request) -> Response:
    return JSONResponse(document(OPERATIONS))


def _front(connection: Connection, token_endpoint: str) -> list[Route]:
    """What is there for people, and for health checks."""

    async def index(request: Request) -> Response:
        rows = [(name, value) for name, value in connection.as_json().items() if name != "login_url"]
        return HTMLResponse(pages.index(language=_language(request), rows=rows, login_url=connection.login_url))

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok", "version": __version__})

    async def ca(request: Request) -> Response:
        return FileResponse(connection.ca_file, media_type="application/x-pem-file")

    async def callback(request: Request) -> Response:
        parameters = dict(request.query_params)
        uri = urljoin(connection.admin_url, CALLBACK)
        command = _token_command(connection, token_endpoint, parameters["code"], uri) if "code" in parameters else ""
        return HTMLResponse(pages.callback(language=_language(request), parameters=parameters, command=command))

    return [Route("/", index), Route("/healthz", health), Route("/ca.pem", ca), Route(CALLBACK, callback)]


def _language(request: Request) -> pages.Language:
    return pages.preferred_language(request.headers.get("accept-language", ""))


def _token_command(connection: Connection, token_endpoint: str, code: str, redirect_uri: str) -> str:
    """The curl command that exchanges a code over mutual TLS."""
    form = {
        "grant_type": "authorization_code",
        "client_id": connection.client_id,
        "redirect_uri": redirect_uri,
        "code": code,
    }
    files = {"--cacert": connection.ca_file, "--cert": connection.client_cert_file, "--key": connection.client_key_file}
    lines = ["curl", *(f"{flag} {shlex.quote(str(file))}" for flag, file in files.items())]
    lines += [f"--data-urlencode {shlex.quote(f'{name}={value}')}" for name, value in form.items()]
    return " \\\n  ".join([*lines, shlex.quote(token_endpoint)])
