import contextlib
import json
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from observations import Case, Observations, Scene
from support import RunningMock, make_settings

from mockpsc.faults import Occasion
from mockpsc.faults.subjects import Answer

observes = Observations()

AT_JWKS: dict[str, Any] = {"match": {"endpoint": "jwks"}}
NGINX = "<center>nginx</center>"


@observes("http.none", order=AT_JWKS)
def nothing_is_wrong_and_it_is_counted(scene: Scene) -> None:
    assert scene.get().json()["keys"]
    assert [each.hits for each in scene.running.mock.faults.armed()] == [1]


@observes("http.status", order=AT_JWKS)
def the_service_is_unavailable(scene: Scene) -> None:
    response = scene.get()
    assert (response.status_code, response.content) == (503, b"")
    assert "retry-after" not in response.headers


@observes("http.status", order=AT_JWKS, status=429, retry_after=7)
def a_status_says_when_to_come_back(scene: Scene) -> None:
    response = scene.get()
    assert (response.status_code, response.headers["retry-after"]) == (429, "7")


@observes("http.rate_limit", order=AT_JWKS, limit=2, window=10)
def two_requests_pass_in_ten_seconds(scene: Scene) -> None:
    assert [scene.get().status_code for _ in range(3)] == [200, 200, 429]
    scene.running.advance(4)
    refused = scene.get()
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "6")
    assert "429 Too Many Requests" in refused.text
    scene.running.advance(7)
    assert scene.get().status_code == 200


@observes("http.rate_limit", order=AT_JWKS, limit=0, retry_after=3)
def no_request_passes(scene: Scene) -> None:
    response = scene.get()
    assert (response.status_code, response.headers["retry-after"]) == (429, "3")


@observes("http.outage", order=AT_JWKS, after=5, lasts=20)
def an_outage_begins_and_ends_by_the_clock(scene: Scene) -> None:
    assert scene.get().status_code == 200
    scene.running.advance(6)
    down = scene.get()
    assert (down.status_code, down.headers["retry-after"]) == (503, "19")
    assert NGINX in down.text
    scene.running.advance(20)
    assert scene.get().status_code == 200


@observes("http.bad_gateway", order=AT_JWKS)
def nginx_does_not_reach_keycloak(scene: Scene) -> None:
    response = scene.get()
    assert (response.status_code, response.headers["content-type"]) == (502, "text/html")
    assert response.headers["server"] == "nginx"
    assert "<title>502 Bad Gateway</title>" in response.text


@observes("http.gateway_timeout", order=AT_JWKS)
def nginx_waited_too_long_for_keycloak(scene: Scene) -> None:
    response = scene.get()
    assert (response.status_code, response.headers["content-type"]) == (504, "text/html")
    assert "<title>504 Gateway Time-out</title>" in response.text


@observes("http.redirect_loop", order=AT_JWKS)
def a_redirect_leads_nowhere(scene: Scene) -> None:
    response = scene.get()
    assert (response.status_code, response.headers["location"]) == (307, scene.running.url("jwks_uri"))
    with pytest.raises(httpx.TooManyRedirects):
        scene.get(follow_redirects=True, max_redirects=3)


@observes("http.redirect_loop", order={"match": {"endpoint": "token"}}, keep_method=False)
def a_redirect_turns_a_post_into_a_get(scene: Scene) -> None:
    response = scene.rp.exchange("a code")
    assert (response.status_code, response.headers["location"]) == (302, scene.running.url("token_endpoint"))


@observes("http.closed_without_answer", order=AT_JWKS)
@observes("http.answer_lost", order=AT_JWKS)
def the_connection_is_closed_instead(scene: Scene) -> None:
    with pytest.raises(httpx.RemoteProtocolError, match="disconnected without sending a response"):
        scene.get()
    assert unanswered(scene) == "closed"


@observes("http.closed_without_answer", order=AT_JWKS, ending="reset")
@observes("http.answer_lost", order=AT_JWKS, ending="reset")
def the_connection_is_reset_instead(scene: Scene) -> None:
    assert unanswered(scene) == "reset"


@observes("http.closed_without_answer", order=AT_JWKS, ending="no_close_notify")
@observes("http.answer_lost", order=AT_JWKS, ending="no_close_notify")
def the_connection_ends_without_a_close_notify_instead(scene: Scene) -> None:
    assert unanswered(scene) == "cut"


