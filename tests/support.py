"""Mocks that run in this process, on real sockets, and the two parties that talk to one: browser and relying party."""

import asyncio
import json
import ssl
import threading
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx

from mockpsc.faults import Armed, read_order
from mockpsc.journal import Event, Filter
from mockpsc.kinds import Address
from mockpsc.pki import ClientFiles
from mockpsc.profiles import shipped_tables
from mockpsc.server import Mock
from mockpsc.settings import Settings

GOLDEN = Path(__file__).parent / "golden"
CALLBACK = "https://rp.example.test/callback"
PERSONA = str(shipped_tables()[0]["id"])
ANY_PORT = Address("127.0.0.1", 0)

T = TypeVar("T")


class RunningMock:
    """A mock in a thread of its own, with the parties that talk to it."""

    def __init__(self, settings: Settings) -> None:
        self._started, self._stop = threading.Event(), asyncio.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(settings)))
        self._closers: list[Callable[[], None]] = []
        self._thread.start()
        self._started.wait()
        if self._failure:
            raise self._failure

    async def _run(self, settings: Settings) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            self.mock = Mock(settings)
            async with self.mock:
                self._started.set()
                await self._stop.wait()
        except BaseException as failure:
            self._failure = failure
            self._started.set()

    def stop(self) -> None:
        for close in self._closers:
            close()
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def call(self, act: Callable[[], T]) -> T:
        """Do something to the mock in its own thread, and wait until it has taken effect."""

        async def do() -> T:
            done = act()
            await self.mock.settle()
            return done

        return asyncio.run_coroutine_threadsafe(do(), self._loop).result(timeout=10)

    def arm(self, name: str, params: dict[str, Any] | None = None, /, **more: Any) -> Armed:
        """Arm a fault, with `match`, `times` and so on as the admin API takes them."""
        order = read_order({"name": name, "params": params or {}, **more})
        return self.call(lambda: self.mock.faults.arm(order))

    def disarm_all(self) -> None:
        self.call(self.mock.faults.reset)

    def event(self, **filter: Any) -> Event:
        """The first event of that kind, waited for if it has not come yet."""

        async def wait() -> Event | None:
            return await self.mock.journal.wait(Filter(**filter), timeout=10)

        event = asyncio.run_coroutine_threadsafe(wait(), self._loop).result(timeout=15)
        assert event is not None
        return event

    def advance(self, seconds: float) -> None:
        self.mock.clock.advance(seconds)

    def hints(self) -> list[str | None]:
        return [exchange.hint for exchange in self.mock.journal.exchanges()]

    def client(
        self, certificate_of: str | None = None, *, files: ClientFiles | None = None, **options: Any
    ) -> httpx.Client:
        """An HTTP client that trusts the mock, with the certificate of a client id, or in files, or without one."""
        context = ssl.create_default_context(cafile=str(self.mock.connection.ca_file))
        if certificate_of is not None:
            files = self.mock.pki.files.client(certificate_of)
        if files is not None:
            context.load_cert_chain(files.chain, files.key)
        client = httpx.Client(verify=context, **options)
        self._closers.append(client.close)
        return client

    def browser(self, **options: Any) -> "Browser":
        return Browser(self, self.client(**options))

    def relying_party(self, client_id: str = "mockpsc-client", **options: Any) -> "RelyingParty":
        return RelyingParty(self, client_id, self.client(options.pop("certificate_of", client_id)), **options)

    def url(self, member: str) -> str:
        url: str = self.mock.provider.discovery_document[member]
        return url


@dataclass
class Browser:
    """A person's browser: no client certificate, and cookies."""

    running: RunningMock
    http: httpx.Client

    def authorize(self, url: str | None = None, **changes: str | None) -> httpx.Response:
        """Send an authorization request that logs a persona in, with some parameters changed or (None) left out."""
        request: dict[str, str | None] = {
            "response_type": "code",
            "client_id": "mockpsc-client",
            "redirect_uri": CALLBACK,
            "scope": "openid scope_all",
            "state": "a state",
            "nonce": "a nonce",
            "acr_values": "eidas1",
            "login_hint": PERSONA,
        }
        parameters = {name: value for name, value in (request | changes).items() if value is not None}
        return self.http.get(url or self.running.url("authorization_endpoint"), params=parameters)

    def code(self, **changes: str | None) -> str:
        return answer(self.authorize(**changes))["code"]


@dataclass
class RelyingParty:
    """A relying party's back channel."""

    running: RunningMock
    client_id: str
    http: httpx.Client
    extra: dict[str, str] = field(default_factory=dict)

    def post(self, member: str, **form: str | None) -> httpx.Response:
        data = {"client_id": self.client_id, **self.extra, **form}
        return self.http.post(self.running.url(member), data={name: v for name, v in data.items() if v is not None})

    def exchange(self, code: str, /, **changes: str | None) -> httpx.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        return self.post("token_endpoint", **{**form, **changes})

    def refresh(self, refresh_token: str, **changes: str | None) -> httpx.Response:
        return self.post("token_endpoint", grant_type="refresh_token", refresh_token=refresh_token, **changes)

    def login(self, **changes: str | None) -> dict[str, Any]:
        """Log a persona in and exchange the code: the token response."""
        code = self.running.browser().code(client_id=self.client_id, **changes)
        response = self.exchange(code)
        assert response.status_code == 200, response.text
        return dict(response.json())

    def userinfo(self, access_token: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {access_token}"}
        return self.http.get(self.running.url("userinfo_endpoint"), headers=headers)

    def introspect(self, token: str) -> dict[str, Any]:
        return dict(self.post("introspection_endpoint", token=token).json())


def answer(response: httpx.Response) -> dict[str, str]:
    """The parameters of an authorization response, in the query or in the fragment."""
    assert response.status_code == 302, response.text
    location = urlsplit(response.headers["location"])
    sent = parse_qs(location.query or location.fragment, keep_blank_values=True)
    return {name: values[0] for name, values in sent.items()}


def decoded(token: str) -> dict[str, Any]:
    """The payload of a JWT, unverified."""
    payload = token.split(".")[1]
    return dict(json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))


def make_settings(certs: Path, /, **options: Any) -> Settings:
    ports = {"auth_bind": ANY_PORT, "wallet_bind": ANY_PORT, "admin_bind": ANY_PORT}
    return Settings(**{"certs": certs, **ports, **options})
