"""What the mock finds wrong with what a relying party did."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

Severity = Literal["forbidden", "discouraged"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A rule that a relying party broke: its code word, whether that is `forbidden` or `discouraged`, `what` was done
    and what was `received`, where the rule is written, and what to do. `number` is that of the exchange; `raw` is all
    of it, as the admin API tells it."""

    rule: str
    severity: Severity
    client_id: str | None
    endpoint: str
    number: int
    what: str
    received: str
    source: str
    remedy: str
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """The finding that the admin API tells of."""
        same = ("rule", "severity", "client_id", "endpoint", "number", "received", "source")
        in_english = {name: raw[name]["en"] for name in ("what", "remedy")}
        return cls(**{name: raw[name] for name in same}, **in_english, raw=raw)

    def __str__(self) -> str:
        who = f" by {self.client_id}" if self.client_id else ""
        return (
            f"{self.rule} ({self.severity}){who}: {self.what} Received: {self.received}. {self.remedy} [{self.source}]"
        )
