"""Whom a fault would act on: what is known of a connection or a request, and which of them an arming matches."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from mockpsc.errors import Unusable
from mockpsc.members import given_in, member
from mockpsc.vocabulary import ENDPOINTS, LISTENERS

if TYPE_CHECKING:
    from mockpsc.faults.armed import Armed

_HEADER = re.compile(r"\s*[\w!#$%&'*+.^`|~-]+\s*:", re.ASCII)
"""The name of a header (RFC 9110 §5.1), and its colon."""


@dataclass(kw_only=True, eq=False)
class Trace:
    """What took place on an occasion: the faults that acted, and the tokens issued (kind, claims).

    A fault is asked at several points of one occasion, and decides once for all of them: `decided` says how, and
    `steps` which step of each scenario, by the scenario's name, the occasion has met."""

    acted: "list[Armed]" = field(default_factory=list)
    decided: "dict[Armed, bool]" = field(default_factory=dict)
    steps: "dict[str, Armed]" = field(default_factory=dict)
    tokens: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    @property
    def faults(self) -> tuple[str, ...]:
        """The names of the faults that acted, in order."""
        return tuple(armed.fault.name for armed in self.acted)


@dataclass(kw_only=True, eq=False)
class Occasion:
    """A connection or a request, as far as it is known yet: what is None or empty is not known, and matches nothing.
    Whoever learns more of it writes it down here.

    `client` and `persona` are ids, `grant_type` is that of a token request, `host` is the server name of the
    ClientHello or of the Host header, header names are in lower case. `requested` are faults for this occasion alone.
    `trace` is shared by all that is known of one thing.
    A fault that acts is told `now`, in seconds since the epoch by the mock's clock, and given a `memory` of its own.
    """

    listener: str
    endpoint: str | None = None
    client: str | None = None
    persona: str | None = None
    grant_type: str | None = None
    host: str | None = None
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    requested: Sequence["Armed"] = ()
    trace: Trace = field(default_factory=Trace)
    now: float = 0
    memory: dict[str, Any] = field(default_factory=dict)

    def about(self, **known: Any) -> Self:
        """The same occasion, of which more is known."""
        return replace(self, **known)


@dataclass(frozen=True, kw_only=True)
class Match:
    """Which occasions a fault acts on: those that have all of these values; without any, all."""

    client: str | None = member(None, "The client's id.")
    persona: str | None = member(None, "The id of the person who logs in, or whom a token stands for.")
    endpoint: str | None = member(None, "The endpoint.", choices=ENDPOINTS)
    grant_type: str | None = member(None, "The grant_type of a token request, as authorization_code.")
    listener: str | None = member(None, "The listener.", choices=LISTENERS)
    host: str | None = member(None, "The host name that the client asked for.")
    header: str | None = member(None, "A header of the request, as Name: value.")

    def __post_init__(self) -> None:
        if self.header is not None and not _HEADER.match(self.header):
            raise Unusable(f"The header to match is {self.header!r}; expected Name: value.")

    @cached_property
    def given(self) -> Mapping[str, str]:
        """The values asked for, by name."""
        return given_in(self, Match)

    def accepts(self, occasion: Occasion) -> bool:
        """Whether this is such an occasion."""
        return all(self._is(name, value, occasion) for name, value in self.given.items())

    @staticmethod
    def _is(name: str, value: str, occasion: Occasion) -> bool:
        if name == "header":
            header, _, wanted = value.partition(":")
            return occasion.headers.get(header.strip().lower()) == wanted.strip()
        known: str | None = getattr(occasion, name)
        return known is not None and (known.lower() == value.lower() if name == "host" else known == value)
