"""What a test says to a mock: `Psc` and what it gives. It drives a running mock through its admin API, so that the same
test runs with a mock in its own process and with one in a container.

`credentials` are a relying party's id and certificate, `certificates` the good and bad ones to present; `browser` plays
the person who logs in, `driving` the caller's own application; `events` are what the mock saw, and `findings` what it
thinks of that; `faults` are armed faults, `time_and_keys` the clock and the signing keys, `people` who can log in.
"""

from mockpsc.psc.browser import LoginFailed
from mockpsc.psc.credentials import Certificate, RelyingParty
from mockpsc.psc.events import Events, Exchange, Handshake
from mockpsc.psc.faults import ArmedFault, FaultNeverActed
from mockpsc.psc.findings import Finding
from mockpsc.psc.people import Person
from mockpsc.psc.psc import Psc

__all__ = [
    "ArmedFault",
    "Certificate",
    "Events",
    "Exchange",
    "FaultNeverActed",
    "Finding",
    "Handshake",
    "LoginFailed",
    "Person",
    "Psc",
    "RelyingParty",
]
