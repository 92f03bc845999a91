"""The pytest plugin: `def test_login(psc): …`.

Nothing of mockpsc is imported before a fixture is asked for, so that a test run that does not use it pays nothing.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mockpsc.psc import ArmedFault, Psc
    from mockpsc.settings import Settings

_MARK = "psc(persona=None, fault=None, client=None): who logs in, what is armed, and which client is meant."
_MARK_ARGUMENTS = ("persona", "fault", "client")
_IN_USE = pytest.StashKey["Psc"]()
_HAS_NOT_PASSED = pytest.StashKey[bool]()


class FaultNeverActedWarning(pytest.PytestWarning):
    """A test has armed a fault, and the relying party never met it: the test has shown nothing."""


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line("markers", _MARK)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse a test with the marker that does not use the mock. One on a class or a module is for those that do."""
    is_marked = any(marker.name == "psc" for marker in item.own_markers)
    if is_marked and "psc" not in getattr(item, "fixturenames", ()):
        pytest.fail("@pytest.mark.psc is for a test that uses the fixture psc: give it that argument.", pytrace=False)


@pytest.fixture(scope="session")
def psc_settings() -> "Mapping[str, Any] | Settings":
    """The options of the mock of this test run, by name, as those of `mockpsc serve`: to be overridden.

    Without any, it takes free ports, and has its certificates in a temporary folder."""
    return {}


@pytest.fixture(scope="session")
def psc_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Psc]":
    """The mock of this test run: in this process, or, with MOCKPSC_URL (and MOCKPSC_ADMIN_TOKEN) in the environment,
    one that runs already. Of one that several processes of pytest-xdist share, each has a client of its own."""
    from mockpsc.settings import attached_to

    url, token = attached_to()
    folder = tmp_path_factory.mktemp("mockpsc")
    if url is None:
        with ExitStack() as running:
            with _in_a_sentence():
                psc = running.enter_context(_served(request.getfixturevalue("psc_settings"), folder))
            yield psc
        return
    with _in_a_sentence():
        psc = _attached(url, token, folder, request.config)
    yield psc
    with _in_a_sentence():
        psc.reset()


@pytest.fixture
def psc(psc_server: "Psc", request: pytest.FixtureRequest) -> "Iterator[Psc]":
    """The mock as it was at the start: no faults, no logins, an empty journal, the time of the wall clock."""
    with _in_a_sentence():
        psc_server.reset()
        request.node.stash[_IN_USE] = psc_server
        _prepare(psc_server, _marked(request.node))
    yield psc_server
    with _in_a_sentence():
        idle = psc_server.reset()
    for name in [] if _HAS_NOT_PASSED in request.node.stash else idle:
        request.node.warn(FaultNeverActedWarning(f"The fault {name} was armed and never acted."))


@pytest.fixture
def psc_fault(psc: "Psc", request: pytest.FixtureRequest) -> "ArmedFault":
    """The fault of a test that `psc_fault_matrix` parametrises, armed."""
    if not hasattr(request, "param"):
        pytest.fail("psc_fault is for a test with @psc_fault_matrix(…); arm another with psc.fault(…).", pytrace=False)
    with _in_a_sentence():
        return psc.fault(request.param)


def psc_fault_matrix(
    *,
    stage: str | None = None,
    layer: str | None = None,
    verdict: str | None = None,
    names: str | Sequence[str] | None = None,
) -> pytest.MarkDecorator:
    """Runs a test with each fault of the catalogue, or of a part of it, armed in turn: the fixture `psc_fault` is the
    armed fault, whose `verdict` says what a correct relying party does. Raises Unusable for what there is not."""
    from mockpsc.errors import Unusable
    from mockpsc.faults import catalogue, find_fault

    named = catalogue() if names is None else [names] if isinstance(names, str) else names
    kinds = [find_fault(name) for name in named]
    if not kinds:
        raise Unusable("The list of names is empty: name a fault, or leave names out, which means all of them.")
    for asked, value in {"stage": stage, "layer": layer, "verdict": verdict}.items():
        kinds = _of(kinds, asked, value)
    cases = [pytest.param(each.name, id=each.name) for each in kinds]
    return pytest.mark.parametrize("psc_fault", cases, indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the journal of a test that has failed."""
    report = yield
    if not report.passed:
        item.stash[_HAS_NOT_PASSED] = True
    psc = item.stash.get(_IN_USE, None)
    if psc is not None and report.failed and call.when != "teardown":
        report.sections.append(("what the mock saw", _report_of(psc)))
    return report


def _served(given: "Mapping[str, Any] | Settings", folder: Path) -> "AbstractContextManager[Psc]":
    from mockpsc.embedded import ephemeral_settings, serving
    from mockpsc.errors import Unusable
    from mockpsc.settings import Settings

    if not isinstance(given, Settings | Mapping):
        raise Unusable(f"The fixture psc_settings has given {given!r}: let it return options by name, or Settings.")
    return serving(given if isinstance(given, Settings) else ephemeral_settings(folder, **given), folder)


def _attached(url: str, token: str | None, folder: Path, config: pytest.Config) -> "Psc":
    from mockpsc.psc import Psc

    worker = getattr(config, "workerinput", None)
    return Psc(url, token=token, folder=folder, own_client=f"pytest-{worker['workerid']}" if worker else None)


def _marked(node: pytest.Item) -> dict[str, Any]:
    """What the markers say, the one nearest to the test first."""
    said: dict[str, Any] = {}
    for marker in node.iter_markers("psc"):
        unknown = [*map(repr, marker.args), *(name for name in marker.kwargs if name not in _MARK_ARGUMENTS)]
        if unknown:
            known = ", ".join(f"{name}=…" for name in _MARK_ARGUMENTS)
            pytest.fail(f"@pytest.mark.psc has no argument {unknown[0]}; it has {known}.", pytrace=False)
        said = {**marker.kwargs, **said}
    return said


def _prepare(psc: "Psc", said: Mapping[str, Any]) -> None:
    """Have the mock as the markers say: a fault is a name, a dictionary as of `psc.fault`, or a list of these."""
    if said.get("client"):
        psc.default_client = psc.client(said["client"]).id
    if said.get("persona"):
        psc.default_persona = psc.personas[said["persona"]].id
    fault = said.get("fault") or ()
    for order in fault if isinstance(fault, list | tuple) else [fault]:
        psc.fault(**({"name": order} if isinstance(order, str) else order))


def _of(kinds: Sequence[Any], asked: str, value: str | None) -> list[Any]:
    """The faults whose stage, layer or verdict is that."""
    from mockpsc.errors import Unusable, nearest

    def of(kind: Any) -> str:
        return str(kind.layer() if asked == "layer" else getattr(kind, asked))

    chosen = [each for each in kinds if value in (None, of(each))]
    if not chosen:
        known = dict.fromkeys(map(of, kinds))
        raise Unusable(
            f"No such fault has the {asked} {value!r}{nearest(str(value), known)}; it is {', '.join(known)}."
        )
    return chosen


def _report_of(psc: "Psc") -> str:
    from mockpsc.errors import ConfigurationError

    try:
        return psc.report() or "Nothing: nobody has connected to it."
    except ConfigurationError as gone:
        return str(gone)


@contextmanager
def _in_a_sentence() -> Iterator[None]:
    """What cannot be as asked is told in a sentence, without a way through code that is not the reader's."""
    from mockpsc.errors import ConfigurationError

    try:
        yield
    except ConfigurationError as error:
        raise pytest.fail.Exception(f"mockpsc: {error}", pytrace=False) from None
