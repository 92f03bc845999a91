"""Faults of the handshake."""

from dataclasses import replace

from mockpsc.faults.base import HelloFault, fault
from mockpsc.faults.occasion import Occasion
from mockpsc.faults.subjects import Greeting


@fault("tls.expired", "reject", "RFC 5280 §6.1.3 (a) (2)")
class Expired(HelloFault):
    """The mock's certificate expired yesterday."""

    def effect(self, subject: Greeting, occasion: Occasion) -> Greeting:
        return replace(subject, certificate="server-expired")
