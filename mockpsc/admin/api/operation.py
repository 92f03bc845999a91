"""What the admin API can do, as declarations: from a table of operations come its routes, its OpenAPI document and its
page of the documentation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any, Literal

Method = Literal["GET", "POST", "PUT", "DELETE"]


@dataclass(frozen=True, kw_only=True)
class PathParameter:
    """What stands for a part of a path, such as `{id}`: its meaning, an example, and whether it may have slashes."""

    help: str
    example: str
    slashes: bool = False


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One thing that the API can do.

    `query` and `body` are declarations of members (`mockpsc.members`): the query's parameters, and the JSON object that
    is sent. `summary` says what is done and `answer` what is answered, each in a sentence; `example` is a body.

    `function` is called with what the API was made for (a `Control`), and by name the part of the path, `query` and
    `body`, as instances of their declarations. It gives back what JSON can hold, or a response of its own; it may be
    a coroutine. It raises Unusable for what makes no sense (400), or a Problem."""

    method: Method
    path: str
    summary: str
    answer: str
    function: Callable[..., Any]
    parameter: PathParameter | None = None
    query: type[Any] | None = None
    body: type[Any] | None = None
    example: Mapping[str, Any] | None = None
    status: int = 200
    media_types: tuple[str, ...] = ("application/json",)

    @property
    def group(self) -> str:
        """The group that it belongs to, by its path: `faults` for `/api/faults/…`."""
        return self.path.split("/")[2]

    @property
    def id(self) -> str:
        """A name of its own, such as `faults.arm`."""
        return f"{self.group}.{self.function.__name__.strip('_')}"

    @property
    def placeholder(self) -> str | None:
        """The name of the path's parameter, if there is one."""
        return next((name for _, name, _, _ in Formatter().parse(self.path) if name), None)

    @property
    def route(self) -> str:
        """The path as Starlette writes it."""
        slashes = self.parameter is not None and self.parameter.slashes
        return self.path.replace("}", ":path}") if slashes else self.path

    @property
    def example_path(self) -> str:
        """A path as it would be asked for."""
        name = self.placeholder
        return self.path.format(**{name: self.parameter.example}) if name and self.parameter else self.path