def unanswered(scene: Scene) -> str:
    """How a connection ends on which the JWK Set was asked for, and nothing was answered."""
    url = urlsplit(scene.running.url("jwks_uri"))
    context = ssl.create_default_context(cafile=str(scene.running.mock.connection.ca_file))
    came, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(came, goes, server_hostname=url.hostname)
    with socket.create_connection(("127.0.0.1", url.port or 443), timeout=5) as raw:
        tls_says(tls.do_handshake, raw, came, goes)
        tls.write(f"GET {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode())
        try:
            data = tls_says(lambda: tls.read(1000), raw, came, goes)
        except ConnectionResetError:
            return "reset"
        except ssl.SSLEOFError:
            return "cut"
    return "not at all" if data else "closed"


def tls_says(act: Callable[[], Any], raw: socket.socket, came: ssl.MemoryBIO, goes: ssl.MemoryBIO) -> Any:
    """What TLS says when it has all that it needs."""
    while True:
        try:
            said = act()
        except ssl.SSLWantReadError:
            raw.sendall(goes.read())
            data = raw.recv(65536)
            came.write(data) if data else came.write_eof()
        else:
            raw.sendall(goes.read())
            return said


@observes("http.fails_after_work", order={"match": {"endpoint": "token"}})
def the_code_is_spent_and_there_are_no_tokens(scene: Scene) -> None:
    code = scene.running.browser().code()
    failed = scene.rp.exchange(code)
    assert (failed.status_code, failed.json()) == (500, {"error": "unknown_error"})
    scene.running.disarm_all()
    assert scene.rp.exchange(code).json()["error"] == "invalid_grant"


@observes("http.delay", order=AT_JWKS, seconds=0.1)
def the_answer_is_late(scene: Scene) -> None:
    began = time.monotonic()
    assert scene.get().json()["keys"]
    assert time.monotonic() - began >= 0.1


@observes("http.dribble", order=AT_JWKS, pieces=4, pause=0.03)
def the_body_comes_in_pieces(scene: Scene) -> None:
    with scene.fresh_client() as client, client.stream("GET", scene.running.url("jwks_uri")) as response:
        began = time.monotonic()
        pieces = list(response.iter_raw())
        assert time.monotonic() - began >= 0.08
    assert len(pieces) == 4
    assert json.loads(b"".join(pieces))["keys"]


@observes("http.truncated", order=AT_JWKS, at=0.25)
def the_body_ends_too_early(scene: Scene) -> None:
    with pytest.raises(httpx.RemoteProtocolError, match=r"without sending complete message body"):
        scene.get()


@observes("http.content_length_too_long", order=AT_JWKS)
def the_client_waits_for_a_byte_more(scene: Scene) -> None:
    got: list[bytes] = []
    with scene.fresh_client(timeout=0.1) as client, client.stream("GET", scene.running.url("jwks_uri")) as response:
        with pytest.raises(httpx.ReadTimeout):
            got.extend(response.iter_raw())
        assert int(response.headers["content-length"]) == len(b"".join(got)) + 1
    assert json.loads(b"".join(got))["keys"]


@observes("http.content_length_too_short", order=AT_JWKS, by=2)
def the_json_is_cut_by_the_content_length(scene: Scene) -> None:
    body = scene.get().text
    assert json.loads(f"{body}]}}")["keys"]


@observes("http.no_content_length", order=AT_JWKS)
def the_body_ends_with_the_connection(scene: Scene) -> None:
    response = scene.get()
    assert response.json()["keys"]
    assert "content-length" not in response.headers
    assert response.headers["connection"] == "close"


@observes("http.empty", order=AT_JWKS)
def the_body_is_empty(scene: Scene) -> None:
    response = scene.get()
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-type"] == "application/json"


@observes("http.malformed_json", order=AT_JWKS)
def the_json_lacks_its_end(scene: Scene) -> None:
    response = scene.get()
    assert response.text.startswith('{"keys":[{"kid":')
    assert int(response.headers["content-length"]) == len(response.content)
    with pytest.raises(json.JSONDecodeError):
        response.json()


@observes("http.html_instead_of_json", order=AT_JWKS)
def a_page_is_in_the_place_of_the_json(scene: Scene) -> None:
    response = scene.get()
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<h1>Service en maintenance</h1>" in response.text


@observes("http.wrong_content_type", order={"match": {"endpoint": "discovery"}})
@observes(
    "http.wrong_content_type", order={"match": {"endpoint": "discovery"}}, content_type="text/html; charset=utf-8"
)
def the_json_is_called_html(scene: Scene) -> None:
    with scene.fresh_client() as client:
        response = client.get(scene.running.mock.connection.discovery_url)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.json()["issuer"] == scene.running.mock.connection.issuer


@observes("http.huge_body", order=AT_JWKS, megabytes=1)
def the_body_is_huge_and_good(scene: Scene) -> None:
    response = scene.get()
    assert len(response.content) > 2**20
    assert response.json()["keys"]


@observes("http.bad_gzip", order=AT_JWKS)
def the_body_is_not_compressed_as_it_says(scene: Scene) -> None:
    with pytest.raises(httpx.DecodingError, match="incorrect header check"):
        scene.get()


@observes.cases
def test_its_effect_is_on_the_wire_until_it_is_disarmed(scene: Scene, case: Case) -> None:
    case.check(scene)


BEFORE = ("http.status", "http.bad_gateway", "http.redirect_loop", "http.outage", "http.closed_without_answer")
AFTER = ("http.gateway_timeout", "http.answer_lost", "http.empty", "http.truncated", "http.malformed_json")


@pytest.mark.parametrize("name", BEFORE)
def test_what_acts_before_the_endpoint_leaves_the_code_good(scene: Scene, name: str) -> None:
    assert exchange_twice(scene, name).status_code == 200


@pytest.mark.parametrize("name", AFTER)
def test_what_acts_after_the_endpoint_has_spent_the_code(scene: Scene, name: str) -> None:
    again = exchange_twice(scene, name)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def exchange_twice(scene: Scene, name: str) -> httpx.Response:
    """The second answer of the token endpoint, when the first was faulty."""
    code = scene.running.browser().code()
    scene.running.arm(name, match={"endpoint": "token"}, times=1)
    with contextlib.suppress(httpx.TransportError):
        first = scene.rp.exchange(code)
        assert first.status_code != 200 or not is_json(first.text)
    return scene.rp.exchange(code)


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def test_any_fault_can_be_an_outage_that_begins_and_ends_by_the_clock(run: Callable[..., RunningMock]) -> None:
    scene = Scene(run())
    scene.running.mock.clock.freeze()
    scene.running.arm("http.status", match={"endpoint": "jwks"}, delay=10, ttl=20)
    assert scene.get().status_code == 200
    scene.running.advance(10)
    assert scene.get().status_code == 503
    scene.running.advance(20)
    assert scene.get().status_code == 200


def test_jitter_is_the_same_for_the_same_seed(scene: Scene) -> None:
    assert delays(scene, seed=1) == delays(scene, seed=1) != delays(scene, seed=2)


def delays(scene: Scene, *, seed: int) -> list[float]:
    """How late answers would be, as the armed fault makes them."""
    armed = scene.running.arm("http.delay", {"seconds": 1, "jitter": 1, "seed": seed})
    occasion = Occasion(listener="auth", memory=armed.memory)
    late = [armed.fault.effect(Answer(status=200), occasion).delay for _ in range(3)]
    scene.running.disarm_all()
    assert all(1 <= each <= 2 for each in late)
    return late


def test_an_answer_that_was_not_sent_has_no_status_in_the_journal(scene: Scene) -> None:
    scene.running.arm("http.answer_lost", match={"endpoint": "jwks"})
    with pytest.raises(httpx.RemoteProtocolError):
        scene.get()
    last = scene.running.mock.journal.exchanges()[-1]
    assert (last.endpoint, last.status, last.faults) == ("jwks", 0, ("http.answer_lost",))


def test_a_mock_stops_at_once_while_answers_are_late_or_never_end(certs: Path) -> None:
    running = RunningMock(make_settings(certs))
    running.arm("http.delay", {"seconds": 60}, match={"endpoint": "jwks"})
    running.arm("http.content_length_too_long", match={"endpoint": "discovery"})
    client = running.client(timeout=0.1)
    for url in (running.url("jwks_uri"), running.mock.connection.discovery_url):
        with pytest.raises(httpx.ReadTimeout):
            client.get(url)
    began = time.monotonic()
    running.stop()
    assert time.monotonic() - began < 2
