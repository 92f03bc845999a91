"""The fictitious professionals as a test sees them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from mockpsc.errors import Unusable, nearest


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who can log in. `sub` is the claim of that name; `raw` is all of the persona, as the admin API tells it."""

    id: str
    sub: str
    given_name: str
    family_name: str
    acr: str
    auth_mode: str
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """The person that the admin API tells of."""
        names = ("id", "sub", "given_name", "family_name", "acr", "auth_mode")
        return cls(**{name: raw[name] for name in names}, raw=raw)

    @property
    def name(self) -> str:
        """Given name and family name."""
        return f"{self.given_name} {self.family_name}"


class People(dict[str, Person]):
    """Those who can log in, by id, in the order of the login page. Raises Unusable, with the nearest id, for an id that
    nobody has."""

    def __missing__(self, id: str) -> Person:
        raise Unusable(f"No persona has the id {id!r}{nearest(id, self)}; there are {', '.join(self) or 'none'}.")
