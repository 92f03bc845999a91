"""Mocks for tests, on real sockets."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import GOLDEN, RunningMock, make_settings


@pytest.fixture(scope="session")
def certs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a PKI that all the mocks of this process share."""
    return tmp_path_factory.mktemp("certs")


@pytest.fixture
def run(certs: Path) -> Iterator[Callable[..., RunningMock]]:
    """Starts mocks with the options given, and stops them after the test."""
    running: list[RunningMock] = []

    def start(**options: Any) -> RunningMock:
        running.append(RunningMock(make_settings(certs, **options)))
        return running[-1]

    yield start
    for mock in running:
        mock.stop()


@pytest.fixture
def running(run: Callable[..., RunningMock]) -> RunningMock:
    """A mock without any option, whose clock moves only when it is told to."""
    running = run()
    running.mock.clock.freeze()
    return running


@pytest.fixture(scope="module")
def shared(certs: Path) -> Iterator[RunningMock]:
    """A mock without any option for the tests of a module that do not move its clock."""
    mock = RunningMock(make_settings(certs))
    yield mock
    mock.stop()


@pytest.fixture
def golden() -> Callable[[str], Any]:
    """Reads a recorded document."""
    return lambda name: json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
