"""A mock Pro Santé Connect as a test sees it: one object, whether the mock runs in this process or in a container."""

import asyncio
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from mockpsc.client import AdminClient
from mockpsc.errors import Unusable
from mockpsc.faults import Match, Order
from mockpsc.psc.browser import Arrival, Browser, LoginFailed
from mockpsc.psc.certificates import Certificates
from mockpsc.psc.credentials import RelyingParty
from mockpsc.psc.driving import answer, location_of, not_following
from mockpsc.psc.events import Events, Exchange, Handshake
from mockpsc.psc.faults import ArmedFault
from mockpsc.psc.findings import Finding
from mockpsc.psc.people import Person
from mockpsc.psc.time_and_keys import PscClock, PscKeys

_MATCH = tuple(each.name for each in fields(Match))
_TRIGGER = tuple(each.name for each in fields(Order) if each.name not in ("name", "params", "match"))


class Psc:
    """A running mock, through its admin API.

    `folder` is where certificates are put. What a method cannot do as asked raises ConfigurationError with the mock's
    own words; an expectation that is not met raises AssertionError. Every method can be called from any thread.

    With `own_client` the mock is shared with other test processes: what a test sees, arms and resets is that client's
    alone."""

    def __init__(
        self, admin_url: str, *, folder: Path, token: str | None = None, own_client: str | None = None
    ) -> None:
        self.admin = AdminClient(admin_url, token=token)
        self._folder, self._own = folder, own_client
        self._connection: dict[str, str] = self.admin.get("/api/connection")
        self.own_client = own_client or self._connection["client_id"]
        self.default_client: str = self.own_client
        self.default_persona: str | None = None
        self._parties: dict[str, RelyingParty] = {}
        self._armed: list[ArmedFault] = []
        self._since = 0
        self.ca_file = self._fetched_ca()
        self.certs = Certificates(
            self.admin, folder / "certificates", ca_file=self.ca_file, default_client=lambda: self.default_client
        )
        self.clock, self.keys = PscClock(self.admin), PscKeys(self.admin)

    # Where it is.

    @property
    def issuer(self) -> str:
        """The issuer URL."""
        return self._connection["issuer"]

    @property
    def discovery_url(self) -> str:
        """The URL of the discovery document."""
        return self._connection["discovery_url"]

    @property
    def authorization_endpoint(self) -> str:
        """The URL of the login page."""
        return self._connection["wallet_url"]

    @property
    def admin_url(self) -> str:
        """The origin of the admin API."""
        return self._connection["admin_url"]

    # Who takes part.

    def client(self, client_id: str | None = None) -> RelyingParty:
        """What that relying party needs to call the mock; its certificate is issued when it has none yet."""
        id = client_id or self.default_client
        if id not in self._parties:
            told = self.admin.post(f"/api/clients/{quote(id, safe='')}/certificate")
            self._parties[id] = self._party(id, told, secret=None)
        return self._parties[id]

    def add_client(self, client_id: str, **table: Any) -> RelyingParty:
        """Declare a client until the next reset, with the members of a `[[clients]]` table."""
        told = self.admin.post("/api/clients", {"id": client_id, **table})
        certificate = told["certificate"] or self.admin.post(f"/api/clients/{quote(client_id, safe='')}/certificate")
        self._parties[client_id] = self._party(client_id, certificate, secret=table.get("secret"))
        return self._parties[client_id]

    @property
    def personas(self) -> dict[str, Person]:
        """The people who can log in, by id, in the order of the login page."""
        people = [Person.of(each) for each in self.admin.get("/api/personas")]
        return {person.id: person for person in people}

    def add_persona(self, id: str, given_name: str, family_name: str, **table: Any) -> Person:
        """Add somebody who can log in until the next reset, with the members of a `[[personas]]` table."""
        names = {"id": id, "given_name": given_name, "family_name": family_name}
        return Person.of(self.admin.post("/api/personas", {**names, **table}))

    # What they do.

    def login(
        self, url: str, *, persona: "str | Person | None" = None, client: Any = None, refuse: bool = False
    ) -> Any:
        """Play the person's browser.

        `url` is where the relying party sends the browser, an authorization request: the callback URL is given back,
        as the mock redirects to it. With `client`, a test client of the caller's own application (httpx, Starlette,
        Flask, Django), `url` is the page of it that starts a login: the answer of its callback page is given back.
        `persona` logs in, or with `refuse` somebody refuses. Raises LoginFailed when no way leads back."""
        browser = self._browser()
        if client is None:
            return _callback_url(browser.log_in(url, persona=self._id_of(persona), refuse=refuse))
        start = location_of(client.get(url, **not_following(client)), url)
        arrival = browser.log_in(start, persona=self._id_of(persona), refuse=refuse)
        return answer(client, arrival)

    async def login_async(
        self, url: str, *, persona: "str | Person | None" = None, client: Any = None, refuse: bool = False
    ) -> Any:
        """The same for callers in an event loop, with an asynchronous client of httpx's."""
        browser = self._browser()
        if client is not None:
            url = location_of(await client.get(url, follow_redirects=False), url)
        chosen = self._id_of(persona)
        arrival = await asyncio.to_thread(browser.log_in, url, persona=chosen, refuse=refuse)
        return _callback_url(arrival) if client is None else await answer(client, arrival)

    def token(
        self,
        persona: "str | Person | None" = None,
        *,
        kind: str = "access_token",
        client_id: str | None = None,
        scope: str | None = None,
        **claims: Any,
    ) -> str:
        """A signed token without a flow, for tests of a resource server; `claims` are laid over what it says, and None
        takes a claim away."""
        chosen = self._id_of(persona) or next(iter(self.personas))
        asked = {"persona": chosen, "kind": kind, "client": client_id or self.default_client, "claims": claims}
        return str(self.admin.post("/api/tokens", asked | ({"scope": scope} if scope else {}))["token"])

    # What goes wrong.

    def fault(
        self,
        name: str,
        *,
        params: Mapping[str, Any] | None = None,
        must_act: bool = True,
        **more: Any,
    ) -> ArmedFault:
        """Arm a fault: at once, and until the `with` block ends, or the next reset.

        `more` are its parameters, on what it acts (client, persona, endpoint, header, listener, host), and how often
        (times, every, probability and seed, ttl, delay); a parameter that has such a name goes into `params`. A block
        that ends without the fault having acted raises FaultNeverActed, unless told that it need not."""
        match = {key: more.pop(key) for key in _MATCH if key in more}
        trigger = {key: more.pop(key) for key in _TRIGGER if key in more}
        if self._own is not None:
            match = self._only_own(name, match)
        order = {"name": name, "params": {**(params or {}), **more}, "match": match, **trigger}
        armed = ArmedFault(self.admin, self.admin.post("/api/faults", order), must_act=must_act)
        self._armed.append(armed)
        return armed

    def revoke(self, certificate: Any, reason: str = "unspecified") -> None:
        """Revoke a certificate, a relying party's own one: it is refused from the next handshake on."""
        pem = (certificate.certificate if isinstance(certificate, RelyingParty) else certificate).pem
        self.admin.post("/api/certificates/revoke", {"certificate": pem, "reason": reason})

    # What happened.

    def exchanges(self, endpoint: str | None = None, **filter: Any) -> Events[Exchange]:
        """The HTTP exchanges since the test began: at an endpoint, and by client, persona, status, error, fault …"""
        wanted = {**({"endpoint": endpoint} if endpoint else {}), **filter}
        return Events("exchange", self._exchanges(**wanted), wanted, self._exchanges)

    @property
    def handshakes(self) -> Events[Handshake]:
        """The TLS handshakes since the test began."""
        found = [Handshake.of(each) for each in self._journal(kind="handshake")]
        return Events("handshake", found, {}, lambda: found)

    def wait_for(self, endpoint: str | None = None, *, timeout: float = 5, **filter: Any) -> Exchange:
        """The first exchange of that kind since the test began, waited for if it has not come yet (`timeout` is in
        seconds). Raises AssertionError, with what came instead, when it does not come."""
        wanted = {**({"endpoint": endpoint} if endpoint else {}), **self._scope(), **filter}
        asked = {**wanted, "kind": "exchange", "after": self._since, "timeout": timeout, "keep": True}
        told = self.admin.post("/api/journal/take", asked)
        if told is None:
            self.exchanges(endpoint, **filter).last()
        return Exchange.of(told)

    @property
    def findings(self) -> list[Finding]:
        """What the relying party did, since the test began, that Pro Santé Connect's rules or good practice forbid."""
        told = self.admin.get("/api/findings", after=self._since, **self._scope())
        return [Finding.of(each) for each in told]

    def assert_no_findings(self, *, severity: str | None = None) -> None:
        """Raises AssertionError that lists what was found (of that severity: forbidden, or discouraged)."""
        found = [each for each in self.findings if severity in (None, each.severity)]
        if found:
            raise AssertionError("\n".join([f"The mock found {len(found)} mistakes:", *map(str, found)]))

    def assert_client_certificate(self, client: "str | RelyingParty | None" = None) -> None:
        """Raises AssertionError unless that client has called the token endpoint, each time with its certificate."""
        party = client if isinstance(client, RelyingParty) else self.client(client)
        calls = self.exchanges("token", client=party.id)
        calls.last()
        shakes = {each.connection_id: each for each in self.handshakes}
        for call in calls:
            shake = shakes.get(call.connection_id)
            subject = shake.subject if shake else None
            if subject != party.certificate.subject:
                raise AssertionError(
                    f"{party.id} called with {subject or 'no certificate'}; expected {party.certificate.subject}: "
                    f"{call.line}"
                )

    def report(self) -> str:
        """The journal of the test, a line an event, secrets redacted."""
        return "\n".join(str(each["line"]) for each in self._journal())

    def never_acted(self) -> list[str]:
        """The names of the faults that are armed, by a test and outside of a `with` block, and have not acted."""
        return [each.name for each in self._armed if each.is_idle]

    def reset(self) -> list[str]:
        """Have the mock as it was at the start, but for its keys and certificates; of a mock that is shared, only what
        is this test's own. Gives back the names of faults that were armed and never acted."""
        if self._own is None:
            idle = [str(each["name"]) for each in self.admin.reset()]
        else:
            idle = self.never_acted()
            for each in self._armed:
                each.disarm()
            self._since = max((event["number"] for event in self.admin.journal()), default=self._since)
        self._armed.clear()
        self._parties = {id: each for id, each in self._parties.items() if id == self._own}
        return idle

    def _browser(self) -> Browser:
        origins = (self.issuer, self.authorization_endpoint)
        return Browser(
            ca_file=str(self.ca_file),
            origins=frozenset(f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, origins)),
        )

    def _id_of(self, persona: "str | Person | None") -> str | None:
        return persona.id if isinstance(persona, Person) else persona or self.default_persona

    def _fetched_ca(self) -> Path:
        file = self._folder / "ca.pem"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.admin.text("/ca.pem"), encoding="ascii")
        return file

    def _party(self, id: str, told: Mapping[str, Any], *, secret: str | None) -> RelyingParty:
        return RelyingParty(
            id=id,
            certificate=self.certs.kept(told, id),
            discovery_url=self.discovery_url,
            issuer=self.issuer,
            secret=secret,
        )

    def _only_own(self, name: str, match: dict[str, Any]) -> dict[str, Any]:
        """A match that leaves the other tests of a shared mock alone, where the fault knows whom it acts on."""
        known = self.admin.get(f"/api/faults/catalogue/{quote(name, safe='')}")["matched_by"]
        if "client" not in known:
            raise Unusable(
                f"{name} acts on everybody, and this mock is shared by several test processes: run it alone."
            )
        return {"client": self._own, **match}

    def _scope(self) -> dict[str, Any]:
        return {"client": self._own} if self._own else {}

    def _exchanges(self, **filter: Any) -> list[Exchange]:
        return [Exchange.of(each) for each in self._journal(kind="exchange", **self._scope(), **filter)]

    def _journal(self, **filter: Any) -> list[dict[str, Any]]:
        return self.admin.journal(after=self._since, **filter)


def _callback_url(arrival: Arrival) -> str:
    if arrival.form is not None:
        raise LoginFailed(
            f"The answer is a form posted to {arrival.url} (response_mode=form_post), and no URL: give client=, a test "
            "client of your application."
        )
    return arrival.url
