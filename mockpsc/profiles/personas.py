"""The people who can log in: fictitious professionals, read from tables such as those of `personas.toml`."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

from mockpsc.errors import ConfigurationError, Unusable, nearest
from mockpsc.members import member, read_members
from mockpsc.profiles.model import Profile


@dataclass(frozen=True, kw_only=True)
class Persona:
    """A fictitious professional, as a table declares one. `exercices` and their `activities` hold Pro Santé Connect's
    own members, the empty ones left out; `faults` is what to arm for this person, as the admin API takes it."""

    id: str = member(help="The identifier: the end of the claim sub.")
    given_name: str = member(help="The given name.")
    family_name: str = member(help="The family name.")
    what: Mapping[str, str] = member({}, "What the person is for, in a few words: {fr, en}.")
    auth_mode: str = member("MOBILE", "How the person authenticates: MOBILE or CARD.")
    acr: str = member("eidas1", "The level of authentication.")
    civilite: str = member("", "The civility, as a code.")
    origin: str = member("RPPS", "The register that the identifier is of; empty for none.")
    shape: str = member("", "The generation of the userinfo document (default: the profile's).")
    exercices: tuple[Mapping[str, Any], ...] = member((), "The professions, each with its activities.")
    claims: Mapping[str, Any] = member({}, "Members of userinfo set to the letter, over what is computed.")
    faults: tuple[Any, ...] = member((), "Faults to arm for this person: names, or objects as they are armed.")

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
    persona = read_members(Persona, table, f"The persona {table.get('id', '(without id)')!r}")
    return checked_persona(persona, profile)


def checked_persona(persona: Persona, profile: Profile) -> Persona:
    """The persona with the shape that it has by default. Raises Unusable for one that makes no sense."""
    who = f"The persona {persona.id!r}"
    _refuse_empty(persona, who)
    layout = profile.userinfo
    shape = persona.shape or layout.default_shape
    if shape not in layout.shapes:
        raise Unusable(f"{who} has the shape {shape!r}{nearest(shape, layout.shapes)}: {_or(layout.shapes)}.")
    for exercice in persona.exercices:
        _refuse_unknown(exercice, layout.exercice, f"{who}, in exercices,")
        activities = exercice.get("activities", [])
        if not isinstance(activities, list):
            raise Unusable(f"{who}, in exercices, has activities {activities!r}; expected a list of objects.")
        for activity in activities:
            _refuse_unknown(activity, layout.shapes[shape].activity, f"{who}, in activities,")
    return replace(persona, shape=shape, exercices=tuple(persona.exercices), faults=tuple(persona.faults))


def _refuse_empty(persona: Persona, who: str) -> None:
    for name in ("id", "given_name", "family_name"):
        if not getattr(persona, name):
            raise Unusable(f"{who} has no {name}: every persona needs one, as text.")


def _refuse_unknown(table: Any, known: Iterable[str], who: str) -> None:
    if not isinstance(table, Mapping):
        raise Unusable(f"{who} has {table!r}; expected an object.")
    for name in table:
        if name not in known:
            raise Unusable(f"{who} has the member {name!r}, which is unknown{nearest(name, known)}.")


def _or(names: Iterable[str]) -> str:
    return " or ".join(names)
