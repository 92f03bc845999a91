"""A mock in this process, in a thread with an event loop of its own: `with MockPsc() as psc:`."""

import asyncio
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

from mockpsc.errors import MockPscError
from mockpsc.listener import loop_factory
from mockpsc.psc import Psc
from mockpsc.server import Mock
from mockpsc.settings import Settings, made_from


def ephemeral_settings(folder: Path, **options: Any) -> Settings:
    """Settings for a mock that disturbs nobody: free ports, and certificates in a folder. `options` are as those of
    `mockpsc serve`, as Python values or as text. Raises ConfigurationError."""
    ports = {f"{listener}_bind": "127.0.0.1:0" for listener in ("auth", "wallet", "admin")}
    return made_from({"certs": folder / "certs", **ports, **options})


class MockPsc:
    """Runs a mock as long as the `with` block does, and gives a `Psc` to drive it.

    `settings` are its options; or `options` are given by name, as `ephemeral_settings` takes them. Certificates are in
    a temporary folder unless the options name another. Raises ConfigurationError when it cannot be as asked."""

    def __init__(self, settings: Settings | None = None, **options: Any) -> None:
        if settings is not None and options:
            raise MockPscError(f"Settings were given, and {', '.join(options)} besides: give all in one way.")
        self._temporary = TemporaryDirectory(prefix="mockpsc-")
        self._folder = Path(self._temporary.name)
        self._settings = settings or ephemeral_settings(self._folder, **options)
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="mockpsc", daemon=True)

    def __enter__(self) -> Psc:
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._close()
            raise self._failure
        return Psc(self._admin_url, folder=self._folder)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._close()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            try:
                runner.run(self._serve())
            except BaseException as failure:
                self._failure = failure
                self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with Mock(self._settings) as mock:
            self._admin_url = mock.connection.admin_url
            self._ready.set()
            await self._stop.wait()

    def _close(self) -> None:
        self._thread.join()
        self._temporary.cleanup()
