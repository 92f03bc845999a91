"""One request is one occasion, at whatever points faults are asked; one that no fault is for is left alone."""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from observations import Scene
from support import RunningMock, decoded, make_settings

from mockpsc.journal import Exchange

YESTERDAY = {"seconds": -86400}


def raw(running: RunningMock, request: bytes, *, member: str = "jwks_uri") -> bytes:
    """What comes back on a connection of its own, to its end."""
    address = urlsplit(running.url(member))
    context = ssl.create_default_context(cafile=str(running.mock.connection.ca_file))
    files = running.mock.pki.files.client("mockpsc-client")
    context.load_cert_chain(files.chain, files.key)
    with (
        socket.create_connection((address.hostname, address.port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=address.hostname) as secured,
    ):
        secured.sendall(request.replace(b"PATH", address.path.encode()))
        received = b""
        while piece := secured.recv(65536):
            received += piece
    return received


def lifetimes(scene: Scene) -> list[int]:
    """How long the two tokens of a login live, by the clock of this machine, to the hour."""
    tokens, now = scene.rp.login(), time.time()
    return [round((decoded(tokens[kind])["exp"] - now) / 3600) for kind in ("access_token", "id_token")]


class TestCounting:
    @pytest.mark.parametrize(
        ("trigger", "expected"),
        [({"times": 1}, [[-24, -24], [0, 0], [0, 0]]), ({"every": 2}, [[0, 0], [-24, -24], [0, 0]])],
    )
    def test_a_fault_of_two_tokens_counts_a_login_once(
        self, scene: Scene, trigger: dict[str, int], expected: list[list[int]]
    ) -> None:
        armed = scene.running.arm("clock.wrong", YESTERDAY, **trigger)
        assert [lifetimes(scene) for _ in expected] == expected
        assert armed.hits == 1

    def test_a_step_of_a_scenario_lasts_for_a_whole_login(self, run: Callable[..., RunningMock]) -> None:
        steps = [{"name": "clock.wrong", "params": YESTERDAY}, {"name": "http.none", "match": {"endpoint": "token"}}]
        scene = Scene(run(scenarios=({"name": "once", "steps": steps, "start": True},)))
        assert [lifetimes(scene), lifetimes(scene)] == [[-24, -24], [0, 0]]

    def test_a_connection_meets_one_step_whatever_others_do_meanwhile(self, run: Callable[..., RunningMock]) -> None:
        steps = [
            {"name": "tcp.slow_accept", "params": {"seconds": 0.1}},
            {"name": "tls.alert", "params": {"number": 80}},
            {"name": "tls.alert", "params": {"number": 86}},
        ]
        running = run(scenarios=({"name": "in turn", "steps": steps, "match": {"listener": "auth"}, "start": True},))
        context = ssl.create_default_context(cafile=str(running.mock.connection.ca_file))

        async def visit() -> int | str:
            async with httpx.AsyncClient(verify=context) as client:
                try:
                    return (await client.get(running.url("jwks_uri"))).status_code
                except httpx.ConnectError as error:
                    return str(error)

        async def visits() -> list[int | str]:
            first = asyncio.create_task(visit())
            while running.mock.faults.play("in turn").position == 0:  # type: ignore[union-attr]  # it is played
                await asyncio.sleep(0)
            return [await visit(), await first]

        second, first = asyncio.run(visits())
        assert first == 200
        assert "internal error" in str(second)


class TestHeader:
    """A request that asks for a fault of its own, at a mock where nothing is armed."""

    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            ("http.status;status=429", 429),
            ("http.empty", b""),
            ('http.wrong_content_type;content_type="text/x; a=b, c"', "text/x; a=b, c"),
            ("jwks.empty", b'{"keys":[]}'),
            ("http.truncated", httpx.RemoteProtocolError),
            ("http.closed_without_answer", httpx.RemoteProtocolError),
        ],
    )
    def test_it_gets_what_it_asks_for(self, scene: Scene, fault: str, expected: object) -> None:
        client = scene.fresh_client(headers={"X-Mockpsc-Fault": fault})
        if isinstance(expected, type):
            with pytest.raises(httpx.RemoteProtocolError):
                client.get(scene.running.url("jwks_uri"))
        else:
            answer = client.get(scene.running.url("jwks_uri"))
            assert expected in (answer.status_code, answer.content, answer.headers.get("content-type"))
        assert scene.running.mock.journal.exchanges()[-1].faults == (fault.partition(";")[0],)
        assert scene.get().status_code == 200

    def test_it_may_ask_in_several_lines(self, scene: Scene) -> None:
        lines = [("X-Mockpsc-Fault", "http.status;status=418"), ("X-Mockpsc-Fault", "http.wrong_content_type")]
        answer = scene.fresh_client().get(scene.running.url("jwks_uri"), headers=lines)
        assert (answer.status_code, answer.headers["content-type"]) == (418, "text/html; charset=utf-8")


