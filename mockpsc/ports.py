"""Opens and shuts the ports of listeners as the armed faults want it, when they change and when their time has come."""

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
        self._loop = asyncio.get_running_loop()
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        faults.on_change.append(self._changed)

    async def adjust(self) -> None:
        """Open and shut the ports as they are to be now; whoever armed a fault can wait for its effect."""
        async with self._lock:
            for listener in self._listeners:
                port = self._faults.change(PORT, Port(), Occasion(listener=listener.name))
                await (listener.open() if port.open else listener.shut())
            self._look_again()

    def close(self) -> None:
        """Leave the ports as they are."""
        self._faults.on_change.remove(self._changed)
        if self._timer is not None:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()

    def _changed(self) -> None:
        task = self._loop.create_task(self.adjust())
        self._tasks.add(task)  # the loop itself would let it be collected
        task.add_done_callback(self._tasks.discard)

    def _look_again(self) -> None:
        """Faults begin and end by the mock's clock, which runs as fast as the loop's unless somebody moves it."""
        if self._timer is not None:
            self._timer.cancel()
        seconds = self._faults.next_change()
        self._timer = None if seconds is None else self._loop.call_later(max(seconds, _SOON), self._changed)
