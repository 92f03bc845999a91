"""`mockpsc scenarios`: faults one after the other, at a running mock."""

from typing import Any

import click

from mockpsc.cli.driving import JSON, driving, show
from mockpsc.cli.failures import Commands
from mockpsc.client import AdminClient


@click.group(cls=Commands)
def scenarios() -> None:
    """Faults one after the other, as mockpsc.toml or the admin API declares them."""


@scenarios.command("list")
@driving
@JSON
def list_scenarios(mock: AdminClient, as_machine: bool) -> None:
    """List the scenarios of a running mock, and where each stands."""
    told = mock.scenarios()
    show(told, "\n".join(map(_line, told)) or "No scenario is declared.", as_machine)


@scenarios.command()
@click.argument("name")
@driving
@JSON
def start(name: str, mock: AdminClient, as_machine: bool) -> None:
    """Play a scenario from its first step."""
    told = mock.start_scenario(name)
    show(told, _line(told), as_machine)


@scenarios.command()
@click.argument("name")
@driving
@JSON
def stop(name: str, mock: AdminClient, as_machine: bool) -> None:
    """Play a scenario no more."""
    told = mock.stop_scenario(name)
    show(told, _line(told), as_machine)


def _line(scenario: dict[str, Any]) -> str:
    steps = " > ".join(step["name"] for step in scenario["steps"])
    at = f", at step {scenario['step']}" if scenario["step"] else ""
    again = ", again and again" if scenario["loop"] else ""
    return f"{scenario['name']}: {steps}{again} ({scenario['state']}{at})"
