"""A listener: a bound socket, and uvicorn serving an application on it until told to stop."""

import asyncio
import errno
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp

from mockpsc.errors import ConfigurationError
from mockpsc.kinds import Address

# A reverse proxy in front of Keycloak keeps idle connections about this long, in seconds.
_KEEP_ALIVE = 75
_BACKLOG = 1024

# uvicorn's ticks, in seconds.
_TICK = 0.1

# Requests that are being answered when the mock stops have this long, in seconds, to end.
_GRACE = 0.5


class Listener:
    """Where clients connect. Binding takes place at once, serving when it is started."""

    def __init__(self, name: str, address: Address) -> None:
        self.name = name
        self._socket = _bound(name, address)
        _listen(name, address, self._socket)
        self.address = Address(address.host, self._socket.getsockname()[1])
        self._is_shut = False
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None

    async def start(self, app: ASGIApp, http: Callable[..., asyncio.Protocol] | None = None) -> None:
        """Serve an application; `http` makes the protocol of a connection, uvicorn's own when none is given."""
        config = uvicorn.Config(
            app,
            http=http or "auto",  # type: ignore[arg-type]  # uvicorn names its own protocols; any factory will do
            interface="asgi3",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=_BACKLOG,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=_GRACE,  # type: ignore[arg-type]  # it is awaited, so a fraction will do
        )
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._socket]), name=f"listener {self.name}")
        started = asyncio.create_task(self._server.ready.wait())
        await asyncio.wait({started, self._serving}, return_when=asyncio.FIRST_COMPLETED)
        started.cancel()
        if self._serving.done():
            await self._serving

    async def open(self) -> None:
        """Listen again, after `shut`. Raises ConfigurationError when another program has taken the port meanwhile."""
        if not self._is_shut or self._server is None:
            return
        if self._socket.fileno() == -1:
            self._socket = _bound(self.name, self.address)
        _listen(self.name, self.address, self._socket)
        await self._server.startup(sockets=[self._socket])
        self._is_shut = False

    async def shut(self) -> None:
        """Refuse new connections, as if nothing listened, and keep the port and the open connections. Raises
        ConfigurationError when the port cannot be kept: then nothing listens, either."""
        if self._is_shut or self._server is None:
            return
        self._is_shut = True
        with suppress(OSError):  # a process that was just forked may have a copy: this ends that one's listening, too
            self._socket.shutdown(socket.SHUT_RDWR)
        for server in self._server.servers:
            server.close()
        self._socket.close()
        await asyncio.sleep(0)  # uvloop lets go of a socket in its next turn
        self._socket = _bound(self.name, self.address)

    async def stop(self) -> None:
        """Close the socket and all connections, idle ones at once."""
        if self._server is not None and self._serving is not None:
            self._server.exit_soon()
            await self._serving
        self._socket.close()

    def close(self) -> None:
        """Let go of the port of a listener that was never started."""
        self._socket.close()


class _Server(uvicorn.Server):
    """uvicorn's server, which leaves the signals to us and says when it is ready."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready, self._exit = asyncio.Event(), asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Several servers share this process: whoever runs the mock handles the signals."""
        yield

    def exit_soon(self) -> None:
        """End the main loop, without waiting for its next tick."""
        self.should_exit = True
        self._exit.set()

    async def main_loop(self) -> None:
        """uvicorn's, whose ticks set the Date header; but it need not be waited for."""
        counter = 0
        while not await self.on_tick(counter):
            counter = (counter + 1) % 864_000
            with suppress(TimeoutError):
                await asyncio.wait_for(self._exit.wait(), _TICK)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Makes uvloop's event loop when it is installed, else asyncio's."""
    return uvicorn.Config("mockpsc", loop="auto", log_config=None).get_loop_factory()


def _bound(name: str, address: Address) -> socket.socket:
    try:
        family, kind, protocol, _, sockaddr = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise ConfigurationError(f"{name}_bind: the host {address.host!r} is not known ({error.strerror}).") from None
    bound = socket.socket(family, kind, protocol)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(sockaddr)
    except OSError as error:
        bound.close()
        raise ConfigurationError(_why_not_bound(name, address, error)) from None
    bound.setblocking(False)
    return bound


def _listen(name: str, address: Address, bound: socket.socket) -> None:
    try:
        bound.listen(_BACKLOG)
    except OSError as error:
        bound.close()
        raise ConfigurationError(_why_not_bound(name, address, error)) from None


def _why_not_bound(name: str, address: Address, error: OSError) -> str:
    other = f"Choose another with --{name}-bind HOST:PORT; port 0 takes a free one."
    if error.errno == errno.EADDRINUSE:
        return f"{address} is in use, by another mock or another program. {other}"
    if error.errno == errno.EACCES:
        return f"{address} may not be bound by this user, as ports below 1024 often. {other}"
    return f"{address} cannot be bound: {error.strerror}. {other}"
