"""A fictitious professional as a test sees them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who can log in. `sub` is not told: it depends on the profile, and is in every token. `raw` is all of it."""

    id: str
    given_name: str
    family_name: str
    acr: str
    auth_mode: str
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """The person that the admin API tells of."""
        return cls(**{name: raw[name] for name in ("id", "given_name", "family_name", "acr", "auth_mode")}, raw=raw)

    @property
    def name(self) -> str:
        """Given name and family name."""
        return f"{self.given_name} {self.family_name}"
