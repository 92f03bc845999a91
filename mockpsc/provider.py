"""What every endpoint is given."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cryptography import x509

from mockpsc.clients import Client, Clients
from mockpsc.clock import Clock
from mockpsc.faults import HEADER, Injector, Occasion
from mockpsc.faults.base import claims as claims_of
from mockpsc.faults.base import signing as signing_of
from mockpsc.journal import Journal
from mockpsc.judgement import Verdict
from mockpsc.profiles import Persona, Profile
from mockpsc.sessions import Sessions
from mockpsc.settings import Settings
from mockpsc.store import Session, Store
from mockpsc.tokens import Grant, KeyRing, TokenKind, TokenSigner

log = logging.getLogger("mockpsc")


@dataclass(frozen=True, kw_only=True, eq=False)
class Provider:
    """A Pro Santé Connect. `auth_url` and `wallet_url` are the origins at which the two listeners are reached."""

    settings: Settings
    profile: Profile
    auth_url: str
    wallet_url: str
    clients: Clients
    personas: dict[str, Persona]
    keys: KeyRing
    store: Store
    clock: Clock
    journal: Journal
    faults: Injector
    judge: Callable[[Sequence[x509.Certificate]], Verdict | None]
    """The verdict on a chain that did not come through the handshake, the client's own certificate first."""
    closing: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    """Set when the mock stops: whatever waits on purpose waits no longer."""
    _said: set[str] = field(default_factory=set, init=False)

    @property
    def issuer(self) -> str:
        """The issuer URL."""
        return self.auth_url + self.profile.realm_path

    @cached_property
    def discovery_document(self) -> dict[str, Any]:
        """Pro Santé Connect's discovery document."""
        return self.profile.document(issuer=self.issuer, wallet=self.wallet_url)

    @cached_property
    def keycloak_document(self) -> dict[str, Any]:
        """Keycloak's own discovery document."""
        return self.profile.keycloak_document(issuer=self.issuer, wallet=self.wallet_url)

    @cached_property
    def discovery_variants(self) -> dict[str, dict[str, Any]]:
        """Pro Santé Connect's discovery document as it was, by the year, and with its `former_hosts`."""
        return self.profile.variants(issuer=self.issuer, wallet=self.wallet_url)

    @cached_property
    def keycloak_variants(self) -> dict[str, dict[str, Any]]:
        """The same of Keycloak's own document."""
        return self.profile.variants(issuer=self.issuer, wallet=self.wallet_url, of_keycloak=True)

    @property
    def jwks(self) -> dict[str, Any]:
        """The JWK Set."""
        return self.keys.jwks()

    @cached_property
    def signer(self) -> TokenSigner:
        """Signs and reads tokens."""
        return TokenSigner(self.keys)

    def is_undisturbed(self, occasion: Occasion) -> bool:
        """Whether no fault can act on a request: none is armed, and it asks for none."""
        return self.faults.is_idle and not (self.settings.fault_header and HEADER in occasion.headers)

    def grant(
        self,
        client: Client,
        persona: Persona,
        session: Session,
        *,
        scope: str,
        nonce: str | None = None,
        thumbprint: str | None = None,
    ) -> Grant:
        """What a person who is logged in grants to a client. The level is the client's own, else the person's."""
        return Grant(
            issuer=self.issuer,
            client_id=client.id,
            persona=persona,
            session_id=session.id,
            auth_time=session.auth_time,
            acr=client.acr or persona.acr,
            scope=scope,
            nonce=nonce,
            thumbprint=thumbprint,
        )

    def issue(self, kind: TokenKind, claims: Mapping[str, Any], occasion: Occasion) -> str:
        """A token that says this, in compact serialization, as the armed faults make it."""
        said = self.faults.change(claims_of(kind), claims, occasion)
        occasion.trace.tokens.append((kind, said))
        return self.signer.compact(self.faults.change(signing_of(kind), self.signer.prepare(kind, said), occasion))

    @cached_property
    def sessions(self) -> Sessions:
        """Who is logged in."""
        settings = self.settings
        return Sessions(self.store, self.clock, lifetime=settings.session_lifetime, idle=settings.session_idle)

    def rejection(self, certificate: x509.Certificate | None) -> str:
        """How a bad certificate is refused: as its client wishes, if it is some client's, else as for all."""
        if certificate is None:
            return self.settings.reject_with
        return self.clients.rejection(certificate) or self.settings.reject_with

    def note(self, sentence: str) -> None:
        """Say something about a request that was answered all the same."""
        log.info(sentence)

    def note_once(self, sentence: str) -> None:
        """Say something that need not be said again."""
        if sentence not in self._said:
            self._said.add(sentence)
            self.note(sentence)
