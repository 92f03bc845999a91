"""`mockpsc token`: a token without a flow, from a running mock."""

import json
from collections.abc import Iterable
from typing import Any

import click

from mockpsc.admin.token_asked import TokenAsked
from mockpsc.cli.driving import JSON, driving, flags_of, given, show
from mockpsc.client import AdminClient
from mockpsc.errors import Unusable


@click.command()
@click.argument("persona")
@click.argument("claims", nargs=-1, metavar="[CLAIM=VALUE]...")
@flags_of(TokenAsked)
@driving
@JSON
def token(persona: str, claims: tuple[str, ...], mock: AdminClient, as_machine: bool, **asked: Any) -> None:
    """Print a signed token of a PERSONA, as a login would give it to a client.

    Claims are laid over its own: a VALUE is JSON, or else a text; null takes the claim away.
    """
    told = mock.issue_token(persona, claims=claims_in(claims), **given(asked))
    show(told, told["token"], as_machine)


def claims_in(texts: Iterable[str]) -> dict[str, Any]:
    """Claims from `name=value` texts. Raises Unusable for a text without `=`."""
    claims = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise Unusable(f"{text!r} is no claim; expected name=value.")
        claims[name] = _value(value)
    return claims


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
