"""`mockpsc serve`: starts the mock, prints what to paste into a relying party, stops it at a signal."""

import asyncio
import json
import logging
import signal
import sys
from collections.abc import Callable
from typing import Any

import click

from mockpsc import __version__, settings
from mockpsc.clients import Clients
from mockpsc.connection import Connection
from mockpsc.listener import loop_factory
from mockpsc.server import Mock


def _setting_flags(command: Callable[..., None]) -> Callable[..., None]:
    """One flag per option of `Settings`, its text and its value left to `settings`."""
    for option in reversed(list(settings.options())):
        kind = option.metadata["kind"]
        name = option.name.replace("_", "-")
        flag = f"--{name}/--no-{name}" if kind.is_switch else f"--{name}"
        more: dict[str, Any] = {"default": None} if kind.is_switch else {"metavar": kind.metavar}
        command = click.option(flag, option.name, help=option.metadata["help"], **more)(command)
    return command


@click.command()
@click.option(
    "--config", metavar="FILE", help="The file to read options from (default: mockpsc.toml, if there is one)."
)
@click.option("--json", "as_json", is_flag=True, help="Print the settings to paste as one line of JSON.")
@_setting_flags
def serve(as_json: bool, **flags: Any) -> None:
    """Start the mock, and print what to paste into a relying party. Ctrl-C stops it."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    mock = Mock(settings.load(flags))
    show = _print_json if as_json else _print_for_people
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(mock, show))


async def _serve(mock: Mock, show: Callable[[Mock], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    async with mock:
        show(mock)
        await stop.wait()


def _print_json(mock: Mock) -> None:
    click.echo(json.dumps(mock.connection.as_json()))


def _print_for_people(mock: Mock) -> None:
    click.echo(_for_people(mock.connection, mock.provider.clients, mock.profile.name))


def _for_people(connection: Connection, clients: Clients, profile: str) -> str:
    any_client = "" if len(clients) else " (any is accepted, since none is declared)"
    return f"""\
mockpsc {__version__}: a mock of Pro Santé Connect ({profile}), for tests and never for production

  issuer              {connection.issuer}
  discovery           {connection.discovery_url}
  login page          {connection.wallet_url}
  client id           {connection.client_id}{any_client}
  CA to trust         {connection.ca_file}
  client certificate  {connection.client_cert_file}
  client key          {connection.client_key_file}
  admin               {connection.admin_url}

Try a login:
  {connection.login_url}

Ctrl-C stops the mock."""
