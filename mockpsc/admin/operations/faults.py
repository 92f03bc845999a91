"""The catalogue of faults, and the faults that are armed."""

from dataclasses import asdict
from typing import Any

from mockpsc.admin.api import Operation, PathParameter, Problem, not_found
from mockpsc.admin.control import Control
from mockpsc.faults import Armed, Order, catalogue, find_fault
from mockpsc.faults.catalogue import catalogued

_ID = PathParameter(help="The armed fault's id; with DELETE also a name, which means all of that name.", example="f1")


def as_json(armed: Armed, now: float) -> dict[str, Any]:
    """An armed fault as JSON. How often one acted that is not counted, nobody knows."""
    counted = armed.fault.counted
    return {
        "id": armed.id,
        "name": armed.fault.name,
        "verdict": armed.fault.verdict,
        "params": asdict(armed.fault),
        "match": armed.match.given,
        "counted": counted,
        **asdict(armed.trigger),
        "state": armed.state(now),
        "seen": armed.seen if counted else None,
        "hits": armed.hits if counted else None,
        "origin": armed.origin,
    }


def all_as_json(control: Control, several: list[Armed]) -> list[dict[str, Any]]:
    """Armed faults as JSON."""
    now = control.clock.now()
    return [as_json(each, now) for each in several]


def _catalogue(control: Control) -> list[dict[str, Any]]:
    return [catalogued(each) for each in catalogue().values()]


def _describe(control: Control, name: str) -> dict[str, Any]:
    with not_found():
        return catalogued(find_fault(name))


def _armed(control: Control) -> list[dict[str, Any]]:
    return all_as_json(control, control.faults.armed())


def _find(control: Control, id: str) -> dict[str, Any]:
    found = control.faults.find(id)
    if found is None:
        known = ", ".join(each.id for each in control.faults.armed()) or "nothing"
        raise Problem(404, f"No armed fault has the id {id!r}; armed: {known}.")
    return as_json(found, control.clock.now())


def _arm(control: Control, body: Order) -> dict[str, Any]:
    return as_json(control.faults.arm(body), control.clock.now())


def _disarm(control: Control, id: str) -> list[dict[str, Any]]:
    with not_found():
        return all_as_json(control, control.faults.disarm(id))


def _reset(control: Control) -> dict[str, Any]:
    return {"never_acted": all_as_json(control, control.faults.reset())}


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/faults/catalogue",
        summary="List the faults that there are.",
        answer="A list, in the order of the way that a request takes.",
        function=_catalogue,
    ),
    Operation(
        method="GET",
        path="/api/faults/catalogue/{name}",
        summary="Show a fault of the catalogue.",
        answer="Its meaning, verdict, reference and parameters.",
        function=_describe,
        parameter=PathParameter(help="The fault's name in the catalogue.", example="http.status"),
    ),
    Operation(
        method="GET",
        path="/api/faults",
        summary="List the armed faults, with how often each was seen and acted.",
        answer="A list, in the order in which they were armed, what is over included. `seen` and `hits` are null of a "
        "fault that is not `counted`, since it acts without the mock seeing it.",
        function=_armed,
    ),
    Operation(
        method="POST",
        path="/api/faults",
        summary="Arm a fault, behind those that are armed.",
        answer="The armed fault, with its id.",
        function=_arm,
        body=Order,
        example={"name": "http.status", "params": {"status": 503}, "match": {"endpoint": "token"}, "times": 1},
        status=201,
    ),
    Operation(
        method="DELETE",
        path="/api/faults",
        summary="Disarm all but what the configuration arms, which begins anew, the scenarios too.",
        answer="`never_acted`: the faults that were armed and never acted.",
        function=_reset,
    ),
    Operation(
        method="GET",
        path="/api/faults/{id}",
        summary="Show an armed fault.",
        answer="The armed fault.",
        function=_find,
        parameter=_ID,
    ),
    Operation(
        method="DELETE",
        path="/api/faults/{id}",
        summary="Disarm a fault.",
        answer="The faults that were disarmed.",
        function=_disarm,
        parameter=_ID,
    ),
)
