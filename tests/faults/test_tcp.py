import asyncio
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from observations import Case, Observations, Scene
from support import RunningMock, make_settings
from wire import ask, connect, hello, is_half_a_flight, path_of, read_all, secured, shake_hands

from mockpsc.clock import Clock
from mockpsc.faults import read_order
from mockpsc.listener import loop_factory
from mockpsc.server import Mock
from mockpsc.settings import Settings

observes = Observations()


def _server_name_of_the_last(scene: Scene) -> str | None:
    return scene.running.mock.journal.handshakes()[-1].server_name


def _first_byte(scene: Scene, timeout: float = 10) -> bytes:
    """What the mock says first to a client that sends a ClientHello."""
    with connect(scene.running) as raw:
        raw.sendall(hello())
        raw.settimeout(timeout)
        return raw.recv(1)


def _after_hello(scene: Scene) -> bytes:
    """What the mock says to a client that sends a ClientHello and closes its half."""
    with connect(scene.running) as raw:
        raw.sendall(hello())
        raw.shutdown(socket.SHUT_WR)
        return read_all(raw)


def _half_a_flight_then(scene: Scene, error: type[OSError]) -> None:
    received = bytearray()
    with connect(scene.running) as raw:
        raw.sendall(hello())
        raw.settimeout(0.1)
        with pytest.raises(error):
            read_all(raw, received)
    assert is_half_a_flight(received)


@observes("tcp.refuse")
def nothing_listens(scene: Scene) -> None:
    for listener in ("auth", "wallet"):
        with pytest.raises(ConnectionRefusedError), connect(scene.running, listener):
            pass


@observes("tcp.refuse", order={"match": {"listener": "wallet"}})
def nothing_listens_on_one_port(scene: Scene) -> None:
    shake_hands(scene.running)
    with pytest.raises(httpx.ConnectError, match="refused"):
        scene.running.browser().authorize()


@observes("tcp.reset_at_accept")
def it_is_reset_at_once(scene: Scene) -> None:
    with pytest.raises(ConnectionResetError):
        _first_byte(scene)
    assert _server_name_of_the_last(scene) is None


@observes("tcp.reset_after_hello")
def it_is_reset_when_the_hello_has_come(scene: Scene) -> None:
    with pytest.raises(ConnectionResetError):
        _first_byte(scene)
    assert _server_name_of_the_last(scene) == "localhost"


@observes("tcp.reset_mid_handshake")
def it_is_reset_after_half_a_flight(scene: Scene) -> None:
    _half_a_flight_then(scene, ConnectionResetError)


@observes("tcp.reset_mid_body", at=0.25, order={"match": {"endpoint": "jwks"}})
def it_is_reset_in_the_middle_of_the_body(scene: Scene) -> None:
    with secured(scene.running) as tls:
        ask(tls, path_of(scene.running))
        with socket.socket(fileno=tls.detach()) as raw:
            raw.settimeout(10)
            with pytest.raises(ConnectionResetError):
                read_all(raw)
    received = bytearray()
    with secured(scene.running) as tls:
        ask(tls, path_of(scene.running))
        with pytest.raises((ConnectionResetError, ssl.SSLEOFError)):  # older Pythons take one for the other
            read_all(tls, received)
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    (length,) = re.findall(rb"content-length: (\d+)", head)
    assert len(body) == int(length) // 4


@observes("tcp.close")
def it_is_closed_at_once(scene: Scene) -> None:
    assert _after_hello(scene) == b""
    assert _server_name_of_the_last(scene) is None
    with pytest.raises(ssl.SSLEOFError), secured(scene.running):
        pass


@observes("tcp.close", at="hello")
def it_is_closed_when_the_hello_has_come(scene: Scene) -> None:
    assert _after_hello(scene) == b""
    assert _server_name_of_the_last(scene) == "localhost"
    with pytest.raises(httpx.ConnectError, match="EOF"):
        scene.get()


@observes("tcp.close", at="flight")
def it_is_closed_after_half_a_flight(scene: Scene) -> None:
    assert is_half_a_flight(_after_hello(scene))


@observes("tcp.hang")
def it_hangs_at_once(scene: Scene) -> None:
    with pytest.raises(TimeoutError):
        _first_byte(scene, timeout=0.1)
    assert _server_name_of_the_last(scene) is None


@observes("tcp.hang", at="hello")
def it_hangs_when_the_hello_has_come(scene: Scene) -> None:
    with pytest.raises(httpx.ConnectTimeout):
        scene.get(timeout=0.1)
    assert _server_name_of_the_last(scene) == "localhost"


@observes("tcp.hang", at="flight")
def it_hangs_after_half_a_flight(scene: Scene) -> None:
    _half_a_flight_then(scene, TimeoutError)


@observes("tcp.slow_accept", seconds=0.15)
def it_takes_its_time_to_look_at_a_connection(scene: Scene) -> None:
    with pytest.raises(TimeoutError):
        _first_byte(scene, timeout=0.1)
    began = time.monotonic()
    shake_hands(scene.running)
    assert time.monotonic() - began >= 0.15


@observes("tcp.bandwidth", rate=40_000)
def it_is_slow(scene: Scene) -> None:
    began = time.monotonic()
    with secured(scene.running) as tls:
        ask(tls, path_of(scene.running))
        answer = read_all(tls)
    assert b'"keys"' in answer
    assert len(answer) / (time.monotonic() - began) <= 40_000


