"""Reads what a request of the admin API says, and refuses what it does not understand."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, NoReturn

from starlette.requests import Request

from mockpsc.admin.api.problems import Problem
from mockpsc.members import from_text, read_members
from mockpsc.vocabulary import media_type

LARGEST_BODY = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Nothing:
    """The declaration of a query or a body that has no members."""


async def read_body(
    request: Request, declaration: type[Any] | None, *, example: Mapping[str, Any] | None = None
) -> Any:
    """The JSON object that was sent, as its declaration has it; no body at all is an object without members.

    It must be sent as JSON, which a page in a browser cannot do to another origin without asking."""
    content = await bounded(request, LARGEST_BODY)
    members = _members(request, content) if content else {}
    return read_members(declaration or Nothing, members, "The body", example=example)


def read_query(request: Request, declaration: type[Any] | None) -> Any:
    """The parameters of the query, as their declaration has them."""
    given = request.query_params
    for name, _ in given.multi_items():
        if len(given.getlist(name)) > 1:
            raise Problem(400, f"The query has {name} {len(given.getlist(name))} times; give it once.")
    declared = declaration or Nothing
    return read_members(declared, from_text(declared, given, "The query"), "The query")


async def bounded(request: Request, most: int) -> bytes:
    """The body, of which no more is read than that many bytes. Raises a Problem when there are more."""
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > most:
            raise Problem(413, f"The body is larger than {most} bytes, the most that is read.")
    return content


def _members(request: Request, content: bytes) -> Mapping[str, Any]:
    kind = request.headers.get("content-type", "")
    if media_type(kind) != "application/json":
        received = repr(kind) if kind else "none"
        raise Problem(415, f"The Content-Type was {received}: send application/json.")
    try:
        members = json.loads(content, parse_constant=_refuse_constant, parse_float=_finite)
        json.dumps(members, ensure_ascii=False).encode()  # which half a surrogate pair, "\ud800", cannot be
    except (ValueError, RecursionError) as error:
        raise Problem(400, f"The body cannot be read as JSON: {error}.") from error
    if not isinstance(members, dict):
        raise Problem(400, f"The body was a JSON {type(members).__name__}: send an object.")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"the number {text} is too large")
    return number
