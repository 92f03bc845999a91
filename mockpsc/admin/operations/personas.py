"""The people who can log in."""

from dataclasses import asdict
from typing import Any

from mockpsc.admin.api import Operation, PathParameter, Problem, not_found
from mockpsc.admin.control import Control
from mockpsc.errors import Unusable, nearest
from mockpsc.faults import orders_carried_by
from mockpsc.profiles import Persona, checked_persona

_ID = PathParameter(help="The persona's id.", example="899700000013", slashes=True)


def restore(control: Control) -> None:
    """Have the personas again that the mock was started with, and no others."""
    personas = control.provider.personas
    personas.clear()
    personas.update(control.personas_at_start)


def find_persona(control: Control, id: str) -> Persona:
    """The persona of that id. Raises Unusable, with the nearest id, when there is none."""
    personas = control.provider.personas
    if id not in personas:
        raise Unusable(f"No persona has the id {id!r}{nearest(id, personas)}: GET /api/personas lists them.")
    return personas[id]


def _as_json(control: Control, persona: Persona) -> dict[str, Any]:
    return asdict(persona) | {"sub": control.provider.profile.subject_prefix + persona.id}


def _list(control: Control) -> list[dict[str, Any]]:
    return [_as_json(control, each) for each in control.provider.personas.values()]


def _get(control: Control, id: str) -> dict[str, Any]:
    with not_found():
        return _as_json(control, find_persona(control, id))


def _add(control: Control, body: Persona) -> dict[str, Any]:
    persona = checked_persona(body, control.provider.profile)
    if persona.id in control.provider.personas:
        raise Problem(409, f"There is a persona of the id {persona.id!r}; an id names one person: delete it first.")
    orders = orders_carried_by(persona.id, persona.faults)
    control.provider.personas[persona.id] = persona
    for order in orders:
        control.faults.arm(order, origin="persona")
    return _as_json(control, persona)


def _remove(control: Control, id: str) -> dict[str, Any]:
    with not_found():
        persona = find_persona(control, id)
    del control.provider.personas[id]
    for armed in control.faults.armed():
        if armed.origin == "persona" and armed.match.persona == id:
            control.faults.disarm(armed.id)
    return _as_json(control, persona)


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/personas",
        summary="List the people who can log in.",
        answer="A list, in the order of the login page: what each was added with, and the claim `sub`.",
        function=_list,
    ),
    Operation(
        method="POST",
        path="/api/personas",
        summary="Add somebody who can log in, until the mock is reset.",
        answer="The persona.",
        function=_add,
        body=Persona,
        example={"id": "899700099999", "given_name": "ANNE", "family_name": "ESSAI", "faults": ["id_token.expired"]},
        status=201,
    ),
    Operation(
        method="GET",
        path="/api/personas/{id}",
        summary="Show a persona.",
        answer="The persona.",
        function=_get,
        parameter=_ID,
    ),
    Operation(
        method="DELETE",
        path="/api/personas/{id}",
        summary="Remove a persona: its logins are over, and the faults that it carries are disarmed.",
        answer="The persona as it was.",
        function=_remove,
        parameter=_ID,
    ),
)
