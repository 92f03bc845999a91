"""Asks the armed faults, at each of the seven stages, how the mock is to behave. The one place where faults act."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeVar

from mockpsc.clock import Clock
from mockpsc.errors import MockPscError, Unusable, nearest
from mockpsc.faults.armed import Armed
from mockpsc.faults.arming import Order, order_of_host
from mockpsc.faults.base import Point
from mockpsc.faults.occasion import Occasion
from mockpsc.faults.scenarios import Play, Scenario, find_scenario, read_scenarios

log = logging.getLogger("mockpsc.faults")

S = TypeVar("S")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A fault that belongs to the mock's configuration: armed at the start, and again at each reset."""

    order: Order
    origin: str


class Injector:
    """The armed faults of a mock, in the order in which they were armed.

    All of it runs in the event loop of the mock, and nothing in it waits: an occasion sees the faults as they are at
    that moment, whatever others do meanwhile."""

    def __init__(
        self, clock: Clock, *, standing: Sequence[Standing] = (), scenarios: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        self._clock, self._standing = clock, tuple(standing)
        self._declared = read_scenarios(scenarios)
        self._numbers = count(1)
        self._armed: dict[str, Armed] = {}
        self._plays: dict[str, Play] = {}
        self.scenarios: dict[str, Scenario] = {}
        self._restore()

    def change(self, point: Point[S], subject: S, occasion: Occasion) -> S:
        """How the mock is to behave there, after what the armed faults make of `subject`. What they raise is theirs."""
        if self.is_idle and not occasion.requested:
            return subject
        for armed in self._candidates(occasion):
            if armed.fault.acts_at(point) and armed.is_due(occasion, self._clock.now()):
                subject = self._act(armed, subject, occasion)
        return subject

    @property
    def is_idle(self) -> bool:
        """Whether nothing is armed, so that nobody need find out who a request is about."""
        return not (self._armed or self._plays)

    def arm(self, order: Order, *, origin: str = "api") -> Armed:
        """Arm a fault, behind those that are armed. Raises Unusable for an order that makes no sense."""
        armed = self._make(order, f"f{next(self._numbers)}", origin)
        self._armed[armed.id] = armed
        return armed

    def once(self, orders: Iterable[Order], origin: str) -> tuple[Armed, ...]:
        """Faults for one occasion, which are not kept."""
        return tuple(self._make(order, origin, origin) for order in orders)

    def once_for_host(self, host: str | None) -> tuple[Armed, ...]:
        """The fault that a host name asks for, as `expired.fault.localhost`. Raises Unusable for one that does not
        exist."""
        order = order_of_host(host)
        return () if order is None else self.once([order], "host")

    def disarm(self, what: str) -> list[Armed]:
        """Disarm the fault of that id, or all of that name. Raises Unusable when nothing is armed by it."""
        gone = [each for each in self._armed.values() if what in (each.id, each.fault.name)]
        if not gone:
            known = {each.fault.name: None for each in self._armed.values()} | dict.fromkeys(self._armed)
            armed = ", ".join(f"{each.id} {each.fault.name}" for each in self._armed.values()) or "nothing"
            raise Unusable(f"No armed fault has the id or the name {what!r}{nearest(what, known)}; armed: {armed}.")
        for each in gone:
            del self._armed[each.id]
        self._report_idle(gone)
        return gone

    def reset(self) -> list[Armed]:
        """Disarm all but what the configuration arms, which begins anew. Gives back those that never acted."""
        idle = [each for each in self._armed.values() if each.never_acted and each.origin == "api"]
        self._report_idle(idle)
        self._restore()
        return idle

    def armed(self) -> list[Armed]:
        """What is armed, in order, what is over included."""
        return list(self._armed.values())

    def find(self, id: str) -> Armed | None:
        """The armed fault of that id."""
        return self._armed.get(id)

    def add_scenario(self, scenario: Scenario) -> None:
        """Declare a scenario, in the place of one of its name."""
        self.stop(scenario.name)
        self.scenarios[scenario.name] = scenario

    def remove_scenario(self, name: str) -> None:
        """Stop and forget a scenario. Raises Unusable when there is none of that name."""
        find_scenario(self.scenarios, name)
        self.stop(name)
        del self.scenarios[name]

    def start(self, name: str) -> Play:
        """Play a scenario from its first step. Raises Unusable when there is none of that name."""
        play = Play(find_scenario(self.scenarios, name), now=self._clock.now())
        self._plays[name] = play
        return play

    def stop(self, name: str) -> None:
        """Play a scenario no more, if it is played."""
        self._plays.pop(name, None)

    def play(self, name: str) -> Play | None:
        """The scenario of that name as it is being played."""
        return self._plays.get(name)

    def next_change(self) -> float | None:
        """In how many seconds an armed fault begins or ends by itself, if one does: by a clock that stands, none."""
        if self._clock.is_frozen:
            return None
        now = self._clock.now()
        moments = [each.begins for each in self._armed.values()]
        moments += [each.ends for each in self._armed.values() if each.ends is not None]
        return min((moment - now for moment in moments if moment > now), default=None)

    def _candidates(self, occasion: Occasion) -> Iterator[Armed]:
        yield from list(self._armed.values())
        yield from filter(None, [play.due_on(occasion) for play in self._plays.values()])
        yield from occasion.requested

    def _act(self, armed: Armed, subject: S, occasion: Occasion) -> S:
        fault = armed.fault
        try:
            changed: S = fault.effect(subject, occasion.about(now=self._clock.now(), memory=armed.memory))
        except MockPscError:
            self._count(armed, occasion)
            raise
        if changed is not subject:
            self._count(armed, occasion)
        return changed

    def _count(self, armed: Armed, occasion: Occasion) -> None:
        armed.acted_on(occasion)
        for play in self._plays.values():
            play.acted(armed, occasion)

    def _make(self, order: Order, id: str, origin: str) -> Armed:
        return Armed(id, order.fault, order.matching, order.trigger, now=self._clock.now(), origin=origin)

    def _restore(self) -> None:
        self._armed, self._plays = {}, {}
        self.scenarios = dict(self._declared)
        for each in self._standing:
            self.arm(each.order, origin=each.origin)
        for scenario in self._declared.values():
            if scenario.start:
                self.start(scenario.name)

    def _report_idle(self, gone: Iterable[Armed]) -> None:
        for each in gone:
            if each.never_acted:
                log.warning(
                    "The fault %s (%s) was armed and never acted: %s", each.fault.name, each.id, _why_idle(each)
                )


def _why_idle(armed: Armed) -> str:
    if armed.seen:
        return f"{armed.seen} occasions matched, and there was nothing to do or it was not the time."
    given = ", ".join(f"{name} {value!r}" for name, value in armed.match.given.items())
    return f"nothing came that it could act on{f', with {given}' if given else ''}."
