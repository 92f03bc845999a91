"""The routes of a table of operations."""

import inspect
from collections import defaultdict
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mockpsc.admin.api.operation import Operation
from mockpsc.admin.api.reading import read_body, read_query


class Settling(Protocol):
    """What operations act upon."""

    def settle(self) -> Awaitable[None]:
        """Wait until what was changed has taken effect."""


def routes(operations: Sequence[Operation], control: Settling) -> list[Route]:
    """One route for each path, those without a parameter first: `/api/faults/catalogue` is no id of a fault."""
    by_path: defaultdict[str, dict[str, Operation]] = defaultdict(dict)
    for operation in sorted(operations, key=lambda each: each.placeholder is not None):
        by_path[operation.route][operation.method] = operation
    return [_route(path, methods, control) for path, methods in by_path.items()]


def _route(path: str, methods: Mapping[str, Operation], control: Settling) -> Route:
    async def answer(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await _answer(methods[method], control, request)

    return Route(path, answer, methods=list(methods))


async def _answer(operation: Operation, control: Settling, request: Request) -> Response:
    """Call the operation's function with what was sent."""
    given: dict[str, Any] = dict(request.path_params)
    query = read_query(request, operation.query)
    body = await read_body(request, operation.body, example=operation.example)
    given |= {"query": query} if operation.query else {}
    given |= {"body": body} if operation.body else {}
    result = operation.function(control, **given)
    if inspect.isawaitable(result):
        result = await result
    if operation.method != "GET":
        await control.settle()
    return result if isinstance(result, Response) else JSONResponse(result, operation.status)
