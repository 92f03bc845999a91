"""Who may talk to the admin listener: from this machine, from another, and by which name."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from admin_api import Api, detail
from starlette.responses import PlainTextResponse

from mockpsc.admin.guard import Guard
from mockpsc.settings import load

TOKEN = "a-token-of-some-length"
ELSEWHERE = "192.0.2.1"


@pytest.fixture
def ask() -> Callable[..., httpx.Response]:
    """Asks a guarded application, from a machine that has that address."""

    def ask(path: str, peer: str, *, token: str | None = TOKEN, method: str = "GET", **headers: str) -> httpx.Response:
        guarded = Guard(PlainTextResponse("done"), names={"admin.example"}, token=token)

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(guarded, client=(peer, 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8480") as client:
                return await client.request(method, path, headers=headers)

        return asyncio.run(send())

    return ask


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_this_machine_needs_no_token(ask: Callable[..., httpx.Response], peer: str) -> None:
    assert ask("/api/reset", peer, method="POST").text == "done"
    assert ask("/api/reset", peer, method="POST", token=None).text == "done"


@pytest.mark.parametrize("peer", [ELSEWHERE, "2001:db8::1", "::ffff:192.0.2.1", "testclient"])
@pytest.mark.parametrize("path", ["/api/faults", "/api/openapi.json", "/nowhere", "/healthz/"])
def test_another_machine_needs_the_token(ask: Callable[..., httpx.Response], peer: str, path: str) -> None:
    response = ask(path, peer)
    assert "none came: send Authorization: Bearer" in detail(response, 401)
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert ask(path, peer, Authorization=f"Bearer {TOKEN}").text == "done"
    assert ask(path, peer, Authorization=f"bearer {TOKEN}").text == "done"


@pytest.mark.parametrize("sent", [f"Bearer {TOKEN}x", "Bearer", "Bearer é", f"Basic {TOKEN}", TOKEN])
def test_a_wrong_token_is_refused(ask: Callable[..., httpx.Response], sent: str) -> None:
    transported: Any = sent.encode("latin-1")
    assert "the token is another" in detail(ask("/api/faults", ELSEWHERE, Authorization=transported), 401)


def test_without_a_token_another_machine_is_told_how_to_set_one(ask: Callable[..., httpx.Response]) -> None:
    response = ask("/api/faults", ELSEWHERE, token=None, Authorization="Bearer None")
    assert "MOCKPSC_ADMIN_TOKEN" in detail(response, 403)


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/ca.pem", "/callback", "/pki/client-issuing.crl", "/ocsp", "/ocsp/x"]
)
def test_what_others_must_reach_is_open_to_all(ask: Callable[..., httpx.Response], path: str) -> None:
    assert ask(path, ELSEWHERE).text == "done"


@pytest.mark.parametrize("peer", ["127.0.0.1", ELSEWHERE])
def test_a_name_that_points_here_is_refused(ask: Callable[..., httpx.Response], peer: str) -> None:
    for host in ("evil.example", "localhost.evil.example", "[::", ""):
        response = ask("/api/faults", peer, Host=host, Authorization=f"Bearer {TOKEN}")
        assert "is not known as" in detail(response, 421)
    for host in ("localhost", "admin.example:8480", "[::1]:8480", "10.0.0.1"):
        assert ask("/api/faults", peer, Host=host, Authorization=f"Bearer {TOKEN}").text == "done"


def test_the_token_of_a_running_mock_is_that_of_its_options(start: Callable[..., Api]) -> None:
    api = start(admin_token=TOKEN)
    assert api.get("/api/health")["status"] == "ok"
    assert "evil.example" in detail(api.http.get("/api/faults", headers={"Host": "evil.example"}), 421)


def test_a_token_is_read_from_the_environment_and_never_shown() -> None:
    settings = load({}, environment={"MOCKPSC_ADMIN_TOKEN": TOKEN})
    assert settings.admin_token == TOKEN
    assert TOKEN not in repr(settings)
    for wrong in ("short", "with a space in it", ""):
        with pytest.raises(Exception, match="8 printable ASCII characters") as refused:
            load({}, environment={"MOCKPSC_ADMIN_TOKEN": wrong})
        assert not wrong or wrong not in str(refused.value).partition("expected")[0]
