"""`mockpsc journal`: what happened at a running mock: handshakes and exchanges."""

from typing import Any

import click

from mockpsc.cli.driving import JSON_LINES, driving, flags_of
from mockpsc.cli.failures import Commands
from mockpsc.cli.handshakes import print_events
from mockpsc.client import AdminClient
from mockpsc.journal import Filter

_SECRETS = click.option("--secrets", is_flag=True, help="Show secrets, codes and tokens as they are.")


@click.group(cls=Commands)
def journal() -> None:
    """What happened at a running mock: handshakes and exchanges."""


@journal.command("list")
@flags_of(Filter)
@_SECRETS
@driving
@JSON_LINES
def list_events(mock: AdminClient, as_machine: bool, **filter: Any) -> None:
    """Show the events that the mock remembers, oldest first, or those that have all of the values given."""
    print_events(mock.journal(**filter), as_machine)


@journal.command()
@flags_of(Filter)
@_SECRETS
@driving
@JSON_LINES
def tail(mock: AdminClient, as_machine: bool, **filter: Any) -> None:
    """Show the events to come, until Ctrl-C."""
    print_events(mock.follow_journal(**filter), as_machine)


@journal.command()
@click.option("--format", "form", type=click.Choice(["har", "ndjson"]), default="har", show_default=True)
@flags_of(Filter)
@_SECRETS
@driving
def export(form: str, mock: AdminClient, **filter: Any) -> None:
    """Print the events as an HTTP archive (HAR 1.2), or as JSON, one a line."""
    click.echo(mock.export_journal(form, **filter).rstrip("\n"))


@journal.command()
@flags_of(Filter)
@driving
def clear(mock: AdminClient, **filter: Any) -> None:
    """Forget the events, or those that have all of the values given."""
    click.echo(f"Forgotten: {mock.clear_journal(**filter)}.")
