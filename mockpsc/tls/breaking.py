"""The ends of a connection that a fault asks for: a reset, silence, a slow wire. Only TCP is spoken of here."""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any, Literal

_TICK = 0.02
"""Seconds between two pieces on a slow wire."""


def reset(raw: asyncio.Transport) -> None:
    """Close with a reset (RFC 9293 §3.10.7.4), which discards what is written and not sent."""
    raw_socket = raw.get_extra_info("socket")
    if raw_socket is not None:
        raw_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raw.abort()


def end(raw: asyncio.Transport, how: Literal["", "reset", "close", "hang"], connections: set[Any]) -> None:
    """End a connection in that way; one that hangs is left to the client, or to the end of the mock."""
    if how == "reset":
        reset(raw)
    elif how == "hang":
        raw.set_protocol(_Silent(raw, connections))
    else:
        raw.close()


class _Silent(asyncio.Protocol):
    """Takes what comes and says nothing, until the client closes. It is in uvicorn's `connections` meanwhile."""

    def __init__(self, raw: asyncio.Transport, connections: set[Any]) -> None:
        self._raw, self._connections = raw, connections
        connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)

    def shutdown(self) -> None:
        """Called by uvicorn when it stops."""
        self._raw.abort()


class SlowTransport(asyncio.Transport):
    """A socket's transport that sends `rate` bytes a second (None: at once) and closes `close_delay` seconds late."""

    def __init__(self, raw: asyncio.Transport, *, rate: int | None, close_delay: float) -> None:
        super().__init__()
        self._raw, self._rate, self._close_delay = raw, rate, close_delay
        self._loop = asyncio.get_running_loop()
        self._waiting, self._then = bytearray(), self._nothing
        self._ticking: asyncio.TimerHandle | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send at once, or in a while: what is written later never overtakes."""
        if self._rate is None:
            self._raw.write(data)
            return
        self._waiting += data
        self._tick()

    def close(self) -> None:
        """Close when all is sent, and a while later."""
        self._after_all_is_sent(lambda: self._loop.call_later(self._close_delay, self._raw.close))

    def write_eof(self) -> None:
        """End this half when all is sent."""
        self._after_all_is_sent(self._raw.write_eof)

    def abort(self) -> None:
        """Close at once."""
        self._waiting.clear()
        self._raw.abort()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What the socket's transport tells."""
        return self._raw.get_extra_info(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Deliver to that protocol from now on."""
        self._raw.set_protocol(protocol)

    def is_closing(self) -> bool:
        """Whether the socket is closing."""
        return self._raw.is_closing()

    def pause_reading(self) -> None:
        """Read nothing for now."""
        self._raw.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        self._raw.resume_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """As the socket's transport."""
        self._raw.set_write_buffer_limits(high, low)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """As the socket's transport."""
        return self._raw.get_write_buffer_limits()

    def get_write_buffer_size(self) -> int:
        """What waits here, and what waits there."""
        return len(self._waiting) + self._raw.get_write_buffer_size()

    def _after_all_is_sent(self, act: Callable[[], Any]) -> None:
        self._then = act
        if self._ticking is None:
            act()

    def _nothing(self) -> None:
        pass

    def _tick(self) -> None:
        """Send what may be sent in one tick, and come back for the rest."""
        if self._ticking is None and self._waiting:
            self._ticking = self._loop.call_later(_TICK, self._send_some)

    def _send_some(self) -> None:
        self._ticking = None
        size = max(1, int((self._rate or 0) * _TICK))
        self._raw.write(bytes(self._waiting[:size]))
        del self._waiting[:size]
        if self._waiting and not self._raw.is_closing():
            self._tick()
        else:
            self._then()
