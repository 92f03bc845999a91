"""The findings of a running mock, over the admin API and on the command line."""

import json

from admin_api import Api
from click.testing import CliRunner
from support import RunningMock

from mockpsc.cli import main
from mockpsc.findings import rules


def careless_login(running: RunningMock) -> None:
    """A login without PKCE, by a client that sends a secret beside its certificate."""
    running.relying_party(extra={"client_secret": "hush-hush"}).login(state="s" * 40, nonce="n" * 40)


def said(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == status, result.output
    return result.output


def test_findings_are_told_with_the_exchange_and_the_words_of_the_rule(api: Api) -> None:
    assert api.get("/api/findings") == []
    careless_login(api.running)
    without_pkce, secret = api.get("/api/findings")
    (token,) = api.get("/api/journal", endpoint="token")
    rule = rules()["secret_beside_certificate"]
    assert secret == {
        "rule": "secret_beside_certificate",
        "severity": "discouraged",
        "client_id": "mockpsc-client",
        "number": token["number"],
        "connection_id": token["connection_id"],
        "endpoint": "token",
        "received": "client_secret and a certificate",
        "what": dict(rule.what),
        "source": rule.source,
        "remedy": dict(rule.remedy),
    }
    assert (without_pkce["rule"], without_pkce["endpoint"]) == ("pkce_missing", "authorization")


def test_findings_are_filtered(api: Api) -> None:
    running = api.running
    careless_login(running)
    running.browser().authorize(client_id="other", acr_values=None, code_challenge="c" * 43)
    first, last = (api.get("/api/findings")[each]["number"] for each in (0, -1))
    assert {each["client_id"] for each in api.get("/api/findings", client="other")} == {"other"}
    assert first not in {each["number"] for each in api.get("/api/findings", after=first)}
    assert api.get("/api/findings", after=last) == []
    assert {each["rule"] for each in api.get("/api/findings", severity="forbidden")} == {
        "acr_values_missing",
        "pkce_plain",
    }
    (found,) = api.get("/api/findings", rule="pkce_missing")
    assert found["number"] == first
    assert api.get("/api/findings", rule="pkce_missing", client="other") == []


def test_a_reset_forgets_the_findings(api: Api) -> None:
    careless_login(api.running)
    api.post("/api/reset")
    assert api.get("/api/findings") == []


def test_the_rules_are_listed(api: Api) -> None:
    told = api.get("/api/findings/rules")
    assert [each["code"] for each in told] == list(rules())
    assert all(set(each) == {"code", "severity", "endpoints", "what", "source", "remedy"} for each in told)


def test_what_cannot_be_asked_is_refused(api: Api) -> None:
    assert "did you mean 'pkce_plain'?" in api.refused("GET", "/api/findings?rule=pkce_plane", 400)
    assert "did you mean 'forbidden'?" in api.refused("GET", "/api/findings?severity=forbiden", 400)
    assert "did you mean 'client'?" in api.refused("GET", "/api/findings?clients=x", 400)


def test_the_command_shows_them_in_two_languages_and_as_json(api: Api) -> None:
    at = ("--admin-url", api.url)
    assert said("findings", *at) == "No findings.\n"
    careless_login(api.running)
    shown = said("findings", *at)
    assert "discouraged pkce_missing: mockpsc-client at authorization, exchange " in shown
    assert rules()["pkce_missing"].what["en"] in shown
    assert rules()["pkce_missing"].what["fr"] in said("findings", "--lang", "fr", *at)
    assert "hush-hush" not in shown
    assert json.loads(said("findings", "--json", *at)) == api.get("/api/findings")
    assert "secret" not in said("findings", "--rule", "pkce_missing", *at)
    assert "did you mean 'pkce_plain'?" in said("findings", "--rule", "pkce_plane", *at, status=2)


def test_the_command_lists_the_rules_without_a_mock() -> None:
    told = json.loads(said("findings", "rules", "--json"))
    assert [each["code"] for each in told] == list(rules())
    for code, rule in rules().items():
        assert code in said("findings", "rules")
        assert rule.what["fr"] in said("findings", "rules", "--lang", "fr")
