"""Events that a test asks for, and what is said when they are not there: what almost matched, or all that came."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Generic, TypedDict, TypeVar, Unpack, cast, overload

from mockpsc.journal import Filter
from mockpsc.members import read_members
from mockpsc.psc.credentials import RelyingParty
from mockpsc.psc.events import Event, Exchange, Handshake
from mockpsc.psc.people import Person

E = TypeVar("E", bound=Exchange | Handshake)

_SHOWN = 20


class Wanted(TypedDict, total=False):
    """What events can be asked for by, beside the endpoint, as in the admin API (docs/journal.md).

    `error` is the code, or the code and the description; `failed` is whether somebody was refused or not answered."""

    listener: str
    connection: str
    client: str | RelyingParty
    persona: str | Person
    status: int
    failed: bool
    error: str
    reason: str
    outcome: str
    fault: str


def asked_for(endpoint: str | None, wanted: Wanted) -> dict[str, Any]:
    """What is wanted as the admin API takes it. Raises Unusable, with the nearest that there is, for what is not."""
    values = {name: getattr(value, "id", value) for name, value in wanted.items()}
    given = ({"endpoint": endpoint} if endpoint else {}) | values
    read_members(Filter, given, "What is asked for")
    return given


class Events(Sequence[E], Generic[E]):
    """Events of one kind, oldest first. `everything` is all that the mock saw, of both kinds: what is told when a test
    expected something else; `others` is said, too, of what it saw and does not show. An expectation that is not met
    raises AssertionError."""

    def __init__(
        self, kind: type[E], everything: Sequence[Event], wanted: Mapping[str, Any] | None = None, *, others: str = ""
    ) -> None:
        self._kind, self._everything, self._wanted = kind, tuple(everything), dict(wanted or {})
        self._others = others
        self._events = tuple(each for each in self._of_kind if not self._differing(each))

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
        return "\n".join([f"<{len(self)} {self._name}s{self._with}>", *_listed(self._events)])

    def where(self, endpoint: str | None = None, **wanted: Unpack[Wanted]) -> "Events[E]":
        """Those that have these values, too."""
        asked = {**self._wanted, **asked_for(endpoint, wanted)}
        return Events(self._kind, self._everything, asked, others=self._others)

    def one(self) -> E:
        """The only one."""
        if len(self) != 1:
            raise AssertionError(self.told("one"))
        return self._events[0]

    def first(self) -> E:
        """The earliest of one or more."""
        return self._some()[0]

    def last(self) -> E:
        """The latest of one or more."""
        return self._some()[-1]

    def none(self) -> None:
        """There is none."""
        if self:
            raise AssertionError(self.told("no"))

    def told(self, expected: str) -> str:
        """That something else was expected, and what there is instead."""
        said = f"Expected {expected} {self._name}{self._with}; the mock saw {len(self) or 'none'}"
        if self:
            return "\n".join([f"{said}:", *_listed(self._events)])
        others = [f"  {self._others}"] if self._others else []
        if near := self._near():
            return "\n".join([f"{said}. What almost matched:", *near, *others])
        if self._everything:
            return "\n".join([f"{said}. All that it saw:", *_listed(self._everything), *others])
        return f"{said}{f'. {self._others}' if others else ', and nothing else either: nobody has connected to it.'}"

    def _some(self) -> tuple[E, ...]:
        if not self:
            raise AssertionError(self.told("at least one"))
        return self._events

    @property
    def _of_kind(self) -> tuple[E, ...]:
        return cast("tuple[E, ...]", tuple(each for each in self._everything if isinstance(each, self._kind)))

    @property
    def _name(self) -> str:
        return self._kind.__name__.lower()

    @property
    def _with(self) -> str:
        wanted = ", ".join(f"{name} {value!r}" for name, value in self._wanted.items())
        return f" with {wanted}" if wanted else ""

    def _differing(self, event: Event) -> dict[str, Any]:
        """What of the event is not as wanted, by name."""
        facts = event.facts
        differing = [name for name, value in self._wanted.items() if value not in facts.get(name, ())]
        return {name: next(iter(facts.get(name, ())), None) for name in differing}

    def _near(self) -> list[str]:
        """Those that have some of what is wanted, and lack as little as any."""
        differing = [(event, self._differing(event)) for event in self._of_kind]
        least = min((len(each) for _, each in differing), default=len(self._wanted))
        near = [pair for pair in differing if len(pair[1]) == least < len(self._wanted)]
        return [f"  but {_facts(different)}: {event.line}" for event, different in near[-_SHOWN:]]


def _facts(different: Mapping[str, Any]) -> str:
    return " and ".join(f"{name} is {value!r}" for name, value in different.items())


def _listed(events: Sequence[Event]) -> list[str]:
    earlier = len(events) - _SHOWN
    return ([f"  … {earlier} earlier"] if earlier > 0 else []) + [f"  {each.line}" for each in events[-_SHOWN:]]
