"""Every snippet of docs/pytest.md runs as it stands."""

import re
from pathlib import Path

import pytest
from pytest_apart import run_pytest, run_python

PAGE = (Path(__file__).parents[1] / "docs" / "pytest.md").read_text(encoding="utf-8")
_SNIPPET = re.compile(r"^```(\w+)\n(?:# (\S+\.py)\n)?(.*?)^```$", re.MULTILINE | re.DOTALL)

# Each of these folders is a project of its own; all other snippets are one.
_ALONE = ("failing", "options", "scripts")


def snippets(language: str) -> list[tuple[str, str]]:
    """The names, which are in their first line, and the texts of the page's snippets."""
    return [(name, text) for kind, name, text in _SNIPPET.findall(PAGE) if kind == language]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A folder with the snippets, and nothing that pytest would read above it."""
    for name, text in snippets("python"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    for project in (".", *_ALONE):
        (tmp_path / project / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def test_every_snippet_has_a_name_of_its_own() -> None:
    names = [name for name, _ in snippets("python")]
    assert all(names)
    assert len(names) == len(set(names)) > 10


@pytest.mark.slow
def test_the_snippets_pass(written: Path) -> None:
    output = run_pytest(written, *(f"--ignore={folder}" for folder in _ALONE))
    assert re.search(r"^\d+ passed in", output, re.MULTILINE), output


def test_the_snippets_with_options_pass(written: Path) -> None:
    output = run_pytest(written / "options")
    assert re.search(r"^\d+ passed in", output, re.MULTILINE), output


def test_the_scripts_run(written: Path) -> None:
    for script in (written / "scripts").glob("*.py"):
        assert run_python(written, "-W", "error", str(script)).startswith("https://localhost:")


def test_the_snippets_that_fail_show_what_the_page_shows(written: Path) -> None:
    output = run_pytest(written / "failing")
    assert re.search(r"^\d+ failed in", output, re.MULTILINE), output
    for _, shown in snippets("text"):
        pattern = re.escape(shown.strip()).replace("…", ".*")
        assert re.search(pattern, output), f"{shown}\n{output}"
