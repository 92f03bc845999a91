"""`mockpsc handshakes` at a running mock."""

import json
import socket
import ssl
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import pytest
from click.testing import CliRunner
from cryptography import x509
from support import RunningMock

from mockpsc.cli import main


def shown(running: RunningMock, *arguments: str) -> str:
    command = ["handshakes", "--admin-url", running.mock.connection.admin_url, *arguments]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    return result.output


def refuse_one(run: Callable[..., RunningMock]) -> RunningMock:
    """A mock whose clock is far ahead, so that every client certificate has expired."""
    running = run()
    files = running.mock.pki.files.client("mockpsc-client")
    running.advance(4 * 365 * 86400)
    context = ssl.create_default_context(cafile=str(running.mock.connection.ca_file))
    context.load_cert_chain(files.cert, files.key)
    with httpx.Client(verify=context) as client, pytest.raises(httpx.ReadError):
        client.get(running.mock.connection.discovery_url)
    return running


def test_a_person_is_told_why_in_english_and_french(run: Callable[..., RunningMock]) -> None:
    told = shown(refuse_one(run))
    assert "auth-1 auth: handshake refused (expired) from 127.0.0.1:" in told
    assert "alert sent 45" in told
    assert "expired on" in told
    assert "a expiré le" in told


def test_a_machine_is_told_everything(run: Callable[..., RunningMock]) -> None:
    running = refuse_one(run)
    (handshake,) = [json.loads(line) for line in shown(running, "--json").splitlines()]
    assert (handshake["outcome"], handshake["reason"], handshake["alerts_sent"]) == ("refused", "expired", [45])
    assert (handshake["connection_id"], handshake["server_name"]) == ("auth-1", "localhost")
    assert handshake["errors"][0] == {"code": 10, "depth": 0}
    leaf = x509.load_der_x509_certificate(b64decode(handshake["chain"][0]))
    assert leaf == running.mock.pki.clients["mockpsc-client"].certificate
    assert handshake["verdict"]["fr"]["remedy"] == "Renouvelez-le."
    assert handshake["ciphers_offered"]


def test_an_exchange_bears_the_id_of_its_connection(running: RunningMock) -> None:
    running.client().get(running.mock.connection.discovery_url)
    (handshake,) = running.mock.journal.handshakes()
    (exchange,) = running.mock.journal.exchanges()
    assert exchange.connection_id == handshake.connection_id == "auth-1"


def test_plain_http_and_a_scan_are_told_apart(running: RunningMock) -> None:
    address = urlsplit(running.mock.provider.auth_url)
    with socket.create_connection((address.hostname, address.port)) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert b"plain HTTP was sent to an HTTPS port" in plain.recv(4096)
    with socket.create_connection((address.hostname, address.port)):
        pass
    told = shown(running)
    assert "plain_http" in told


def test_those_to_come_are_shown_as_they_come(running: RunningMock) -> None:
    command = [sys.executable, "-m", "mockpsc", "handshakes", "tail", "--json"]
    url = running.mock.connection.admin_url
    with subprocess.Popen([*command, "--admin-url", url], stdout=subprocess.PIPE, text=True) as tail:
        assert tail.stdout
        while not running.mock.journal.has_followers:
            httpx.get(f"{url}/healthz")
        running.client().get(running.mock.connection.discovery_url)
        assert json.loads(tail.stdout.readline())["connection_id"] == "auth-1"
        tail.terminate()


def test_without_a_mock_it_says_so() -> None:
    result = CliRunner().invoke(main, ["handshakes", "--admin-url", "http://127.0.0.1:9"])
    assert result.exit_code == 2
    assert "No mock answers at http://127.0.0.1:9" in result.output
