"""Where each file of the folder is. The names are stable: people write them into configurations."""

from dataclasses import dataclass
from pathlib import Path

from mockpsc.errors import ConfigurationError
from mockpsc.vocabulary import FILE_NAME, is_file_name


@dataclass(frozen=True, kw_only=True)
class PairFiles:
    """A certificate and its private key."""

    cert: Path
    key: Path


@dataclass(frozen=True, kw_only=True)
class ServerFiles(PairFiles):
    """What a TLS program loads: `chain` is the certificate followed by its issuers."""

    chain: Path


@dataclass(frozen=True, kw_only=True)
class ClientFiles(ServerFiles):
    """What a relying party authenticates with; `pkcs12` is all of it in one file."""

    pkcs12: Path


@dataclass(frozen=True)
class PkiFiles:
    """The files of a folder, whether they exist or not."""

    folder: Path

    @property
    def ca(self) -> Path:
        """What relying parties trust: the root of the server certificate."""
        return self.folder / "ca.pem"

    @property
    def client_ca(self) -> Path:
        """What the mock trusts: the root of the clients' certificates, and the authority that issues them."""
        return self.folder / "client-ca.pem"

    @property
    def gitignore(self) -> Path:
        """What keeps git from the folder."""
        return self.folder / ".gitignore"

    @property
    def private_folders(self) -> tuple[Path, ...]:
        """The folders in it: each has keys, or folders that have."""
        return tuple(self.folder / name for name in ("authorities", "server", "provider", "clients"))

    @property
    def server(self) -> ServerFiles:
        """The server certificate."""
        folder = self.folder / "server"
        return ServerFiles(cert=folder / "cert.pem", key=folder / "key.pem", chain=folder / "chain.pem")

    def authority(self, name: str) -> PairFiles:
        """An authority: `server-root`, `client-root` or `client-issuing`."""
        return _pair(self.folder / "authorities", name)

    def provider(self, name: str) -> PairFiles:
        """A key of the provider's own: `signing` or `encryption`."""
        return _pair(self.folder / "provider", name)

    def client(self, client_id: str) -> ClientFiles:
        """A client's certificate; ConfigurationError when the client id cannot be the name of a folder."""
        if not is_file_name(client_id):
            raise ConfigurationError(
                f"The client id {client_id!r} cannot name the folder of its certificate: it must be {FILE_NAME}."
            )
        return files_in(self.folder / "clients" / client_id)


def files_in(folder: Path) -> ClientFiles:
    """The files of a certificate that is alone in a folder."""
    return ClientFiles(
        cert=folder / "cert.pem", key=folder / "key.pem", chain=folder / "chain.pem", pkcs12=folder / "client.p12"
    )


def _pair(folder: Path, name: str) -> PairFiles:
    return PairFiles(cert=folder / f"{name}.pem", key=folder / f"{name}-key.pem")
