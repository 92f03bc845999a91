"""Certificates to test with: issued, of the catalogue or made to measure, and explained."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mockpsc.admin.api import Operation, Problem, refused
from mockpsc.admin.control import Control
from mockpsc.admin.operations.issued import issued
from mockpsc.members import member
from mockpsc.pki.bundle import pem
from mockpsc.pki.hosts import named_hosts
from mockpsc.pki.measure import DAYS, issue_to_measure
from mockpsc.pki.recipes import bake, find_recipe, recipes
from mockpsc.pki.shelf import client_authority, server_authority

_KEYS = ("rsa", "ec", "ed25519")


@dataclass(frozen=True, kw_only=True)
class IssueBody:
    """What to issue: a recipe of the catalogue, or a client's certificate made to measure."""

    client_id: str | None = member(None, "Whose it is (default: the client of the printed settings).")
    recipe: str | None = member(None, "A recipe of the catalogue; the members below are for those without one.")
    subject: str | None = member(None, "Its subject, as in RFC 4514 (default: as IGC-Santé's, with the id as CN).")
    days: int | None = member(
        None, f"Ends in so many days (default: {DAYS}); a negative number is in the past.", least=-20_000, most=20_000
    )
    not_before_days: int | None = member(
        None, "Begins in so many days; a negative number is in the past.", least=-20_000, most=20_000
    )
    key: str | None = member(None, "Its key (default: rsa).", choices=_KEYS)

    @property
    def measures(self) -> Mapping[str, Any]:
        """What is asked of one that is made to measure."""
        given = {name: getattr(self, name) for name in ("subject", "days", "not_before_days", "key")}
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class ExplainBody:
    """A chain to explain."""

    certificate: str = member(help="The certificate and its chain in PEM, perhaps with its key.")
    client_id: str | None = member(None, "Which client presents it (default: any that is declared).")
    lang: str = member("en", "The language of what is said.", choices=("en", "fr"))


def _recipes(control: Control) -> list[dict[str, Any]]:
    return [each.as_json() for each in recipes().values()]


async def _issue(control: Control, body: IssueBody) -> dict[str, Any]:
    client_id = body.client_id or control.connection.client_id
    make = _to_measure if body.recipe is None else _baked
    with refused():
        control.pki.files.client(client_id)  # refuses what cannot be a client id
        return await asyncio.to_thread(make, control, client_id, body)


def _to_measure(control: Control, client_id: str, body: IssueBody) -> dict[str, Any]:
    bundle = issue_to_measure(client_authority(control.pki), client_id, clock=control.clock, **body.measures)
    return issued(bundle, client_id) | {"client_id": client_id}


def _baked(control: Control, client_id: str, body: IssueBody) -> dict[str, Any]:
    recipe = find_recipe(body.recipe or "")
    if body.measures:
        raise Problem(400, f"The recipe {recipe.name!r} says it all: leave out {', '.join(body.measures)}.")
    authority = client_authority if recipe.side == "client" else server_authority
    hosts = named_hosts(control.pki.server.certificate)
    baked = bake(recipe, authority(control.pki), client_id=client_id, hosts=hosts, clock=control.clock)
    return issued(baked.bundle, client_id) | {
        "client_id": client_id,
        "recipe": recipe.as_json(),
        "anchors": pem(*baked.anchors).decode(),
        "withheld": pem(*baked.withheld).decode(),
    }


def _explain(control: Control, body: ExplainBody) -> dict[str, Any]:
    with refused():
        return control.explain(body.certificate, body.client_id, "fr" if body.lang == "fr" else "en")


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/certificates/recipes",
        summary="List the certificates of the catalogue, good and bad.",
        answer="A list; `reason` is null for those that are accepted.",
        function=_recipes,
    ),
    Operation(
        method="POST",
        path="/api/certificates",
        summary="Issue a certificate: of the catalogue, or made to measure. It is kept in no folder.",
        answer="The certificate, its key and its chain in PEM, and PKCS#12 in base64; of a recipe also the roots that "
        "must be trusted (`anchors`) and what its chain lacks (`withheld`).",
        function=_issue,
        body=IssueBody,
        example={"client_id": "my-client", "days": -1},
        status=201,
    ),
    Operation(
        method="POST",
        path="/api/certificates/explain",
        summary="Explain a client's certificate: what it is, what the mock would answer and why.",
        answer="What `mockpsc certs explain --json` prints.",
        function=_explain,
        body=ExplainBody,
        example={"certificate": "-----BEGIN CERTIFICATE-----…", "client_id": "my-client"},
    ),
)
