"""What something costs, when it is done many times."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Protocol

ROUNDS = 5


class Worker(Protocol):
    """What does the work, and is measured."""

    @property
    def cpu(self) -> float | None:
        """The seconds of CPU time that it has taken; None if they are not known."""


class ThisProcess:
    """What does the work when there is no server."""

    @property
    def cpu(self) -> float:
        """The seconds of CPU time that this process has taken."""
        return time.process_time()


@dataclass(frozen=True)
class Task:
    """Work that is to be done `count` times, and who does it."""

    worker: Worker
    work: Callable[[int], None]
    count: int


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """The same work, done `count` times: the seconds of wall time, and of the worker's CPU time."""

    count: int
    wall: float
    cpu: float | None

    def __add__(self, other: "Measurement") -> "Measurement":
        cpu = None if self.cpu is None or other.cpu is None else self.cpu + other.cpu
        return Measurement(count=self.count + other.count, wall=self.wall + other.wall, cpu=cpu)

    @property
    def rate(self) -> str:
        """How often in a second."""
        return f"{self.count / self.wall:,.0f} /s"

    @property
    def cost(self) -> float:
        """Milliseconds of CPU time for each; of wall time where CPU time is not known."""
        return 1000 * (self.wall if self.cpu is None else self.cpu) / self.count

    @property
    def cost_text(self) -> str:
        """The cost with its unit."""
        digits = 0 if self.cost >= 100 else 2
        return f"{self.cost:.{digits}f} ms{' (wall)' if self.cpu is None else ''}"


def measure(task: Task) -> Measurement:
    """What it costs to do it all at once."""
    cpu, started = task.worker.cpu, time.perf_counter()
    task.work(task.count)
    wall, after = time.perf_counter() - started, task.worker.cpu
    return Measurement(count=task.count, wall=wall, cpu=None if cpu is None or after is None else after - cpu)


def measure_in_turns(tasks: Mapping[str, Task]) -> dict[str, Measurement]:
    """What each task costs. They take turns, so that whatever else the machine does concerns them all alike."""
    measured: dict[str, list[Measurement]] = {name: [] for name in tasks}
    for turn in range(ROUNDS):
        for name, task in tasks.items():
            count = shares(task.count, ROUNDS)[turn]
            measured[name].append(measure(Task(task.worker, task.work, count)))
    return {name: reduce(add, each) for name, each in measured.items()}


def shares(total: int, parts: int) -> list[int]:
    """A number in parts that differ by no more than one."""
    return [(total + part) // parts for part in range(parts)]
