"""What the mock finds wrong with what a relying party did."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A mistake of a relying party's: a stable code word, how grave it is (`forbidden` or `discouraged`), what was
    seen, and where the rule is written. `raw` is all of it."""

    rule: str
    severity: str
    client_id: str | None
    sentence: str
    source: str
    remedy: str
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """The finding that the admin API tells of."""
        names = ("rule", "severity", "client_id", "sentence", "source", "remedy")
        return cls(**{name: raw[name] for name in names}, raw=raw)

    def __str__(self) -> str:
        return f"{self.rule} ({self.severity}): {self.sentence} {self.remedy} Source: {self.source}."
