"""What a store can do: six operations on any kind of record."""

from typing import Protocol, TypeVar

from mockpsc.store.model import Record

R = TypeVar("R", bound=Record)


class Store(Protocol):
    """Remembers records until they expire. A record that has expired is never given back."""

    async def put(self, record: Record) -> None:
        """Remember a record, in the place of one of the same kind and id."""

    async def get(self, kind: type[R], id: str) -> R | None:
        """The record of that kind and id."""

    async def take(self, kind: type[R], id: str) -> R | None:
        """The same, and forget it: of several callers at once only one gets it."""

    async def delete(self, kind: type[R], id: str) -> None:
        """Forget a record, if there is one."""

    async def find(self, kind: type[R], **values: object) -> list[R]:
        """The records of that kind whose fields have these values."""

    async def clear(self) -> None:
        """Forget every record."""
