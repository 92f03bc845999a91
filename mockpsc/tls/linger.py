"""The end of a connection that was refused: what was said last must arrive (RFC 9112 §9.6 calls it a lingering close).

To close at once, with bytes of the client's unread, makes the kernel send a reset; that overtakes the alert, and the
client sees a broken connection instead of the reason. So we end our half, and discard the other until the client does.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

_LIMIT = 2.0
"""Seconds after which a client that goes on sending is cut off, counted from the end of our half."""

LATENESS = "mockpsc.lateness"
"""The extra information of a transport that ends late on purpose: after how many seconds, counted from now."""


def linger(
    raw: asyncio.Transport, connections: set[Any], on_lost: Callable[[Exception | None], None] | None = None
) -> None:
    """Close gently. Until the connection is lost it is in uvicorn's `connections`, which are shut down at its stop."""
    protocol = _Lingering(raw, connections, on_lost)
    raw.set_protocol(protocol)
    with suppress(OSError):  # the client is gone already, and connection_lost will say so
        raw.write_eof()


class _Lingering(asyncio.Protocol):
    """Discards what it receives; asyncio closes the connection at its end, since eof_received returns nothing."""

    def __init__(
        self, raw: asyncio.Transport, connections: set[Any], on_lost: Callable[[Exception | None], None] | None
    ) -> None:
        self._raw, self._connections, self._on_lost = raw, connections, on_lost
        limit = _LIMIT + raw.get_extra_info(LATENESS, 0)
        self._timer = asyncio.get_running_loop().call_later(limit, raw.abort)
        connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        self._connections.discard(self)
        if self._on_lost is not None:
            self._on_lost(exc)

    def shutdown(self) -> None:
        """Called by uvicorn when it stops."""
        self._raw.abort()
