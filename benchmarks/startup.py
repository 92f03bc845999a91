"""How long it takes from the start of the process to the first completed login."""

import json
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from load import Parties
from measurement import Measurement
from program import mock
from table import Row, judged

_GOAL = 0.5


def startup_rows(folder: Path, *, starts: int) -> list[Row]:
    """Cold, when the certificates are made, and warm, when they are there: each the median of several starts."""
    cold, warm = [], []
    for number in range(starts):
        place = folder / f"start-{number}"
        place.mkdir()
        cold.append(_first_login(place))
        warm.append(_first_login(place))
    return [_row("cold", cold, "no certs folder yet"), _row("warm", warm, "certs folder there")]


def _first_login(folder: Path) -> Measurement:
    started = perf_counter()
    with mock(folder) as server:
        parties = Parties(told=json.loads(server.told))
        with parties.browser() as browser:
            parties.log_in(browser)
        return Measurement(count=1, wall=perf_counter() - started, cpu=server.cpu)


def _row(state: str, measured: Sequence[Measurement], meaning: str) -> Row:
    middle = sorted(measured, key=lambda each: each.wall)[len(measured) // 2]
    return Row(
        what=f"Start to first login, {state}",
        value=f"{middle.wall:.2f} s",
        cpu=middle.cost_text,
        goal=judged(middle.wall, _GOAL, f"< {_GOAL} s"),
        how=f"median of {len(measured)}: from the start of the process to the token response, {meaning}",
    )
