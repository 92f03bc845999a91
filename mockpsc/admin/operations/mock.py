"""The mock as a whole: whether it is well, and how to have it as it was at the start."""

from typing import Any

from mockpsc import __version__
from mockpsc.admin.api import Operation
from mockpsc.admin.control import Control
from mockpsc.admin.operations.faults import all_as_json
from mockpsc.admin.operations.personas import restore


def _health(control: Control) -> dict[str, Any]:
    return {"status": "ok", "version": __version__}


def _connection(control: Control) -> dict[str, Any]:
    return control.connection.as_json()


async def _reset(control: Control) -> dict[str, Any]:
    provider = control.provider
    control.clock.reset()  # first: what the configuration arms begins anew, by the clock
    restore(control)
    provider.clients.restore()
    idle = control.faults.reset()
    control.revocation.reset()
    provider.keys.publish_active()
    await provider.store.clear()
    control.journal.clear()
    return {"never_acted": all_as_json(control, idle)}


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/health",
        summary="Tell whether the mock runs.",
        answer="`status` is ok; the version.",
        function=_health,
    ),
    Operation(
        method="GET",
        path="/api/connection",
        summary="Show what a relying party needs to be pointed at the mock.",
        answer="What `mockpsc serve --json` prints.",
        function=_connection,
    ),
    Operation(
        method="POST",
        path="/api/reset",
        summary="Have the mock as it was at the start: faults, scenarios, personas, clients, revocations, logins, "
        "journal, clock.",
        answer="`never_acted`: the faults that were armed and never acted. Authorities and keys stay; the key that "
        "signs is published, if it was not.",
        function=_reset,
    ),
)
