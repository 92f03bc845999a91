"""`mockpsc faults`: the catalogue of faults, and those that are armed at a running mock."""

import json
import textwrap
from collections.abc import Iterator
from typing import Any

import click

from mockpsc.cli.driving import JSON, driving, flags_of, given, show
from mockpsc.cli.failures import Commands
from mockpsc.client import AdminClient
from mockpsc.errors import Unusable, nearest
from mockpsc.faults import Fault, Match, Trigger, catalogue, find_fault
from mockpsc.faults.arming import params_in
from mockpsc.faults.catalogue import catalogued
from mockpsc.members import members_of


@click.group(cls=Commands)
def faults() -> None:
    """Faults on demand: what there is, and what is armed at a running mock."""


@faults.command("list")
@click.option("--layer", metavar="LAYER", help="Those of one layer only, such as tls or token.")
@JSON
def list_faults(layer: str | None, as_machine: bool) -> None:
    """List the faults that there are. No mock need run."""
    found = _of_layer(layer)
    if as_machine:
        click.echo(json.dumps([catalogued(each) for each in found], indent=2))
        return
    width = max(len(each.name) for each in found)
    for each in found:
        click.echo(f"{each.name:{width}}  {each.verdict:6}  {each.meaning()}")


def _of_layer(layer: str | None) -> list[type[Fault[Any]]]:
    layers = dict.fromkeys(each.layer() for each in catalogue().values())
    if layer is not None and layer not in layers:
        raise Unusable(f"No layer is named {layer!r}{nearest(layer, layers)}: known are {', '.join(layers)}.")
    return [each for each in catalogue().values() if layer in (None, each.layer())]


@faults.command("show")
@click.argument("name")
@JSON
def show_fault(name: str, as_machine: bool) -> None:
    """Show a fault: what it does, what a relying party must do, and its parameters. No mock need run."""
    fault = find_fault(name)
    show(catalogued(fault), "\n".join(_described(fault)), as_machine)


def _described(fault: type[Fault[Any]]) -> Iterator[str]:
    yield fault.name
    yield textwrap.fill(fault.meaning(), 100, initial_indent="  ", subsequent_indent="  ")
    yield f"  A correct relying party must: {fault.verdict}"
    yield f"  Reference: {fault.reference}"
    if fault.modules:
        yield f"  OpenID conformance suite: {', '.join(fault.modules)}"
    yield f"  Matched by: {', '.join(sorted(fault.knows)) or 'nothing'}"
    for name, each in members_of(fault).items():
        default = "required" if each.required else f"default {json.dumps(each.default)}"
        yield f"  {name}: {each.expected} ({default}). {each.help}"


@faults.command()
@driving
@JSON
def armed(mock: AdminClient, as_machine: bool) -> None:
    """List the armed faults of a running mock, with how often each was seen and acted."""
    told = mock.armed()
    show(told, "\n".join(map(_line, told)) or "No fault is armed.", as_machine)


@faults.command()
@click.argument("name")
@click.argument("params", nargs=-1, metavar="[PARAM=VALUE]...")
@flags_of(Match)
@flags_of(Trigger)
@driving
@JSON
def arm(name: str, params: tuple[str, ...], mock: AdminClient, as_machine: bool, **asked: Any) -> None:
    """Arm a fault at a running mock, on the occasions that have all of the values given.

    Without --times and the like it acts each time, until it is disarmed.
    """
    match = given({each: asked[each] for each in members_of(Match)})
    trigger = given({each: asked[each] for each in members_of(Trigger)})
    told = mock.arm(name, params_in(name, params), match=match, **trigger)
    show(told, f"Armed: {_line(told)}", as_machine)


@faults.command()
@click.argument("what", metavar="ID|NAME")
@driving
@JSON
def disarm(what: str, mock: AdminClient, as_machine: bool) -> None:
    """Disarm a fault of a running mock by its id, or all of a name."""
    told = mock.disarm(what)
    show(told, "\n".join(f"Disarmed: {_line(each)}" for each in told), as_machine)


@faults.command()
@driving
@JSON
def reset(mock: AdminClient, as_machine: bool) -> None:
    """Disarm all but what the mock's configuration arms."""
    told = mock.reset_faults()
    show(told, never_acted(told), as_machine)


def never_acted(told: list[dict[str, Any]]) -> str:
    """What a reset has to say of the faults that it disarmed."""
    return "\n".join(["Reset.", *(f"Was armed and never acted: {_line(each)}" for each in told)])


def _line(armed: dict[str, Any]) -> str:
    """An armed fault on one line."""
    facts = {**armed["params"], **{name: armed[name] for name in members_of(Trigger)}}
    shown = [f"{name}={value}" for name, value in facts.items() if value is not None]
    shown += [f"for {name} {value}" for name, value in armed["match"].items()]
    counts = f", seen {armed['seen']}, acted {armed['hits']}" if armed["counted"] else ", not counted"
    return f"{armed['id']} {' '.join([armed['name'], *shown])} ({armed['state']}{counts})"
