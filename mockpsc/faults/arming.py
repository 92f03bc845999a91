"""How a fault is asked for: as JSON (the admin API, `mockpsc.toml`), as text (a header), or by a host name."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from mockpsc.errors import Unusable, nearest
from mockpsc.faults.armed import Trigger
from mockpsc.faults.base import KNOWN_AT, Fault
from mockpsc.faults.catalogue import catalogue, find_fault, make_fault
from mockpsc.faults.occasion import Match
from mockpsc.members import from_text, member, read_members

HEADER = "x-mockpsc-fault"
HOSTS = ".fault.localhost"


@dataclass(frozen=True, kw_only=True)
class Order(Trigger):
    """What to arm: a fault of the catalogue, its parameters, on which occasions it acts, and how often."""

    name: str = member(help="The fault, by its name in the catalogue.")
    params: dict[str, Any] = member({}, "Its parameters, by name.")
    match: dict[str, Any] = member({}, "On which occasions it acts: those that have all of these values.")

    @cached_property
    def fault(self) -> Fault[Any]:
        """The fault with its parameters. Raises Unusable."""
        return make_fault(self.name, self.params)

    @cached_property
    def matching(self) -> Match:
        """On which occasions. Raises Unusable for what is not known where the fault acts."""
        match = read_members(Match, self.match, f"The match of {self.name}")
        kind = find_fault(self.name)
        for name in match.given:
            if name not in kind.knows:
                raise Unusable(
                    f"{self.name} cannot be matched by {name}, which is not known when it acts; "
                    f"it can be by {', '.join(sorted(kind.knows))}."
                )
        _require_possible(kind, match)
        return match

    @cached_property
    def trigger(self) -> Trigger:
        """How often. Raises Unusable for what cannot be counted."""
        trigger = Trigger(**{each.name: getattr(self, each.name) for each in fields(Trigger)})
        if not find_fault(self.name).counted and (trigger.times or trigger.every or trigger.probability is not None):
            raise Unusable(f"{self.name} acts without the mock seeing it, so it cannot be counted: use ttl and delay.")
        return trigger


def _require_possible(kind: type[Fault[Any]], match: Match) -> None:
    """A fault of one endpoint that is matched by another, or by what is never known there, would never act."""
    asked, acts_at = match.endpoint, kind.endpoints()
    if asked is not None and acts_at and asked not in acts_at:
        raise Unusable(f"{kind.name} acts at {' and '.join(acts_at)}, never at {asked}.")
    for name, where in KNOWN_AT.items():
        if asked is not None and name in match.given and asked not in where:
            raise Unusable(f"At {asked} no {name} is known to match {kind.name} by; one is at {', '.join(where)}.")


def read_order(given: Mapping[str, Any], who: str = "The fault to arm") -> Order:
    """An order as JSON has it. Raises Unusable for anything in it that cannot be."""
    order = read_members(Order, given, who)
    _ = order.fault, order.matching, order.trigger
    return order


def orders_carried_by(persona_id: str, carried: Sequence[Any]) -> list[Order]:
    """What a persona's faults arm: names, or objects as they are armed, matched by the persona. Raises Unusable."""
    who = f"The persona {persona_id!r}, in faults,"
    return [_carried(each, persona_id, who) for each in carried]


def _carried(given: Any, persona_id: str, who: str) -> Order:
    if isinstance(given, str):
        given = {"name": given}
    if not isinstance(given, Mapping) or not isinstance(given.get("match", {}), Mapping):
        raise Unusable(f"{who} has {given!r}; expected the name of a fault, or an object with one.")
    return read_order({**given, "match": {**given.get("match", {}), "persona": persona_id}}, who)


def orders_in(text: str) -> list[Order]:
    """Orders as text: faults separated by commas, each a name and its parameters, `token.error;error=invalid_grant`. A
    value with a comma or a semicolon in it is quoted, as in RFC 9110 §5.6.4."""
    return [_in_text(part) for part in _parts(text, ",")]


def _in_text(text: str) -> Order:
    name, *pairs = _parts(text, ";")
    if find_fault(name).stage in ("connection", "handshake"):
        raise Unusable(f"{name} acts before a request is read, so no header can ask for it: arm it{_or_connect(name)}.")
    return read_order({"name": name, "params": params_in(name, map(_unquoted, pairs))})


def _parts(text: str, separator: str) -> list[str]:
    """What stands between separators, those in quotes left alone."""
    parts = re.findall(rf'(?:"(?:\\.|[^"\\])*"|[^"{separator}]|")+', text)
    return [part.strip() for part in parts if part.strip()]


def _unquoted(pair: str) -> str:
    name, equals, value = pair.partition("=")
    quoted = re.fullmatch(r'\s*"((?:\\.|[^"\\])*)"\s*', value)
    return name + equals + re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else pair


def params_in(name: str, pairs: Iterable[str]) -> dict[str, Any]:
    """Parameters of a fault from `name=value` texts. Raises Unusable for a text without `=`."""
    given = {}
    for pair in pairs:
        param, equals, value = pair.partition("=")
        if not equals:
            raise Unusable(f"{pair!r} is no parameter of {name}; expected name=value.")
        given[param.strip()] = value.strip()
    return from_text(find_fault(name), given, name)


def order_of_host(host: str | None) -> Order | None:
    """What a host name asks for: `expired.fault.localhost` for tls.expired, as at badssl.com; None for other names.

    Raises Unusable for a name of this kind that asks for no fault."""
    if host is None or not host.endswith(HOSTS):
        return None
    label = host.removesuffix(HOSTS)
    if label not in hosts():
        known = ", ".join(hosts())
        raise Unusable(f"{host} asks for no fault{nearest(label, hosts())}; known are {known}, each before {HOSTS}.")
    return Order(name=hosts()[label])


def _or_connect(name: str) -> str:
    """The other way to a fault that a host name asks for."""
    return next((f", or connect to {label}{HOSTS}" for label, each in hosts().items() if each == name), "")


def hosts() -> Mapping[str, str]:
    """The faults of the handshake that a host name asks for, by its first label."""
    return dict(_hosts())


def _hosts() -> Iterator[tuple[str, str]]:
    for name, kind in catalogue().items():
        if kind.stage == "handshake" and "hello" in kind.targets:
            yield name.partition(".")[2].replace("_", "-"), name
