"""Refusals of the admin listener, all as problem details (RFC 9457)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mockpsc.errors import ConfigurationError, MockPscError, Unusable, nearest

MEDIA_TYPE = "application/problem+json"


class Problem(MockPscError):
    """A refusal: its HTTP status, what to tell the person, and headers of the answer."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.headers = status, headers


@contextmanager
def not_found() -> Iterator[None]:
    """What turns an Unusable into a 404: for names and ids that stand in a path."""
    try:
        yield
    except Unusable as error:
        raise Problem(404, str(error)) from error


@contextmanager
def refused() -> Iterator[None]:
    """What turns any ConfigurationError into a 400: for what was asked for, and cannot be."""
    try:
        yield
    except ConfigurationError as error:
        raise Problem(400, str(error)) from error


def as_response(problem: Problem) -> Response:
    """The answer that a problem is told with."""
    title = HTTPStatus(problem.status).phrase
    body = {"title": title, "status": problem.status, "detail": str(problem)}
    return JSONResponse(body, problem.status, problem.headers, MEDIA_TYPE)


def _of_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return as_response(error)


def _of_refusal(request: Request, error: Exception) -> Response:
    return as_response(Problem(400 if isinstance(error, Unusable) else 500, str(error)))


def _of_routing(request: Request, error: Exception) -> Response:
    """A path that does not exist, or a method that it does not have."""
    assert isinstance(error, HTTPException)
    path = request.url.path
    if error.status_code == 405:
        known = (error.headers or {}).get("Allow", "")
        detail = f"{path} cannot be asked with {request.method}; it can with {known}."
    elif error.status_code == 404:
        routes = [route.path for route in request.app.routes if isinstance(route, Route)]
        close = nearest(path, [route for route in routes if "{" not in route])
        detail = f"There is no {path}{close}. GET /api/openapi.json says what there is."
    else:
        detail = error.detail
    return as_response(Problem(error.status_code, detail, error.headers))


def _of_bug(request: Request, error: Exception) -> Response:
    detail = f"mockpsc met with what it did not expect ({type(error).__name__}: {error}); its log has the traceback."
    return as_response(Problem(500, detail))


HANDLERS: Mapping[Any, Any] = {
    Problem: _of_problem,
    ConfigurationError: _of_refusal,
    HTTPException: _of_routing,
    Exception: _of_bug,
}
"""How an application answers what is raised in it."""
