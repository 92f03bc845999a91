"""Builds all the parts of a mock, opens its listeners and closes them. The one place that knows everything."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import cached_property
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from cryptography import x509
from starlette.routing import Host, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from mockpsc.admin.control import Control
from mockpsc.client_tables import read_clients
from mockpsc.clock import Clock
from mockpsc.connection import CALLBACK, Connection
from mockpsc.endpoints import AUTH, WALLET
from mockpsc.endpoints.application import application
from mockpsc.errors import ConfigurationError, nearest
from mockpsc.faults import Injector, Standing, orders_carried_by, read_order
from mockpsc.journal import Journal
from mockpsc.judgement.verdict import Language
from mockpsc.listener import Listener
from mockpsc.pki import Pki, new_signing_bundle, open_folder
from mockpsc.pki.hosts import named_hosts
from mockpsc.ports import Ports
from mockpsc.presentation import Presentation
from mockpsc.profiles import Persona, Profile, load_profile, read_personas, shipped_tables
from mockpsc.provider import Provider
from mockpsc.settings import Settings
from mockpsc.store import MemoryStore
from mockpsc.tls import serve_tls
from mockpsc.tokens import provider_keys
from mockpsc.trust import Profiles, issuer_profile, judge, revocation_service

log = logging.getLogger("mockpsc")


class Mock:
    """A mock Pro Santé Connect: `async with Mock(settings) as mock` opens its listeners and closes them.

    Making one binds the ports and makes or opens the PKI; `notice` is told what is made or mended of it. Raises
    ConfigurationError when it cannot be as asked.
    """

    def __init__(
        self, settings: Settings, clock: Clock | None = None, *, notice: Callable[[str], None] = log.warning
    ) -> None:
        self.settings = settings
        self._notice = notice
        self.clock = clock or Clock()
        self.journal = Journal(self.clock)
        self.profile = load_profile(settings.profile)
        with ExitStack() as undo:
            self._listeners = _bind(settings, undo)
            self._build()
            undo.pop_all()

    def _build(self) -> None:
        settings = self.settings
        clients = read_clients(settings.clients, self.profile)
        origins = _origins(settings, self.profile, self._listeners)
        self.pki = open_folder(
            settings.certs,
            client_ids=clients.certificate_ids,
            hosts=_hosts(settings, origins),
            server_key=settings.server_key,
            admin_url=origins["admin"],
            clock=self.clock,
            notice=self._notice,
        )
        self.revocation = revocation_service(self.pki, clock=self.clock, mode=settings.revocation)
        self._profiles = Profiles(
            lambda: issuer_profile(settings, self.pki, clients, revocation=self.revocation, enforce=self._enforced),
            clients,
        )
        self._personas = personas = _personas(settings, self.profile)
        self.faults = Injector(self.clock, standing=_standing(settings, personas), scenarios=settings.scenarios)
        hosts = named_hosts(self.pki.server.certificate)
        self._present = Presentation(self.pki, hosts=hosts, clock=self.clock)
        self.provider = Provider(
            settings=settings,
            profile=self.profile,
            auth_url=origins["auth"],
            wallet_url=origins["wallet"],
            clients=clients,
            personas=dict(personas),
            keys=provider_keys(
                signing=self.pki.signing,
                encryption=self.pki.encryption,
                new_bundle=lambda: new_signing_bundle(self.clock),
            ),
            store=MemoryStore(self.clock),
            clock=self.clock,
            journal=self.journal,
            faults=self.faults,
            judge=lambda chain: judge(chain, self._profiles.requesting, self.clock),
        )
        self._profiles.requesting.require_usable(self.clock.now())
        self.connection = _connection(self.provider, self.pki, origins["admin"])

    def _enforced(self, certificate: x509.Certificate | None) -> bool:
        """Whether a bad certificate is refused in the handshake."""
        return self.provider.rejection(certificate) == "alert"

    async def __aenter__(self) -> Self:
        auth = application(self.provider, "auth", AUTH)
        wallet = application(self.provider, "wallet", WALLET)
        if self.settings.one_port:
            await self._serve("auth", self._by_host(auth, wallet))
        else:
            await self._serve("auth", auth)
            await self._serve("wallet", wallet)
        self._ports = Ports(self.faults, [each for name, each in self._listeners.items() if name != "admin"])
        await self._ports.adjust()
        await self._listeners["admin"].start(self._admin)
        return self

    async def settle(self) -> None:
        """Wait until what was armed, disarmed or moved last has taken effect."""
        await self._ports.adjust()

    async def _admin(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._admin_application(scope, receive, send)

    @cached_property
    def _admin_application(self) -> ASGIApp:
        # Imported at the first request: a login needs none of it, and comes sooner without.
        from mockpsc.admin.application import application as admin_application

        control = Control(
            provider=self.provider,
            connection=self.connection,
            pki=self.pki,
            personas_at_start=self._personas,
            revocation=self.revocation,
            explain=self._explain,
            settle=self.settle,
        )
        return admin_application(control)

    def _explain(self, text: str, client_id: str | None, language: Language) -> dict[str, Any]:
        # Imported when it is first asked for: a mock that explains nothing starts sooner without it.
        from mockpsc.explanation import explain_text

        clients, settings = self.provider.clients, self.settings
        return explain_text(text, client_id, language, settings=settings, clients=clients, clock=self.clock)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.provider.closing.set()
        self._ports.close()
        self.journal.close()
        await asyncio.gather(*(listener.stop() for listener in self._listeners.values()))

    async def _serve(self, name: str, app: ASGIApp) -> None:
        http = serve_tls(
            self._profiles.chooser(name, wallet_host=self._wallet_host),
            journal=self.journal,
            listener=name,
            clock=self.clock,
            faults=self.faults,
            present=self._present,
            client_of=self.provider.clients.id_of,
        )
        await self._listeners[name].start(app, http)

    @property
    def _wallet_host(self) -> str | None:
        """The name by which the login page is told from the issuer on a port that they share."""
        wallet = _host(self.provider.wallet_url)
        return wallet if self.settings.one_port and wallet != _host(self.provider.auth_url) else None

    def _by_host(self, auth: ASGIApp, wallet: ASGIApp) -> ASGIApp:
        """Two applications on one port: the Host header decides, or the path when they have one host name."""
        if self._wallet_host is None:
            return application(self.provider, "auth", (*AUTH, *WALLET))
        router = Router([Host(self._wallet_host, app=wallet)], default=auth)
        return router


def _bind(settings: Settings, undo: ExitStack) -> dict[str, Listener]:
    addresses = {"auth": settings.auth_address, "wallet": settings.wallet_address, "admin": settings.admin_bind}
    if settings.one_port:
        del addresses["wallet"]
    listeners = {}
    for name, address in addresses.items():
        listeners[name] = Listener(name, address)
        undo.callback(listeners[name].close)
    return listeners


def _origins(settings: Settings, profile: Profile, listeners: Mapping[str, Listener]) -> dict[str, str]:
    """The origin at which each listener is reached: as set, else the real host when impersonated, else localhost."""
    auth = listeners["auth"].address
    wallet = listeners.get("wallet", listeners["auth"]).address
    real = {"auth": f"https://{profile.auth_host}", "wallet": f"https://{profile.wallet_host}"}
    local = {"auth": f"https://localhost:{auth.port}", "wallet": f"https://localhost:{wallet.port}"}
    default = real if settings.impersonate else local
    return {
        "auth": settings.auth_url or default["auth"],
        "wallet": settings.wallet_url or default["wallet"],
        "admin": settings.admin_url or f"http://{listeners['admin'].address.reached_locally}",
    }


def _hosts(settings: Settings, origins: Mapping[str, str]) -> list[str]:
    """The host names that the server certificate must bear, beside those that it always does."""
    return list(dict.fromkeys([_host(origins["auth"]), _host(origins["wallet"]), *settings.hosts]))


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _personas(settings: Settings, profile: Profile) -> dict[str, Persona]:
    personas = read_personas(settings.personas or shipped_tables(), profile)
    if settings.persona is not None and settings.persona not in personas:
        known = ", ".join(personas)
        raise ConfigurationError(
            f"No persona {settings.persona!r}{nearest(settings.persona, personas)}. Known: {known}."
        )
    return personas


def _standing(settings: Settings, personas: Mapping[str, Persona]) -> list[Standing]:
    """The faults of the configuration: those for all, and those that a persona carries."""
    standing = [Standing(order=read_order(table), origin="settings") for table in settings.faults]
    carried = (order for each in personas.values() for order in orders_carried_by(each.id, each.faults))
    return [*standing, *(Standing(order=order, origin="persona") for order in carried)]


def _connection(provider: Provider, pki: Pki, admin_url: str) -> Connection:
    document = provider.discovery_document
    client_id = provider.clients.default_id
    client = provider.clients.get(client_id)
    files = pki.files.client(client_id if client_id in pki.clients else next(iter(pki.clients)))
    connection = Connection(
        issuer=provider.issuer,
        discovery_url=provider.issuer + provider.profile.well_known["discovery"],
        wallet_url=document["authorization_endpoint"],
        admin_url=admin_url,
        client_id=client_id,
        ca_file=pki.files.ca.absolute(),
        client_cert_file=files.cert.absolute(),
        client_key_file=files.key.absolute(),
    )
    if client is None:
        return connection
    scope = "openid scope_all" if client.allows_scope("scope_all") else "openid"
    return connection.with_login_url(client.example_redirect_uri(admin_url + CALLBACK), scope)
