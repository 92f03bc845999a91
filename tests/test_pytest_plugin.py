"""The pytest plugin as those have it who install mockpsc: each test here runs pytest on tests of theirs."""

import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import BaseRequestHandler, TCPServer
from typing import Any

import pytest

import mockpsc.embedded  # noqa: F401 # what runs of pytest in this process would each import anew
from mockpsc import ConfigurationError, Psc, psc_fault_matrix
from mockpsc.client import AdminClient, urlopen
from mockpsc.faults import catalogue
from mockpsc.settings import attached_to

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[1]

HELPERS = """
from urllib.parse import urlencode

import httpx

def request_of(psc, **changed):
    asked = {
        "response_type": "code", "client_id": psc.client().id, "redirect_uri": "https://rp.example.test/callback",
        "scope": "openid scope_all", "state": "the-state-of-a-test", "nonce": "n", "acr_values": "eidas1",
    }
    return f"{psc.authorization_endpoint}?{urlencode({**asked, **changed})}"

def log_in(psc, **options):
    code = psc.login(request_of(psc), **options).partition("code=")[2]
    form = {"grant_type": "authorization_code", "client_id": psc.client().id, "code": code,
            "redirect_uri": "https://rp.example.test/callback"}
    with psc.client().httpx_client() as http:
        return http.post(f"{psc.issuer}/protocol/openid-connect/token", data=form).json()
"""


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without what whoever runs this may have in the environment."""
    for name in ("MOCKPSC_URL", "MOCKPSC_ADMIN_TOKEN", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def theirs(pytester: pytest.Pytester) -> pytest.Pytester:
    """A folder of tests, in which warnings are errors."""
    options = "--strict-markers -p no:asyncio -p no:hypothesispytest"
    pytester.makeini(f"[pytest]\nfilterwarnings = error\naddopts = {options}\n")
    pytester.makepyfile(helpers=HELPERS)
    return pytester


def passed(result: pytest.RunResult, **outcomes: int) -> None:
    result.assert_outcomes(**outcomes)
    assert "what the mock saw" not in result.stdout.str()


# --- the fixtures ---


def test_a_test_asks_for_a_mock_and_has_it(theirs: pytest.Pytester) -> None:
    theirs.makepyfile(
        """
        from helpers import log_in

        def test_login(psc):
            assert "access_token" in log_in(psc)
            psc.assert_client_certificate()
            assert psc.exchanges("token").one().status == 200
        """
    )
    passed(theirs.runpytest(), passed=1)


def test_each_test_begins_anew(theirs: pytest.Pytester) -> None:
    theirs.makepyfile(
        """
        import pytest
        from helpers import log_in

        @pytest.mark.parametrize("time", [1, 2])
        def test_all(psc, time):
            assert not psc.exchanges() and not psc.handshakes and not psc.findings
            assert "899700099999" not in psc.personas
            assert psc.admin.armed() == []
            assert abs(psc.admin.clock()["ahead"]) < 1
            assert "access_token" in log_in(psc)
            psc.add_persona("899700099999", "ANNE", "ESSAI")
            psc.add_client("declared")
            psc.fault("http.status", must_act=False)
            psc.revoke(psc.client())
            psc.clock.advance(days=400)
        """
    )
    passed(theirs.runpytest(), passed=2)


def test_options_are_overridden_by_name(theirs: pytest.Pytester) -> None:
    theirs.makepyfile(
        """
        import pytest

        @pytest.fixture(scope="session")
        def psc_settings(psc_settings):
            return {**psc_settings, "reject_with": "keycloak", "clients": [{"id": "mine"}]}

        def test_options(psc):
            assert psc.client().id == "mine"
            assert psc.admin.get("/api/settings")["reject_with"] == "keycloak"
        """
    )
    passed(theirs.runpytest(), passed=1)


def test_options_are_overridden_by_settings(theirs: pytest.Pytester) -> None:
    theirs.makepyfile(
        """
        import pytest
        from mockpsc.embedded import ephemeral_settings

        @pytest.fixture(scope="session")
        def psc_settings(tmp_path_factory):
            return ephemeral_settings(tmp_path_factory.mktemp("mine"), access_token_lifetime=77)

        def test_options(psc):
            assert psc.admin.get("/api/settings")["access_token_lifetime"] == 77
        """
    )
    passed(theirs.runpytest(), passed=1)


def told_in_a_sentence(result: pytest.RunResult, sentence: str) -> None:
    """An error of a fixture, without a traceback."""
    result.assert_outcomes(errors=1)
    result.stdout.re_match_lines([rf"mockpsc: .*{sentence}"])
    assert "pytest_plugin.py" not in result.stdout.str()
    assert "Traceback" not in result.stdout.str()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"reject_wth": "keycloak"}, r"reject_wth is no option: did you mean reject_with\?"),
        ({"reject_with": "kecloak"}, r"reject_with is 'kecloak'; expected alert or nginx or keycloak"),
        ({"clients": [{"id": "x", "redirect_uri": "y"}]}, r"did you mean 'redirect_uris'\?"),
        ({"auth_bind": "0.0.0.0:0"}, "Other machines can reach 0.0.0.0:0"),
        (None, "The fixture psc_settings has given None: let it return options by name, or Settings"),
    ],
)
def test_a_mock_that_cannot_be_as_asked_is_told_in_a_sentence(
    theirs: pytest.Pytester, options: object, sentence: str
) -> None:
    theirs.makepyfile(
        f"""
        import pytest

        @pytest.fixture(scope="session")
        def psc_settings():
            return {options!r}

        def test_it(psc):
            pass
        """
    )
    told_in_a_sentence(theirs.runpytest(), sentence)


def test_a_port_that_is_taken_is_told_in_a_sentence(theirs: pytest.Pytester) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        theirs.makepyfile(
            f"""
            import pytest

            @pytest.fixture(scope="session")
            def psc_settings():
                return {{"auth_bind": "{address}"}}

            def test_it(psc):
                pass
            """
        )
        told_in_a_sentence(theirs.runpytest(), re.escape(address))


# --- the marker ---


def test_a_marker_says_who_what_and_for_whom(theirs: pytest.Pytester) -> None:
    theirs.makepyfile(
        """
        import pytest
        from helpers import log_in, request_of

        pytestmark = pytest.mark.psc(persona="899700000021", client="of-all")

        @pytest.mark.psc(fault="token.error")
        def test_a_name(psc):
            assert "error" in log_in(psc)
            assert psc.exchanges("token").one().client_id == "of-all"
            assert psc.exchanges("authorization").last().persona_id == "899700000021"

        @pytest.mark.psc(fault={"name": "http.status", "status": 502, "endpoint": "token", "times": 1})
        def test_an_order(psc):
            with pytest.raises(ValueError):
                log_in(psc)
            assert "access_token" in log_in(psc)

        @pytest.mark.psc(persona="899700000039", client="nearer", fault=["token.error", {"name": "http.status"}])
        def test_the_nearest_marker(psc):
            assert psc.client().id == "nearer"
            assert [each["name"] for each in psc.admin.armed()] == ["token.error", "http.status"]
            assert psc.reset() == ["token.error", "http.status"]

        @pytest.mark.psc(persona="899700000039")
        def test_who_is_named_in_the_call_comes_first(psc):
            log_in(psc, persona="899700000047")
            assert psc.exchanges("authorization").last().persona_id == "899700000047"
        """
    )
    passed(theirs.runpytest(), passed=4)


SENSELESS = {
    "personna='x'": "@pytest.mark.psc has no argument personna; it has persona=…, fault=…, client=….",
    "'899700000021'": "@pytest.mark.psc has no argument '899700000021'; it has persona=…, fault=…, client=….",
    "persona='899700000020'": "mockpsc: No persona has the id '899700000020' (did you mean '8997000000*'[?]); *",
    "fault='token.eror'": "mockpsc: No fault is named 'token.eror' (did you mean 'token.error'[?])*",
    "fault={'name': 'http.status', 'statu': 1}": "mockpsc: *'statu'*did you mean 'status'[?]*",
}


def test_a_marker_that_makes_no_sense_is_told_in_a_sentence(theirs: pytest.Pytester) -> None:
    tests = [
        f"@pytest.mark.psc({arguments})\ndef test_{number}(psc): pass" for number, arguments in enumerate(SENSELESS)
    ]
    theirs.makepyfile("import pytest\n" + "\n".join(tests))
    result = theirs.runpytest()
    result.assert_outcomes(errors=len(SENSELESS))
    result.stdout.fnmatch_lines(list(SENSELESS.values()))
    assert "pytest_plugin.py" not in result.stdout.str()


def test_a_marker_on_a_test_that_does_not_use_the_mock_is_refused(theirs: pytest.Pytester) -> None:
    theirs.makepyfile(
        """
        import pytest

        pytestmark = pytest.mark.psc(client="of-all")

        @pytest.fixture
        def browser(psc):
            return psc.browser()

        @pytest.mark.psc(persona="899700000021")
        def test_through_a_fixture(browser):
            assert browser.persona == "899700000021"

        def test_that_needs_none():
            pass

        @pytest.mark.psc(fault="token.error")
        def test_that_forgot():
            pass
        """
    )
    result = theirs.runpytest()
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["@pytest.mark.psc is for a test that uses the fixture psc: give it that argument."])


# --- the matrix ---


def test_a_test_is_run_with_each_fault_of_a_part_of_the_catalogue(theirs: pytest.Pytester) -> None:
    theirs.makepyfile(
        """
        from helpers import log_in
        from mockpsc import psc_fault_matrix

        @psc_fault_matrix(layer="token", verdict="reject")
        def test_it(psc, psc_fault):
            assert psc_fault.verdict == "reject"
            assert [each["name"] for each in psc.admin.armed()] == [psc_fault.name]
            log_in(psc)
            psc_fault.must_act = False

        @psc_fault_matrix(names=["token.error", "id_token.expired"])
        def test_those(psc, psc_fault):
            log_in(psc)
            assert psc_fault.hits == 1

        @psc_fault_matrix(names="id_token.expired")
        def test_one(psc, psc_fault):
            log_in(psc)
            assert psc_fault.name == "id_token.expired"
        """
    )
    result = theirs.runpytest("-v")
    expected = [each.name for each in catalogue().values() if each.layer() == "token" and each.verdict == "reject"]
    passed(result, passed=len(expected) + 3)
    result.stdout.fnmatch_lines([f"*test_it[[]{name}[]] PASSED*" for name in expected])


def test_the_whole_catalogue_can_be_armed(theirs: pytest.Pytester) -> None:
    theirs.makepyfile(
        """
        from mockpsc import psc_fault_matrix

        @psc_fault_matrix()
        def test_it(psc, psc_fault):
            assert psc_fault.verdict in ("reject", "accept", "handle")
            psc_fault.disarm()
        """
    )
    passed(theirs.runpytest("-q"), passed=len(catalogue()))


UNKNOWN = [
    ({"stage": "clams"}, "No such fault has the stage 'clams' (did you mean 'claims'?); it is connection, "),
    ({"layer": "tokens"}, "No such fault has the layer 'tokens' (did you mean 'token'?); it is tcp, tls, "),
    ({"verdict": "handel"}, "No such fault has the verdict 'handel' (did you mean 'handle'?); it is "),
    ({"layer": "tcp", "stage": "claims"}, "No such fault has the layer 'tcp'; it is "),
    ({"names": []}, "The list of names is empty"),
    ({"names": ["token.eror"]}, "No fault is named 'token.eror' (did you mean 'token.error'?)"),
]


@pytest.mark.parametrize(("asked", "sentence"), UNKNOWN)
def test_a_part_of_the_catalogue_that_there_is_not_is_refused(asked: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(sentence)):
        psc_fault_matrix(**asked)


def test_an_armed_fault_without_a_matrix_is_refused(theirs: pytest.Pytester) -> None:
    theirs.makepyfile("def test_it(psc_fault): pass")
    result = theirs.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["psc_fault is for a test with @psc_fault_matrix(…)*"])


# --- what is told of a test ---


def test_a_failure_shows_what_the_mock_saw_without_secrets(theirs: pytest.Pytester) -> None:
    theirs.makepyfile(
        """
        import pytest
        from helpers import log_in

        @pytest.fixture
        def tokens(psc):
            return log_in(psc)

        def test_one(psc):
            log_in(psc)

        def test_another(tokens):
            assert "refresh_tokn" in tokens.keys()
        """
    )
    result = theirs.runpytest()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.re_match_lines(
        [
            ".*test_another.*",
            "-+ what the mock saw -+",
            "wallet: handshake accepted from .*",
            "wallet: GET /auth 200, client mockpsc-client.*",
            "    response_type=code  client_id=mockpsc-client  .*state=the-state-of-a-test.*",
            "auth: handshake accepted from .*, certificate CN=mockpsc-client,.*",
            "auth: POST /auth/realms/esante-wallet/protocol/openid-connect/token 200.*",
            r"    grant_type=authorization_code  .*  code=redacted\(length=\d+,sha256=\w+\)  .*",
            r"found: nonce_weak .*",
        ]
    )
    assert result.stdout.str().count("what the mock saw") == 1


def test_a_fixture_that_fails_shows_it_too(theirs: pytest.Pytester) -> None:
    theirs.makepyfile(
        """
        import pytest
        from helpers import request_of

        @pytest.fixture
        def session(psc):
            return psc.login(request_of(psc, redirect_uri="http://rp.example.test/"))

        def test_it(session):
            pass
        """
    )
    result = theirs.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.re_match_lines(["-+ what the mock saw -+", "wallet: handshake accepted .*", "wallet: GET /auth .*"])


def test_a_mock_that_nobody_called_says_so(theirs: pytest.Pytester) -> None:
    theirs.makepyfile("def test_it(psc): assert False")
    theirs.runpytest().stdout.re_match_lines(["-+ what the mock saw -+", "Nothing: nobody has connected to it."])


def test_a_fault_that_never_acted_is_warned_of(theirs: pytest.Pytester) -> None:
    theirs.makepyfile(
        """
        import pytest
        from helpers import log_in

        @pytest.mark.psc(fault="token.error")
        def test_nothing(psc):
            pass

        def test_armed_without_a_block(psc):
            psc.fault("userinfo.sub_different")
            psc.fault("http.status", must_act=False)

        @pytest.mark.psc(fault="token.error")
        def test_all_is_well(psc):
            log_in(psc)

        @pytest.mark.psc(fault="token.error")
        def test_that_fails_for_another_reason(psc):
            assert False

        @pytest.mark.psc(fault="token.error")
        def test_that_is_skipped(psc):
            pytest.skip()
        """
    )
    result = theirs.runpytest("-W", "default::mockpsc.pytest_plugin.FaultNeverActedWarning")
    result.assert_outcomes(passed=3, failed=1, skipped=1, warnings=2)
    result.stdout.fnmatch_lines(
        [
            "*FaultNeverActedWarning: The fault token.error was armed and never acted.",
            "*FaultNeverActedWarning: The fault userinfo.sub_different was armed and never acted.",
        ]
    )
    theirs.runpytest().assert_outcomes(passed=3, failed=1, skipped=1, errors=2)


# --- with others ---


def test_asynchronous_tests_use_it_with_pytest_asyncio(theirs: pytest.Pytester) -> None:
    theirs.makepyfile(
        """
        import pytest
        from helpers import request_of

        @pytest.mark.asyncio
        async def test_it(psc):
            assert "code=" in await psc.login_async(request_of(psc))
            async with psc.client().async_httpx_client() as http:
                with psc.fault("http.status", status=503):
                    assert (await http.get(psc.discovery_url)).status_code == 503
            assert (await psc.wait_for_async("discovery")).status == 503
        """
    )
    theirs.makeini("[pytest]\nfilterwarnings = error\nasyncio_default_fixture_loop_scope = function\n")
    passed(theirs.runpytest_subprocess(), passed=1)


def test_asynchronous_tests_use_it_with_anyio(theirs: pytest.Pytester) -> None:
    theirs.makepyfile(
        """
        import pytest
        from helpers import request_of

        @pytest.mark.anyio
        @pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
        async def test_it(psc, anyio_backend):
            assert "code=" in await psc.login_async(request_of(psc))
            assert (await psc.wait_for_async("authorization", status=302)).persona_id
        """
    )
    passed(theirs.runpytest_subprocess(), passed=2)


def test_a_test_case_of_unittest_uses_it(theirs: pytest.Pytester) -> None:
    theirs.makepyfile(
        """
        import unittest
        import pytest
        from helpers import log_in

        class TestIt(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def mock(self, psc):
                self.psc = psc

            def test_login(self):
                self.assertIn("access_token", log_in(self.psc))
        """
    )
    passed(theirs.runpytest(), passed=1)


def test_each_worker_of_xdist_has_a_mock_of_its_own(theirs: pytest.Pytester) -> None:
    theirs.makepyfile(
        """
        import os
        from pathlib import Path
        import pytest
        from helpers import log_in

        @pytest.mark.parametrize("number", range(4))
        def test_it(psc, number):
            psc.clock.advance(days=number)
            assert "access_token" in log_in(psc)
            assert len(psc.exchanges("token")) == 1
            Path(os.environ["PYTEST_XDIST_WORKER"]).write_text(psc.issuer)
        """
    )
    passed(theirs.runpytest_subprocess("-n", "2", "--dist", "each"), passed=8)
    assert (theirs.path / "gw0").read_text() != (theirs.path / "gw1").read_text()


def test_all_keys_are_in_the_temporary_folder_of_the_run(theirs: pytest.Pytester) -> None:
    theirs.makepyfile(
        """
        from pathlib import Path

        def test_it(psc, tmp_path_factory):
            base = tmp_path_factory.getbasetemp()
            assert psc.client().key.is_relative_to(base)
            assert Path(psc.admin.get("/api/settings")["certs"]).is_relative_to(base)
        """
    )
    passed(theirs.runpytest(), passed=1)


# --- attached to a mock that runs already ---


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The admin origin of `mockpsc serve`, which the plugin is to use."""
    binds = [f"--{name}-bind=127.0.0.1:0" for name in ("auth", "wallet", "admin")]
    command = [sys.executable, "-m", "mockpsc", "serve", "--json", *binds]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        url: str = json.loads(process.stdout.readline())["admin_url"]
        monkeypatch.setenv("MOCKPSC_URL", url)
        yield url
        process.terminate()


EVERYTHING = """
    import os
    import pytest
    from helpers import log_in

    ANNE = "899700099999" + os.environ.get("PYTEST_XDIST_WORKER", "")

    def test_where_it_is(psc):
        assert psc.admin_url == {url!r}

    def test_login(psc):
        assert "access_token" in log_in(psc)
        psc.assert_client_certificate()
        psc.exchanges("token").one()

    def test_certificate(psc):
        with psc.certs.expired().httpx_client() as http, pytest.raises(Exception, match="EXPIRED"):
            http.get(psc.discovery_url)
        assert psc.handshakes.last().reason == "expired"

    def test_fault(psc):
        with psc.fault("token.error"):
            assert "error" in log_in(psc)
        psc.fault("token.error", must_act=False)
        psc.add_persona(ANNE, "ANNE", "ESSAI")

    def test_revocation(psc):
        assert ANNE not in psc.personas
        assert "access_token" in log_in(psc)
        psc.revoke(psc.client())
        with pytest.raises(Exception, match="REVOKED"):
            log_in(psc)
"""


def test_the_same_tests_drive_a_mock_that_runs_already(theirs: pytest.Pytester, served: str) -> None:
    theirs.makepyfile(
        EVERYTHING.format(url=served)
        + """
    def test_clock(psc):
        psc.clock.advance(days=2)
        psc.fault("http.status", must_act=False)
"""
    )
    passed(theirs.runpytest(), passed=6)
    psc = Psc(served, folder=theirs.path / "after")
    assert psc.admin.armed() == []
    assert abs(psc.admin.clock()["ahead"]) < 1


def test_workers_share_a_mock_that_runs_already(theirs: pytest.Pytester, served: str) -> None:
    theirs.makepyfile(
        EVERYTHING.format(url=served)
        + """
    @pytest.mark.parametrize("time", range(5))
    def test_alone(psc, time, worker_id):
        with psc.fault("id_token.expired"):
            log_in(psc)
        assert psc.client().id == f"pytest-{worker_id}"
        assert {each.client_id for each in psc.exchanges()} == {psc.client().id}
"""
    )
    passed(theirs.runpytest_subprocess("-n", "2", "--dist", "each"), passed=20)


def test_a_mock_that_is_not_there_is_told_in_a_sentence(
    theirs: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOCKPSC_URL", "http://127.0.0.1:9")
    theirs.makepyfile("def test_it(psc): pass")
    told_in_a_sentence(theirs.runpytest(), r"No mock answers at http://127\.0\.0\.1:9 .*MOCKPSC_URL")


def test_an_address_that_is_no_url_is_told_in_a_sentence(
    theirs: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOCKPSC_URL", "localhost:8480")
    theirs.makepyfile("def test_it(psc): pass")
    told_in_a_sentence(theirs.runpytest(), r"'localhost:8480' is no URL of a mock: write http://localhost:8480\.")


PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"
STRANGERS = {
    "a page": (PAGE, "What answers at http://127.* is no mock: it sent text/html "),
    "an error page": (PAGE.replace(b"200 OK", b"404 Not Found"), "is no mock: it sent text/html .HTTP 404"),
    "another document": (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
        "What answers at http://127.* is no mock: it sent another document than a mock's",
    ),
    "half a page": (PAGE[:-3], "No mock answers at http://127.*IncompleteRead"),
    "no page": (b"SSH-2.0-OpenSSH_9.2\r\n", "No mock answers at http://127.*SSH-2.0"),
    "nothing": (b"", "No mock answers at http://127.*closed connection without response"),
}


@pytest.mark.parametrize("stranger", STRANGERS)
def test_what_is_no_mock_is_told_in_a_sentence(
    theirs: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, stranger: str
) -> None:
    sent, sentence = STRANGERS[stranger]

    class Stranger(BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(10_000)
            self.request.sendall(sent)

    with TCPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.serve_forever).start()
        monkeypatch.setenv("MOCKPSC_URL", f"http://127.0.0.1:{server.server_address[1]}")
        theirs.makepyfile("def test_it(psc): pass")
        result = theirs.runpytest()
        server.shutdown()
    told_in_a_sentence(result, sentence)


def _half_an_answer(listening: socket.socket) -> None:
    connection, _ = listening.accept()
    with connection:
        connection.sendall(PAGE[:-3])
        while connection.recv(10_000):
            pass


def test_a_mock_that_answers_no_more_in_the_middle_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mockpsc.client.urlopen", lambda request, timeout: urlopen(request, timeout=0.05))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        admin = AdminClient(f"http://127.0.0.1:{silent.getsockname()[1]}")
        answering = threading.Thread(target=_half_an_answer, args=[silent])
        answering.start()
        with pytest.raises(ConfigurationError, match=r"No mock answers at http://127.* \(timed out\)"):
            admin.text("/ca.pem")
        answering.join()


def test_a_mock_that_goes_away_is_told_in_a_sentence(theirs: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCKPSC_URL", "set by conftest.py, and put back afterwards")
    theirs.makeconftest(
        """
        import os
        from mockpsc import MockPsc

        running = MockPsc()
        os.environ["MOCKPSC_URL"] = running.__enter__().admin_url
        """
    )
    theirs.makepyfile(
        """
        from conftest import running

        def test_it(psc):
            running.__exit__(None, None, None)
            assert False

        def test_another(psc):
            pass
        """
    )
    result = theirs.runpytest()
    result.assert_outcomes(failed=1, errors=3)
    result.stdout.re_match_lines(["mockpsc: No mock answers at .*", "-+ what the mock saw -+", "No mock answers at .*"])
    assert "pytest_plugin.py" not in result.stdout.str()


def test_a_token_is_sent_to_a_mock_that_wants_one(theirs: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str | None] = []

    class Guard(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent.append(self.headers["Authorization"])
            self.send_error(401, "Another token is wanted")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Guard) as server:
        threading.Thread(target=server.serve_forever).start()
        monkeypatch.setenv("MOCKPSC_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("MOCKPSC_ADMIN_TOKEN", "the-token-of-a-test")
        theirs.makepyfile("def test_it(psc): pass")
        result = theirs.runpytest()
        server.shutdown()
    told_in_a_sentence(
        result, r"What answers at http://127.* is no mock: it sent text/html;charset=utf-8 \(HTTP 401\)\."
    )
    assert sent == ["Bearer the-token-of-a-test"]
    assert attached_to({}) == (None, None)


# --- those who do not use it ---


def test_a_run_that_does_not_use_it_imports_nothing_of_it(theirs: pytest.Pytester) -> None:
    theirs.makepyfile(
        """
        import sys

        def test_it():
            ours = {name for name in sys.modules if name.partition(".")[0] == "mockpsc"}
            assert ours == {"mockpsc", "mockpsc.pytest_plugin"}
            assert not {"starlette", "cryptography", "uvicorn", "joserfc", "OpenSSL"} & set(sys.modules)
        """
    )
    passed(theirs.runpytest_subprocess("-p", "no:anyio"), passed=1)


def test_its_import_takes_a_few_milliseconds() -> None:
    program = "import pytest, mockpsc.pytest_plugin"
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    ).stderr
    taken = [
        int(line.split("|")[1]) for line in told.splitlines() if line.split("|")[-1].strip() == "mockpsc.pytest_plugin"
    ]
    assert taken[0] < 10_000, f"{taken[0]} µs"


def test_it_can_be_left_out(theirs: pytest.Pytester) -> None:
    theirs.makepyfile(
        test_without="""
        import sys

        def test_it():
            assert "mockpsc.pytest_plugin" not in sys.modules
        """,
        test_with="def test_it(psc): pass",
        test_block="""
        from mockpsc import MockPsc
        from helpers import log_in

        def test_it():
            with MockPsc() as psc:
                assert "access_token" in log_in(psc)
        """,
    )
    result = theirs.runpytest_subprocess("-p", "no:mockpsc", "test_without.py", "test_with.py", "test_block.py")
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*fixture 'psc' not found"])


def test_the_fixtures_and_the_marker_explain_themselves(theirs: pytest.Pytester) -> None:
    shown = theirs.runpytest("--fixtures").stdout.str()
    for name in ("psc_settings", "psc_server", "psc", "psc_fault"):
        assert re.search(rf"^{name}(?: \[session scope\])? -- .*pytest_plugin\.py", shown, re.MULTILINE), name
    theirs.runpytest("--markers").stdout.fnmatch_lines(
        ["@pytest.mark.psc(persona=None, fault=None, client=None): who *"]
    )
