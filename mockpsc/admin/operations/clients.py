"""The relying parties that the mock knows."""

import asyncio
import logging
from dataclasses import fields, replace
from typing import Any

from mockpsc.admin.api import Operation, PathParameter, Problem, not_found, refused
from mockpsc.admin.control import Control
from mockpsc.admin.operations.issued import issued, with_files
from mockpsc.client_tables import ClientTable, read_client
from mockpsc.clients import Client
from mockpsc.judgement import Registration
from mockpsc.pki import add_client, thumbprint

log = logging.getLogger("mockpsc")

_ID = PathParameter(help="The client's id.", example="my-client")


def _as_json(client: Client) -> dict[str, Any]:
    """A client, its secret hidden; `registration` is what its certificate must have."""
    told = {each.name: getattr(client, each.name) for each in fields(Client) if each.name != "declared"}
    registration = client.registration
    names = {each.name: getattr(registration, each.name) for each in fields(registration)}
    names["certificates"] = [thumbprint(each) for each in registration.certificates] or None
    return told | {
        "secret": None if client.secret is None else "(hidden)",
        "registration": {name: value for name, value in names.items() if value is not None},
    }


def _list(control: Control) -> dict[str, Any]:
    clients = control.provider.clients
    return {"accept_any": clients.accept_any, "clients": [_as_json(each) for each in clients]}


def _get(control: Control, id: str) -> dict[str, Any]:
    with not_found():
        return _as_json(control.provider.clients.declared(id))


async def _add(control: Control, body: ClientTable) -> dict[str, Any]:
    clients = control.provider.clients
    with refused():
        client = read_client(body, control.provider.profile)
    if any(each.id == client.id for each in clients):
        raise Problem(409, f"There is a client of the id {client.id!r}; an id names one client: delete it first.")
    certificate = await _issue(control, client)
    clients.add(client)
    return _as_json(client) | {"certificate": certificate}


async def _issue(control: Control, client: Client) -> dict[str, Any] | None:
    """Its certificate, if it is known by one that bears its id."""
    if client.authentication == "secret" or client.registration.common_name is None:
        return None
    bundle = await asyncio.to_thread(
        add_client,
        control.pki,
        client.id,
        admin_url=control.connection.admin_url,
        clock=control.clock,
        notice=log.info,
    )
    return issued(bundle, client.id) | with_files(control.pki.files.client(client.id))


async def _credentials(control: Control, id: str) -> dict[str, Any]:
    with not_found():
        client = control.provider.clients.get(id) or control.provider.clients.declared(id)
    with refused():
        control.pki.files.client(id)  # refuses what cannot be a client id
    if not client.declared:
        client = replace(client, registration=Registration(common_name=id))
    return {"id": id, "secret": client.secret, "certificate": await _issue(control, client)}


def _remove(control: Control, id: str) -> dict[str, Any]:
    with not_found():
        client = control.provider.clients.declared(id)
    control.provider.clients.remove(id)
    return _as_json(client)


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/clients",
        summary="List the declared clients.",
        answer="`accept_any` says whether other client ids are accepted, too; `clients` is a list.",
        function=_list,
    ),
    Operation(
        method="POST",
        path="/api/clients",
        summary="Add a client, until the mock is reset, and issue its certificate.",
        answer="The client; `certificate` has all of its certificate: PEM, PKCS#12 in base64, and the files' paths.",
        function=_add,
        body=ClientTable,
        example={"id": "my-client", "redirect_uris": ["https://rp.example.test/callback"]},
        status=201,
    ),
    Operation(
        method="GET",
        path="/api/clients/{id}",
        summary="Show a client.",
        answer="The client.",
        function=_get,
        parameter=_ID,
    ),
    Operation(
        method="POST",
        path="/api/clients/{id}/credentials",
        summary="Give what a client, declared or not, proves itself with; its certificate is issued when it has none.",
        answer="`secret`, and `certificate` with all of it: PEM, PKCS#12 in base64, and the files' paths. Each is null "
        "for a client that has none, or has one of its own.",
        function=_credentials,
        parameter=_ID,
    ),
    Operation(
        method="DELETE",
        path="/api/clients/{id}",
        summary="Remove a client. Its certificate stays in its folder.",
        answer="The client as it was.",
        function=_remove,
        parameter=_ID,
    ),
)
