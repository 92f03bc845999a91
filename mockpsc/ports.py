"""Opens and shuts the ports of listeners as the armed faults want it: when it is told to, and when their time comes."""

import asyncio
from collections.abc import Sequence

from mockpsc.faults import Injector, Occasion
from mockpsc.faults.base import PORT
from mockpsc.faults.subjects import Port
from mockpsc.listener import Listener

_SOON = 0.01
"""In seconds: the two clocks may differ by less, and a look that comes too early must not be followed by a thousand."""


class Ports:
    """The ports of some listeners, in the event loop that it is made in."""

    def __init__(self, faults: Injector, listeners: Sequence[Listener]) -> None:
        self._faults, self._listeners = faults, listeners
        self._loop, self._lock = asyncio.get_running_loop(), asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._look: asyncio.Task[None] | None = None

    async def adjust(self) -> None:
        """Open and shut the ports as they are to be now: for whoever armed or disarmed a fault, or moved the clock."""
        async with self._lock:
            for listener in self._listeners:
                port = self._faults.change(PORT, Port(), Occasion(listener=listener.name))
                await (listener.open() if port.open else listener.shut())
            self._look_again()

    def close(self) -> None:
        """Leave the ports as they are."""
        for waiting in (self._timer, self._look):
            if waiting is not None:
                waiting.cancel()

    def _look_again(self) -> None:
        """Faults begin and end by the mock's clock, which runs as fast as the loop's unless somebody moves it."""
        if self._timer is not None:
            self._timer.cancel()
        seconds = self._faults.next_change()
        self._timer = None if seconds is None else self._loop.call_later(max(seconds, _SOON), self._adjust_now)

    def _adjust_now(self) -> None:
        self._look = self._loop.create_task(self.adjust())
