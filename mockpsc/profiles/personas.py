"""The people who can log in: fictitious professionals, read from tables such as those of `personas.toml`."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from importlib import resources
from typing import Any

from mockpsc.errors import ConfigurationError, nearest
from mockpsc.profiles.model import Profile


@dataclass(frozen=True, kw_only=True)
class Persona:
    """A fictitious professional. `exercices` and their `activities` hold Pro Santé Connect's own members, the empty
    ones left out; `claims` are userinfo members set to the letter, over what is computed."""

    id: str
    given_name: str
    family_name: str
    what: Mapping[str, str] = field(default_factory=dict)
    auth_mode: str = "MOBILE"
    acr: str = "eidas1"
    civilite: str = ""
    origin: str = "RPPS"
    shape: str = ""
    exercices: tuple[Mapping[str, Any], ...] = ()
    claims: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Given name and family name."""
        return f"{self.given_name} {self.family_name}"

    @property
    def profession(self) -> str:
        """The code of the first profession (TRE_G15), or nothing."""
        return self.exercices[0].get("codeProfession", "") if self.exercices else ""

    @property
    def other_ids(self) -> list[dict[str, Any]] | None:
        """The claim `otherIds`, absent for a person without an origin."""
        return [{"identifiant": self.id, "origine": self.origin, "qualite": 1}] if self.origin else None


@cache
def shipped_tables() -> tuple[dict[str, Any], ...]:
    """The tables of the personas that come with mockpsc."""
    text = resources.files(__package__).joinpath("personas.toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(text)["personas"])


def read_personas(tables: Sequence[Mapping[str, Any]], profile: Profile) -> dict[str, Persona]:
    """Personas by id. Raises ConfigurationError for a table that is incomplete or has an unknown member."""
    personas: dict[str, Persona] = {}
    for table in tables:
        persona = _read(table, profile)
        if persona.id in personas:
            raise ConfigurationError(f"Two personas have the id {persona.id!r}; an id names one person.")
        personas[persona.id] = persona
    return personas


def _read(table: Mapping[str, Any], profile: Profile) -> Persona:
    who = f"The persona {table.get('id', '(without id)')!r}"
    _refuse_unknown(table, [field.name for field in fields(Persona)], who)
    _refuse_missing(table, who)
    layout = profile.userinfo
    shape = str(table.get("shape", layout.default_shape))
    if shape not in layout.shapes:
        raise ConfigurationError(f"{who} has the shape {shape!r}{nearest(shape, layout.shapes)}: {_or(layout.shapes)}.")
    exercices = tuple(table.get("exercices", ()))
    for exercice in exercices:
        _refuse_unknown(exercice, layout.exercice, f"{who}, in exercices,")
        for activity in exercice.get("activities", ()):
            _refuse_unknown(activity, layout.shapes[shape].activity, f"{who}, in activities,")
    return Persona(**{**table, "shape": shape, "exercices": exercices})


def _refuse_missing(table: Mapping[str, Any], who: str) -> None:
    for name in ("id", "given_name", "family_name"):
        if not isinstance(table.get(name), str) or not table[name]:
            raise ConfigurationError(f"{who} has no {name}: every persona needs one, as text.")


def _refuse_unknown(table: Mapping[str, Any], known: Iterable[str], who: str) -> None:
    for name in table:
        if name not in known:
            raise ConfigurationError(f"{who} has the member {name!r}, which is unknown{nearest(name, known)}.")


def _or(names: Iterable[str]) -> str:
    return " or ".join(names)
