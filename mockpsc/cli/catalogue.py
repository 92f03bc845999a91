"""The catalogue of certificates in words, for people and for machines: what each is, and what is answered to it."""

from collections.abc import Mapping
from typing import Any

from mockpsc.judgement import reasons
from mockpsc.pki.recipes import Recipe, Side, recipes
from mockpsc.tls.alerts import name_of

_HEADINGS: Mapping[Side, str] = {"client": "what the mock answers", "server": "what a relying party finds"}


def of_side(side: Side) -> list[Recipe]:
    """The recipes for clients' certificates, or for servers'."""
    return [recipe for recipe in recipes().values() if recipe.side == side]


def alert_of(recipe: Recipe) -> int | None:
    """The number of the TLS alert that goes with a recipe's reason, if it shows in a handshake."""
    if recipe.reason is None:
        return None
    return recipe.alert or reasons()[recipe.reason].alert


def answer(recipe: Recipe) -> str:
    """What is answered to a recipe's certificate, in Markdown."""
    if recipe.reason is None:
        return "accepted"
    alert = alert_of(recipe)
    return f"`{recipe.reason}`, " + (f"alert {alert} `{name_of(alert)}`" if alert else "over HTTP")


def table(side: Side) -> str:
    """The recipes of a side as a Markdown table."""
    rows = [
        f"| `{recipe.name}` | {' '.join(filter(None, (recipe.meaning, recipe.needs)))} | {answer(recipe)} |"
        for recipe in of_side(side)
    ]
    return "\n".join([f"| name | what it is | {_HEADINGS[side]} |", "|---|---|---|", *rows])


def as_json(recipe: Recipe) -> dict[str, Any]:
    """A recipe for a machine; `reason` and `alert` are null when the certificate is accepted."""
    alert = alert_of(recipe)
    return recipe.as_json() | {"alert": {"number": alert, "name": name_of(alert)} if alert else None}
