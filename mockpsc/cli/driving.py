"""What commands have in common: where the running mock is that they drive, how to print, and options from members."""

import functools
import json
from collections.abc import Callable
from typing import Any

import click

from mockpsc import settings
from mockpsc.client import AdminClient
from mockpsc.members import Member, members_of

_URL = click.option(
    "--admin-url", metavar="URL", help="The admin origin of the mock (default: as `mockpsc serve` has it)."
)
_TOKEN = click.option(
    "--admin-token", metavar="TOKEN", help="What a mock on another machine wants (default: MOCKPSC_ADMIN_TOKEN)."
)
JSON = click.option("--json", "as_machine", is_flag=True, help="Print JSON.")
JSON_LINES = click.option("--json", "as_machine", is_flag=True, help="Print JSON, one a line.")
LANGUAGE = click.option(
    "--lang", type=click.Choice(["en", "fr"]), default="en", show_default=True, help="The language."
)


def driving(command: Callable[..., None]) -> Callable[..., None]:
    """A command that drives a running mock: it is given `mock`, the client of the one that the options speak of."""

    @_URL
    @_TOKEN
    @functools.wraps(command)
    def drive(*arguments: Any, admin_url: str | None, admin_token: str | None, **given: Any) -> None:
        command(*arguments, mock=admin(admin_url, admin_token), **given)

    return drive


def admin(url: str | None = None, token: str | None = None) -> AdminClient:
    """The client of the mock at that origin, or of the one that the options speak of."""
    options = settings.load({})
    url = url or options.admin_url or f"http://{options.admin_bind.reached_locally}"
    return AdminClient(url, token=token or options.admin_token)


def flags_of(declaration: type[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """One flag for each member of a declaration."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        for each in reversed([*members_of(declaration).values()]):
            command = click.option(f"--{each.name.replace('_', '-')}", each.name, **_flag(each))(command)
        return command

    return decorate


def _flag(declared: Member) -> dict[str, Any]:
    told = declared.help + (f" In {declared.unit}." if declared.unit else "")
    if declared.choices:
        return {"type": click.Choice(declared.choices), "help": told}
    (kind,) = declared.types
    return {"type": kind, "help": told, "metavar": {str: "TEXT", bool: "true|false"}.get(kind, "N")}


def given(members: dict[str, Any]) -> dict[str, Any]:
    """Those options that were given."""
    return {name: value for name, value in members.items() if value is not None}


def show(told: Any, for_people: str, as_machine: bool) -> None:
    """Print an answer, for a machine or for people."""
    click.echo(json.dumps(told, indent=2) if as_machine else for_people)
