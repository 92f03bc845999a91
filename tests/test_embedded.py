"""A mock without pytest: `with MockPsc() as psc:`."""

import gc
import socket
import subprocess
import sys
import threading
import unittest
import warnings
from pathlib import Path
from time import perf_counter

import httpx
import pytest
from support import make_settings

from mockpsc import ConfigurationError, MockPsc, Psc


def mocks() -> list[str]:
    """The threads of mocks."""
    return [each.name for each in threading.enumerate() if each.name == "mockpsc"]


def test_a_mock_runs_as_long_as_its_block() -> None:
    before = len(mocks())
    with MockPsc() as psc:
        assert len(mocks()) == before + 1
        assert httpx.get(psc.discovery_url, verify=psc.client().ssl_context()).status_code == 200
        folder = psc.ca_file.parent
        assert folder.exists()
    assert len(mocks()) == before
    assert not folder.exists()
    with pytest.raises(ConfigurationError, match="No mock answers at http://127"):
        psc.reset()


def test_several_run_beside_one_another() -> None:
    with MockPsc() as one, MockPsc() as other:
        assert one.issuer != other.issuer
        one.clock.advance(days=1)
        assert (one.clock.now - other.clock.now).days in (0, 1)
        assert one.ca_file.read_text() != other.ca_file.read_text()


def test_the_same_one_can_run_again() -> None:
    mock = MockPsc()
    for _ in range(2):
        with mock as psc:
            psc.exchanges().none()


def test_options_are_those_of_the_command(tmp_path: Path) -> None:
    clients = [{"id": "mine", "redirect_uris": ["https://rp.example.test/callback"]}]
    with MockPsc(certs=tmp_path / "certs", reject_with="keycloak", access_token_lifetime=60, clients=clients) as psc:
        assert psc.own_client == "mine"
        settings = psc.admin.get("/api/settings")
    assert (settings["reject_with"], settings["access_token_lifetime"]) == ("keycloak", 60)
    assert (tmp_path / "certs" / "ca.pem").exists()


def test_settings_are_taken_as_they_are(tmp_path: Path) -> None:
    with MockPsc(make_settings(tmp_path, admin_token="a-token-of-a-test")) as psc:
        assert psc.admin.get("/api/settings")["certs"] == str(tmp_path)


def test_an_option_that_there_is_not_is_refused_with_the_nearest() -> None:
    with (
        pytest.raises(ConfigurationError, match=r"reject_wth is no option: did you mean reject_with\?"),
        MockPsc(reject_wth="keycloak"),
    ):
        pass
    with (
        pytest.raises(ConfigurationError, match="reject_with is 'kecloak'; expected alert or nginx or keycloak"),
        MockPsc(reject_with="kecloak"),
    ):
        pass


def test_what_is_given_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Settings were given, and login beside them"):
        MockPsc(make_settings(tmp_path), login="page")


def test_options_that_are_not_named_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"and dict came: give options by name, as in MockPsc\(reject_with="):
        MockPsc({"reject_with": "keycloak"})  # type: ignore[arg-type] # as somebody without a type checker writes it


def test_one_that_runs_cannot_be_run_again_beside_itself() -> None:
    mock = MockPsc()
    with mock as psc:
        with pytest.raises(ConfigurationError, match="runs already: make another"), mock:
            pass
        psc.exchanges().none()


def test_a_program_that_has_not_asked_for_a_log_gets_none(tmp_path: Path) -> None:
    program = """if True:
        import contextlib
        from mockpsc import MockPsc
        with MockPsc() as psc, contextlib.suppress(Exception), psc.certs.expired().httpx_client() as http:
            http.get(psc.discovery_url)
    """
    ended = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_that_a_pki_is_made_is_news_where_it_stays(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "mockpsc"), MockPsc(), MockPsc(certs=tmp_path / "certs"):
        made = [each.levelname for each in caplog.records if "A new test PKI is made" in each.message]
    assert made == ["INFO", "WARNING"]


def test_a_mock_that_cannot_start_leaves_nothing_behind() -> None:
    before = len(mocks())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigurationError, match=f"{address}"), MockPsc(auth_bind=address):
            pass
    assert len(mocks()) == before


def test_one_that_never_runs_leaves_nothing_to_warn_of() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MockPsc(reject_with="keycloak")
        gc.collect()


def test_the_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with MockPsc() as psc:
        psc.exchanges().none()


def test_it_is_ready_soon_and_reset_at_once() -> None:
    with MockPsc():  # what is imported when it is first needed
        pass
    started = perf_counter()
    with MockPsc() as psc:
        ready = perf_counter() - started
        times = []
        for _ in range(20):
            began = perf_counter()
            psc.reset()
            times.append(perf_counter() - began)
    assert ready < 1, ready
    assert sorted(times)[len(times) // 2] < 0.02


class TestWithUnittest(unittest.TestCase):
    psc: Psc

    @classmethod
    def setUpClass(cls) -> None:
        cls.psc = cls.enterClassContext(MockPsc())

    def setUp(self) -> None:
        self.psc.reset()

    def test_a_test_sees_its_own_journal(self) -> None:
        self.psc.exchanges().none()
        httpx.get(self.psc.discovery_url, verify=self.psc.client().ssl_context())
        self.psc.exchanges("discovery").one()

    def test_another_test_does_too(self) -> None:
        self.test_a_test_sees_its_own_journal()
