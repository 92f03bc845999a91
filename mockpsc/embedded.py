"""A mock in this process, in a thread with an event loop of its own: `with MockPsc() as psc:`."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

from mockpsc.errors import Unusable
from mockpsc.listener import loop_factory
from mockpsc.psc import Psc
from mockpsc.server import Mock
from mockpsc.settings import Settings, made_from

log = logging.getLogger("mockpsc")
log.addHandler(logging.NullHandler())  # else Python writes its warnings to the standard error


class MockPsc:
    """Runs a mock as long as the `with` block does, and gives a `Psc` to drive it.

    Its `options` are those of `mockpsc serve`, by name, as Python values or as text; or `settings` has them all.
    Without options it disturbs nobody: it takes free ports, and its certificates are in a temporary folder. The block
    raises ConfigurationError when the mock cannot be as asked."""

    def __init__(self, settings: Settings | None = None, **options: Any) -> None:
        if not isinstance(settings, Settings | None):
            raise Unusable(
                f"Settings were expected, and {type(settings).__name__} came: give options by name, as in "
                'MockPsc(reject_with="keycloak") or MockPsc(**options).'
            )
        if settings is not None and options:
            raise Unusable(f"Settings were given, and {', '.join(options)} beside them: give all in one way.")
        self._settings, self._options = settings, options
        self._running: ExitStack | None = None

    def __enter__(self) -> Psc:
        if self._running is not None:
            raise Unusable("This MockPsc runs already: make another one for a second mock.")
        with ExitStack() as started:
            folder = Path(started.enter_context(TemporaryDirectory(prefix="mockpsc-")))
            settings = self._settings or ephemeral_settings(folder, **self._options)
            psc = started.enter_context(serving(settings, folder))
            self._running = started.pop_all()
        return psc

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.close()


def ephemeral_settings(folder: Path, **options: Any) -> Settings:
    """The settings of a mock that disturbs nobody: free ports, and certificates in a folder, unless the options say
    otherwise. Raises ConfigurationError."""
    ports = {f"{listener}_bind": "127.0.0.1:0" for listener in ("auth", "wallet", "admin")}
    return made_from({"certs": folder / "certs", **ports, **options})


@contextmanager
def serving(settings: Settings, folder: Path) -> Iterator[Psc]:
    """A mock as long as the block runs. Its certificates for relying parties are put into a folder; that a whole PKI is
    made there is no news. Raises ConfigurationError."""
    thread = _MockThread(settings, notice=log.info if settings.certs.is_relative_to(folder) else log.warning)
    thread.start()
    try:
        yield Psc(thread.ready.result(), folder=folder, token=settings.admin_token)
    finally:
        thread.stop()


class _MockThread(threading.Thread):
    """Serves a mock until it is stopped. A daemon, so that a program that is killed does not wait for it."""

    def __init__(self, settings: Settings, *, notice: Callable[[str], None]) -> None:
        super().__init__(name="mockpsc", daemon=True)
        self._settings, self._notice = settings, notice
        self.ready: Future[str] = Future()
        """The origin of its admin API, or what kept it from starting."""

    def run(self) -> None:
        """Serve."""
        try:
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                runner.run(self._serve())
        except BaseException as failure:
            if self.ready.done():
                raise
            self.ready.set_exception(failure)

    def stop(self) -> None:
        """Stop the mock, if it runs, and wait until it has ended."""
        if self.ready.exception() is None and self.is_alive():
            self._loop.call_soon_threadsafe(self._over.set)
        self.join()

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        async with Mock(self._settings, notice=self._notice) as mock:
            self.ready.set_result(mock.connection.admin_url)
            await self._over.wait()
