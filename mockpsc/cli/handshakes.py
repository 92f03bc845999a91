"""`mockpsc handshakes`: what became of every TLS handshake at a running mock."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import click

from mockpsc import settings
from mockpsc.cli.failures import Commands
from mockpsc.client import AdminClient

_URL = click.option(
    "--admin-url", metavar="URL", help="The admin origin of the mock (default: as `mockpsc serve` has it)."
)
_JSON = click.option("--json", "as_machine", is_flag=True, help="Print JSON, one handshake a line.")


@click.group(cls=Commands, invoke_without_command=True)
@_URL
@_JSON
@click.pass_context
def handshakes(context: click.Context, admin_url: str | None, as_machine: bool) -> None:
    """Show the handshakes that a running mock remembers, oldest first."""
    if context.invoked_subcommand is None:
        _print(admin(admin_url).handshakes(), as_machine)


@handshakes.command()
@_URL
@_JSON
def tail(admin_url: str | None, as_machine: bool) -> None:
    """Show the handshakes to come, until Ctrl-C."""
    _print(admin(admin_url).follow_handshakes(), as_machine)


def admin(url: str | None) -> AdminClient:
    """The client of the mock at that origin, or of the one that the options speak of."""
    options = settings.load({})
    return AdminClient(url or options.admin_url or f"http://{options.admin_bind}")


def _print(told: Iterable[dict[str, Any]], as_machine: bool) -> None:
    show: Callable[[dict[str, Any]], str] = json.dumps if as_machine else _for_people
    for handshake in told:
        click.echo(show(handshake))


def _for_people(handshake: dict[str, Any]) -> str:
    lines = [f"{handshake['time'][11:23]} {handshake['connection_id']} {handshake['line']}"]
    verdict = handshake["verdict"]
    if verdict:
        lines += [f"    {verdict['fr'][part]}" for part in ("received", "expected", "remedy")]
    return "\n".join(lines)
