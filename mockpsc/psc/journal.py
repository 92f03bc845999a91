"""What the mock saw since a test began."""

from collections.abc import Iterator
from typing import TypeVar

from mockpsc.client import AdminClient
from mockpsc.psc.events import Event, Exchange, Handshake, event_of
from mockpsc.psc.findings import Finding
from mockpsc.psc.parties import Parties
from mockpsc.psc.selection import Events, Wanted, asked_for

E = TypeVar("E", bound=Exchange | Handshake)

_REPORTED = 100


class OwnJournal:
    """The journal of one test.

    Of a mock that is shared it has what is of the test's own clients: the exchanges in which they were named or
    presented their certificate, the handshakes in which they presented it, and all else on the same connections. A
    handshake names no client: one that failed before a certificate came is nobody's, and not there."""

    def __init__(self, admin: AdminClient, parties: Parties, *, is_shared: bool) -> None:
        self._admin, self._parties, self._is_shared = admin, parties, is_shared
        self._since = 0

    def events(self) -> list[Event]:
        """All of it, oldest first."""
        events = [event_of(each) for each in self._admin.journal(after=self._since)]
        return self._own(events) if self._is_shared else events

    def select(self, kind: type[E], endpoint: str | None, wanted: Wanted) -> Events[E]:
        """The events of that kind that are wanted."""
        return Events(kind, self.events(), asked_for(endpoint, wanted))

    def wait(self, endpoint: str | None, wanted: Wanted, *, timeout: float, after: Exchange | None) -> Exchange:
        """The first exchange that is wanted, and later than another one. Raises AssertionError when none comes."""
        own = {"client": self._parties.own_client} if self._is_shared else {}
        asked = {"after": after.number if after else self._since, **own, **asked_for(endpoint, wanted)}
        told = self._admin.wait(timeout, kind="exchange", **asked)
        if told is None:
            seen = self.select(Exchange, endpoint, wanted).told("one")
            raise AssertionError(f"Nothing came in {timeout:g} s{' after that one' if after else ''}. {seen}")
        return Exchange.of(told)

    def findings(self) -> list[Finding]:
        """What relying parties did that they must not or should not."""
        found = [Finding.of(each) for each in self._admin.get("/api/findings", after=self._since)]
        return [each for each in found if not self._is_shared or each.client_id in self._parties.own_ids]

    def begin(self) -> None:
        """What was recorded up to now is of no interest any more."""
        self._since = int(self._admin.get("/api/journal/count")["last"])

    def report(self) -> str:
        """All of it for people: a line an event, the parameters of each exchange, and what was found."""
        events = self.events()
        left_out = len(events) - _REPORTED
        lines = [f"… {left_out} earlier"] if left_out > 0 else []
        lines += [line for event in events[-_REPORTED:] for line in _reported(event)]
        return "\n".join(lines + [f"found: {each}" for each in self.findings()])

    def _own(self, events: list[Event]) -> list[Event]:
        connections = {event.connection_id for event in events if self._is_own(event)}
        return [event for event in events if event.connection_id in connections]

    def _is_own(self, event: Event) -> bool:
        named = isinstance(event, Exchange) and event.client_id in self._parties.own_ids
        return named or event.subject in self._parties.own_subjects


def _reported(event: Event) -> Iterator[str]:
    yield event.line
    if isinstance(event, Exchange) and event.parameters:
        yield "    " + "  ".join(f"{name}={value}" for name, value in event.parameters.items())
