"""The store that a mock has unless told otherwise: dictionaries, swept of what has expired."""

from collections import defaultdict

from mockpsc.clock import Clock
from mockpsc.store.base import R
from mockpsc.store.model import Record

_FIRST_SWEEP = 1000


class MemoryStore:
    """Keeps records in this process, and forgets them with it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._records: defaultdict[type[Record], dict[str, Record]] = defaultdict(dict)
        self._size, self._sweep_at = 0, _FIRST_SWEEP

    async def put(self, record: Record) -> None:
        """Remember a record, in the place of one of the same kind and id."""
        self._records[type(record)][record.id] = record
        self._size += 1
        if self._size >= self._sweep_at:
            self._sweep()

    async def get(self, kind: type[R], id: str) -> R | None:
        """The record of that kind and id."""
        return self._alive(kind, self._records[kind].get(id))

    async def take(self, kind: type[R], id: str) -> R | None:
        """The same, and forget it: of several callers at once only one gets it."""
        return self._alive(kind, self._records[kind].pop(id, None))

    async def delete(self, kind: type[R], id: str) -> None:
        """Forget a record, if there is one."""
        self._records[kind].pop(id, None)

    async def find(self, kind: type[R], **values: object) -> list[R]:
        """The records of that kind whose fields have these values."""
        found = [self._alive(kind, record) for record in self._records[kind].values()]
        return [r for r in found if r and all(getattr(r, name) == value for name, value in values.items())]

    async def clear(self) -> None:
        """Forget every record."""
        self._records.clear()
        self._size, self._sweep_at = 0, _FIRST_SWEEP

    def __len__(self) -> int:
        return sum(map(len, self._records.values()))

    def _alive(self, kind: type[R], record: Record | None) -> R | None:
        return record if isinstance(record, kind) and record.expires_at > self._clock.now() else None

    def _sweep(self) -> None:
        """Forget what has expired, each time that about as much has come as was left the last time."""
        now = self._clock.now()
        for kind, records in self._records.items():
            self._records[kind] = {id: record for id, record in records.items() if record.expires_at > now}
        self._size = len(self)
        self._sweep_at = max(_FIRST_SWEEP, 2 * self._size)
