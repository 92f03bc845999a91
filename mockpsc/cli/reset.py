"""`mockpsc reset`: a running mock as it was at the start."""

import click

from mockpsc.cli.driving import JSON, driving, show
from mockpsc.cli.faults import never_acted
from mockpsc.client import AdminClient


@click.command()
@driving
@JSON
def reset(mock: AdminClient, as_machine: bool) -> None:
    """Have a running mock as it was at the start: faults, personas, clients, revocations, logins, journal and clock.

    The authorities and the keys stay.
    """
    told = mock.reset()
    show(told, never_acted(told), as_machine)