class TestOthers:
    def test_an_answer_that_no_fault_is_for_is_sent_as_it_was(self, scene: Scene) -> None:
        requests = [
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
            for method in ("GET", "HEAD", "OPTIONS")
            for path in ("PATH", "/nowhere")
        ]
        quiet = [heads(raw(scene.running, request)) for request in requests]
        scene.running.arm("http.status", match={"client": "nobody"})
        assert [heads(raw(scene.running, request)) for request in requests] == quiet

    def test_a_fault_is_not_spent_on_a_client_that_left_before_it_had_asked(self, scene: Scene) -> None:
        armed = scene.running.arm("http.fails_after_work", match={"endpoint": "token"}, times=1)
        half = b"POST PATH HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
        half += b"Content-Type: application/x-www-form-urlencoded\r\n\r\ngrant_type="
        address = urlsplit(scene.running.url("token_endpoint"))
        context = ssl.create_default_context(cafile=str(scene.running.mock.connection.ca_file))
        with (
            socket.create_connection((address.hostname, address.port)) as plain,
            context.wrap_socket(plain, server_hostname=address.hostname) as secured,
        ):
            secured.sendall(half.replace(b"PATH", address.path.encode()))
        scene.running.event(endpoint="token")
        assert armed.hits == 0
        assert scene.rp.exchange(scene.running.browser().code()).status_code == 500
        assert armed.hits == 1

    def test_a_late_answer_is_given_up_with_the_client_that_waited_for_it(self, scene: Scene) -> None:
        scene.running.arm("http.delay", {"seconds": 3000}, match={"endpoint": "jwks"})
        with pytest.raises(httpx.ReadTimeout):
            scene.get(timeout=0.1)
        exchange = scene.running.event(kind="exchange")
        assert isinstance(exchange, Exchange)
        assert (exchange.status, exchange.faults) == (0, ("http.delay",))


class TestHttp:
    @pytest.mark.parametrize("fault", ["http.no_content_length", "http.truncated", "http.content_length_too_short"])
    def test_the_answer_to_head_has_no_body(self, scene: Scene, fault: str) -> None:
        scene.running.arm(fault, match={"endpoint": "jwks"})
        answer = raw(scene.running, b"HEAD PATH HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert answer.endswith(b"\r\n\r\n")

    @pytest.mark.parametrize("status", [204, 304])
    def test_an_answer_that_has_no_body_has_no_length(self, scene: Scene, status: int) -> None:
        scene.running.arm("http.status", {"status": status}, match={"endpoint": "jwks"})
        answer = scene.get()
        assert answer.status_code == status
        assert "content-length" not in answer.headers

    def test_an_answer_in_the_place_of_an_endpoints_says_that_it_is_a_mocks(self, scene: Scene) -> None:
        scene.running.arm("http.bad_gateway", match={"endpoint": "jwks"})
        assert "mock for tests" in scene.get().headers["mockpsc"]


class TestPorts:
    @pytest.fixture
    def own(self, certs: Path) -> Iterator[RunningMock]:
        mock = RunningMock(make_settings(certs))
        yield mock
        mock.stop()

    def test_a_port_that_was_taken_meanwhile_is_opened_when_it_is_free(self, own: RunningMock) -> None:
        address = urlsplit(own.mock.provider.auth_url)
        own.arm("tcp.refuse", match={"listener": "auth"})
        with socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", int(address.port or 0)))
            taken.listen()
            with pytest.raises(Exception, match="is in use"):
                own.disarm_all()
        own.disarm_all()
        assert own.client().get(own.url("jwks_uri")).status_code == 200

    def test_a_clock_that_stands_wakes_nobody(self, own: RunningMock) -> None:
        own.mock.clock.freeze()
        own.arm("http.none", delay=0.001)
        assert own.mock.faults.next_change() is None
        own.mock.clock.thaw()
        own.arm("http.none", delay=60)
        assert 0 < (own.mock.faults.next_change() or 0) <= 60


def heads(answer: bytes) -> list[str]:
    """The names of the headers, in order."""
    return [line.partition(b":")[0].decode() for line in answer.partition(b"\r\n\r\n")[0].split(b"\r\n")]
