"""The commands, one module each. They parse, call and print; they decide nothing."""

import click

from mockpsc import __version__
from mockpsc.cli.certs import certs
from mockpsc.cli.explain import explain
from mockpsc.cli.failures import Commands
from mockpsc.cli.handshakes import handshakes
from mockpsc.cli.revoke import revoke
from mockpsc.cli.serve import serve

__all__ = ["main"]


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="mockpsc")
def main() -> None:
    """Pro Santé Connect on your machine, for tests and never for production."""


main.add_command(serve)
certs.add_command(explain)
certs.add_command(revoke)
main.add_command(certs)
main.add_command(handshakes)
