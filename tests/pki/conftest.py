"""A PKI that is made once and copied for each test, and handshakes on loopback."""

import itertools
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from mockpsc.clock import Clock
from mockpsc.pki import (
    Authority,
    Bundle,
    Pki,
    PrivateKey,
    new_client_authority,
    new_key,
    new_server_authority,
    open_folder,
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a handshake ended: the TLS version, or what each side has to say of its failure."""

    version: str | None = None
    client_error: str = ""
    server_error: str = ""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def made_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a first start makes it. Nobody writes to it."""
    path = tmp_path_factory.mktemp("made") / "certs"
    open_folder(path, client_ids=["my-client"], clock=Clock(), notice=print)
    return path


@pytest.fixture(scope="session")
def pki(made_folder: Path) -> Pki:
    """The PKI in `made_folder`."""
    return open_folder(made_folder, client_ids=["my-client"], clock=Clock(), notice=pytest.fail)


@pytest.fixture
def folder(made_folder: Path, tmp_path: Path) -> Path:
    """A copy of `made_folder` for one test."""
    return shutil.copytree(made_folder, tmp_path / "certs")


@pytest.fixture(scope="session")
def server_authority() -> Authority:
    return new_server_authority(clock=Clock())


@pytest.fixture(scope="session")
def client_authority() -> Authority:
    return new_client_authority(clock=Clock())


@pytest.fixture(scope="session")
def rsa_keys() -> list[PrivateKey]:
    """More RSA keys than a PKI has."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda _: new_key("rsa"), range(6)))


@pytest.fixture
def ready_keys(rsa_keys: list[PrivateKey], monkeypatch: pytest.MonkeyPatch) -> None:
    """RSA keys are taken in turn from `rsa_keys`, in no time."""
    turn, real = itertools.cycle(rsa_keys), new_key
    monkeypatch.setattr("mockpsc.pki.keys.new_key", lambda kind: next(turn) if kind == "rsa" else real(kind))


@pytest.fixture
def server_context(tmp_path: Path) -> Callable[[Bundle], ssl.SSLContext]:
    """A server's context that presents a bundle."""
    return lambda bundle: _present(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), bundle, tmp_path / "server.pem")


@pytest.fixture
def client_context(tmp_path: Path) -> Callable[..., ssl.SSLContext]:
    """A client's context that trusts PEM certificates, and presents a bundle if it is given one."""

    def make(ca: bytes, bundle: Bundle | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cadata=ca.decode())
        return _present(context, bundle, tmp_path / "client.pem") if bundle else context

    return make


def _present(context: ssl.SSLContext, bundle: Bundle, path: Path) -> ssl.SSLContext:
    path.write_bytes(bundle.key_pem + bundle.chain_pem)
    context.load_cert_chain(path)
    return context


@pytest.fixture
def handshake() -> Callable[..., Outcome]:
    """A handshake between two contexts on loopback, for a host name."""

    def shake(server: ssl.SSLContext, client: ssl.SSLContext, host: str = "localhost") -> Outcome:
        with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
            listener.settimeout(10)
            served = pool.submit(_serve, listener, server)
            version, client_error = _connect(listener.getsockname(), client, host)
            server_error = served.result()
        return Outcome(version=None if client_error else version, client_error=client_error, server_error=server_error)

    return shake


def _serve(listener: socket.socket, context: ssl.SSLContext) -> str:
    connection, _ = listener.accept()
    connection.settimeout(10)
    with connection:
        try:
            with context.wrap_socket(connection, server_side=True) as tls:
                tls.sendall(b"hello")
        except OSError as error:
            return str(error)
    return ""


def _connect(address: tuple[str, int], context: ssl.SSLContext, host: str) -> tuple[str | None, str]:
    with socket.create_connection(address, timeout=10) as connection:
        try:
            with context.wrap_socket(connection, server_hostname=host) as tls:
                tls.recv(5)  # in TLS 1.3 the server's alert arrives with the first read
                return tls.version(), ""
        except OSError as error:
            return None, str(error)


@pytest.fixture
def openssl() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the openssl command, if this machine has one."""
    command = shutil.which("openssl")
    if command is None:
        pytest.skip("no openssl command on this machine")

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run([command, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=30)

    return run
