"""`mockpsc keys`: the keys that a running mock signs tokens with."""

from typing import Any

import click

from mockpsc.cli.driving import JSON, driving, show
from mockpsc.cli.failures import Commands
from mockpsc.client import AdminClient


@click.group(cls=Commands, invoke_without_command=True)
@driving
@JSON
@click.pass_context
def keys(context: click.Context, mock: AdminClient, as_machine: bool) -> None:
    """Show the keys that a running mock signs tokens with, and rotate them."""
    if context.invoked_subcommand is None:
        _show(mock.keys(), as_machine)


@keys.command("list")
@driving
@JSON
def list_keys(mock: AdminClient, as_machine: bool) -> None:
    """List the signing keys that are published, and the one that is in use."""
    _show(mock.keys(), as_machine)


@keys.command()
@click.option("--no-publish", is_flag=True, help="Leave the new key out of the JWK Set.")
@click.option("--no-use", is_flag=True, help="Do not sign with the new key yet.")
@click.option("--drop-old", is_flag=True, help="Take the earlier keys out of the JWK Set.")
@driving
@JSON
def rotate(no_publish: bool, no_use: bool, drop_old: bool, mock: AdminClient, as_machine: bool) -> None:
    """Make a new signing key, publish it and use it."""
    _show(mock.rotate_keys(publish=not no_publish, use=not no_use, keep_old=not drop_old), as_machine)


def _show(told: dict[str, Any], as_machine: bool) -> None:
    known = dict.fromkeys([told["active"], *told["published"], *([told["new"]] if "new" in told else [])])
    lines = []
    for kid in known:
        facts = ["signs" if kid == told["active"] else "", "published" if kid in told["published"] else "not published"]
        lines.append(f"{kid}  {', '.join(filter(None, facts))}")
    show(told, "\n".join(lines), as_machine)
