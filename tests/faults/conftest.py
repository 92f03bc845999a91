"""A mock for the tests of a module, with no fault armed when a test begins."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from observations import Scene
from support import RunningMock, make_settings

# Its assertions say what they compared, as those of a test module do.
pytest.register_assert_rewrite("signatures")


@pytest.fixture(scope="module")
def faulty(certs: Path) -> Iterator[RunningMock]:
    mock = RunningMock(make_settings(certs, fault_header=True))
    yield mock
    mock.stop()


@pytest.fixture
def scene(faulty: RunningMock) -> Iterator[Scene]:
    faulty.call(faulty.mock.journal.clear)
    yield Scene(faulty)
    faulty.disarm_all()
