"""What a rule is, and how a function is declared to be what tells that one is broken."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from mockpsc.findings.request import Request
from mockpsc.judgement.verdict import Wording

Severity = Literal["forbidden", "discouraged"]
Breach = Callable[[Request], str | None]
"""What was received that breaks a rule, or None when it is kept or cannot be seen."""

breaches: dict[str, tuple[tuple[str, ...], Breach]] = {}
"""What was declared, by the code word of the rule: at which endpoints, and what tells."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule for relying parties. `forbidden` is what a text forbids; `discouraged` is what it advises against, or what
    is at times right. `what` is what a relying party did that breaks it, `source` where that is said, `remedy` what to
    do. `endpoints` are the names of those whose requests it looks at."""

    code: str
    severity: Severity
    what: Wording
    remedy: Wording
    source: str
    endpoints: tuple[str, ...]
    breach: Breach

    def as_json(self) -> dict[str, Any]:
        """It as JSON."""
        return {
            "code": self.code,
            "severity": self.severity,
            "endpoints": list(self.endpoints),
            "what": dict(self.what),
            "source": self.source,
            "remedy": dict(self.remedy),
        }


def rule(code: str, *endpoints: str) -> Callable[[Breach], Breach]:
    """What makes a function tell what breaks the rule of that code word, at those endpoints."""

    def declare(breach: Breach) -> Breach:
        breaches[code] = endpoints, breach
        return breach

    return declare
