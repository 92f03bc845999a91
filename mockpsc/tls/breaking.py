"""The ends of a connection that a fault asks for: a reset, silence, a slow wire. Only TCP is spoken of here."""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

from mockpsc.faults.subjects import Break
from mockpsc.tls.linger import LATENESS, linger

_TICK = 0.02
"""Seconds between two pieces on a slow wire, unless it carries less than a byte in that time."""

_HIGH, _LOW = 64 * 1024, 16 * 1024
"""Bytes that may wait for a slow wire before whoever writes is asked to pause, and to go on: asyncio's own limits."""


def reset(raw: asyncio.Transport) -> None:
    """Close with a reset (RFC 9293 §3.10.7.4), which discards what is written and not sent."""
    raw_socket = raw.get_extra_info("socket")
    if raw_socket is not None:
        raw_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raw.abort()


def end(raw: asyncio.Transport, how: Break, connections: set[Any]) -> None:
    """End a connection in that way; one that hangs is left to the client, or to the end of the mock."""
    if how == "reset":
        reset(raw)
    elif how == "hang":
        raw.set_protocol(_Silent(raw, connections))
    else:
        linger(raw, connections)  # at once, with bytes of the client's unread, the kernel would send a reset


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


class SlowWire(asyncio.Transport, asyncio.Protocol):
    """Between a socket's transport and its protocol: it sends `rate` bytes a second (None: at once), one piece after
    the other, and ends its half or closes `close_delay` seconds late.

    It is in uvicorn's `connections`, so that a stop cuts it short."""

    def __init__(self, raw: asyncio.Transport, *, rate: int | None, close_delay: float, connections: set[Any]) -> None:
        super().__init__()
        self._raw, self._rate, self._close_delay = raw, rate, close_delay
        self._protocol = cast("asyncio.Protocol", raw.get_protocol())
        self._connections, self._loop = connections, asyncio.get_running_loop()
        self._waiting, self._timer = bytearray(), cast("asyncio.TimerHandle | None", None)
        self._end: Callable[[], Any] | None = None
        self._full = self._closing = False
        connections.add(self)
        raw.set_protocol(self)

    # The protocol, for the socket.

    def data_received(self, data: bytes) -> None:
        """What comes in is not slowed down."""
        self._protocol.data_received(data)

    def eof_received(self) -> bool:
        """True keeps our half of the socket open, as long as something waits."""
        if not self._protocol.eof_received():
            self.close()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed."""
        self._forget()
        self._connections.discard(self)
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        """The socket takes no more for now."""
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """The socket takes more again."""
        if not self._full:
            self._protocol.resume_writing()

    def shutdown(self) -> None:
        """Called by uvicorn when it stops."""
        self.abort()

    # The transport, for the protocol.

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send at once, or in a while: what is written later never overtakes."""
        if self._rate is None:
            self._raw.write(data)
            return
        self._waiting += data
        if self._waiting and self._timer is None:
            self._carry(self._rate)
        if len(self._waiting) > _HIGH and not self._full:
            self._full = True
            self._protocol.pause_writing()

    def close(self) -> None:
        """Close when all is sent, and a while later."""
        if not self._closing:
            self._closing = True
            self._end_with(self._raw.close)

    def write_eof(self) -> None:
        """End this half when all is sent, and a while later."""
        self._end_with(self._raw.write_eof)

    def abort(self) -> None:
        """Close at once."""
        self._forget()
        self._raw.abort()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What the socket's transport tells, and how late this one ends."""
        if name == LATENESS:
            return self._close_delay + (len(self._waiting) / self._rate if self._rate else 0)
        return self._raw.get_extra_info(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Deliver to that protocol from now on."""
        self._protocol = cast("asyncio.Protocol", protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        """What is delivered to."""
        return self._protocol

    def is_closing(self) -> bool:
        """Whether nothing can be written any more."""
        return self._closing or self._raw.is_closing()

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

    # Between the two. While the timer runs, a piece is on its way to the socket, or the end is.

    def _carry(self, rate: int) -> None:
        size = min(len(self._waiting), max(1, int(rate * _TICK)))
        self._timer = self._loop.call_later(size / rate, self._arrive, size, rate)

    def _arrive(self, size: int, rate: int) -> None:
        self._timer = None
        self._raw.write(bytes(self._waiting[:size]))
        del self._waiting[:size]
        if self._waiting:
            self._carry(rate)
        elif self._end is not None:
            self._end_late()
        if self._full and len(self._waiting) <= _LOW:
            self._full = False
            self._protocol.resume_writing()

    def _end_with(self, end: Callable[[], Any]) -> None:
        self._end = end
        if self._timer is None:
            self._end_late()

    def _end_late(self) -> None:
        delay, self._close_delay = self._close_delay, 0  # a close that follows the end of our half is not late again
        self._timer = self._loop.call_later(delay, self._end_now)

    def _end_now(self) -> None:
        self._timer = None
        if self._end is not None:
            with suppress(OSError):  # the client is gone already, and connection_lost will say so
                self._end()

    def _forget(self) -> None:
        """Send and do nothing that was still to come."""
        self._waiting.clear()
        self._end = None
        if self._timer is not None:
            self._timer.cancel()
