"""A mock Pro Santé Connect as a test sees it: one object, whether the mock runs in this process or in a container."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal, Unpack
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool

from mockpsc.client import AdminClient
from mockpsc.psc.browser import Browser
from mockpsc.psc.certificates import Certificates
from mockpsc.psc.credentials import Certificate, RelyingParty
from mockpsc.psc.events import Exchange, Handshake
from mockpsc.psc.faults import ArmedFault, Faults
from mockpsc.psc.findings import Finding, Severity
from mockpsc.psc.journal import OwnJournal
from mockpsc.psc.parties import Parties
from mockpsc.psc.people import People, Person
from mockpsc.psc.selection import Events, Wanted
from mockpsc.psc.time_and_keys import PscClock, PscKeys
from mockpsc.psc.undoing import undo


class Psc:
    """A running mock, through its admin API, whose origin is `admin_url`.

    `folder` is where certificates are put. What cannot be done as asked raises ConfigurationError, in the mock's own
    words; an expectation that is not met raises AssertionError. All can be used from any thread, and nothing is awaited
    but what has `async` in its name: all else takes some milliseconds, unless it waits by its nature.

    `default_client` and `default_persona` are whom a method means when nobody says. With `own_client` the mock is
    shared with other test processes, and that client is this one's, as `default_client` is: what a test sees, arms and
    resets is its own."""

    def __init__(
        self, admin_url: str, *, folder: Path, token: str | None = None, own_client: str | None = None
    ) -> None:
        self.admin_url = admin_url
        self.admin = AdminClient(admin_url, token=token)
        self._connection: Mapping[str, str] = self.admin.connection()
        self._is_shared = own_client is not None
        self.own_client = own_client or self._connection["client_id"]
        self.default_client: str = self.own_client
        self.default_persona: str | None = None
        self.ca_file = _kept(folder / "ca.pem", self.admin.text("/ca.pem"))
        self.certs = Certificates(
            self.admin, folder / "certificates", ca_file=self.ca_file, default_client=self._default_client
        )
        self.clock = PscClock(self.admin, is_shared=self._is_shared)
        self.keys = PscKeys(self.admin, is_shared=self._is_shared)
        self._parties = Parties(
            self.admin, self.certs, self._connection, own_client=own_client, default_client=self._default_client
        )
        self._faults = Faults(self.admin, own_client=self._default_client if self._is_shared else None)
        self._journal = OwnJournal(self.admin, self._parties, is_shared=self._is_shared)
        self._revoked: set[str] = set()

    def __repr__(self) -> str:
        return f"<Psc {self.issuer}, driven at {self.admin_url}>"

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

    # Who takes part.

    def client(self, client_id: str | None = None) -> RelyingParty:
        """What that relying party needs to call the mock; its certificate is issued when it has none yet."""
        return self._parties.client(client_id or self.default_client)

    def add_client(self, client_id: str, **table: Any) -> RelyingParty:
        """Declare a client until the next reset, with the members of a `[[clients]]` table (docs/clients.md). At a mock
        that is shared, no other process may have one of that id."""
        return self._parties.add_client(client_id, table)

    @property
    def personas(self) -> People:
        """The people who can log in, by id, in the order of the login page."""
        return self._parties.people()

    def add_persona(self, id: str, given_name: str, family_name: str, **table: Any) -> Person:
        """Add somebody who can log in until the next reset, with the members of a `[[personas]]` table. At a mock that
        is shared, no other process may have one of that id."""
        return self._parties.add_person({"id": id, "given_name": given_name, "family_name": family_name, **table})

    # What they do.

    def browser(self) -> Browser:
        """A new browser, in which nobody has logged in: for several visits of one person."""
        pages = (urlsplit(url) for url in (self.issuer, self.authorization_endpoint))
        origins = frozenset(f"{page.scheme}://{page.netloc}" for page in pages)
        return Browser(ca_file=self.ca_file, origins=origins, persona=self.default_persona)

    def login(self, url: str, *, persona: str | Person | None = None, client: Any = None, refuse: bool = False) -> Any:
        """Play a person with a new browser, as `Browser.login` does.

        `url` is an authorization request, and the callback URL is given back; or, with `client`, a test client of your
        application, it is the page that starts a login, and the answer of the callback page is given back. `persona`
        logs in, or with `refuse` somebody refuses. Raises LoginFailed."""
        return self.browser().login(url, persona=persona, client=client, refuse=refuse)

    async def login_async(
        self, url: str, *, persona: str | Person | None = None, client: Any = None, refuse: bool = False
    ) -> Any:
        """The same in an event loop, with a test client whose methods are awaited."""
        return await self.browser().login_async(url, persona=persona, client=client, refuse=refuse)

    def token(
        self,
        persona: str | Person | None = None,
        *,
        kind: Literal["access_token", "id_token"] = "access_token",
        client: str | RelyingParty | None = None,
        scope: str | None = None,
        lifetime: int | None = None,
        claims: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> str:
        """A signed token without a flow, for tests of a resource server: it stands for `persona`, and is given to
        `client`. Any other name is a claim, which is laid over what it says, and None takes it away; one that has the
        name of these goes into `claims`. `lifetime` is in seconds."""
        people = self.personas
        chosen = persona or self.default_persona or next(iter(people), "")
        subject = chosen if isinstance(chosen, Person) else people[chosen]
        asked = {"client": client or self.default_client, "scope": scope, "lifetime": lifetime}
        given = {name: getattr(value, "id", value) for name, value in asked.items() if value is not None}
        said = {**(claims or {}), **more}
        return str(self.admin.issue_token(subject.id, **given, kind=kind, claims=said)["token"])

    # What goes wrong.

    def fault(
        self,
        name: str,
        *,
        params: Mapping[str, Any] | None = None,
        client: str | RelyingParty | None = None,
        persona: str | Person | None = None,
        endpoint: str | None = None,
        grant_type: str | None = None,
        header: str | None = None,
        listener: str | None = None,
        host: str | None = None,
        times: int | None = None,
        every: int | None = None,
        probability: float | None = None,
        seed: int | None = None,
        delay: float | None = None,
        ttl: float | None = None,
        must_act: bool = True,
        **parameters: Any,
    ) -> ArmedFault:
        """Arm a fault: at once, and until the `with` block ends, or the next reset.

        From `client` to `host` is what it acts on, from `times` to `ttl` how often and when (docs/faults.md). Any other
        name is a parameter of the fault's; one that has the name of these goes into `params`. A block that ends without
        the fault having acted raises FaultNeverActed, unless told that it need not."""
        match = {
            "client": client,
            "persona": persona,
            "endpoint": endpoint,
            "grant_type": grant_type,
            "header": header,
            "listener": listener,
            "host": host,
        }
        trigger = {
            "times": times,
            "every": every,
            "probability": probability,
            "seed": seed,
            "delay": delay,
            "ttl": ttl,
        }
        return self._faults.arm(name, {**(params or {}), **parameters}, match, trigger, must_act=must_act)

    def never_acted(self) -> list[str]:
        """The names of the faults that are armed and should have acted, but have not."""
        return self._faults.never_acted()

    def revoke(self, certificate: Certificate | RelyingParty, reason: str = "unspecified") -> None:
        """Revoke a certificate, or that of a relying party: it is refused from the next handshake on, until the next
        reset. `reason` is one of RFC 5280 §5.3.1, as `keyCompromise`."""
        pem = (certificate.certificate if isinstance(certificate, RelyingParty) else certificate).pem
        self.admin.post("/api/certificates/revoke", {"certificate": pem, "reason": reason})
        self._revoked.add(pem)

    # What happened.

    def exchanges(self, endpoint: str | None = None, **wanted: Unpack[Wanted]) -> Events[Exchange]:
        """The HTTP exchanges since the test began, at an endpoint, and those alone that have all that is wanted."""
        return self._journal.select(Exchange, endpoint, wanted)

    @property
    def handshakes(self) -> Events[Handshake]:
        """The TLS handshakes since the test began: `.where(outcome="refused")`, `.last().reason` …"""
        return self._journal.select(Handshake, None, {})

    def wait_for(
        self,
        endpoint: str | None = None,
        *,
        timeout: float = 5,
        after: Exchange | None = None,
        **wanted: Unpack[Wanted],
    ) -> Exchange:
        """The first such exchange since the test began, or since another one, waited for if it has not come yet, for
        `timeout` seconds. Raises AssertionError, with what came instead, when it does not come."""
        return self._journal.wait(endpoint, wanted, timeout=timeout, after=after)

    async def wait_for_async(
        self,
        endpoint: str | None = None,
        *,
        timeout: float = 5,
        after: Exchange | None = None,
        **wanted: Unpack[Wanted],
    ) -> Exchange:
        """The same in an event loop, which goes on meanwhile."""
        wait = partial(self._journal.wait, endpoint, wanted, timeout=timeout, after=after)
        return await run_in_threadpool(wait)

    @property
    def findings(self) -> list[Finding]:
        """What relying parties did, since the test began, that Pro Santé Connect's rules or good practice forbid."""
        return self._journal.findings()

    def assert_no_findings(self, *, severity: Severity | None = None) -> None:
        """Nothing was found, or nothing of that severity. Raises AssertionError with a list of what was."""
        found = [each for each in self.findings if severity in (None, each.severity)]
        if found:
            raise AssertionError("\n".join([f"The mock found fault with {len(found)} things:", *map(str, found)]))

    def assert_client_certificate(self, client: str | RelyingParty | None = None) -> None:
        """That client has called the token endpoint, and each time with its certificate. Raises AssertionError."""
        party = client if isinstance(client, RelyingParty) else self.client(client)
        calls = self.exchanges("token", client=party)
        calls.first()
        for call in calls:
            if call.subject != party.certificate.subject:
                presented = f"the certificate of {call.subject}" if call.subject else "no certificate"
                raise AssertionError(
                    f"{party.id} came with {presented}; expected that of {party.certificate.subject}: {call.line}"
                )

    def report(self) -> str:
        """The journal of the test for people, secrets redacted, and what was found."""
        return self._journal.report()

    def reset(self) -> list[str]:
        """Have the mock as it was at the start, but for its authorities and keys; of a mock that is shared, what is
        this process's own. The names of the faults that should have acted and never did."""
        idle = self.never_acted()
        self.default_client, self.default_persona = self.own_client, None
        revoked, self._revoked = self._revoked, set()
        if self._is_shared:
            undo([self._faults.disarm, self._parties.remove, *map(self._reinstatement, revoked), self._journal.begin])
        else:
            self.admin.reset()
            self._faults.forget()
            self._parties.forget()
        self.certs.subjects.clear()
        return idle

    def _default_client(self) -> str:
        return self.default_client

    def _reinstatement(self, pem: str) -> Callable[[], object]:
        return partial(self.admin.post, "/api/certificates/reinstate", {"certificate": pem})


def _kept(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="ascii")
    return file
