"""What the mock saw, as a test asks for it: exchanges and handshakes, and assertions that say what almost matched."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Self, TypeVar, overload

E = TypeVar("E", bound="Exchange | Handshake")

_SHOWN = 12


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """An HTTP request and its answer. `parameters` are those of the query and of the form, secrets redacted; `tokens`
    are the claims that were issued, by kind (`id_token`, `access_token`, `refresh_token`). `raw` is all of it."""

    number: int
    endpoint: str | None
    method: str
    path: str
    status: int
    error: str | None
    hint: str | None
    reason: str | None
    client_id: str | None
    persona_id: str | None
    connection_id: str
    faults: tuple[str, ...]
    parameters: Mapping[str, str]
    tokens: Mapping[str, Mapping[str, Any]]
    line: str
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """The exchange that the admin API tells of."""
        same = ("number", "endpoint", "method", "path", "status", "error", "hint", "reason", "client_id", "persona_id")
        return cls(
            **{name: raw[name] for name in (*same, "connection_id", "line")},
            faults=tuple(raw["faults"]),
            parameters={each["name"]: each["value"] for each in reversed(raw["parameters"])},
            tokens={each["kind"]: each["claims"] for each in raw["tokens"]},
            raw=raw,
        )


@dataclass(frozen=True, kw_only=True)
class Handshake:
    """A TLS handshake. `outcome` is accepted, refused (by the mock), rejected (by the client), abandoned, or broken (by
    a fault); `reason` is a stable code word, `subject` that of the client's certificate. `raw` is all of it."""

    number: int
    connection_id: str
    listener: str
    server_name: str | None
    outcome: str
    reason: str | None
    sentence: str | None
    subject: str | None
    alerts_sent: tuple[int, ...]
    alerts_received: tuple[int, ...]
    faults: tuple[str, ...]
    line: str
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """The handshake that the admin API tells of."""
        same = ("number", "connection_id", "listener", "server_name", "outcome", "sentence", "subject", "line")
        told: dict[str, Any] = {name: raw[name] for name in same}
        told |= {name: tuple(raw[name]) for name in ("alerts_sent", "alerts_received", "faults")}
        return cls(**told, reason=raw["reason"] or (raw["verdict"] or {}).get("reason"), raw=raw)


class Events(Sequence[E], Generic[E]):
    """Events of one kind, oldest first. `everything` gives all of that kind, to say what almost matched."""

    def __init__(
        self, kind: str, events: Sequence[E], wanted: Mapping[str, Any], everything: Callable[[], Sequence[E]]
    ) -> None:
        self._kind, self._events, self._wanted, self._everything = kind, tuple(events), dict(wanted), everything

    @overload
    def __getitem__(self, index: int) -> E: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[E]: ...
    def __getitem__(self, index: int | slice) -> E | Sequence[E]:
        return self._events[index]

    def __len__(self) -> int:
        return len(self._events)

    def __iter__(self) -> Iterator[E]:
        return iter(self._events)

    def __repr__(self) -> str:
        return f"<{len(self)} {self._kind}s{self._with}:\n{_listed(self._events)}>"

    def where(self, **values: object) -> "Events[E]":
        """Those whose attributes have these values."""
        found = [event for event in self._events if _differing(event, values) == {}]
        return Events(self._kind, found, self._wanted | values, self._everything)

    def one(self) -> E:
        """The only one. Raises AssertionError, with what came instead, when there is another number of them."""
        if len(self) != 1:
            raise AssertionError(self._why("one"))
        return self._events[0]

    def last(self) -> E:
        """The latest. Raises AssertionError, with what came instead, when there is none."""
        if not self:
            raise AssertionError(self._why("at least one"))
        return self._events[-1]

    def first(self) -> E:
        """The earliest. Raises AssertionError as `last` does."""
        self.last()
        return self._events[0]

    def none(self) -> None:
        """Raises AssertionError, with what there is, unless there is none."""
        if self:
            raise AssertionError(self._why("no"))

    @property
    def _with(self) -> str:
        wanted = ", ".join(f"{name} {value!r}" for name, value in self._wanted.items())
        return f" with {wanted}" if wanted else ""

    def _why(self, expected: str) -> str:
        said = [f"Expected {expected} {self._kind}{self._with}; the mock saw {len(self) or 'none'}."]
        if self:
            return "\n".join([*said, _listed(self._events)])
        near = [(event, different) for event in self._everything() if len(different := self._differing(event)) == 1]
        for event, different in near[-_SHOWN:]:
            ((name, value),) = different.items()
            said.append(f"  almost, but {name} is {value!r}: {event.line}")
        if not near:
            said.append(f"All the {self._kind}s that it saw:" if self._everything() else "It saw nothing at all.")
            said.append(_listed(self._everything()))
        return "\n".join(filter(None, said))

    def _differing(self, event: E) -> dict[str, Any]:
        return _differing(event, self._wanted)


_ATTRIBUTES = {"client": "client_id", "persona": "persona_id", "connection": "connection_id"}


def _differing(event: object, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes that are not as wanted, with their values."""
    found = {name: getattr(event, _ATTRIBUTES.get(name, name)) for name in wanted}
    return {name: value for name, value in found.items() if value != wanted[name]}


def _listed(events: Sequence["Exchange | Handshake"]) -> str:
    more = len(events) - _SHOWN
    return "\n".join(([f"  … {more} earlier"] if more > 0 else []) + [f"  {each.line}" for each in events[-_SHOWN:]])
