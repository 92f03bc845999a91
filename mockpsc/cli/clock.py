"""`mockpsc clock`: the clock of a running mock."""

import re
from typing import Any

import click

from mockpsc.cli.driving import JSON, driving, show
from mockpsc.cli.failures import Commands
from mockpsc.client import AdminClient
from mockpsc.errors import Unusable

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)([smhdw])")
_DURATION = re.compile(rf"[+-]?(?:(?:{_PART.pattern})+|[0-9]+(?:\.[0-9]+)?)")


@click.group(cls=Commands, invoke_without_command=True)
@driving
@JSON
@click.pass_context
def clock(context: click.Context, mock: AdminClient, as_machine: bool) -> None:
    """Tell the time by the clock of a running mock, move it, or stop it."""
    if context.invoked_subcommand is None:
        _show(mock.clock(), as_machine)


@clock.command()
@driving
@JSON
def now(mock: AdminClient, as_machine: bool) -> None:
    """Tell the time."""
    _show(mock.clock(), as_machine)


@clock.command(context_settings={"ignore_unknown_options": True})  # -1d is no option
@click.argument("duration")
@driving
@JSON
def advance(duration: str, mock: AdminClient, as_machine: bool) -> None:
    """Move the clock by a DURATION such as 90s, 5m, 2h, 1h30m, or back by -1d."""
    _show(mock.advance(seconds(duration)), as_machine)


@clock.command()
@driving
@JSON
def freeze(mock: AdminClient, as_machine: bool) -> None:
    """Stop the clock where it is. It can still be moved."""
    _show(mock.freeze(), as_machine)


@clock.command()
@driving
@JSON
def resume(mock: AdminClient, as_machine: bool) -> None:
    """Let the clock run on from where it stands."""
    _show(mock.resume(), as_machine)


def seconds(duration: str) -> float:
    """What a duration is in seconds. Raises Unusable for a text that is none."""
    if not _DURATION.fullmatch(duration):
        raise Unusable(f"{duration!r} is no duration; expected one such as 90s, 5m, 2h, 1h30m or -1d.")
    parts = _PART.findall(duration)
    length = sum(float(number) * _UNITS[unit] for number, unit in parts) if parts else float(duration.lstrip("+-"))
    return -length if duration.startswith("-") else length


def _show(told: dict[str, Any], as_machine: bool) -> None:
    state = "frozen" if told["frozen"] else "running"
    show(told, f"{told['now']} ({state}, {told['ahead']:+.0f} s from the real time)", as_machine)
