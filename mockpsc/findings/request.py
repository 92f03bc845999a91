"""A request of a relying party as the rules see it: an exchange of the journal, in the light of those before it."""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from mockpsc.forwarded import HEADERS as FORWARDED
from mockpsc.journal import Content, Exchange, Handshake

FRONT = ("authorization", "logout")
BACK = ("token", "introspection", "revocation")

# The login page and the logout page send what the relying party has sent: it is not asked to answer for it twice.
OWN_PAGES = ("/login-actions/authenticate", "/logout-confirm")
# What has to be another one in each login.
ONCE = ("state", "nonce", "code_challenge")

_CODE_IN_PAGE = re.compile(r'name="code" value="([^"]+)"')


@dataclass(frozen=True, kw_only=True, eq=False)
class Request:
    """A request that a relying party sent, itself or through a person's browser.

    `handshake` is that of its connection, if the journal still has it. Of a token request, `login` is the authorization
    request whose code it brings, `spent_by` the earlier one that got tokens for that code, and `repeated` has, by the
    name of what may be used once, the earlier one for another code that was asked for with the same value.
    `knows_certificates` is whether this client has presented a certificate before, to get tokens."""

    exchange: Exchange
    handshake: Handshake | None = None
    login: "Request | None" = None
    spent_by: "Request | None" = None
    repeated: Mapping[str, "Request"] = field(default_factory=dict)
    knows_certificates: bool = False

    @cached_property
    def content(self) -> Content:
        """What was said, decoded."""
        return self.exchange.content

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The parameters in the URL."""
        return dict(self.content.query)

    @cached_property
    def form(self) -> Mapping[str, str]:
        """The parameters in the body."""
        return dict(self.content.form)

    def get(self, name: str) -> str:
        """The value of a parameter, in the body or in the URL; empty when there is none."""
        return self.form.get(name) or self.query.get(name) or ""

    def header(self, name: str) -> str:
        """The value of a header; empty when there is none."""
        return next((value for each, value in self.content.request_headers if each.lower() == name), "")

    @property
    def has_basic(self) -> bool:
        """Whether it has the credentials of HTTP Basic."""
        return self.header("authorization").lower().startswith("basic ")

    @property
    def has_certificate(self) -> bool | None:
        """Whether a certificate was presented; None when that cannot be known, since the handshake is forgotten, or
        since a proxy speaks for the client."""
        forwarded = any(name.lower() in FORWARDED for name, _ in self.content.request_headers)
        return None if self.handshake is None or forwarded else bool(self.handshake.chain)

    @cached_property
    def client(self) -> str | None:
        """The id of the client: as the mock found it, as the request says it, or as what it brings was given to it."""
        tokens = [self.get(name) for name in ("id_token_hint", "refresh_token", "access_token")]
        given_to = (claims_of(each).get("azp") for each in tokens if each)
        named = self.exchange.client_id or self.get("client_id") or next(given_to, None)
        return named or (self.login.client if self.login else None)

    @property
    def can_be_judged(self) -> bool:
        """Whether all that it says was read, and a relying party said it."""
        exchange = self.exchange
        if exchange.method not in ("GET", "POST") or exchange.path.endswith(OWN_PAGES):
            return False
        if exchange.request_body.size > len(exchange.request_body.data):
            return False
        return exchange.endpoint not in FRONT or exchange.method == "GET" or bool(self.form)


def requests(exchanges: Iterable[Exchange], handshakes: Iterable[Handshake]) -> Iterator[Request]:
    """The requests of relying parties among the exchanges of a journal, which are in the order of the journal."""
    past = _Past(handshakes)
    for exchange in exchanges:
        if exchange.endpoint in (*FRONT, *BACK, "userinfo"):
            request = past.add(exchange)
            if request.can_be_judged:
                yield request


class _Past:
    """What is known of earlier requests when a later one comes."""

    def __init__(self, handshakes: Iterable[Handshake]) -> None:
        self._handshakes = {each.connection_id: each for each in handshakes}
        self._logins: dict[str, Request] = {}
        self._spent: dict[str, Request] = {}
        self._used: dict[tuple[str, str, str], Request] = {}
        self._certified: set[str] = set()

    def add(self, exchange: Exchange) -> Request:
        request = Request(exchange=exchange, handshake=self._handshakes.get(exchange.connection_id))
        if exchange.endpoint == "authorization":
            self._logins.update(dict.fromkeys(_codes(request), request))
        if exchange.endpoint == "token":
            request = self._exchanging(request)
            if request.has_certificate and request.client:
                self._certified.add(request.client)
        return replace(request, knows_certificates=request.client in self._certified)

    def _exchanging(self, request: Request) -> Request:
        code = request.get("code")
        login = self._logins.get(code)
        client = (login.client if login else None) or ""
        known = {name: (client, name, login.get(name)) for name in ONCE if login and login.get(name)}
        repeated = {name: self._used[key] for name, key in known.items() if key in self._used}
        request = replace(
            request,
            login=login,
            spent_by=self._spent.get(code),
            repeated={name: each for name, each in repeated.items() if each.get("code") != code},
        )
        for key in known.values():
            self._used.setdefault(key, request)
        if code and request.exchange.status == 200:
            self._spent.setdefault(code, request)
        return request


def _codes(request: Request) -> Iterator[str]:
    """The code that was answered, in whatever response mode."""
    location = urlsplit(next((value for name, value in request.content.response_headers if name == "location"), ""))
    yield from (value for name, value in parse_qsl(f"{location.query}&{location.fragment}") if name == "code")
    yield from _CODE_IN_PAGE.findall(request.content.response_body.text)
    yield from (claims["code"] for _, claims in request.exchange.tokens if "code" in claims)


def claims_of(token: str) -> Mapping[str, Any]:
    """What a JWT says, whoever signed it; nothing when it cannot be read."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, LookupError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}
