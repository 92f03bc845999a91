"""`mockpsc certs explain`: what a certificate is, what would be answered to it and why. No mock need run."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from cryptography.utils import CryptographyDeprecationWarning

from mockpsc import settings
from mockpsc.cli.driving import JSON, LANGUAGE
from mockpsc.cli.explained import for_people
from mockpsc.clock import Clock
from mockpsc.errors import ConfigurationError
from mockpsc.explanation import Report, as_json, explain_client, explain_server, read_material
from mockpsc.judgement.verdict import Language
from mockpsc.pki import PkiFiles, load_certificates

_SETTINGS = ("client_ca", "known_ca", "reject_with")


def _setting_flags(command: Callable[..., None]) -> Callable[..., None]:
    """Those options of `mockpsc serve` that a verdict depends on most; the file and the environment have the others."""
    known = {option.name: option.metadata for option in settings.options()}
    for name in reversed(_SETTINGS):
        flag = "--" + name.replace("_", "-")
        command = click.option(flag, name, help=known[name]["help"], metavar=known[name]["kind"].metavar)(command)
    return command


@click.command()
@click.argument("source", metavar="FILE|URL")
@click.option("--key", type=Path, metavar="FILE", help="Its private key, if that is in another file.")
@click.option("--password", metavar="TEXT", help="What opens FILE or the key, if 'mockpsc' or nothing does not.")
@click.option("--client-id", metavar="ID", help="Which client presents it (default: any that is declared).")
@click.option("--config", metavar="FILE", help="The mock's file of options (default: mockpsc.toml, if there is one).")
@click.option("--certs", metavar="DIR", help="The folder of the test PKI (default: as `mockpsc serve` has it).")
@_setting_flags
@click.option("--ca", type=Path, metavar="FILE", help="What the client of a URL trusts (default: the PKI's ca.pem).")
@LANGUAGE
@JSON
@click.pass_context
def explain(context: click.Context, /, source: str, lang: Language, as_machine: bool, **asked: Any) -> None:
    """Explain a certificate: what it is, what the mock would answer and why, and what others make of it.

    FILE is in PEM, DER or PKCS#12, with its key or without. Of an https URL, it is the server's certificate that is
    judged, as a client would that trusts ca.pem.

    Exit status: 0 accepted, 1 refused, 2 nothing to judge.
    """
    with warnings.catch_warnings(action="ignore", category=CryptographyDeprecationWarning):  # the report says it
        report = _explained_url(source, **asked) if "://" in source else _explained_file(Path(source), **asked)
        click.echo(json.dumps(as_json(report, lang), indent=2) if as_machine else for_people(report, lang))
    context.exit(0 if report.verdict is None else 1)


def _explained_file(
    path: Path, key: Path | None, password: str | None, client_id: str | None, ca: Path | None, **flags: Any
) -> Report:
    if ca is not None:
        raise ConfigurationError(
            "--ca is what the client of a URL trusts; for a client's certificate in a file, give --client-ca."
        )
    material = read_material(path, key_path=key, password=password)
    return explain_client(material, settings.load(flags), client_id=client_id, clock=_standing_clock())


def _explained_url(url: str, ca: Path | None, **asked: Any) -> Report:
    for name in ("key", "password", "client_id"):
        if asked.pop(name) is not None:
            flag = "--" + name.replace("_", "-")
            raise ConfigurationError(f"{flag} is for a client's certificate in a file; {url} is a server's.")
    chosen = settings.load(asked)
    known = load_certificates(chosen.known_ca) if chosen.known_ca else ()
    return explain_server(url, ca or _ca_file(chosen.certs), known=known, clock=_standing_clock())


def _standing_clock() -> Clock:
    clock = Clock()
    clock.freeze()
    return clock


def _ca_file(folder: Path) -> Path:
    file = PkiFiles(folder).ca
    if not file.exists():
        raise ConfigurationError(
            f"There is no {file} for the client to trust: start 'mockpsc serve' once, which makes it, or name its "
            "folder with --certs DIR, or another file with --ca FILE."
        )
    return file
