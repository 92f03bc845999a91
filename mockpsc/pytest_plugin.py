"""The pytest plugin: `def test_login(psc): …`.

Nothing of mockpsc is imported before a fixture is asked for, so that a test run that does not use it pays nothing.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mockpsc.psc import ArmedFault, Psc
    from mockpsc.settings import Settings

_MARK = "psc(persona=None, fault=None, client=None): who logs in, which fault is armed, and which client is meant."
_MARK_ARGUMENTS = ("persona", "fault", "client")


@dataclass(frozen=True, kw_only=True)
class FaultCase:
    """A fault of `psc_fault_matrix`: its name, and what a correct relying party must do (reject, accept or handle)."""

    name: str
    verdict: str


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line("markers", _MARK)


@pytest.fixture(scope="session")
def psc_settings(tmp_path_factory: pytest.TempPathFactory) -> "Settings":
    """The options of the mock of this test run: free ports, and certificates in a temporary folder. Override it, with
    `dataclasses.replace(psc_settings, …)`, to have others."""
    from mockpsc.embedded import ephemeral_settings

    return ephemeral_settings(tmp_path_factory.mktemp("mockpsc"))


@pytest.fixture(scope="session")
def psc_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Psc]":
    """The mock of this test run: in this process, or, with MOCKPSC_URL (and MOCKPSC_ADMIN_TOKEN) in the environment,
    one that runs already. Of one that several processes of pytest-xdist share, each has a client of its own."""
    from mockpsc.settings import attached_to

    url, token = attached_to()
    if url is not None:
        yield _attached(url, token, tmp_path_factory.mktemp("mockpsc"), getattr(request.config, "workerinput", None))
        return
    from mockpsc.embedded import MockPsc

    with MockPsc(request.getfixturevalue("psc_settings")) as psc:
        yield psc


@pytest.fixture
def psc(psc_server: "Psc", request: pytest.FixtureRequest) -> "Iterator[Psc]":
    """The mock as it was at the start: no faults, no logins, an empty journal, the time of the wall clock."""
    psc_server.reset()
    chosen = _chosen(request.node)
    psc_server.default_client = chosen.get("client") or psc_server.own_client
    psc_server.default_persona = chosen.get("persona")
    for order in _orders(chosen.get("fault")):
        psc_server.fault(**order, must_act=False)
    yield psc_server
    for name in psc_server.never_acted():
        request.node.warn(pytest.PytestWarning(f"The fault {name} was armed and never acted."))


@pytest.fixture
def psc_fault(psc: "Psc", request: pytest.FixtureRequest) -> "ArmedFault":
    """The fault of a test that `psc_fault_matrix` parametrises, armed."""
    case: FaultCase = request.param
    return psc.fault(case.name, must_act=False)


def psc_fault_matrix(
    *, stage: str | None = None, layer: str | None = None, verdict: str | None = None, names: Sequence[str] = ()
) -> pytest.MarkDecorator:
    """Runs a test with each fault of the catalogue armed: `psc_fault` is the armed fault, whose `verdict` says what a
    correct relying party does. Raises Unusable for a name that does not exist, ValueError when nothing is left."""
    from mockpsc.faults import catalogue, find_fault

    kinds = [find_fault(name) for name in names] or list(catalogue().values())
    wanted = {"stage": stage, "verdict": verdict}
    chosen = [
        each
        for each in kinds
        if layer in (None, each.layer()) and all(v in (None, getattr(each, name)) for name, v in wanted.items())
    ]
    if not chosen:
        raise ValueError(f"No fault has stage {stage!r}, layer {layer!r} and verdict {verdict!r}.")
    cases = [pytest.param(FaultCase(name=each.name, verdict=each.verdict), id=each.name) for each in chosen]
    return pytest.mark.parametrize("psc_fault", cases, indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the journal of a test that has failed."""
    report = yield
    psc: Psc | None = getattr(item, "funcargs", {}).get("psc")
    if psc is not None and report.failed and call.when == "call":
        report.sections.append(("what the mock saw", psc.report() or "nothing"))
    return report


def _attached(url: str, token: str | None, folder: Path, worker: Mapping[str, Any] | None) -> "Psc":
    from mockpsc.psc import Psc

    return Psc(url, token=token, folder=folder, own_client=f"pytest-{worker['workerid']}" if worker else None)


def _chosen(node: pytest.Item) -> dict[str, Any]:
    """What the markers say, the one nearest to the test first. Raises UsageError for what there is not."""
    chosen: dict[str, Any] = {}
    for marker in node.iter_markers("psc"):
        for name, value in marker.kwargs.items():
            if name not in _MARK_ARGUMENTS or marker.args:
                raise pytest.UsageError(f"@pytest.mark.psc has no {name!r}; it has {', '.join(_MARK_ARGUMENTS)}.")
            chosen.setdefault(name, value)
    return chosen


def _orders(fault: Any) -> list[dict[str, Any]]:
    """The faults that a marker names: a name, a dictionary as of `psc.fault`, or a list of either."""
    several = fault if isinstance(fault, list | tuple) else [fault] if fault else []
    return [{"name": each} if isinstance(each, str) else dict(each) for each in several]
