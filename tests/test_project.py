"""What the project says of itself agrees with itself."""

import re
import tomllib
from pathlib import Path

import mockpsc

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_ci_tests_the_lowest_versions_that_are_declared() -> None:
    declared = [dependency.replace(">=", "==") for dependency in PROJECT["project"]["dependencies"]]
    tested = [line for line in (ROOT / "tests" / "lowest.txt").read_text().splitlines() if not line.startswith("#")]
    assert [re.sub(r"(==\d+\.\d+)$", r"\1.0", line) for line in declared] == tested


def test_the_hosts_of_pro_sante_connect_are_named_in_its_profiles_only() -> None:
    naming = {path for path in (ROOT / "mockpsc").rglob("*.py") if "psc.esante.gouv.fr" in path.read_text()}
    assert naming == set()


def test_only_settings_reads_the_environment_and_only_the_clock_the_time() -> None:
    for path in (ROOT / "mockpsc").rglob("*.py"):
        source = path.read_text()
        assert path.name == "settings.py" or "os.environ" not in source, path
        assert path.name == "clock.py" or not re.search(r"\btime\.time\(|datetime\.now\(|utcnow\(", source), path


def test_the_readme_is_short_and_shows_this_version() -> None:
    readme = (ROOT / "README.md").read_text()
    assert len(readme.splitlines()) < 150
    assert f"mockpsc {mockpsc.__version__}: a mock of Pro Santé Connect" in readme


def test_the_links_of_the_documents_lead_somewhere() -> None:
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "certs" / "README.md"]:
        for target in re.findall(r"\]\((?!https?://)([^)#]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{target} in {document.name}"
