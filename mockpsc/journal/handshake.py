"""A TLS handshake, as the journal has it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from mockpsc.journal.lines import milliseconds, on_one_line, when
from mockpsc.judgement import Verdict

Outcome = Literal["accepted", "refused", "rejected", "abandoned", "broken"]


@dataclass(frozen=True, kw_only=True)
class Handshake:
    """One TLS handshake. Numbers of versions and alerts are IANA's (RFC 8446 §4.2.1 and §6).

    `accepted`; `refused`: by us; `rejected`: by the client; `abandoned`: closed, reset, timed out, or never TLS;
    `broken`: by a fault that is armed, on purpose.
    `alpn` and `versions_offered` are the client's offer; `version` and `cipher` what was agreed on, if it came to that.
    `subject` is that of the certificate which the client presented, as RFC 4514 writes it, refused or not; `chain` are
    the certificates in DER, as they were sent, and `errors` OpenSSL's verification errors, as (code, depth). `verdict`
    is on them; it can stand beside `accepted`, when the refusal is left to HTTP. `reason` is a stable code word and
    `sentence` its explanation; a handshake that went well has neither. `faults` are the names of those that acted on
    it. Requests bear the `connection_id`, too.
    """

    number: int = field(default=0, compare=False)
    """The journal's own count of events."""
    connection_id: str = ""

    time: float
    """When it began, in seconds since the epoch by the mock's clock."""
    listener: str
    peer: str
    server_name: str | None = None
    alpn: tuple[str, ...] = ()
    versions_offered: tuple[int, ...] = ()
    version: int | None = None
    cipher: str | None = None
    ciphers_offered: tuple[int, ...] = ()
    subject: str | None = None
    chain: tuple[bytes, ...] = ()
    errors: tuple[tuple[int, int], ...] = ()
    verdict: Verdict | None = None
    outcome: Outcome
    reason: str | None = None
    sentence: str | None = None
    alerts_sent: tuple[int, ...] = ()
    alerts_received: tuple[int, ...] = ()
    faults: tuple[str, ...] = ()
    duration: float
    """In seconds, whatever the mock's clock does."""

    @property
    def failed(self) -> bool:
        """Whether one side refused the other, or a fault did. What was abandoned is mostly noise: health checks, spare
        connections."""
        return self.outcome in ("refused", "rejected", "broken")

    @property
    def line(self) -> str:
        """One line for the log."""
        facts = [
            f"{self.listener}: handshake {self.outcome}{when(' ({})', self.why)} from {self.peer}",
            when("for {}", self.server_name),
            _version(self.version),
            when("certificate {}", self.subject),
            when("alert sent {}", _numbers(self.alerts_sent)),
            when("alert received {}", _numbers(self.alerts_received)),
            when("faults {}", " ".join(self.faults)),
            milliseconds(self.duration),
        ]
        return on_one_line(", ".join(filter(None, facts)) + when(": {}", self.sentence or self.verdict))

    @property
    def why(self) -> str | None:
        """The reason, or else that of the verdict."""
        return self.reason or (self.verdict.reason if self.verdict else None)

    @property
    def facts(self) -> Mapping[str, tuple[object, ...]]:
        """What it can be found by: names, each with its values."""
        return {
            "kind": ("handshake",),
            "listener": (self.listener,),
            "connection": (self.connection_id,),
            "outcome": (self.outcome,),
            "failed": (self.failed,),
            "reason": (self.why,),
            "fault": self.faults,
        }


def _version(number: int | None) -> str:
    return f"TLS 1.{number - 0x0301}" if number else ""


def _numbers(alerts: tuple[int, ...]) -> str:
    return " ".join(map(str, alerts))
