"""What the mock costs a test run: to those who do not use it, at the start, and between two tests."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter

from table import Row, judged

from mockpsc import MockPsc

_RESETS = 100


def testing_rows(*, starts: int) -> Iterator[Row]:
    """The import of the pytest plugin, and a mock in this process: each the median of several."""
    imports = [_import_time("pytest", "mockpsc.pytest_plugin") for _ in range(starts)]
    yield _row("Import of the pytest plugin", imports, 10, "all that it costs a test run that does not use it")
    with MockPsc():  # which imports what the others need
        pass
    ready, resets = zip(*(_measured() for _ in range(starts)), strict=True)
    yield _row("MockPsc, start", ready, 300, "until it can be used, with a new PKI, all modules being imported")
    every = [each for several in resets for each in several]
    yield _row("Psc.reset", every, 5, "what is done before and after each test")


def _measured() -> tuple[float, list[float]]:
    """The seconds until a mock in this process is ready, and those that resets of it take."""
    started = perf_counter()
    with MockPsc() as psc:
        ready = perf_counter() - started
        return ready, [_seconds(psc.reset) for _ in range(_RESETS)]


def _seconds(act: Callable[[], object]) -> float:
    started = perf_counter()
    act()
    return perf_counter() - started


def _import_time(before: str, module: str) -> float:
    """The seconds that the import of a module takes, with all that it imports, after that of another."""
    command = [sys.executable, "-X", "importtime", "-c", f"import {before}, {module}"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    lines = (line.split("|") for line in told.splitlines() if line.count("|") == 2)
    microseconds = {name.strip(): int(cumulative) for _, cumulative, name in lines if cumulative.strip().isdecimal()}
    return (microseconds[module.partition(".")[0]] + microseconds[module]) / 1e6


def _row(what: str, seconds: Sequence[float], goal: int, how: str) -> Row:
    middle = 1000 * sorted(seconds)[len(seconds) // 2]
    return Row(
        what=what,
        value=f"{middle:.1f} ms",
        goal=judged(middle, goal, f"< {goal} ms"),
        how=f"median of {len(seconds)}: {how}",
    )
