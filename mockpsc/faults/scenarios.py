"""Scenarios: faults one after the other, each when the one before has acted as often as it was to.

[[scenarios]]
name = "a provider under repair"
loop = false
match = { endpoint = "token" }
[[scenarios.steps]]
name = "http.status"
params = { status = 503, retry_after = 1 }
[[scenarios.steps]]
name = "http.none"
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mockpsc.errors import Unusable, nearest
from mockpsc.faults.armed import Armed
from mockpsc.faults.arming import Order, read_order
from mockpsc.faults.catalogue import catalogue
from mockpsc.faults.occasion import Occasion
from mockpsc.members import member, read_members
from mockpsc.vocabulary import FILE_NAME, is_file_name


@dataclass(frozen=True, kw_only=True)
class ScenarioTable:
    """A scenario as it is declared."""

    name: str = member(help="What it is called.")
    steps: list[Any] = member(help="The faults in order, each as it would be armed; a step acts once by default.")
    loop: bool = member(False, "Begin again after the last step.")
    match: dict[str, Any] = member({}, "On which occasions the steps act, unless a step says otherwise.")
    start: bool = member(False, "Start it when the mock starts, and at each reset.")


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A list of orders, played one at a time."""

    name: str
    steps: tuple[Order, ...]
    loop: bool
    start: bool


def read_scenarios(tables: Sequence[Mapping[str, Any]]) -> dict[str, Scenario]:
    """Scenarios by name. Raises Unusable for a table that makes no sense."""
    scenarios: dict[str, Scenario] = {}
    for table in tables:
        scenario = read_scenario(table)
        if scenario.name in scenarios:
            raise Unusable(f"Two scenarios have the name {scenario.name!r}; a name names one.")
        scenarios[scenario.name] = scenario
    return scenarios


def read_scenario(table: Mapping[str, Any]) -> Scenario:
    """The scenario that a table declares. Raises Unusable when it makes no sense."""
    who = f"The scenario {table.get('name', '(without name)')!r}"
    told = read_members(ScenarioTable, table, who)
    if not is_file_name(told.name):
        raise Unusable(f"{who} cannot be called so, since its name is part of a path: it must be {FILE_NAME}.")
    if not told.steps:
        raise Unusable(f"{who} has no steps: give at least one fault.")
    steps = tuple(_step(each, told.match, f"{who}, in step {n},") for n, each in enumerate(told.steps, start=1))
    return Scenario(name=told.name, steps=steps, loop=told.loop, start=told.start)


def _step(given: Any, match: Mapping[str, Any], who: str) -> Order:
    if not isinstance(given, dict):
        raise Unusable(f"{who} is {given!r}; expected an object with the name of a fault.")
    if "ttl" in given or "delay" in given:
        raise Unusable(f"{who} has a ttl or a delay; a step lasts until its fault has acted: give times.")
    name = given.get("name")
    if isinstance(name, str) and name in catalogue() and not catalogue()[name].counted:
        raise Unusable(
            f"{who} is {name}, which acts without the mock seeing it and cannot be a step of a scenario: arm it with "
            "delay and ttl."
        )
    order = read_order({"match": match, **given}, who)
    return order if order.times else replace(order, times=1)


def find_scenario(scenarios: Mapping[str, Scenario], name: str) -> Scenario:
    """The scenario of that name. Raises Unusable, with the nearest name, when there is none."""
    if name not in scenarios:
        known = ", ".join(map(repr, scenarios)) or "none"
        raise Unusable(f"No scenario is named {name!r}{nearest(name, scenarios)}; declared: {known}.")
    return scenarios[name]


class Play:
    """A scenario that is being played."""

    def __init__(self, scenario: Scenario, *, now: float) -> None:
        self.scenario, self._now = scenario, now
        self.position = self.rounds = 0
        self.current: Armed | None = self._armed(0)

    def due_on(self, occasion: Occasion) -> Armed | None:
        """The step that may act: an occasion meets one step and no other."""
        return occasion.trace.steps.get(self.scenario.name, self.current)

    def acted(self, armed: Armed, occasion: Occasion) -> None:
        """Go on to the next step, if that one has acted as often as it was to."""
        if armed is not self.current:
            return
        occasion.trace.steps[self.scenario.name] = armed
        if not armed.is_spent:
            return
        self.position += 1
        if self.position == len(self.scenario.steps) and self.scenario.loop:
            self.position, self.rounds = 0, self.rounds + 1
        self.current = self._armed(self.position)

    def _armed(self, position: int) -> Armed | None:
        if position >= len(self.scenario.steps):
            return None
        order, id = self.scenario.steps[position], f"{self.scenario.name} {position + 1}"
        return Armed(id, order.fault, order.matching, order.trigger, now=self._now, origin="scenario")
