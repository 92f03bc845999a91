"""`mockpsc certs`: the catalogue of certificates, good and bad, and certificates made to measure. No mock need run."""

import json
from functools import cache
from pathlib import Path
from typing import Any, get_args

import click
from cryptography import x509

from mockpsc import settings
from mockpsc.cli.catalogue import as_json, of_side, table
from mockpsc.cli.driving import JSON
from mockpsc.cli.explain import explain
from mockpsc.cli.failures import Commands
from mockpsc.cli.revoke import revoke
from mockpsc.clients import DEFAULT_CLIENT_ID
from mockpsc.clock import Clock
from mockpsc.errors import ConfigurationError
from mockpsc.pki import PKCS12_PASSWORD, Pki, described, open_folder
from mockpsc.pki.bundle import pem
from mockpsc.pki.disk import locked, write
from mockpsc.pki.files import ClientFiles, files_in
from mockpsc.pki.hosts import named_hosts
from mockpsc.pki.measure import DAYS, issue_to_measure
from mockpsc.pki.recipes import Baked, Recipe, Side, bake, make_key, recipes
from mockpsc.pki.shelf import client_authority, put, server_authority

_README = """\
# Certificates to test with

Made by `mockpsc certs write` for the client `{client_id}`; write them again when they have aged. Each folder has
`cert.pem`, `key.pem`, `chain.pem` (what to send: the certificate and what goes with it) and `client.p12` (all of it,
with the password `{password}`). A `root.pem` is a root that must be trusted for the reason to be found, a
`withheld.pem` has what the chain lacks. **For tests only.**

## A client's

Present one to the mock, in the place of `clients/{client_id}/`. The alert is sent with `--reject-with alert`.

{client}

## A server's

Present one to a relying party, in the place of the mock's own: `--server-cert …/chain.pem --server-key-file …/key.pem`.

{server}
"""
_CERTS = click.option("--certs", metavar="DIR", help="The folder of the test PKI (default: as `mockpsc serve` has it).")
_DAY_COUNT = click.IntRange(-20_000, 20_000)


@click.group(cls=Commands)
def certs() -> None:
    """Certificates to test with, good and bad. No mock need run."""


@certs.command("list")
@JSON
def list_recipes(as_machine: bool) -> None:
    """List the certificates of the catalogue, and what is answered to each."""
    if as_machine:
        click.echo(json.dumps([as_json(recipe) for recipe in recipes().values()], indent=2))
        return
    width = max(map(len, recipes()))
    for side in get_args(Side):
        click.echo(f"\nA {side}'s certificates\n")
        for recipe in of_side(side):
            click.echo(f"  {recipe.name:{width}}  {recipe.reason or 'accepted':26}  {recipe.meaning}")


@certs.command("write")
@_CERTS
@click.option("--client-id", metavar="ID", default=DEFAULT_CLIENT_ID, show_default=True, help="Whose they are.")
@JSON
def write_recipes(certs: str | None, client_id: str, as_machine: bool) -> None:
    """Write the whole catalogue into the folder of the test PKI, under bad/, each certificate with its key."""
    pki = _open(certs)
    pki.files.client(client_id)  # refuses what cannot be a client id
    folder = pki.files.folder / "bad"
    try:
        with locked(pki.files.folder):
            for baked in _bake_all(pki, client_id):
                _put_baked(baked, folder / baked.recipe.name, client_id)
            write(folder / "README.md", _readme(client_id).encode(), private=False)
    except OSError as error:
        raise ConfigurationError(f"The folder {folder} cannot be written to: {error.strerror}.") from error
    for_people = f"{len(recipes())} certificates for {client_id} are in {folder}; its README.md says what each is for."
    click.echo(json.dumps({"folder": str(folder), "recipes": [*recipes()]}) if as_machine else for_people)


@certs.command("issue")
@click.argument("client_id")
@_CERTS
@click.option("--subject", metavar="DN", help="Its subject, as in RFC 4514 (default: as IGC-Santé's, with that CN).")
@click.option("--days", type=_DAY_COUNT, default=DAYS, show_default=True, help="Ends in so many days.")
@click.option("--not-before-days", type=_DAY_COUNT, help="Begins in so many days; a negative number is in the past.")
@click.option("--key", type=click.Choice(["rsa", "ec", "ed25519"]), default="rsa", show_default=True, help="Its key.")
@click.option("--out", metavar="DIR", type=Path, help="The folder to write to (default: issued/ID/ beside the others).")
@JSON
def issue(client_id: str, certs: str | None, out: Path | None, as_machine: bool, **asked: Any) -> None:
    """Issue a certificate for a client, with the subject, the dates and the key that are asked for.

    With --days -1 it has expired, with --not-before-days 1 it is not valid yet.
    """
    pki = _open(certs)
    pki.files.client(client_id)  # refuses what cannot be a client id
    files = files_in(out or pki.files.folder / "issued" / client_id)
    if out:
        _refuse_to_replace(files)
    bundle = issue_to_measure(client_authority(pki), client_id, clock=Clock(), **asked)
    put(bundle, files, alias=client_id)
    told = _told(bundle.certificate, files)
    click.echo(json.dumps(told) if as_machine else "\n".join(f"{name:12}  {value}" for name, value in told.items()))


def _open(certs: str | None) -> Pki:
    """The PKI's folder, as `mockpsc serve` would open it, and mend it, with the same options."""
    chosen = settings.load({"certs": certs})
    return open_folder(
        chosen.certs,
        client_ids=(),
        hosts=chosen.hosts,
        clock=Clock(),
        notice=lambda sentence: click.echo(sentence, err=True),
    )


def _bake_all(pki: Pki, client_id: str) -> list[Baked]:
    """Every certificate. One key of a kind serves them all: an RSA key for each would take seconds."""
    authorities = {"client": client_authority(pki), "server": server_authority(pki)}
    hosts, leaf_key, clock = named_hosts(pki.server.certificate), cache(make_key), Clock()

    def baked(recipe: Recipe) -> Baked:
        authority = authorities[recipe.side]
        return bake(recipe, authority, client_id=client_id, hosts=hosts, clock=clock, leaf_key=leaf_key)

    return [baked(recipe) for recipe in recipes().values()]


def _put_baked(baked: Baked, folder: Path, client_id: str) -> None:
    put(baked.bundle, files_in(folder), alias=client_id)
    for name, certificates in (("root.pem", baked.anchors), ("withheld.pem", baked.withheld)):
        if certificates:
            write(folder / name, pem(*certificates), private=False)


def _readme(client_id: str) -> str:
    return _README.format(client_id=client_id, password=PKCS12_PASSWORD, client=table("client"), server=table("server"))


def _refuse_to_replace(files: ClientFiles) -> None:
    there = [str(path) for path in (files.cert, files.key, files.chain, files.pkcs12) if path.exists()]
    if there:
        raise ConfigurationError(f"{', '.join(there)} would be replaced: give another folder with --out.")


def _told(certificate: x509.Certificate, files: ClientFiles) -> dict[str, str]:
    return {
        **described(certificate),
        "certificate": str(files.cert),
        "key": str(files.key),
        "chain": str(files.chain),
        "pkcs12": str(files.pkcs12),
    }


certs.add_command(explain)
certs.add_command(revoke)
