"""The journal itself: the last events, for those who ask, who wait and who follow."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace

from mockpsc.clock import Clock
from mockpsc.journal.exchange import Exchange
from mockpsc.journal.filter import ALL, Filter
from mockpsc.journal.handshake import Handshake
from mockpsc.journal.redaction import redact_text

Event = Handshake | Exchange


@dataclass(frozen=True, kw_only=True, eq=False)
class _Waiting:
    """Somebody who waits for an event, and whether it is then theirs alone."""

    filter: Filter
    takes: bool
    found: asyncio.Future[Event | None]

    def is_for(self, event: Event) -> bool:
        return not self.found.done() and self.filter.accepts(event)


class Journal:
    """The last `size` events. Each is also logged when it is recorded: failures as warnings, the rest as information.

    `clock` is what the events' `time` is read from by those who record them. Events are numbered from 1 on, whatever
    is taken or cleared. All that waits belongs to one event loop; to look is possible from any thread.
    """

    def __init__(self, clock: Clock, size: int = 1000) -> None:
        self.clock = clock
        self._events: deque[Event] = deque(maxlen=size)
        self._size = size
        self._last = 0
        self._waiting: list[_Waiting] = []
        self._followers: set[asyncio.Queue[Event | None]] = set()

    def record(self, event: Event) -> None:
        """Number the event and keep it, in the place of the oldest if the journal is full, unless somebody waits to
        take it; and log it."""
        self._last += 1
        event = replace(event, number=self._last)
        if not self._hand_over(event):
            self._events.append(event)
        for follower in list(self._followers):
            self._tell(follower, event)
        logger = logging.getLogger("mockpsc.tls" if isinstance(event, Handshake) else "mockpsc.http")
        level = logging.WARNING if event.failed else logging.INFO
        if logger.isEnabledFor(level):
            logger.log(level, "%s", redact_text(event.line))

    def find(self, filter: Filter = ALL) -> tuple[Event, ...]:
        """Those that are kept and wanted, oldest first."""
        return tuple(event for event in self._snapshot() if filter.accepts(event))

    def count(self, filter: Filter = ALL) -> int:
        """How many there are of them."""
        return len(self.find(filter))

    @property
    def last(self) -> int:
        """The number of the event that was recorded last, whatever became of it; 0 when there was none."""
        return self._last

    def clear(self, filter: Filter = ALL) -> int:
        """Forget them, and tell how many they were."""
        gone = self.find(filter)
        self._forget(*gone)
        return len(gone)

    async def wait(self, filter: Filter = ALL, *, timeout: float) -> Event | None:
        """The oldest of them, or else the first to come; None when none has come after `timeout` seconds."""
        return next(iter(self.find(filter)), None) or await self._to_come(filter, timeout, takes=False)

    async def take(self, filter: Filter = ALL, *, timeout: float) -> Event | None:
        """The same, which is then forgotten: of those who take, each gets another event."""
        event = next(iter(self.find(filter)), None)
        if event is None:
            return await self._to_come(filter, timeout, takes=True)
        self._forget(event)
        return event

    async def follow(self, filter: Filter = ALL) -> AsyncGenerator[Event, None]:
        """Those to come, until the journal is closed; who listens too slowly is let go. With `after`, those that are
        kept and come after it are the first."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue(self._size)
        kept = () if filter.after is None else self.find(filter)
        self._followers.add(queue)
        try:
            for event in kept:
                yield event
            while (coming := await queue.get()) is not None:
                if filter.accepts(coming):
                    yield coming
        finally:
            self._followers.discard(queue)

    def close(self) -> None:
        """Let go of all who listen and all who wait."""
        for follower in list(self._followers):
            self._tell(follower, None)
        for waiting in self._waiting:
            if not waiting.found.done():
                waiting.found.set_result(None)

    @property
    def has_followers(self) -> bool:
        """Whether somebody listens."""
        return bool(self._followers)

    @property
    def has_waiting(self) -> bool:
        """Whether somebody waits for an event."""
        return bool(self._waiting)

    def handshakes(self) -> tuple[Handshake, ...]:
        """The handshakes that are kept, oldest first."""
        return tuple(event for event in self._snapshot() if isinstance(event, Handshake))

    def exchanges(self) -> tuple[Exchange, ...]:
        """The exchanges that are kept, oldest first."""
        return tuple(event for event in self._snapshot() if isinstance(event, Exchange))

    def _snapshot(self) -> tuple[Event, ...]:
        # In one step, since a test reads it from another thread than the server's.
        return tuple(self._events)

    def _forget(self, *gone: Event) -> None:
        numbers = {event.number for event in gone}
        self._events = deque((event for event in self._events if event.number not in numbers), self._size)

    def _hand_over(self, event: Event) -> bool:
        """Give the event to all who wait for it, up to the first who takes it. Tells whether one did."""
        for waiting in list(self._waiting):
            if waiting.is_for(event):
                waiting.found.set_result(event)
                if waiting.takes:
                    return True
        return False

    async def _to_come(self, filter: Filter, timeout: float, *, takes: bool) -> Event | None:
        found: asyncio.Future[Event | None] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(filter=filter, takes=takes, found=found)
        self._waiting.append(waiting)
        try:
            # Unlike a timeout that cancels, this cannot lose an event that comes at the last moment.
            await asyncio.wait([found], timeout=timeout)
        finally:
            self._waiting.remove(waiting)
        return found.result() if found.done() else None

    def _tell(self, follower: asyncio.Queue[Event | None], event: Event | None) -> None:
        if follower.full():
            follower.get_nowait()
            event = None
        follower.put_nowait(event)
        if event is None:
            self._followers.discard(follower)
