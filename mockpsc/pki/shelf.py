"""Puts certificates that were asked for into a folder, and takes the authorities that issue them out of a PKI's."""

from pathlib import Path

from mockpsc.errors import ConfigurationError
from mockpsc.pki.authority import Authority
from mockpsc.pki.bundle import Bundle
from mockpsc.pki.disk import write
from mockpsc.pki.files import ClientFiles
from mockpsc.pki.folder import PKCS12_PASSWORD, Pki


def client_authority(pki: Pki) -> Authority:
    """The authority of an open folder that issues clients' certificates."""
    return pki.authorities["client-issuing"]


def server_authority(pki: Pki) -> Authority:
    """The root of an open folder that issues server certificates."""
    return pki.authorities["server-root"]


def put(bundle: Bundle, files: ClientFiles, *, alias: str) -> None:
    """Write a bundle into files of one folder, in place of those that are there; the key, as in a PKI's folder, for its
    owner only. Raises ConfigurationError when they cannot be written."""
    folder = files.cert.parent
    try:
        _make(folder)
        files.cert.unlink(missing_ok=True)
        write(files.key, bundle.key_pem, private=True)
        write(files.chain, bundle.chain_pem, private=False)
        write(files.pkcs12, bundle.pkcs12(PKCS12_PASSWORD, alias), private=True)
        write(files.cert, bundle.cert_pem, private=False)
    except OSError as error:
        raise ConfigurationError(f"The folder {folder} cannot be written to: {error.strerror}.") from error


def _make(folder: Path) -> None:
    """Make a folder for keys, which git does not look into; one that exists is left as it is."""
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
        write(folder / ".gitignore", b"*\n", private=False)
