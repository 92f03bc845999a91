"""The benchmark, so that it still runs when it is needed: its numbers mean nothing here."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "login.py"


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(BENCHMARK), *arguments]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=50)


def rows(printed: str) -> dict[str, str]:
    """The second column of the table by the first."""
    lines = printed.partition("\n---")[2].splitlines()[1:]
    return {name: value for name, value, *_ in (re.split(r"  +", line) for line in lines)}


@pytest.mark.slow
def test_the_table_has_a_row_for_each_measurement() -> None:
    ended = run("--logins", "20", "--starts", "1")
    assert ended.returncode == 0, ended.stderr
    measured = rows(ended.stdout)
    for name, unit in {
        "Start to first login, cold": "s",
        "Start to first login, warm": "s",
        "Import of the pytest plugin": "ms",
        "MockPsc, start": "ms",
        "Psc.reset": "ms",
        "Full logins, TLS 1.3": "/s",
        "Full logins, TLS 1.2": "/s",
        "Handshakes, TLS 1.3": "/s",
        "Handshakes, TLS 1.2": "/s",
        "RS256 signatures": "/s",
        "Discovery document": "/s",
        "Userinfo": "/s",
    }.items():
        assert re.fullmatch(rf"[\d.,]+ {unit}", measured[name]), name
    assert {"Memory at start", "Memory after 20 logins"} <= set(measured)
    assert "< 0.5 s: " in ended.stdout


@pytest.mark.slow
def test_without_openssl_the_table_says_so() -> None:
    ended = run("--logins", "20", "--starts", "1", PATH="")
    assert ended.returncode == 0, ended.stderr
    assert rows(ended.stdout)["openssl s_server"] == "not measured"
    assert "openssl is not on the PATH" in ended.stdout


def test_too_few_logins_are_refused() -> None:
    ended = run("--logins", "1")
    assert ended.returncode == 2
    assert "--logins must be 20 at least" in ended.stderr
