"""`mockpsc handshakes`: what became of every TLS handshake at a running mock."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import click

from mockpsc.cli.driving import JSON_LINES, driving
from mockpsc.cli.failures import Commands
from mockpsc.client import AdminClient


@click.group(cls=Commands, invoke_without_command=True)
@driving
@JSON_LINES
@click.pass_context
def handshakes(context: click.Context, mock: AdminClient, as_machine: bool) -> None:
    """Show the handshakes that a running mock remembers, oldest first."""
    if context.invoked_subcommand is None:
        print_events(mock.handshakes(), as_machine)


@handshakes.command()
@driving
@JSON_LINES
def tail(mock: AdminClient, as_machine: bool) -> None:
    """Show the handshakes to come, until Ctrl-C."""
    print_events(mock.follow_handshakes(), as_machine)


def print_events(told: Iterable[dict[str, Any]], as_machine: bool) -> None:
    """Events of the journal, one at a time as they come, for a machine or for people."""
    show: Callable[[dict[str, Any]], str] = json.dumps if as_machine else _explained
    for event in told:
        click.echo(show(event))


def _explained(event: dict[str, Any]) -> str:
    """An event of the journal as its line, and why, when there is something to be done about it."""
    lines = [f"{event['time'][11:23]} {event['connection_id']} {event['line']}"]
    verdict = event.get("verdict")
    if verdict:
        lines += [f"    {verdict['fr'][part]}" for part in ("received", "expected", "remedy")]
    return "\n".join(lines)
