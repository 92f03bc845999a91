"""What a test says to a mock: `Psc` and what it gives. It drives a running mock through its admin API, so that the same
test runs with a mock in its own process and with one in a container.

`credentials` are a relying party's id and certificate, `certificates` the good and bad ones to present, `parties` and
`people` who takes part. `browser` plays the person who logs in, on the mock's `pages`, and `driving` the caller's own
application. `events` are what the mock saw, `selection` those that a test asks for, `journal` those since it began, and
`findings` what the mock thinks of them. `faults` are armed faults, `time_and_keys` the clock and the signing keys.
"""

from mockpsc.psc.browser import Browser
from mockpsc.psc.certificates import Certificates
from mockpsc.psc.credentials import Certificate, RelyingParty
from mockpsc.psc.driving import LoginFailed
from mockpsc.psc.events import Exchange, Handshake
from mockpsc.psc.faults import ArmedFault, FaultNeverActed
from mockpsc.psc.findings import Finding
from mockpsc.psc.people import People, Person
from mockpsc.psc.psc import Psc
from mockpsc.psc.selection import Events

__all__ = [
    "ArmedFault",
    "Browser",
    "Certificate",
    "Certificates",
    "Events",
    "Exchange",
    "FaultNeverActed",
    "Finding",
    "Handshake",
    "LoginFailed",
    "People",
    "Person",
    "Psc",
    "RelyingParty",
]
