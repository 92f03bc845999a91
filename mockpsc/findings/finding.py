"""What was found: which rule was broken, by whom, and in which exchange."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mockpsc.findings.catalogue import rules
from mockpsc.findings.request import Request, requests
from mockpsc.findings.rule import Rule
from mockpsc.journal import Exchange, Handshake
from mockpsc.journal.redaction import redact_text

_LONGEST = 200


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A rule that a relying party broke. `number` is that of the exchange in the journal, `received` what there was in
    it, without secrets."""

    rule: Rule
    client_id: str | None
    number: int
    connection_id: str
    endpoint: str
    received: str

    def as_json(self) -> dict[str, Any]:
        """It as JSON, with the words of the rule."""
        rule = self.rule
        return {
            "rule": rule.code,
            "severity": rule.severity,
            "client_id": self.client_id,
            "number": self.number,
            "connection_id": self.connection_id,
            "endpoint": self.endpoint,
            "received": self.received,
            "what": dict(rule.what),
            "source": rule.source,
            "remedy": dict(rule.remedy),
        }


def find(exchanges: Iterable[Exchange], handshakes: Iterable[Handshake]) -> tuple[Finding, ...]:
    """What is to be said of the relying parties in these events, which are in the order of the journal.

    The more of the journal it is given, the more it finds: that something was used twice is seen in two exchanges."""
    return tuple(
        _finding(rule, request, received)
        for request in requests(exchanges, handshakes)
        for rule in rules().values()
        if request.exchange.endpoint in rule.endpoints and (received := rule.breach(request))
    )


def _finding(rule: Rule, request: Request, received: str) -> Finding:
    shown = redact_text(received)
    return Finding(
        rule=rule,
        client_id=request.client,
        number=request.exchange.number,
        connection_id=request.exchange.connection_id,
        endpoint=request.exchange.endpoint or "",
        received=shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…",
    )
