"""An open TLS connection: a protocol to the socket, and to uvicorn's HTTP protocol a transport like any other."""

import asyncio
from collections.abc import Callable
from typing import Any

from mockpsc.faults.subjects import Ending
from mockpsc.tls.breaking import reset
from mockpsc.tls.connection import TlsConnection, TlsFailure
from mockpsc.tls.linger import linger

_SLICE = 3 * 16 * 1024
"""How much is encrypted at a time: three records. A large body is handed on in slices, not copied as a whole."""


_BAD_RECORD = bytes([23, 3, 3, 0, 32]) + bytes(32)
"""Application data that no key has encrypted (RFC 8446 §5.2)."""


class TlsTransport(asyncio.Transport, asyncio.Protocol):
    """Decrypts for the HTTP protocol what comes from the socket, encrypts what goes there, and passes on back-pressure.

    What the HTTP protocol raises goes on to the event loop. `on_failure` is told when TLS breaks off, if it does.
    """

    _http: asyncio.Protocol

    def __init__(
        self,
        raw: asyncio.Transport,
        tls: TlsConnection,
        *,
        connections: set[Any],
        on_failure: Callable[[TlsFailure], None],
    ) -> None:
        super().__init__()
        self.tls = tls
        self._raw, self._connections, self._on_failure = raw, connections, on_failure
        self._loop = asyncio.get_running_loop()
        self._paused = self._ended = self._closing = False

    def start(self, http: asyncio.Protocol) -> None:
        """Take over the socket, and deliver what came together with the end of the handshake, and all that follows."""
        self._http = http
        self._raw.set_protocol(self)
        self._http.connection_made(self)
        self._read()

    # The protocol, for the socket.

    def data_received(self, data: bytes) -> None:
        """Decrypt and deliver."""
        self.tls.feed(data)
        self._read()

    def eof_received(self) -> bool:
        """The client's half of the socket is closed. True keeps ours, as long as there is something to deliver."""
        self._ended = True
        self._read()
        return not self._closing

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed."""
        self._closing = True
        self._http.connection_lost(exc)

    def pause_writing(self) -> None:
        """The socket takes no more for now."""
        self._http.pause_writing()

    def resume_writing(self) -> None:
        """The socket takes more again."""
        self._http.resume_writing()

    # The transport, for the HTTP protocol.

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What the socket's transport tells, and an `sslcontext`, from which uvicorn takes that the scheme is https."""
        return self.tls.context if name == "sslcontext" else self._raw.get_extra_info(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Deliver to another protocol from now on: a WebSocket's."""
        assert isinstance(protocol, asyncio.Protocol)
        self._http = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """What is delivered to."""
        return self._http

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Encrypt and send, unless the connection is closing."""
        view = memoryview(data)
        for start in range(0, len(view), _SLICE):
            if not self._closing:
                self.tls.write(view[start : start + _SLICE])
                self._flush()

    def can_write_eof(self) -> bool:
        """TLS 1.2 cannot close one half of a connection."""
        return False

    def close(self) -> None:
        """Send what is written, and close_notify, and close without waiting for the client's."""
        if not self._closing:
            self._closing = True
            self.tls.end()
            self._flush()
            self._raw.close()

    def abort(self) -> None:
        """Close without sending what is written."""
        self._closing = True
        self._raw.abort()

    def end_with(self, ending: Ending) -> None:
        """End the connection in the way that a fault asks for."""
        if ending == "keep":
            return
        if ending == "close":
            self.close()
            return
        self._closing = True
        if ending == "reset":
            reset(self._raw)
            return
        if ending == "bad_record":
            self._raw.write(_BAD_RECORD)
        self._raw.close()

    def is_closing(self) -> bool:
        """Whether nothing can be written any more."""
        return self._closing or self._raw.is_closing()

    def pause_reading(self) -> None:
        """Deliver nothing for now, and let the socket fill."""
        self._paused = True
        self._raw.pause_reading()

    def resume_reading(self) -> None:
        """Deliver again, from the next turn of the event loop on."""
        if self._paused:
            self._paused = False
            self._raw.resume_reading()
            self._loop.call_soon(self._catch_up)

    def is_reading(self) -> bool:
        """Whether anything is delivered."""
        return not (self._paused or self._closing)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """How much the socket's transport buffers, encrypted, before it calls `pause_writing`."""
        self._raw.set_write_buffer_limits(high, low)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """The low and the high limit."""
        return self._raw.get_write_buffer_limits()

    def get_write_buffer_size(self) -> int:
        """How much is buffered, encrypted."""
        return self._raw.get_write_buffer_size()

    # Between the two.

    def _read(self) -> None:
        """Deliver what can be decrypted, until the HTTP protocol pauses or closes, or there is no more."""
        while self.is_reading():
            try:
                data = self.tls.read()
            except TlsFailure as failure:
                self._break_off(failure)
                return
            if not data:
                self._flush()  # what OpenSSL says of its own accord, such as the answer to a key update
                if data is not None or self._ended:
                    self._http.eof_received()
                    self.close()
                return
            self._http.data_received(data)

    def _catch_up(self) -> None:
        try:
            self._read()
        except BaseException:
            self._raw.abort()  # what the event loop does itself when `data_received` raises
            raise

    def _break_off(self, failure: TlsFailure) -> None:
        self._closing = True
        self._flush()
        self._on_failure(failure)
        linger(self._raw, self._connections, self._http.connection_lost)

    def _flush(self) -> None:
        self._raw.write(self.tls.take())
