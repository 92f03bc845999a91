"""What the mock saw since a test began."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, TypeVar

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

    def select(self, kind: type[E], endpoint: str | None, wanted: Wanted) -> Events[E]:
        """The events of that kind that are wanted."""
        return self._seen().select(kind, asked_for(endpoint, wanted))

    def wait(self, endpoint: str | None, wanted: Wanted, *, timeout: float, after: Exchange | None) -> Exchange:
        """The first exchange that is wanted, and later than another one. Raises AssertionError when none comes."""
        asked, earlier = asked_for(endpoint, wanted), after.number if after else self._since
        deadline = monotonic() + timeout
        while True:
            seen = self._seen()
            selected = seen.select(Exchange, asked)
            if came := next((each for each in selected if each.number > earlier), None):
                return came
            # What comes need not be the test's own.
            coming = {**asked, "kind": "exchange", "after": max(seen.last, earlier)}
            if (left := deadline - monotonic()) <= 0 or self._admin.wait(left, **coming) is None:
                late = f"Nothing came in {timeout:g} s{' after that one' if after else ''}."
                raise AssertionError(f"{late} {selected.told('one')}")

    def findings(self) -> list[Finding]:
        """What relying parties did that they must not or should not do."""
        found = [Finding.of(each) for each in self._admin.findings(after=self._since)]
        return [each for each in found if not self._is_shared or each.client_id in self._parties.own_ids]

    def begin(self) -> None:
        """What was recorded up to now is of no interest any more."""
        self._since = int(self._admin.get("/api/journal/count")["last"])

    def report(self) -> str:
        """All of it for people: a line an event, the parameters of each exchange, and what was found."""
        seen = self._seen()
        left_out = len(seen.own) - _REPORTED
        lines = [f"… {left_out} earlier"] if left_out > 0 else []
        lines += [line for event in seen.own[-_REPORTED:] for line in _reported(event)]
        return "\n".join(lines + [f"found: {each}" for each in self.findings()]) or seen.told_of_others

    def _seen(self) -> "_Seen":
        events = [event_of(each) for each in self._admin.journal(after=self._since)]
        if not self._is_shared:
            return _Seen(own=events)
        ids, subjects = self._parties.own_ids, self._parties.own_subjects
        connections = {each.connection_id for each in events if each.client_id in ids or each.subject in subjects}
        return _Seen(
            own=[each for each in events if each.connection_id in connections],
            others=[each for each in events if each.connection_id not in connections],
            who=" or ".join(sorted(ids)),
        )


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What there is, oldest first: what is the test's `own`, and what is not; `who` is whose it is."""

    own: list[Event]
    others: list[Event] = field(default_factory=list)
    who: str = ""

    @property
    def last(self) -> int:
        """The number of the last event, 0 if there is none."""
        return max((each.number for each in (*self.own, *self.others)), default=0)

    @property
    def told_of_others(self) -> str:
        """That there are events that are not shown, if there are."""
        if not self.others:
            return ""
        names = sorted({name for each in self.others if (name := _client_of(each))})
        whose = f" ({', '.join(names)})" if names else ""
        nothing = "" if self.own else f"Nothing of {self.who}; "
        return f"{nothing}{len(self.others)} events of other clients{whose} are not shown."

    def select(self, kind: type[E], asked: Mapping[str, Any]) -> Events[E]:
        """The events of that kind that are asked for."""
        return Events(kind, self.own, asked, others=self.told_of_others)


def _client_of(event: Event) -> str | None:
    """The client that an event names, or whose certificate it bears."""
    return event.client_id or (event.subject and event.subject.partition(",")[0].removeprefix("CN="))


def _reported(event: Event) -> Iterator[str]:
    yield event.line
    if isinstance(event, Exchange) and event.parameters:
        yield "    " + "  ".join(f"{name}={value}" for name, value in event.parameters.items())
