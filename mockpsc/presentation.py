"""How the mock presents itself when a fault is armed: the TLS profile of a connection, made from the usual one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cryptography import x509

from mockpsc.clock import Clock
from mockpsc.faults.arming import HOSTS
from mockpsc.faults.subjects import Greeting
from mockpsc.pki import Pki
from mockpsc.pki.ocsp import OcspResponder
from mockpsc.pki.recipes import Baked, bake, find_recipe
from mockpsc.pki.revocation import Revocations
from mockpsc.tls import ClientHello, TlsProfile, TlsVersion

_GOOD = "server-good"
_WEAK = frozenset({"weak_key", "weak_signature"})
_FRESH = 3600.0
"""Seconds that a certificate is used for: what is wrong with its dates may be wrong by a day only."""


class Presentation:
    """Makes profiles. A certificate is baked when it is first asked for, and again when the clock has left the hour.

    `hosts` are those that the mock's own certificate names. What is revoked here is so by the staple alone: the
    responder is of the mock's memory, since a fault must leave nothing in the PKI's folder."""

    def __init__(self, pki: Pki, *, hosts: Sequence[str], clock: Clock) -> None:
        self._pki, self._hosts, self._clock = pki, tuple(hosts), clock
        self._authority = pki.authorities["server-root"]
        self._responder = OcspResponder(
            self._authority, clock=clock, revocations=Revocations(), is_known=lambda serial: True
        )
        self._baked: dict[tuple[str, str], tuple[float, Baked]] = {}

    def __call__(self, usual: TlsProfile, greeting: Greeting, hello: ClientHello) -> TlsProfile:
        """The profile that the armed faults want, in the place of the usual one."""
        changes = {**self._certificate(greeting, hello), **self._announcement(greeting), **_manner(greeting)}
        return replace(usual, **changes) if changes else usual

    def _certificate(self, greeting: Greeting, hello: ClientHello) -> dict[str, Any]:
        """The certificate asked for; for a host name that asks for a fault, one that names it."""
        host = hello.server_name or ""
        by_host = host if host.endswith(HOSTS) else ""
        name = greeting.certificate or (_GOOD if by_host else None)
        if name is None:
            return {}
        baked = self._fresh(name, by_host)
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

    def _fresh(self, name: str, host: str) -> Baked:
        now = self._clock.now()
        made, baked = self._baked.get((name, host), (None, None))
        if baked is None or made is None or abs(now - made) > _FRESH:
            baked = self._bake(name, host)
            self._baked[name, host] = now, baked
        return baked

    def _bake(self, name: str, host: str) -> Baked:
        hosts = [*self._hosts, *([host] if host else [])]
        baked = bake(find_recipe(name), self._authority, hosts=hosts, clock=self._clock)
        if baked.recipe.revoked:
            serial, reason = baked.certificates[0].serial_number, x509.ReasonFlags.key_compromise
            self._responder.revocations.revoke(serial, at=self._clock.today(), reason=reason)
        return baked

    def _staple(self, baked: Baked) -> Callable[[], bytes] | None:
        """A response for what the server's root itself has issued; of the others nobody could say anything."""
        is_ours = baked.recipe.top == "authority" and not baked.recipe.path
        return (lambda: self._responder.staple(baked.certificates[0])) if is_ours else None


def _manner(greeting: Greeting) -> Mapping[str, Any]:
    """How to speak, apart from the certificate."""
    asked: dict[str, Any] = {
        "ciphers": greeting.ciphers,
        "suites": greeting.suites,
        "client_auth": greeting.client_auth,
    }
    if greeting.versions is not None:
        asked["versions"] = tuple(TlsVersion(each) for each in greeting.versions)
    return {name: value for name, value in asked.items() if value is not None}
