"""`mockpsc findings`: what relying parties did that they must not or should not do."""

import textwrap
from collections.abc import Iterator
from typing import Any

import click

from mockpsc.cli.driving import JSON, LANGUAGE, driving, flags_of, show
from mockpsc.cli.failures import Commands
from mockpsc.client import AdminClient
from mockpsc.findings import FindingsQuery
from mockpsc.findings import rules as all_rules
from mockpsc.judgement.verdict import Language


@click.group(cls=Commands, invoke_without_command=True)
@flags_of(FindingsQuery)
@LANGUAGE
@driving
@JSON
@click.pass_context
def findings(context: click.Context, /, mock: AdminClient, lang: Language, as_machine: bool, **query: Any) -> None:
    """Show what relying parties did that they must not or should not do, as far as a running mock remembers it."""
    if context.invoked_subcommand is None:
        told = mock.findings(**query)
        shown = "\n".join(line for each in told for line in _finding(each, lang))
        show(told, shown or "No findings.", as_machine)


@findings.command()
@LANGUAGE
@JSON
def rules(lang: Language, as_machine: bool) -> None:
    """List the rules that relying parties are held to. No mock need run."""
    told = [each.as_json() for each in all_rules().values()]
    show(
        told, "\n".join(f"{each['code']:26}  {each['severity']:11}  {each['what'][lang]}" for each in told), as_machine
    )


def _finding(told: dict[str, Any], lang: Language) -> Iterator[str]:
    who = told["client_id"] or "somebody"
    where = f"{told['endpoint']}, exchange {told['number']} on {told['connection_id']}"
    yield f"{told['severity']} {told['rule']}: {who} at {where}"
    yield from _indented(f"{told['what'][lang]} ({told['received']})")
    yield from _indented(f"{told['remedy'][lang]} [{told['source']}]")


def _indented(text: str) -> list[str]:
    return textwrap.wrap(text, 100, initial_indent="    ", subsequent_indent="    ", break_long_words=False)
