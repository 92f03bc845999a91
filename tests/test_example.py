"""The tests of examples/starlette_rp pass, as whoever copies it runs them. CI runs them with the built wheel, too."""

import re
from pathlib import Path

import pytest
from pytest_apart import run_pytest

EXAMPLE = Path(__file__).parents[1] / "examples" / "starlette_rp"


@pytest.mark.slow
def test_the_tests_of_the_example_pass() -> None:
    output = run_pytest(EXAMPLE)
    assert re.search(r"^\d+ passed in", output, re.MULTILINE), output
