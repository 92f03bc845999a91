"""Who is logged in."""

from typing import Any

from mockpsc.admin.api import Operation, PathParameter, Problem
from mockpsc.admin.control import Control
from mockpsc.journal.records import iso
from mockpsc.store import Session

_ID = PathParameter(help="The login's id: the claim sid.", example="0b8e…")


async def _as_json(control: Control, session: Session) -> dict[str, Any]:
    return {
        "id": session.id,
        "persona": session.persona_id,
        "clients": await control.provider.sessions.clients(session.id),
        "auth_time": iso(session.auth_time, timespec="seconds"),
        "last_used": iso(session.last_used, timespec="seconds"),
        "expires_at": iso(session.expires_at, timespec="seconds"),
    }


async def _list(control: Control) -> list[dict[str, Any]]:
    return [await _as_json(control, each) for each in await control.provider.sessions.all()]


async def _end(control: Control, id: str) -> dict[str, Any]:
    session = await control.provider.sessions.get(id)
    if session is None:
        raise Problem(404, f"No login has the id {id!r}, or it is over: GET /api/sessions lists them.")
    told = await _as_json(control, session)
    await control.provider.sessions.end(id)
    return told


async def _end_all(control: Control) -> list[dict[str, Any]]:
    told = await _list(control)
    for each in told:
        await control.provider.sessions.end(each["id"])
    return told


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/sessions",
        summary="List the logins that are not over.",
        answer="A list, oldest first: who, and which clients are attached.",
        function=_list,
    ),
    Operation(
        method="DELETE",
        path="/api/sessions",
        summary="End all logins: all that was issued under them is dead.",
        answer="The logins that were ended.",
        function=_end_all,
    ),
    Operation(
        method="DELETE",
        path="/api/sessions/{id}",
        summary="End a login: all that was issued under it is dead.",
        answer="The login that was ended.",
        function=_end,
        parameter=_ID,
    ),
)
