"""The commands, one module each. They parse, call and print; they decide nothing."""

from collections.abc import Mapping
from importlib import import_module

import click

from mockpsc import __version__
from mockpsc.cli.failures import Commands

__all__ = ["main"]

_COMMANDS: Mapping[str, str] = {
    "certs": "mockpsc.cli.certs",
    "clock": "mockpsc.cli.clock",
    "faults": "mockpsc.cli.faults",
    "findings": "mockpsc.cli.findings",
    "handshakes": "mockpsc.cli.handshakes",
    "journal": "mockpsc.cli.journal",
    "keys": "mockpsc.cli.keys",
    "reset": "mockpsc.cli.reset",
    "scenarios": "mockpsc.cli.scenarios",
    "serve": "mockpsc.cli.serve",
    "token": "mockpsc.cli.token",
}


class _Main(Commands):
    """The commands by name; a module is imported when its command is asked for, so that `serve` starts at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(import_module(_COMMANDS[cmd_name]), cmd_name)
        return command


@click.group(cls=_Main, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="mockpsc")
def main() -> None:
    """Pro Santé Connect on your machine, for tests and never for production."""
