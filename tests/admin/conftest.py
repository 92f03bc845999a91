"""The admin API of running mocks."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from admin_api import Api
from support import RunningMock, make_settings


@pytest.fixture
def start(run: Callable[..., RunningMock]) -> Iterator[Callable[..., Api]]:
    """Starts a mock with the options given, and gives its API."""
    apis: list[Api] = []

    def make(**options: Any) -> Api:
        apis.append(Api(run(**options)))
        return apis[-1]

    yield make
    for api in apis:
        api.http.close()


@pytest.fixture
def api(running: RunningMock) -> Iterator[Api]:
    api = Api(running)
    yield api
    api.http.close()


@pytest.fixture(scope="module")
def steady(certs: Path) -> Iterator[Api]:
    """The API of a mock with one client, for tests that change nothing."""
    running = RunningMock(make_settings(certs, clients=({"id": "first"},)))
    running.mock.clock.freeze()
    api = Api(running)
    yield api
    api.http.close()
    running.stop()
