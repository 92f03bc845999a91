"""Writes the pages that are made from declarations; with --check, fails when one is not current."""

import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from admin_page import admin_page
from fault_pages import conformance_page, faults_page
from findings_page import findings_page
from relying_parties_page import relying_parties_page

from mockpsc import settings
from mockpsc.cli import catalogue
from mockpsc.judgement import reasons
from mockpsc.tls.alerts import name_of

DOCS = Path(__file__).parent

SETTINGS = """\
# Options

Made from `mockpsc/settings.py` by `make docs`; do not edit.

Each option is a flag of `mockpsc serve`, an environment variable and a key of `mockpsc.toml`. A flag wins over the
environment, the environment over the file, the file over the default. The file is `mockpsc.toml` in the current folder,
or the one that `--config FILE` or `MOCKPSC_CONFIG` names; relative paths in it are meant from where it is. A name that
does not exist is refused.

| flag | environment | key | default | meaning |
|---|---|---|---|---|
{rows}
"""

CERTIFICATES = """\
# Certificates to test with

Made from `mockpsc/pki/recipes.py` by `make docs`; do not edit.

`mockpsc certs write` puts all of these into `certs/bad/`, each in a folder of its own with its key, its chain and a
PKCS#12 file; `mockpsc certs list` prints the list, with `--json` for programs. `mockpsc certs issue CLIENT_ID` makes
one certificate, with the subject, the dates and the key that you ask for.

What is wrong is one thing at a time: all else is as in a good certificate. A reason is the word that the mock's journal
and its answers have for it; the alert is what TLS says of it (RFC 8446 §6.2), when the mock refuses in the handshake.

## A client's certificates

{client}

## A server's certificates

For testing what a relying party does when the mock's own certificate is bad. The alert is the one that a client built
on OpenSSL sends; others may send another, or none. Nobody looks for a revocation unless told to.

{server}
"""

DIAGNOSIS = """\
# My client says …

Made from `docs/diagnosis.toml` by `make docs`; do not edit.

Search this page for a telling part of your client's message: no host, no port, no file, no line number. If the mock is
yours, ask it first: `mockpsc handshakes` says of each handshake who refused whom, and why. The mock is the better
witness, since one message can have many reasons; [Why was my certificate refused?](refusals.md) says more.

Messages are to the letter, in alphabetical order. "Measured" ones are what that client prints in this project's own
tests (first with curl 7.88, Python 3.11 with httpx, requests and urllib, Node 20 and Java 17); the others are as their
sources report them, and were not tried here. "Later" is how OpenSSL words the same from 3.2 on, which was not tried
here either. Programs that are built on OpenSSL or libcurl, such as PHP, Ruby and .NET on Linux, have curl's messages in
theirs. In TLS 1.3 a client learns that it was refused when it reads the answer, not when it connects.

## The mock refused the client's certificate

{refused_by_the_mock}

## The client refused the mock

The reason is what is wrong with the mock's certificate, as [the catalogue](certificates.md) has it. More of how to
trust ca.pem is in [certs/README.md](../certs/README.md).

{refused_by_the_client}

## Neither, or the message does not tell

{neither}

## The reasons

The words that the mock's journal and its answers have for them. Those without an alert do not show in a handshake.

| reason | alert | what it means | what to do |
|---|---|---|---|
{reasons}
"""


def shown(value: Any) -> str:
    """A default as a person would write it."""
    if value is None or value == ():
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def settings_page() -> str:
    """The table of all options."""
    rows = []
    for option in settings.options():
        kind, name = option.metadata["kind"], option.name
        flag = "--" + name.replace("_", "-") + (f" {kind.metavar}" if kind.metavar else "")
        cells = [f"`{flag}`", f"`{settings.PREFIX}{name.upper()}`", f"`{name}`", shown(settings.default_of(option))]
        rows.append(" | ".join(cell.replace("|", "\\|") for cell in (*cells, option.metadata["help"])))
    return SETTINGS.format(rows="\n".join(f"| {row} |" for row in rows))


def certificates_page() -> str:
    """The catalogue of certificates."""
    return CERTIFICATES.format(client=catalogue.table("client"), server=catalogue.table("server"))


def diagnosis_page() -> str:
    """What clients say, and what the reason is."""
    data = tomllib.loads((DOCS / "diagnosis.toml").read_text(encoding="utf-8"))
    parts = ("refused_by_the_mock", "refused_by_the_client", "neither")
    return DIAGNOSIS.format(reasons="\n".join(reason_rows()), **{part: messages(data, part) for part in parts})


def messages(data: Mapping[str, Any], part: str) -> str:
    """The table of one part of the messages, by which they can be found."""
    said = [(entry, message) for entry in data[part] for message in entry["says"]]
    said.sort(key=lambda each: (each[1]["message"].casefold(), each[1]["client"].casefold()))
    rows = ["| " + " | ".join(message_cells(data, *each)) + " |" for each in said]
    return "\n".join(["| message | client | reason | what to do | known from |", "|---|---|---|---|---|", *rows])


def message_cells(data: Mapping[str, Any], entry: Mapping[str, Any], said: Mapping[str, Any]) -> Iterator[str]:
    """One message, who prints it, why, and what to do."""
    yield f"`{said['message']}`" + (f", later `{said['later']}`" if "later" in said else "")
    yield said["client"] + (f", TLS {said['tls']}" if "tls" in said else "")
    yield ", ".join("any" if reason == "any" else f"`{reason}`" for reason in entry["reasons"])
    yield entry["do"].format(trust=data["clients"][said["client"]])
    yield "measured" if said.get("checked") else f"[its source]({data['sources'][said['source']]})"


def reason_rows() -> Iterator[str]:
    """All reasons for which a client's certificate is refused."""
    for reason in reasons().values():
        alert = f"{reason.alert} `{name_of(reason.alert)}`" if reason.alert else ""
        yield f"| `{reason.code}` | {alert} | {reason.meaning['en']} | {reason.remedy['en']} |"


PAGES = {
    "settings.md": settings_page,
    "certificates.md": certificates_page,
    "diagnosis.md": diagnosis_page,
    "admin.md": admin_page,
    "relying_parties.md": relying_parties_page,
    "faults.md": faults_page,
    "conformance.md": conformance_page,
    "findings.md": findings_page,
}


def main() -> None:
    """Write the pages, or check them."""
    stale = []
    for name, page in PAGES.items():
        file = DOCS / name
        if "--check" not in sys.argv:
            file.write_text(page(), encoding="utf-8")
        elif not file.exists() or file.read_text(encoding="utf-8") != page():
            stale.append(name)
    if stale:
        sys.exit(f"Not current: {', '.join(stale)}. Run `make docs`.")


if __name__ == "__main__":
    main()
