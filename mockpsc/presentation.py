"""How the mock presents itself when a fault is armed: the TLS profile of a connection, made from the usual one."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from cryptography import x509

from mockpsc.admin.revocation import RevocationService
from mockpsc.clock import Clock
from mockpsc.faults.arming import HOSTS
from mockpsc.faults.subjects import Greeting
from mockpsc.pki import Pki
from mockpsc.pki.recipes import Baked, bake, find_recipe
from mockpsc.tls import ClientHello, TlsProfile, TlsVersion

_GOOD = "server-good"
_WEAK = frozenset({"weak_key", "weak_signature"})


class Presentation:
    """Makes profiles. A certificate is baked when it is first asked for, and again when the clock has passed its end.

    `hosts` are those that the mock's own certificate names."""

    def __init__(self, pki: Pki, revocation: RevocationService, *, hosts: Sequence[str], clock: Clock) -> None:
        self._pki, self._revocation, self._hosts, self._clock = pki, revocation, tuple(hosts), clock
        self._baked: dict[tuple[str, str], Baked] = {}

    def __call__(self, usual: TlsProfile, greeting: Greeting, hello: ClientHello) -> TlsProfile:
        """The profile that the armed faults want, in the place of the usual one."""
        changes = {**self._certificate(greeting, hello), **self._announcement(greeting)}
        if greeting.versions is not None:
            changes["versions"] = tuple(TlsVersion(each) for each in greeting.versions)
        if greeting.ciphers is not None:
            changes["ciphers"] = greeting.ciphers
        if greeting.client_auth is not None:
            changes["client_auth"] = greeting.client_auth
        return replace(usual, **changes) if changes else usual

    def _certificate(self, greeting: Greeting, hello: ClientHello) -> dict[str, Any]:
        """The certificate asked for; for a host name that asks for a fault, one that names it."""
        host = hello.server_name or ""
        by_host = host if host.endswith(HOSTS) else ""
        name = greeting.certificate or (_GOOD if by_host else None)
        if name is None:
            return {}
        baked = self._bake(name, by_host)
        return {
            "certificate": baked.certificates[0],
            "key": baked.key,
            "issuers": baked.certificates[1:],
            "staple": self._staple(baked),
            "weak": baked.recipe.reason in _WEAK,
        }

    def _announcement(self, greeting: Greeting) -> dict[str, Any]:
        announced = {"own": None, "none": (), "wrong": (self._pki.server_root,)}
        return {} if greeting.announce is None else {"announce": announced[greeting.announce]}

    def _bake(self, name: str, host: str) -> Baked:
        key = name, host
        if key not in self._baked:
            recipe = find_recipe(name)
            hosts = [*self._hosts, *([host] if host else [])]
            baked = bake(recipe, self._pki.authorities["server-root"], hosts=hosts, clock=self._clock)
            if recipe.revoked:
                self._revoke(baked)
            self._baked[key] = baked
        return self._baked[key]

    def _revoke(self, baked: Baked) -> None:
        revocations = self._revocation.responders["server-root"].revocations
        serial = baked.certificates[0].serial_number
        revocations.revoke(serial, at=self._clock.today(), reason=x509.ReasonFlags.key_compromise)

    def _staple(self, baked: Baked) -> Callable[[], bytes] | None:
        """A response for what the server's root itself has issued; of the others nobody could say anything."""
        responder, leaf = self._revocation.responders["server-root"], baked.certificates[0]
        return (lambda: responder.staple(leaf)) if responder.is_issuer_of(leaf) else None
