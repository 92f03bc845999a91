"""A fault that waits for its occasion: on which ones it acts, how often, and for how long."""

from dataclasses import dataclass
from random import Random
from typing import Any

from mockpsc.errors import Unusable
from mockpsc.faults.base import Fault
from mockpsc.faults.occasion import Match, Occasion
from mockpsc.members import member

_MOST = 10**9
"""Times; or seconds, which are some thirty years."""


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """When a fault acts, of the occasions that match. Without any of these: each time, until it is disarmed.

    Times are by the mock's clock, so that a test can move them."""

    times: int | None = member(None, "Act so many times, then no more.", least=1, most=_MOST)
    every: int | None = member(None, "Act each so many-th time only.", least=1, most=_MOST)
    probability: float | None = member(None, "Act with this probability.", least=0, most=1)
    seed: int | None = member(
        None, "What the probability's dice begin with; the same seed, the same faults.", least=0, most=2**53 - 1
    )
    delay: float | None = member(None, "Begin after so long.", unit="seconds", least=0, most=_MOST)
    ttl: float | None = member(
        None, "End after so long, counted from the beginning.", unit="seconds", least=0, most=_MOST
    )

    def __post_init__(self) -> None:
        if self.every is not None and self.probability is not None:
            raise Unusable("A fault acts every so many times or with a probability: give one of the two.")
        if (self.seed is None) != (self.probability is None):
            raise Unusable("A probability and a seed go together, so that what happened once can be had again.")


class Armed:
    """An armed fault, and what became of it: `seen` counts the occasions that matched, `hits` those it acted on."""

    def __init__(self, id: str, fault: Fault[Any], match: Match, trigger: Trigger, *, now: float, origin: str) -> None:
        self.id, self.fault, self.match, self.trigger, self.origin = id, fault, match, trigger, origin
        self.begins = now + (trigger.delay or 0)
        self.ends = None if trigger.ttl is None else self.begins + trigger.ttl
        self.seen = self.hits = 0
        self.memory: dict[str, Any] = {}
        self._dice = Random(trigger.seed)

    def is_over(self, now: float) -> bool:
        """Whether it will never act again."""
        return self.is_spent or (self.ends is not None and now >= self.ends)

    @property
    def is_spent(self) -> bool:
        """Whether it has acted as often as it was to."""
        return self.trigger.times is not None and self.hits >= self.trigger.times

    @property
    def never_acted(self) -> bool:
        """Whether it has never acted, as far as the mock would have seen it."""
        return self.fault.counted and not self.hits

    def is_due(self, occasion: Occasion, now: float) -> bool:
        """Whether it is to act on this occasion, which is decided and counts as seen when it first matches. As many
        occasions as it may still act on may be under way, and others come too late."""
        trace = occasion.trace
        if self not in trace.decided:
            if now < self.begins or self.is_over(now) or not self.match.accepts(occasion):
                return False
            trace.decided[self] = self._decide()
        return trace.decided[self] and (self in trace.acted or not self.is_spent)

    def acted_on(self, occasion: Occasion) -> None:
        """It has acted on this occasion, at one of its points."""
        if self not in occasion.trace.acted:
            self.hits += 1
            occasion.trace.acted.append(self)

    def _decide(self) -> bool:
        self.seen += 1
        if self.trigger.every is not None:
            return self.seen % self.trigger.every == 0
        return self.trigger.probability is None or self._dice.random() < self.trigger.probability

    def state(self, now: float) -> str:
        """`waiting` for its beginning, `armed`, or `over`."""
        return "waiting" if now < self.begins else "over" if self.is_over(now) else "armed"
