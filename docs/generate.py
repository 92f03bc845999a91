"""Writes the pages that are made from declarations; with --check, fails when one is not current."""

import sys
from pathlib import Path
from typing import Any

from mockpsc import settings
from mockpsc.cli import catalogue

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


PAGES = {"settings.md": settings_page, "certificates.md": certificates_page}


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