@observes("tcp.slow_close", seconds=0.15)
def the_socket_stays_open_after_the_last_byte(scene: Scene) -> None:
    with secured(scene.running) as tls:
        ask(tls, path_of(scene.running))
        assert b'"keys"' in read_all(tls)  # up to the close_notify
        with socket.socket(fileno=tls.detach()) as raw:
            raw.settimeout(0.1)
            with pytest.raises(TimeoutError):
                raw.recv(1)
            raw.settimeout(10)
            assert raw.recv(1) == b""


@observes("tcp.garbage")
def it_speaks_something_else(scene: Scene) -> None:
    assert _after_hello(scene) == b"SSH-2.0-OpenSSH_9.2\r\n"
    with pytest.raises(ssl.SSLError, match="WRONG_VERSION_NUMBER"), secured(scene.running):
        pass


@observes("tcp.garbage", text="220 mail.test ESMTP\r\n")
def it_speaks_what_it_is_told(scene: Scene) -> None:
    assert _after_hello(scene) == b"220 mail.test ESMTP\r\n"


@observes.cases
def test_its_effect_is_on_the_wire_until_it_is_disarmed(scene: Scene, case: Case) -> None:
    case.check(scene)


BROKEN: tuple[tuple[str, dict[str, str]], ...] = (
    ("tcp.reset_at_accept", {}),
    ("tcp.reset_after_hello", {}),
    ("tcp.reset_mid_handshake", {}),
    ("tcp.close", {"at": "hello"}),
    ("tcp.hang", {"at": "flight"}),
    ("tcp.garbage", {}),
)


@pytest.mark.parametrize(("name", "params"), BROKEN)
def test_a_handshake_that_it_breaks_is_told_once(scene: Scene, name: str, params: dict[str, str]) -> None:
    journal = scene.running.mock.journal
    before = len(journal.handshakes())
    scene.running.arm(name, params)
    with suppress(OSError), connect(scene.running) as raw:
        raw.sendall(hello())
        raw.shutdown(socket.SHUT_WR)
        read_all(raw)
    (handshake,) = journal.handshakes()[before:]
    assert (handshake.outcome, handshake.reason, handshake.faults) == ("broken", "fault", (name,))
    assert handshake.failed
    assert "on purpose, as an armed fault asks" in handshake.line


@pytest.mark.parametrize("at", ["accept", "hello", "flight"])
def test_a_connection_that_hangs_does_not_delay_the_end_of_the_mock(certs: Path, at: str) -> None:
    running = RunningMock(make_settings(certs))
    running.arm("tcp.hang", {"at": at})
    with connect(running) as raw, suppress(ConnectionResetError):
        raw.sendall(hello())
        raw.settimeout(0.05)
        with suppress(TimeoutError):
            read_all(raw)
        began = time.monotonic()
        running.stop()
        assert time.monotonic() - began < 1
        raw.settimeout(10)
        assert raw.recv(1) == b""


@pytest.fixture(params=["asyncio", "uvloop"] if find_spec("uvloop") else ["asyncio"])
def runner(request: pytest.FixtureRequest) -> Iterator[asyncio.Runner]:
    """asyncio's event loop, and uvloop's where it is installed."""
    with asyncio.Runner(loop_factory=None if request.param == "asyncio" else loop_factory()) as runner:
        yield runner


@pytest.mark.parametrize("options", [{}, {"impersonate": True, "wallet_bind": None}])
def test_a_port_is_refused_for_a_time_and_is_the_same_afterwards(
    certs: Path, runner: asyncio.Runner, options: dict[str, Any]
) -> None:
    runner.run(_refuse_for_a_minute(make_settings(certs, **options)))


async def _refuse_for_a_minute(settings: Settings) -> None:
    clock = Clock()
    clock.freeze()
    async with Mock(settings, clock) as mock:
        url = f"https://localhost:{mock._listeners['auth'].address.port}{_jwks_path(mock)}"
        tls = ssl.create_default_context(cafile=str(mock.connection.ca_file))
        async with httpx.AsyncClient(verify=tls) as before:
            assert (await before.get(url)).status_code == 200
            mock.faults.arm(read_order({"name": "tcp.refuse", "ttl": 60}))
            await mock.settle()
            with pytest.raises(httpx.ConnectError):
                await _get_anew(url, tls)
            assert (await before.get(url)).status_code == 200  # by the connection that it has

            clock.advance(61)
            await mock.settle()
            assert await _get_anew(url, tls) == 200


def _jwks_path(mock: Mock) -> str:
    url: str = mock.provider.discovery_document["jwks_uri"]
    return urlsplit(url).path


async def _get_anew(url: str, tls: ssl.SSLContext) -> int:
    async with httpx.AsyncClient(verify=tls) as client:
        return (await client.get(url)).status_code


def test_a_port_opens_by_itself_when_the_time_of_the_fault_is_over(run: Callable[..., RunningMock]) -> None:
    running = run()
    running.arm("tcp.refuse", ttl=0.1)
    with pytest.raises(ConnectionRefusedError), connect(running):
        pass
    began, version = time.monotonic(), ""
    while not version and time.monotonic() - began < 10:
        with suppress(ConnectionRefusedError):
            version = shake_hands(running)
    assert version


def test_a_mock_whose_port_is_shut_can_be_stopped(certs: Path) -> None:
    running = RunningMock(make_settings(certs))
    running.arm("tcp.refuse")
    began = time.monotonic()
    running.stop()
    assert time.monotonic() - began < 1
