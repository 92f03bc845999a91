"""Scenarios: faults one after the other."""

from dataclasses import asdict
from typing import Any

from mockpsc.admin.api import Operation, PathParameter, not_found
from mockpsc.admin.control import Control
from mockpsc.faults.arming import Order
from mockpsc.faults.scenarios import Scenario, ScenarioTable, find_scenario, read_scenario

_NAME = PathParameter(help="The scenario's name.", example="repair")


def _as_json(control: Control, scenario: Scenario) -> dict[str, Any]:
    """A scenario, and where it stands: `step` counts from 1, and is null when it is not played or over."""
    play = control.faults.play(scenario.name)
    return {
        "name": scenario.name,
        "steps": [_step(order) for order in scenario.steps],
        "loop": scenario.loop,
        "start": scenario.start,
        "state": "stopped" if play is None else "playing" if play.current else "over",
        "step": play.position + 1 if play and play.current else None,
        "rounds": play.rounds if play else 0,
    }


def _step(order: Order) -> dict[str, Any]:
    return {name: value for name, value in asdict(order).items() if value not in (None, {})}


def _list(control: Control) -> list[dict[str, Any]]:
    return [_as_json(control, each) for each in control.faults.scenarios.values()]


def _get(control: Control, name: str) -> dict[str, Any]:
    with not_found():
        return _as_json(control, find_scenario(control.faults.scenarios, name))


def _declare(control: Control, body: ScenarioTable) -> dict[str, Any]:
    scenario = read_scenario(asdict(body))
    control.faults.add_scenario(scenario)
    if scenario.start:
        control.faults.start(scenario.name)
    return _as_json(control, scenario)


def _start(control: Control, name: str) -> dict[str, Any]:
    with not_found():
        return _as_json(control, control.faults.start(name).scenario)


def _stop(control: Control, name: str) -> dict[str, Any]:
    with not_found():
        scenario = find_scenario(control.faults.scenarios, name)
    control.faults.stop(name)
    return _as_json(control, scenario)


def _remove(control: Control, name: str) -> dict[str, Any]:
    with not_found():
        scenario = find_scenario(control.faults.scenarios, name)
    control.faults.remove_scenario(name)
    return _as_json(control, scenario)


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/scenarios",
        summary="List the scenarios, and where each stands.",
        answer="A list, in the order of their declaration.",
        function=_list,
    ),
    Operation(
        method="POST",
        path="/api/scenarios",
        summary="Declare a scenario, in the place of one of its name.",
        answer="The scenario.",
        function=_declare,
        body=ScenarioTable,
        example={"name": "repair", "steps": [{"name": "http.status"}], "match": {"endpoint": "token"}, "start": True},
        status=201,
    ),
    Operation(
        method="GET",
        path="/api/scenarios/{name}",
        summary="Show a scenario.",
        answer="The scenario.",
        function=_get,
        parameter=_NAME,
    ),
    Operation(
        method="POST",
        path="/api/scenarios/{name}/start",
        summary="Play a scenario from its first step.",
        answer="The scenario.",
        function=_start,
        parameter=_NAME,
    ),
    Operation(
        method="POST",
        path="/api/scenarios/{name}/stop",
        summary="Play a scenario no more.",
        answer="The scenario.",
        function=_stop,
        parameter=_NAME,
    ),
    Operation(
        method="DELETE",
        path="/api/scenarios/{name}",
        summary="Stop and forget a scenario.",
        answer="The scenario as it was.",
        function=_remove,
        parameter=_NAME,
    ),
)
