"""The catalogue of faults agrees with itself, with its tests, with its pages and with the conformance suite."""

import importlib
import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

from observations import Case, Observations
from support import RunningMock

from mockpsc.faults import catalogue, orders_in, read_order
from mockpsc.faults.arming import params_in
from mockpsc.members import members_of

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
PAGE = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
CONFORMANCE = tomllib.loads((ROOT / "docs" / "conformance.toml").read_text(encoding="utf-8"))

FAULTS = [*catalogue().values()]
TIMES = ("ago", "ahead", "seconds", "after", "lasts", "window", "pause", "delay", "retry_after")


def test_a_fault_is_named_after_its_layer_and_its_symptom() -> None:
    for fault in FAULTS:
        assert re.fullmatch(r"[a-z_]+\.[a-z0-9_]+", fault.name)
        assert fault.__module__ == f"mockpsc.faults.{fault.layer()}", fault.name


def test_a_fault_says_what_happens_what_to_do_and_where_that_is_written() -> None:
    for fault in FAULTS:
        assert "__doc__" in vars(fault), fault.name
        assert re.match("[A-Z`]", fault.meaning()), fault.name
        assert fault.meaning().endswith("."), fault.name
        assert fault.verdict in ("reject", "accept", "handle"), fault.name
        assert fault.reference.strip(), fault.name


def test_the_parameters_of_a_fault_are_documented() -> None:
    for fault in FAULTS:
        for name, declared in members_of(fault).items():
            assert re.fullmatch(r"[A-Z].*\.", declared.help), (fault.name, name)
            assert declared.unit or name not in TIMES, (fault.name, name)


def test_the_bare_name_of_a_fault_can_be_armed() -> None:
    for fault in FAULTS:
        assert read_order({"name": fault.name}).fault == fault()


def cases() -> Iterator[Case]:
    """The observations of all tests of faults."""
    for file in HERE.glob("test_*.py"):
        if file.stem != Path(__file__).stem:
            module = importlib.import_module(f"faults.{file.stem}")
            for each in vars(module).values():
                if isinstance(each, Observations):
                    yield from each.cases.args[1]


def test_each_fault_is_observed_by_a_test() -> None:
    assert {case.name for case in cases()} == {*catalogue()}


def test_each_choice_of_a_parameter_is_observed_by_a_test() -> None:
    seen = {
        (case.name, name, case.params.get(name, declared.default))
        for case in cases()
        for name, declared in members_of(catalogue()[case.name]).items()
        if declared.choices
    }
    wanted = {
        (fault.name, name, choice)
        for fault in FAULTS
        for name, declared in members_of(fault).items()
        for choice in declared.choices
    }
    assert wanted == seen


def test_the_pages_are_current() -> None:
    subprocess.run([sys.executable, ROOT / "docs" / "generate.py", "--check"], check=True, capture_output=True)


def test_what_the_page_shows_can_be_armed() -> None:
    (shell,) = re.findall(r"^\$ mockpsc faults arm (.*)$", PAGE, re.MULTILINE)
    name, *words = shlex.split(shell)
    pairs = [word for word in words if "=" in word]
    assert read_order({"name": name, "params": params_in(name, pairs)}).name == "http.status"
    (sent,) = re.findall(r"--json '(.*)'$", PAGE, re.MULTILINE)
    assert read_order(json.loads(sent)).times == 1
    (header,) = re.findall(r"^X-Mockpsc-Fault: (.*)$", PAGE, re.MULTILINE)
    assert [order.name for order in orders_in(header)] == ["http.status", "http.delay"]


def test_what_the_page_shows_of_mockpsc_toml_can_be_used(run: Callable[..., RunningMock]) -> None:
    shown = tomllib.loads("\n".join(re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)))
    mock = run(**shown).mock
    assert [each.fault.name for each in mock.faults.armed()] == ["http.status", "id_token.expired", "http.status"]
    assert mock.faults.play("repair") is not None


MODULES = [module for family in CONFORMANCE["families"] for module in family["modules"]]
DONE = {module for fault in FAULTS for module in fault.modules}
EXCUSED = [module for reason in CONFORMANCE["reasons"] for module in reason["modules"]]


def test_each_module_is_like_a_fault_or_has_one_reason_why_not() -> None:
    assert len(MODULES) == len({*MODULES}) == 147
    assert len(EXCUSED) == len({*EXCUSED})
    assert DONE & {*EXCUSED} == set()
    assert DONE | {*EXCUSED} == {*MODULES}
