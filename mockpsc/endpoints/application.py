"""The ASGI application of a listener: its endpoints and its refusals, with what stands before and around them."""

from collections.abc import Sequence
from functools import partial

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from mockpsc.endpoints import Endpoint
from mockpsc.endpoints.front import Front
from mockpsc.endpoints.recorder import Recorder
from mockpsc.endpoints.refusals import handlers
from mockpsc.provider import Provider


def application(provider: Provider, listener: str, endpoints: Sequence[Endpoint]) -> ASGIApp:
    """The application that serves some endpoints on a listener of that name."""
    routes = [
        Route(path, partial(endpoint.handle, provider), methods=list(endpoint.methods))
        for endpoint in endpoints
        for path in endpoint.paths(provider.profile)
    ]
    app = Starlette(routes=routes, exception_handlers=dict(handlers(provider)))
    app.router.redirect_slashes = False
    return Recorder(Front(app, provider), provider, listener)
