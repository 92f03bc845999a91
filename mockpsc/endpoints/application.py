"""The ASGI application of a listener: its endpoints and its refusals, with what stands before and around them.

    Attending ──> Recorder ──> Answering ──> Labelling ──> Front ──> the endpoints

Around the endpoints: the occasion that faults are told of begins, the exchange is recorded, the answer is sent as the
armed faults make it, it says that it is a mock's, and what stands before Keycloak may refuse the client.
"""

from collections.abc import Awaitable, Callable, Sequence

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from mockpsc.endpoints import Endpoint
from mockpsc.endpoints.acquaintance import acquaint
from mockpsc.endpoints.answering import Answering, as_response
from mockpsc.endpoints.front import Front
from mockpsc.endpoints.labelling import Labelling
from mockpsc.endpoints.recorder import Recorder
from mockpsc.endpoints.refusals import handlers
from mockpsc.errors import InvalidRequest, Unusable
from mockpsc.faults import HEADER, Armed, Occasion, orders_in
from mockpsc.faults.base import request_at
from mockpsc.faults.subjects import Asked
from mockpsc.provider import Provider


def application(provider: Provider, listener: str, endpoints: Sequence[Endpoint]) -> ASGIApp:
    """The application that serves some endpoints on a listener of that name."""
    routes = [
        Route(path, _attended(provider, endpoint), methods=list(endpoint.methods))
        for endpoint in endpoints
        for path in endpoint.paths(provider.profile)
    ]
    app = Starlette(routes=routes, exception_handlers=dict(handlers(provider)))
    app.router.redirect_slashes = False
    names = {path: endpoint.name for endpoint in endpoints for path in endpoint.paths(provider.profile)}
    answering = Answering(Labelling(Front(app, provider)), provider)
    return Attending(Recorder(answering, provider, names), listener)


class Attending:
    """Begins the occasion of a request: what is known of it before anybody has read it."""

    def __init__(self, app: ASGIApp, listener: str) -> None:
        self._app, self._listener = app, listener

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application with an occasion in the state."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        scope.setdefault("state", {})["occasion"] = Occasion(
            listener=self._listener,
            host=host.rpartition(":")[0] or host,
            url=f"{scope['scheme']}://{host}{scope['path']}",
            headers=headers,
        )
        await self._app(scope, receive, send)


def _attended(provider: Provider, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that is asked unless an armed fault answers in its place."""

    async def answer(request: Request) -> Response:
        occasion: Occasion = request.state.occasion
        occasion.endpoint = endpoint.name
        occasion.requested = _requested(provider, request)
        if not provider.is_undisturbed(occasion):
            await acquaint(provider, request, occasion)
        asked = provider.faults.change(request_at(endpoint.name), Asked(), occasion)
        if asked.answer is not None:
            request.state.answer = asked.answer
            return as_response(asked.answer)
        return await endpoint.handle(provider, request)

    return answer


def _requested(provider: Provider, request: Request) -> tuple[Armed, ...]:
    """The faults that the request itself asks for, where that is allowed."""
    text = ",".join(request.headers.getlist(HEADER))
    if not text:
        return ()
    if not provider.settings.fault_header:
        provider.note_once(f"The header {HEADER} came and is not heeded: allow it with --fault-header.")
        return ()
    try:
        return provider.faults.once(orders_in(text), "header")
    except Unusable as error:
        raise InvalidRequest(
            "Unusable fault header", hint=f"The header {HEADER} asks for what is not to be had: {error}"
        ) from None
