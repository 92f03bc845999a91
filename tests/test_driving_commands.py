"""The commands that drive a running mock: faults, scenarios, clock, keys, journal, reset."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from support import RunningMock

from mockpsc.cli import main
from mockpsc.cli.clock import seconds
from mockpsc.client import AdminClient
from mockpsc.errors import ConfigurationError, Unusable
from mockpsc.faults import catalogue

Say = Callable[..., str]


def said(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == status, result.output
    return result.output


@pytest.fixture
def say(running: RunningMock) -> Say:
    """Runs a command at a running mock, and gives what it prints."""

    def say(*arguments: str, status: int = 0) -> str:
        return said(*arguments, "--admin-url", running.mock.connection.admin_url, status=status)

    return say


@pytest.fixture
def scenario(running: RunningMock) -> str:
    steps = [{"name": "http.status"}, {"name": "http.status", "params": {"status": 500}}]
    AdminClient(running.mock.connection.admin_url).post("/api/scenarios", {"name": "two", "steps": steps})
    return "two"


def status(running: RunningMock) -> int:
    return running.client().get(running.mock.connection.discovery_url).status_code


# --- faults ---


def test_the_catalogue_is_listed_and_shown_without_a_mock() -> None:
    for name, fault in catalogue().items():
        assert f"{name} " in said("faults", "list")
        assert fault.meaning()[:40] in said("faults", "show", name)
    assert [each["name"] for each in json.loads(said("faults", "list", "--json"))] == list(catalogue())
    layer = json.loads(said("faults", "list", "--layer", "tls", "--json"))
    assert {each["layer"] for each in layer} == {"tls"}
    assert json.loads(said("faults", "show", "http.status", "--json"))["parameters"]["properties"]["status"]
    assert "default 503" in said("faults", "show", "http.status")
    assert "did you mean 'http.status'?" in said("faults", "show", "http.statu", status=2)
    assert "did you mean 'http'?" in said("faults", "list", "--layer", "htp", status=2)


def test_a_fault_is_armed_seen_and_disarmed(running: RunningMock, say: Say) -> None:
    assert "No fault is armed." in say("faults", "armed")
    order = ["http.status", "status=500", "--endpoint", "discovery", "--times", "1", "--ttl", "60"]
    assert say("faults", "arm", *order).startswith("Armed: f1 http.status status=500 times=1 ttl=60.0 for endpoint dis")
    assert [status(running), status(running)] == [500, 200]
    assert "(over, seen 1, acted 1)" in say("faults", "armed")
    (armed,) = json.loads(say("faults", "armed", "--json"))
    assert (armed["hits"], armed["match"]) == (1, {"endpoint": "discovery"})
    assert "Disarmed: f1 http.status" in say("faults", "disarm", "f1")
    assert "armed: nothing" in say("faults", "disarm", "f1", status=2)


def test_a_fault_that_is_not_counted_is_shown_without_numbers(say: Say) -> None:
    assert say("faults", "arm", "tcp.refuse", "--listener", "wallet") == (
        "Armed: f1 tcp.refuse for listener wallet (armed, not counted)\n"
    )


def test_a_reset_of_the_faults_tells_those_that_never_acted(say: Say) -> None:
    say("faults", "arm", "http.status", "--client", "nobody", "--probability", "0.5", "--seed", "7")
    assert "Was armed and never acted: f1 http.status" in say("faults", "reset")
    assert say("faults", "reset") == "Reset.\n"


def test_what_cannot_be_armed_is_explained(say: Say) -> None:
    assert "did you mean 'http.status'?" in say("faults", "arm", "http.statu", status=2)
    assert "did you mean 'status'?" in say("faults", "arm", "http.status", "statu=500", status=2)
    assert "expected name=value" in say("faults", "arm", "http.status", "500", status=2)
    assert "599 or less" in say("faults", "arm", "http.status", "status=900", status=2)
    assert "is not one of" in say("faults", "arm", "http.status", "--endpoint", "tokn", status=2)


# --- scenarios ---


def test_a_scenario_is_started_and_stopped(running: RunningMock, say: Say, scenario: str) -> None:
    assert say("scenarios", "list") == "two: http.status > http.status (stopped)\n"
    assert "(playing, at step 1)" in say("scenarios", "start", scenario)
    assert status(running) == 503
    (told,) = json.loads(say("scenarios", "list", "--json"))
    assert told["step"] == 2
    assert "(stopped)" in say("scenarios", "stop", scenario)
    assert status(running) == 200
    assert "did you mean 'two'?" in say("scenarios", "start", "tow", status=2)


# --- clock ---


def test_the_clock_is_told_moved_and_stopped(running: RunningMock, say: Say) -> None:
    start = running.mock.clock.now()
    assert json.loads(say("clock", "advance", "1h30m", "--json"))["seconds"] == start + 5400
    assert json.loads(say("clock", "advance", "-1d", "--json"))["seconds"] == start + 5400 - 86400
    assert "(running, " in say("clock", "resume")
    assert "(frozen, -81000 s" in say("clock", "freeze")
    assert say("clock", "now") == say("clock")
    assert "is no duration" in say("clock", "advance", "soon", status=2)


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        ("90s", 90),
        ("5m", 300),
        ("2h", 7200),
        ("-1d", -86400),
        ("1w", 604800),
        ("+1.5h", 5400),
        ("1h30m", 5400),
        ("7", 7),
    ],
)
def test_a_duration_is_read_as_people_write_it(duration: str, expected: float) -> None:
    assert seconds(duration) == expected


@pytest.mark.parametrize("duration", ["", "m", "5 m", "5x", "1h-30m", "--1d", "1e3", "٣m", "5m\n"])
def test_what_is_no_duration_is_refused(duration: str) -> None:
    with pytest.raises(Unusable):
        seconds(duration)


# --- keys ---


def test_keys_are_listed_and_rotated_in_steps(say: Say) -> None:
    first = json.loads(say("keys", "--json"))["active"]
    assert say("keys", "list") == f"{first}  signs, published\n"
    new = json.loads(say("keys", "rotate", "--no-use", "--json"))["new"]
    assert set(say("keys").splitlines()) == {f"{first}  signs, published", f"{new}  published"}
    assert say("keys", "rotate", "--drop-old") == f"{new}  signs, published\n"
    hidden = say("keys", "rotate", "--no-publish")
    assert "signs, not published" in hidden
    assert f"{new}  published" in hidden


# --- journal ---


def test_the_journal_is_listed_filtered_exported_and_cleared(running: RunningMock, say: Say) -> None:
    running.relying_party().login()
    everything = [json.loads(line) for line in say("journal", "list", "--json").splitlines()]
    assert {each["kind"] for each in everything} == {"handshake", "exchange"}
    (token,) = [json.loads(line) for line in say("journal", "list", "--endpoint", "token", "--json").splitlines()]
    assert token["client_id"] == "mockpsc-client"
    assert " POST " in say("journal", "list", "--endpoint", "token")
    har = json.loads(say("journal", "export", "--endpoint", "token"))
    assert [each["response"]["status"] for each in har["log"]["entries"]] == [200]
    lines = say("journal", "export", "--format", "ndjson", "--kind", "handshake").splitlines()
    assert [json.loads(line)["kind"] for line in lines] == ["handshake"] * len(lines)
    assert say("journal", "clear", "--endpoint", "token") == "Forgotten: 1.\n"
    assert say("journal", "list", "--failed", "true") == ""
    say("journal", "clear")
    assert say("journal", "list") == ""
    assert "not a valid boolean" in say("journal", "list", "--failed", "perhaps", status=2)


def test_events_to_come_are_shown_as_they_come(running: RunningMock) -> None:
    url = running.mock.connection.admin_url
    command = [sys.executable, "-m", "mockpsc", "journal", "tail", "--kind", "exchange", "--json", "--admin-url", url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as tail:
        assert tail.stdout
        while not running.mock.journal.has_followers:
            httpx.get(f"{url}/healthz")
        status(running)
        assert json.loads(tail.stdout.readline())["endpoint"] == "discovery"
        tail.terminate()


# --- reset, and who may ---


def test_a_reset_brings_the_mock_back(running: RunningMock, say: Say) -> None:
    say("faults", "arm", "http.status", "--endpoint", "token")
    say("clock", "advance", "1d")
    status(running)
    assert "Was armed and never acted: f1 http.status" in say("reset")
    assert say("journal", "list") == ""
    assert abs(json.loads(say("clock", "--json"))["ahead"]) < 5


def test_without_a_mock_every_command_says_so() -> None:
    for command in (["faults", "armed"], ["scenarios", "list"], ["clock"], ["keys"], ["journal", "list"], ["reset"]):
        told = said(*command, "--admin-url", "http://127.0.0.1:9", status=2)
        assert "No mock answers at http://127.0.0.1:9" in told


@pytest.fixture
def foreign(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a mock on another machine is sent, as far as it can be had without one."""
    sent: dict[str, Any] = {}

    def urlopen(request: Any, timeout: float | None) -> Any:
        sent.update({"url": request.full_url, **request.headers})
        raise OSError("no route")

    monkeypatch.setattr("mockpsc.client.urlopen", urlopen)
    monkeypatch.delenv("MOCKPSC_ADMIN_TOKEN", raising=False)
    return sent


def test_the_token_is_sent_of_the_option_or_of_the_environment(
    foreign: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError):
        AdminClient("http://mock.example:8480/").get("/api/keys")
    assert foreign == {"url": "http://mock.example:8480/api/keys"}
    said("keys", "--admin-url", "http://mock.example:8480", "--admin-token", "a-given-token", status=2)
    assert foreign["Authorization"] == "Bearer a-given-token"
    monkeypatch.setenv("MOCKPSC_ADMIN_TOKEN", "a-token-of-the-environment")
    said("keys", "--admin-url", "http://mock.example:8480", status=2)
    assert foreign["Authorization"] == "Bearer a-token-of-the-environment"
