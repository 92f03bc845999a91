"""The test PKI of a folder as it is: nothing is made or mended, as `open_folder` would, for it is only to be asked."""

from pathlib import Path

from cryptography import x509

from mockpsc.clock import Clock
from mockpsc.pki import Authority, Pki, PkiFiles, load_bundle, new_key, new_server_authority, server_spec


def has_pki(folder: Path) -> bool:
    """Whether a test PKI was made in that folder."""
    return PkiFiles(folder).client_ca.exists()


def read_pki(folder: Path) -> Pki:
    """The test PKI in a folder, without its clients. Raises ConfigurationError when a file of it cannot be read."""
    files = PkiFiles(folder)
    root = _authority(files, "client-root")
    issuing = _authority(files, "client-issuing", root.certificate)
    server_root = _authority(files, "server-root")
    signing, encryption = files.provider("signing"), files.provider("encryption")
    return Pki(
        authorities={"client-issuing": issuing, "client-root": root, "server-root": server_root},
        server=load_bundle(files.server.chain, files.server.key),
        server_root=server_root.certificate,
        client_anchors=(issuing.certificate, root.certificate),
        clients={},
        signing=load_bundle(signing.cert, signing.key),
        encryption=load_bundle(encryption.cert, encryption.key),
        files=files,
    )


def stand_in(folder: Path, *, clock: Clock) -> Pki:
    """A PKI in memory that no client's certificate comes from, for a mock that trusts other authorities."""
    stranger, key = new_server_authority(clock=clock), new_key("ec")
    server = stranger.issue(server_spec(key.public_key()), key, clock=clock)
    return Pki(
        authorities=dict.fromkeys(("client-issuing", "client-root", "server-root"), stranger),
        server=server,
        server_root=stranger.certificate,
        client_anchors=(),
        clients={},
        signing=server,
        encryption=server,
        files=PkiFiles(folder),
    )


def _authority(files: PkiFiles, name: str, *parents: x509.Certificate) -> Authority:
    pair = files.authority(name)
    bundle = load_bundle(pair.cert, pair.key)
    return Authority(certificate=bundle.certificate, key=bundle.key, parents=parents)
