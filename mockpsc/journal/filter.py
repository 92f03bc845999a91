"""Which events of the journal somebody wants, declared once for the code, the query string and the JSON body."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mockpsc.journal.exchange import Exchange
from mockpsc.journal.handshake import Handshake
from mockpsc.members import given_in, member
from mockpsc.vocabulary import ENDPOINTS, LISTENERS


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which events: those that have all of these values; without any, all. What an event cannot have, it has not: a
    handshake is of no client and has no status."""

    kind: str | None = member(None, "What it is.", choices=("handshake", "exchange"))
    after: int | None = member(None, "The number of an event: only later ones.", least=0)
    listener: str | None = member(None, "The listener that it came to.", choices=LISTENERS)
    connection: str | None = member(None, "The id of the connection, as auth-1.")
    endpoint: str | None = member(None, "The endpoint that was asked.", choices=ENDPOINTS)
    client: str | None = member(None, "The client's id.")
    persona: str | None = member(None, "The id of the person it was about.")
    status: int | None = member(None, "The status of the answer; 0 if there was none.", least=0, most=599)
    failed: bool | None = member(None, "Whether somebody was refused, or nothing was answered.")
    error: str | None = member(None, "The error: its code, or the code and the description.")
    reason: str | None = member(None, "The code word of why a certificate or a handshake failed.")
    outcome: str | None = member(
        None,
        "What became of a handshake.",
        choices=("accepted", "refused", "rejected", "abandoned", "broken"),
    )
    fault: str | None = member(None, "The name of a fault that acted on it.")

    @cached_property
    def given(self) -> Mapping[str, Any]:
        """The values that are asked for, by name."""
        return given_in(self, Filter)

    def accepts(self, event: Handshake | Exchange) -> bool:
        """Whether this is such an event."""
        facts, is_late = event.facts, event.number > (-1 if self.after is None else self.after)
        return is_late and all(value in facts.get(name, ()) for name, value in self.given.items() if name != "after")


ALL = Filter()
