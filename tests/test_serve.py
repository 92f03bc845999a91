"""The command, as a process of its own."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from support import ANY_PORT, PERSONA, RunningMock, answer

from mockpsc.clock import Clock
from mockpsc.kinds import Address
from mockpsc.pki import Bundle, open_folder, server_spec, sign
from mockpsc.pki.recipes import make_key

MEMBERS = [
    *("issuer", "discovery_url", "wallet_url", "admin_url", "client_id"),
    *("ca_file", "client_cert_file", "client_key_file", "login_url"),
]
FREE = ["--auth-bind", str(ANY_PORT), "--wallet-bind", str(ANY_PORT), "--admin-bind", str(ANY_PORT)]


class Served:
    """A `mockpsc serve` that prints JSON."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self._clients: list[httpx.Client] = []
        command = [sys.executable, "-m", "mockpsc", "serve", "--json", *arguments]
        env = {**os.environ, **environment}
        self.process = subprocess.Popen(
            command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        self.told = json.loads(line)

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Seconds until the process ended after a signal."""
        started = time.monotonic()
        self.process.send_signal(number)
        self.out, self.err = self.process.communicate(timeout=20)
        elapsed = time.monotonic() - started
        for client in self._clients:
            client.close()
        return elapsed

    def client(self, *, certificate: bool = False) -> httpx.Client:
        context = ssl.create_default_context(cafile=self.told["ca_file"])
        if certificate:
            context.load_cert_chain(self.told["client_cert_file"], self.told["client_key_file"])
        self._clients.append(httpx.Client(verify=context))
        return self._clients[-1]


@pytest.fixture
def serve(tmp_path: Path, certs: Path) -> Iterator[Callable[..., Served]]:
    started: list[Served] = []

    def start(*arguments: str, **environment: str) -> Served:
        given = [*FREE, "--certs", str(certs), *arguments]
        started.append(Served(tmp_path, *given, **environment))
        return started[-1]

    yield start
    for served in started:
        if served.process.poll() is None:
            served.stop()


def refused(folder: Path, *arguments: str) -> str:
    """What the command says when it refuses to start."""
    command = [sys.executable, "-m", "mockpsc", "serve", *arguments]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 2, ended
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_a_login_on_a_machine_where_nothing_was_set_up(tmp_path: Path) -> None:
    served = Served(tmp_path, *FREE)
    assert list(served.told) == MEMBERS
    assert (tmp_path / "certs" / "ca.pem").samefile(served.told["ca_file"])
    browser, rp = served.client(), served.client(certificate=True)
    document = rp.get(served.told["discovery_url"]).json()
    code = answer(browser.get(served.told["login_url"], params={**_query(served), "login_hint": PERSONA}))["code"]
    form = {"grant_type": "authorization_code", "code": code, "client_id": served.told["client_id"]}
    redirect = {"redirect_uri": f"{served.told['admin_url']}/callback"}
    tokens = rp.post(document["token_endpoint"], data={**form, **redirect}).json()
    assert tokens["token_type"] == "Bearer"
    served.stop()
    assert served.out == ""
    assert "POST /auth/realms/esante-wallet/protocol/openid-connect/token 200" in served.err


def _query(served: Served) -> dict[str, str]:
    return dict(httpx.URL(served.told["login_url"]).params)


def test_the_login_to_try_ends_on_a_page_with_the_next_command(serve: Callable[..., Served]) -> None:
    served = serve()
    browser = served.client()
    response = browser.get(served.told["login_url"], params={**_query(served), "login_hint": PERSONA})
    page = httpx.get(response.headers["location"])
    assert page.status_code == 200
    assert "curl" in page.text
    assert answer(response)["code"] in page.text


def test_the_admin_listener_tells_health_and_the_ca(serve: Callable[..., Served]) -> None:
    served = serve()
    admin = served.told["admin_url"]
    assert httpx.get(f"{admin}/healthz").json()["status"] == "ok"
    assert httpx.get(f"{admin}/ca.pem").text == Path(served.told["ca_file"]).read_text()
    page = httpx.get(admin).text
    for member in MEMBERS[:-1]:
        assert served.told[member] in page


def test_a_page_elsewhere_cannot_have_its_name_point_at_the_admin_listener(shared: RunningMock) -> None:
    admin = shared.mock.connection.admin_url
    rebound = httpx.get(f"{admin}/api/handshakes", headers={"Host": "evil.example:80"})
    assert rebound.status_code == 421
    assert "--admin-url" in rebound.text
    port = admin.rpartition(":")[2]
    for host in (f"localhost:{port}", "app.localhost", f"127.0.0.1:{port}", "[::1]:80"):
        answered = httpx.get(f"{admin}/healthz", headers={"Host": host})
        assert answered.status_code == 200
        assert answered.headers["mockpsc"] == "a mock for tests, not Pro Sante Connect"
    assert httpx.get(f"{admin}/pki/client-issuing.crl", headers={"Host": "mockpsc"}).status_code == 200


def test_the_login_to_try_is_one_that_the_client_may_send(run: Callable[..., RunningMock]) -> None:
    running = run(
        expose=True,
        admin_bind=Address("0.0.0.0", 0),
        clients=(
            {"id": "one", "authentication": "secret", "secret": "s", "redirect_uris": ["https://one.test/"]},
            {"id": "two", "redirect_uris": ["https://two.test/*"], "scopes": ["profile"]},
        ),
    )
    told = running.mock.connection
    assert told.admin_url.startswith("http://127.0.0.1:")
    assert told.client_id == told.client_cert_file.parent.name == "two"
    response = running.client().get(told.login_url)
    assert response.status_code == 200
    assert "https://two.test/" in response.text


def test_it_stops_at_once_while_its_handshakes_are_followed(serve: Callable[..., Served]) -> None:
    served = serve()
    with httpx.Client() as client, client.stream("GET", f"{served.told['admin_url']}/api/handshakes?follow=1") as told:
        assert told.status_code == 200
        assert served.stop() < 1
    assert "Traceback" not in served.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_at_once_with_idle_clients(serve: Callable[..., Served], number: int) -> None:
    served = serve()
    clients = [served.client(certificate=True) for _ in range(3)]
    for client in clients:
        assert client.get(served.told["discovery_url"]).status_code == 200
    httpx.get(f"{served.told['admin_url']}/healthz")
    assert served.stop(number) < 1
    assert served.process.returncode == 0


def test_people_are_told_what_to_paste(tmp_path: Path, certs: Path) -> None:
    command = [sys.executable, "-m", "mockpsc", "serve", *FREE, "--certs", str(certs)]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    lines = iter(process.stdout.readline, "")
    printed = "".join(line for line, _ in zip(lines, range(14), strict=False))
    process.terminate()
    process.communicate()
    for words in (
        "never for production",
        "wallet-openid-configuration",
        "mockpsc-client",
        "ca.pem",
        "cert.pem",
        "key.pem",
    ):
        assert words in printed


def test_an_impersonating_mock_answers_as_the_real_hosts(serve: Callable[..., Served]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"127.0.0.1:{port}"
    served = serve("--impersonate", "--auth-bind", address, "--wallet-bind", address)
    assert served.told["issuer"] == "https://auth.bas.psc.esante.gouv.fr/auth/realms/esante-wallet"
    curl = ["curl", "--silent", "--show-error", "--cacert", served.told["ca_file"]]
    for host, path, expected in (
        (
            "auth",
            "/auth/realms/esante-wallet/.well-known/wallet-openid-configuration",
            '{"issuer":"https://auth.bas.psc',
        ),
        ("wallet", "/auth?client_id=", "Client not found."),
        ("auth", "/auth?client_id=", "HTTP 404 Not Found"),
    ):
        url = f"https://{host}.bas.psc.esante.gouv.fr{path}"
        command = [*curl, "--connect-to", f"::{address}", url]
        assert expected in subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for host, asked in (("auth", True), ("wallet", False)):
        name = f"{host}.bas.psc.esante.gouv.fr"
        command = ["openssl", "s_client", "-connect", address, "-servername", name]
        shown = subprocess.run(command, input="", capture_output=True, text=True, check=False).stdout
        assert ("Acceptable client certificate CA names" in shown) is asked


class TestRefusals:
    def test_a_port_in_use(self, tmp_path: Path, certs: Path) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            said = refused(tmp_path, *FREE, "--certs", str(certs), "--auth-bind", address)
        assert f"{address} is in use" in said
        assert "--auth-bind HOST:PORT" in said

    def test_a_key_that_is_not_the_certificates(self, tmp_path: Path, certs: Path) -> None:
        folder = own_pki(tmp_path, certs)
        (folder / "server" / "key.pem").write_text((folder / "clients" / "mockpsc-client" / "key.pem").read_text())
        said = refused(tmp_path, *FREE, "--certs", str(folder))
        assert said.count("\n") == 1
        assert "key.pem" in said
        assert "is not that of" in said

    def test_a_certificate_that_cannot_be_read(self, tmp_path: Path, certs: Path) -> None:
        folder = own_pki(tmp_path, certs)
        (folder / "server" / "cert.pem").write_text("not a certificate")
        assert "cert.pem" in refused(tmp_path, *FREE, "--certs", str(folder))

    def test_an_expired_authority(self, tmp_path: Path) -> None:
        past = Clock()
        past.advance(-11 * 366 * 86400)
        folder = tmp_path / "old"
        open_folder(folder, client_ids=["mockpsc-client"], clock=past, notice=print)
        said = refused(tmp_path, *FREE, "--certs", str(folder))
        assert "expired" in said

    def test_a_server_key_that_is_too_weak(self, tmp_path: Path, certs: Path) -> None:
        key = make_key("rsa-1024")
        certificate = sign(server_spec(key.public_key()), key, clock=Clock())
        bundle = Bundle(certificate=certificate, key=key)
        (tmp_path / "weak.pem").write_bytes(bundle.cert_pem)
        (tmp_path / "weak-key.pem").write_bytes(bundle.key_pem)
        weak = ["--server-cert", "weak.pem", "--server-key-file", "weak-key.pem"]
        said = refused(tmp_path, *FREE, "--certs", str(certs), *weak)
        assert "OpenSSL will not serve with the certificate" in said
        assert "ee key too small" in said

    def test_an_unknown_flag_is_answered_with_the_nearest(self, tmp_path: Path) -> None:
        assert "--auth-bind" in refused(tmp_path, "--auth-bnd", "x")

    def test_an_unknown_persona_is_answered_with_the_nearest(self, tmp_path: Path, certs: Path) -> None:
        said = refused(tmp_path, *FREE, "--certs", str(certs), "--login", "auto", "--persona", "ANS2024031710452")
        assert "did you mean 'ANS20240317104523'" in said


def own_pki(tmp_path: Path, certs: Path) -> Path:
    folder = tmp_path / "own"
    open_folder(folder, client_ids=["mockpsc-client"], clock=Clock(), notice=print)
    return folder
