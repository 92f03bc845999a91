"""`mockpsc certs revoke`: a certificate that a running mock refuses from the next handshake on."""

from pathlib import Path

import click

from mockpsc.cli.driving import driving
from mockpsc.client import AdminClient
from mockpsc.errors import ConfigurationError


@click.command()
@click.argument("certificate", metavar="FILE|SERIAL")
@click.option("--reason", metavar="REASON", help="Why, as RFC 5280 §5.3.1 says it: keyCompromise, superseded …")
@driving
def revoke(certificate: str, reason: str | None, mock: AdminClient) -> None:
    """Revoke a certificate, a PEM file or its serial number in hexadecimal, at a running mock."""
    what = {"certificate": _read(Path(certificate))} if Path(certificate).exists() else {"serial": certificate}
    told = mock.post("/api/certificates/revoke", what | ({"reason": reason} if reason else {}))
    click.echo(f"The certificate {told['serial']} is revoked ({told['reason']}). {told['effect']}")


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} cannot be read as PEM: {error}.") from None
