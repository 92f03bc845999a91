"""The operations of the admin API, group by group, at a running mock: once as they should be, and once wrong."""

import json
import ssl
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from admin_api import Api
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12
from support import CALLBACK, PERSONA

from mockpsc import __version__
from mockpsc.faults import catalogue
from mockpsc.pki.recipes import recipes

MINE = {"id": "mine", "redirect_uris": [CALLBACK]}
ANNE = {"id": "3120000000/7", "given_name": "ANNE", "family_name": "ESSAI"}
BROKEN = {"name": "http.status", "params": {"status": 503}}


def discovery(api: Api) -> int:
    """The status of the discovery document."""
    return api.running.client().get(api.running.mock.connection.discovery_url).status_code


# --- the mock as a whole ---


def test_health_and_connection_are_told(api: Api) -> None:
    assert api.get("/api/health") == {"status": "ok", "version": __version__}
    assert api.get("/api/connection") == api.running.mock.connection.as_json()


def test_settings_are_told_without_secrets(start: Callable[..., Api]) -> None:
    clients = ({"id": "one", "authentication": "secret", "secret": "hush-hush"},)
    told = start(clients=clients, admin_token="a-secret-token").http.get("/api/settings")
    settings = told.json()
    assert (settings["profile"], settings["access_token_lifetime"], settings["admin_bind"]) == (
        "bas",
        120,
        "127.0.0.1:0",
    )
    assert Path(settings["certs"]).is_absolute()
    assert settings["admin_token"] == settings["clients"][0]["secret"] == "(hidden)"
    assert "hush-hush" not in told.text
    assert "a-secret-token" not in told.text


def test_a_reset_brings_everything_back_but_the_authorities_and_the_keys(api: Api) -> None:
    running = api.running
    before = {path: api.get(path) for path in ("/api/personas", "/api/clients", "/api/faults", "/api/scenarios")}
    running.relying_party().login()
    api.post("/api/personas", ANNE, 201)
    api.delete(f"/api/personas/{PERSONA}")
    api.post("/api/clients", MINE, 201)
    idle = api.post("/api/faults", BROKEN | {"match": {"client": "nobody"}}, 201)
    api.post("/api/scenarios", {"name": "s", "steps": [BROKEN]}, 201)
    api.post("/api/clock/advance", {"seconds": 10_000})
    kid = api.post("/api/keys/rotate")["active"]
    ca = running.mock.connection.ca_file.read_bytes()

    assert [each["id"] for each in api.post("/api/reset")["never_acted"]] == [idle["id"]]
    assert {path: api.get(path) for path in before} == before
    assert api.get("/api/sessions") == []
    assert api.get("/api/journal") == []
    assert abs(api.get("/api/clock")["ahead"]) < 1
    assert api.get("/api/keys")["active"] == kid
    assert running.mock.connection.ca_file.read_bytes() == ca
    running.relying_party().login()


# --- faults ---


def test_the_catalogue_tells_all_of_each_fault(steady: Api) -> None:
    told = steady.get("/api/faults/catalogue")
    assert [each["name"] for each in told] == list(catalogue())
    for each in told:
        assert each["verdict"] in ("reject", "accept", "handle")
        assert each["meaning"]
        assert each["reference"]
        assert each["parameters"]["additionalProperties"] is False
        assert steady.get(f"/api/faults/catalogue/{each['name']}") == each
    assert "did you mean 'http.status'?" in steady.refused("GET", "/api/faults/catalogue/http.statu", 404)


def test_a_fault_acts_from_arming_to_disarming(api: Api) -> None:
    armed = api.post("/api/faults", BROKEN | {"match": {"endpoint": "discovery"}, "ttl": 60.5}, 201)
    assert armed == {
        "id": "f1",
        "name": "http.status",
        "verdict": "handle",
        "params": {"status": 503, "retry_after": None},
        "match": {"endpoint": "discovery"},
        "counted": True,
        "times": None,
        "every": None,
        "probability": None,
        "seed": None,
        "delay": None,
        "ttl": 60.5,
        "state": "armed",
        "seen": 0,
        "hits": 0,
        "origin": "api",
    }
    assert discovery(api) == 503
    (listed,) = api.get("/api/faults")
    assert listed == armed | {"seen": 1, "hits": 1} == api.get("/api/faults/f1")
    assert [each["hits"] for each in api.delete("/api/faults/f1")] == [1]
    assert discovery(api) == 200
    assert api.get("/api/faults") == []


def test_of_a_fault_that_is_not_counted_no_number_is_told(api: Api) -> None:
    armed = api.post("/api/faults", {"name": "tcp.refuse", "match": {"listener": "wallet"}}, 201)
    assert (armed["counted"], armed["seen"], armed["hits"]) == (False, None, None)
    api.post("/api/faults", {"name": "http.none"}, 201)
    assert [(each["seen"], each["hits"]) for each in api.get("/api/faults")] == [(None, None), (0, 0)]


def test_faults_are_disarmed_by_name_and_all_at_once(api: Api) -> None:
    for name in ("http.status", "http.status", "id_token.expired"):
        api.post("/api/faults", {"name": name}, 201)
    assert [each["id"] for each in api.delete("/api/faults/http.status")] == ["f1", "f2"]
    assert [each["id"] for each in api.delete("/api/faults")["never_acted"]] == ["f3"]
    assert "armed: nothing" in api.refused("DELETE", "/api/faults/f3", 404)
    assert "armed: nothing" in api.refused("GET", "/api/faults/f3", 404)


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ({}, "The body has no name"),
        ({"nam": "http.status"}, "'nam', which is unknown (did you mean 'name'?)"),
        ({"name": "http.stats"}, "did you mean 'http.status'?"),
        ({"name": 3}, "name 3; expected a text"),
        ({"name": "http.status", "params": {"statu": 500}}, "did you mean 'status'?"),
        ({"name": "http.status", "params": {"status": "500"}}, "expected a whole number"),
        ({"name": "http.status", "params": {"status": 900}}, "599 or less"),
        ({"name": "http.status", "params": []}, "expected an object"),
        ({"name": "http.status", "match": {"endpoint": "tokn"}}, "did you mean 'token'?"),
        ({"name": "http.status", "match": {"clint": "a"}}, "did you mean 'client'?"),
        ({"name": "http.status", "times": 0}, "1 or more"),
        ({"name": "http.status", "times": True}, "expected a whole number"),
        ({"name": "http.status", "probability": 0.5}, "a seed go together"),
        ({"name": "tcp.bandwidth", "params": {"rate": 10**400}}, "1000000000 or less"),
        ({"name": "http.none", "match": {"header": "X-Test"}}, "expected Name: value"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(steady: Api, order: dict[str, Any], said: str) -> None:
    assert said in steady.refused("POST", "/api/faults", 400, order)
    assert steady.get("/api/faults") == []


# --- scenarios ---


def test_a_scenario_is_declared_played_and_forgotten(api: Api) -> None:
    steps = [BROKEN, {"name": "http.status", "params": {"status": 500}}]
    told = api.post("/api/scenarios", {"name": "two", "steps": steps, "match": {"endpoint": "discovery"}}, 201)
    assert (told["state"], told["step"]) == ("stopped", None)
    assert told["steps"][0] == {**BROKEN, "match": {"endpoint": "discovery"}, "times": 1}
    assert api.post("/api/scenarios/two/start")["step"] == 1
    assert discovery(api) == 503
    assert api.get("/api/scenarios/two")["step"] == 2
    assert discovery(api) == 500
    assert [each["state"] for each in api.get("/api/scenarios")] == ["over"]
    assert discovery(api) == 200
    assert api.post("/api/scenarios/two/start")["state"] == "playing"
    assert api.post("/api/scenarios/two/stop")["state"] == "stopped"
    assert discovery(api) == 200
    assert api.delete("/api/scenarios/two")["name"] == "two"
    assert api.get("/api/scenarios") == []


def test_a_scenario_that_starts_by_itself_is_played_when_it_is_declared(api: Api) -> None:
    assert api.post("/api/scenarios", {"name": "a", "steps": [BROKEN], "start": True}, 201)["state"] == "playing"


def test_a_scenario_that_makes_no_sense_is_refused(steady: Api) -> None:
    for table, said in (
        ({"name": "a"}, "has no steps"),
        ({"name": "a", "steps": []}, "has no steps"),
        ({"name": "a", "steps": [3]}, "expected an object"),
        ({"name": "a", "steps": [{"name": "http.statu"}]}, "did you mean 'http.status'?"),
        ({"name": "a", "steps": [BROKEN], "lop": True}, "did you mean 'loop'?"),
        ({"name": "a/b", "steps": [BROKEN]}, "its name is part of a path"),
        ({"name": "a", "steps": [{"name": "tcp.refuse"}]}, "arm it with delay and ttl"),
    ):
        assert said in steady.refused("POST", "/api/scenarios", 400, table)
    for method, path in (("GET", ""), ("POST", "/start"), ("POST", "/stop"), ("DELETE", "")):
        assert "No scenario is named 'a'" in steady.refused(method, f"/api/scenarios/a{path}", 404)


# --- personas ---


def test_a_persona_is_added_logs_in_and_is_removed(api: Api) -> None:
    added = api.post("/api/personas", ANNE, 201)
    assert (added["given_name"], added["shape"], added["faults"]) == ("ANNE", "2023-11", [])
    assert api.get("/api/personas/3120000000%2F7") == added
    assert api.get("/api/personas")[-1] == added
    party = api.running.relying_party()
    tokens = party.login(login_hint=ANNE["id"])
    assert party.userinfo(tokens["access_token"]).json()["family_name"] == "ESSAI"
    api.delete("/api/personas/3120000000/7")
    assert party.userinfo(tokens["access_token"]).status_code == 401


def test_the_faults_of_a_persona_are_armed_for_that_person_only(api: Api) -> None:
    api.post("/api/personas", ANNE | {"faults": [BROKEN | {"match": {"endpoint": "userinfo"}}]}, 201)
    (armed,) = api.get("/api/faults")
    assert (armed["match"], armed["origin"]) == ({"persona": ANNE["id"], "endpoint": "userinfo"}, "persona")
    party = api.running.relying_party()
    assert party.userinfo(party.login(login_hint=ANNE["id"])["access_token"]).status_code == 503
    assert party.userinfo(party.login()["access_token"]).status_code == 200
    api.delete("/api/personas/3120000000/7")
    assert api.get("/api/faults") == []


@pytest.mark.parametrize(
    ("table", "status", "said"),
    [
        ({"id": "1"}, 400, "The body has no given_name"),
        (ANNE | {"famly_name": "X"}, 400, "did you mean 'family_name'?"),
        (ANNE | {"given_name": 3}, 400, "expected a text"),
        (ANNE | {"given_name": ""}, 400, "has no given_name"),
        (ANNE | {"exercices": [{"codeProfesion": "10"}]}, 400, "did you mean 'codeProfession'?"),
        (ANNE | {"exercices": ["10"]}, 400, "expected an object"),
        (ANNE | {"exercices": [{"activities": 3}]}, 400, "expected a list of objects"),
        (ANNE | {"faults": ["http.statu"]}, 400, "did you mean 'http.status'?"),
        (ANNE | {"faults": [3]}, 400, "expected the name of a fault"),
        (ANNE | {"id": PERSONA}, 409, "There is a persona of the id"),
    ],
)
def test_a_persona_that_makes_no_sense_is_refused(steady: Api, table: Any, status: int, said: str) -> None:
    assert said in steady.refused("POST", "/api/personas", status, table)
    assert steady.get("/api/faults") == []


def test_an_unknown_persona_is_refused_with_the_nearest_id(steady: Api) -> None:
    for method in ("GET", "DELETE"):
        assert f"did you mean '{PERSONA}'?" in steady.refused(method, f"/api/personas/{PERSONA}0", 404)


# --- clients ---


def test_a_client_is_added_and_logs_in_with_the_certificate_that_it_was_given(api: Api, tmp_path: Path) -> None:
    told = api.post("/api/clients", MINE, 201)
    (tmp_path / "cert.pem").write_text(told["certificate"]["chain"])
    (tmp_path / "key.pem").write_text(told["certificate"]["key"])
    assert Path(told["certificate"]["files"]["chain"]).read_text() == told["certificate"]["chain"]
    stored = pkcs12.load_pkcs12(
        b64decode(told["certificate"]["pkcs12"]), told["certificate"]["pkcs12_password"].encode()
    )
    assert stored.cert
    assert stored.cert.certificate == x509.load_pem_x509_certificate(told["certificate"]["certificate"].encode())

    context = ssl.create_default_context(cafile=str(api.running.mock.connection.ca_file))
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    code = api.running.browser().code(client_id="mine")
    form = {"grant_type": "authorization_code", "client_id": "mine", "code": code, "redirect_uri": CALLBACK}
    with httpx.Client(verify=context) as http:
        assert http.post(api.running.url("token_endpoint"), data=form).status_code == 200
    assert api.running.browser().authorize(client_id="mine", redirect_uri="https://other.test/").status_code == 400
    api.running.relying_party().login()  # others are accepted still


def test_a_client_is_listed_shown_and_removed(start: Callable[..., Api]) -> None:
    api = start(clients=({"id": "first", "redirect_uris": [CALLBACK]},))
    api.post("/api/clients", {"id": "second", "authentication": "secret", "secret": "hush"}, 201)
    told = api.get("/api/clients")
    assert (told["accept_any"], [each["id"] for each in told["clients"]]) == (False, ["first", "second"])
    second = api.get("/api/clients/second")
    assert (second["secret"], second["registration"]) == ("(hidden)", {"common_name": "second"})
    assert api.delete("/api/clients/second") == second
    assert "Declared: first." in api.refused("GET", "/api/clients/second", 404)
    assert "No client 'secnd' is declared" in api.refused("DELETE", "/api/clients/secnd", 404)
    api.delete("/api/clients/first")
    assert api.running.browser().authorize(client_id="first").status_code == 400
    api.post("/api/reset")
    assert api.running.browser().authorize(client_id="first").status_code == 302


def test_a_client_is_registered_with_a_certificate_in_pem(api: Api) -> None:
    issued = api.post("/api/certificates", {"client_id": "other"}, 201)
    told = api.post("/api/clients", MINE | {"certificate": issued["certificate"]}, 201)
    assert told["registration"] == {"certificates": [issued["x5t#S256"]]}
    assert told["certificate"] is None


def test_the_credentials_of_a_client_are_told(start: Callable[..., Api]) -> None:
    clients = ({"id": "by-secret", "authentication": "secret", "secret": "hush"}, {"id": "by-certificate"})
    api = start(clients=clients)
    assert api.post("/api/clients/by-secret/credentials") == {"id": "by-secret", "secret": "hush", "certificate": None}
    told = api.post("/api/clients/by-certificate/credentials")
    assert (told["secret"], told["certificate"]["subject"][:18]) == (None, "CN=by-certificate,")
    again = api.post("/api/clients/by-certificate/credentials")
    assert again["certificate"]["serial"] == told["certificate"]["serial"]
    assert "No client 'by-secrt'" in api.refused("POST", "/api/clients/by-secrt/credentials", 404)


def test_the_credentials_of_a_client_that_is_not_declared_are_made(api: Api) -> None:
    assert api.post("/api/clients/anybody/credentials")["certificate"]["subject"].startswith("CN=anybody,")
    assert "a*b" in api.refused("POST", "/api/clients/a*b/credentials", 400)


@pytest.mark.parametrize(
    ("table", "status", "said"),
    [
        ({}, 400, "The body has no id"),
        ({"id": "../x"}, 400, "has no usable id"),
        (MINE | {"redirect_uri": "x"}, 400, "did you mean 'redirect_uris'?"),
        (MINE | {"redirect_uris": [3]}, 400, "expected a list of texts"),
        (MINE | {"authentication": "mtsl"}, 400, "did you mean 'mtls'?"),
        (MINE | {"authentication": "secret"}, 400, "authenticates by secret but has none"),
        (MINE | {"san_ip": "x"}, 400, "expected an IP address"),
        (MINE | {"certificate": "-----BEGIN CERTIFICATE-----"}, 400, "cannot be read as PEM"),
        (MINE | {"jwks": {"keys": [{"x5c": ["AA=="]}]}}, 400, "has a jwks, which cannot be used"),
        ({"id": "first"}, 409, "There is a client of the id 'first'"),
    ],
)
def test_a_client_that_makes_no_sense_is_refused(steady: Api, table: Any, status: int, said: str) -> None:
    assert said in steady.refused("POST", "/api/clients", status, table)
    assert len(steady.get("/api/clients")["clients"]) == 1


# --- certificates ---


def test_a_certificate_is_made_to_measure(api: Api) -> None:
    told = api.post("/api/certificates", {"client_id": "mine", "days": -1, "key": "ec", "subject": "CN=other"}, 201)
    certificate = x509.load_pem_x509_certificate(told["certificate"].encode())
    assert certificate.subject.rfc4514_string() == told["subject"] == "CN=other"
    assert certificate.not_valid_after_utc < api.running.mock.clock.today()
    assert told["chain"].startswith(told["certificate"])


def test_a_certificate_of_the_catalogue_is_issued(api: Api) -> None:
    assert [each["name"] for each in api.get("/api/certificates/recipes")] == list(recipes())
    told = api.post("/api/certificates", {"recipe": "expired"}, 201)
    assert (told["recipe"]["reason"], told["client_id"]) == ("expired", "mockpsc-client")
    verdict = api.post("/api/certificates/explain", {"certificate": told["chain"]})
    assert (verdict["accepted"], verdict["verdict"]["reason"]) == (False, "expired")
    server = next(each.name for each in recipes().values() if each.side == "server")
    assert "localhost" in str(
        x509.load_pem_x509_certificate(api.post("/api/certificates", {"recipe": server}, 201)["certificate"].encode())
        .extensions.get_extension_for_class(x509.SubjectAlternativeName)
        .value.get_values_for_type(x509.DNSName)
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"recipe": "expird"}, "did you mean 'expired'?"),
        ({"recipe": "expired", "days": 3}, "leave out days"),
        ({"key": "dsa"}, "expected one of rsa, ec, ed25519"),
        ({"days": 1.5}, "expected a whole number"),
        ({"days": 1, "not_before_days": 2}, "would begin in 2 days"),
        ({"client_id": "a/b"}, "cannot name the folder"),
        ({"subject": "nobody"}, "cannot be read"),
        ({"day": 3}, "did you mean 'days'?"),
    ],
)
def test_a_certificate_that_cannot_be_is_refused(steady: Api, body: Any, said: str) -> None:
    assert said in steady.refused("POST", "/api/certificates", 400, body)


def test_a_certificate_is_explained_by_the_mocks_own_clock_and_clients(start: Callable[..., Api]) -> None:
    api = start(clients=({"id": "first"},))
    told = api.post("/api/clients", {"id": "second"}, 201)["certificate"]
    body = {"certificate": told["chain"] + told["key"], "client_id": "second"}
    explained = api.post("/api/certificates/explain", body)
    assert (explained["accepted"], explained["key_belongs"]) == (True, True)
    assert explained["clients"]["matching"] == ["second"]
    other = api.post("/api/certificates/explain", body | {"client_id": "first", "lang": "fr"})
    assert other["verdict"]["reason"] == "subject_mismatch"
    api.post("/api/clock/advance", {"seconds": 4 * 365 * 86400})
    late = api.post("/api/certificates/explain", body)
    assert late["verdict"]["reason"] == "expired"
    for wrong, said in (
        ({}, "The body has no certificate"),
        ({"certificate": "no"}, "what was sent holds no certificate"),
        ({"certificate": told["chain"], "client_id": "frst"}, "did you mean 'first'?"),
        ({"certificat": ""}, "did you mean 'certificate'?"),
    ):
        assert said in api.refused("POST", "/api/certificates/explain", 400, wrong)


def test_a_certificate_is_revoked(api: Api) -> None:
    issued = api.post("/api/certificates", {"client_id": "mine"}, 201)
    body = {"certificate": issued["certificate"]}
    assert api.post("/api/certificates/revoke", body)["serial"] == issued["serial"]
    explained = api.post("/api/certificates/explain", {"certificate": issued["chain"]})
    assert explained["verdict"]["reason"] == "revoked"


# --- keys ---


def test_a_revocation_is_taken_back(api: Api) -> None:
    issued = api.post("/api/certificates", {"client_id": "mockpsc-client"}, 201)
    revoked = api.post("/api/certificates/revoke", {"certificate": issued["certificate"], "reason": "superseded"})
    taken_back = api.post("/api/certificates/reinstate", {"serial": issued["serial"]})
    assert {**revoked, **taken_back} == revoked
    explained = api.post("/api/certificates/explain", {"certificate": issued["chain"], "client_id": "mockpsc-client"})
    assert explained["verdict"] is None
    again = {"certificate": issued["certificate"]}
    assert "is not revoked" in api.refused("POST", "/api/certificates/reinstate", 404, again)


def test_a_reset_takes_back_the_revocations_of_the_api_alone(api: Api) -> None:
    registry = api.running.mock.revocation.responders["client-issuing"].revocations
    registry.revoke(0xABC, at=api.running.mock.clock.today())
    before = dict(registry.current.revoked)
    issued = api.post("/api/certificates", {"client_id": "mockpsc-client"}, 201)
    for body in ({"certificate": issued["certificate"]}, {"serial": "abc"}):
        api.post("/api/certificates/revoke", body)
    api.post("/api/reset")
    assert registry.current.revoked == before
    registry.reinstate(0xABC)


def test_keys_are_rotated_in_steps(api: Api) -> None:
    def published() -> list[str]:
        keys = api.running.client().get(api.running.url("jwks_uri")).json()["keys"]
        return [key["kid"] for key in keys if key["use"] == "sig"]

    first = api.get("/api/keys")["active"]
    new = api.post("/api/keys/rotate", {"use": False})
    assert (new["active"], new["published"]) == (first, [new["new"], first])
    assert published() == [new["new"], first]
    used = api.post("/api/keys/rotate", {"keep_old": False})
    assert (used["new"], used["active"]) == (new["new"], new["new"])
    assert published() == [new["new"]] == api.get("/api/keys")["published"]
    assert "did you mean 'keep_old'?" in api.refused("POST", "/api/keys/rotate", 400, {"keepold": True})
    assert "expected true or false" in api.refused("POST", "/api/keys/rotate", 400, {"use": "yes"})


# --- clock ---


def test_the_clock_is_moved_stopped_and_set(api: Api) -> None:
    api.post("/api/clock/resume")
    assert api.get("/api/clock")["frozen"] is False
    frozen = api.post("/api/clock/freeze")
    assert frozen["frozen"]
    assert api.get("/api/clock")["seconds"] == frozen["seconds"]
    moved = api.post("/api/clock/advance", {"seconds": -3600.5})
    assert moved["seconds"] == pytest.approx(frozen["seconds"] - 3600.5)
    told = api.post("/api/clock/set", {"time": "2031-05-06T07:08:09+02:00"})
    assert told["now"] == "2031-05-06T05:08:09.000+00:00"
    assert api.running.mock.clock.today().year == 2031


def test_a_fault_begins_when_the_clock_is_moved(api: Api) -> None:
    armed = api.post("/api/faults", BROKEN | {"delay": 60}, 201)
    assert armed["state"] == "waiting"
    assert discovery(api) == 200
    api.post("/api/clock/advance", {"seconds": 60})
    assert api.get("/api/faults/f1")["state"] == "armed"
    assert discovery(api) == 503


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("advance", {}, "The body has no seconds"),
        ("advance", {"second": 1}, "did you mean 'seconds'?"),
        ("advance", {"seconds": "1"}, "expected a number of seconds"),
        ("advance", {"seconds": 1e12}, "or less"),
        ("advance", {"seconds": 7e9}, "out of the years 1971 to 2199"),
        ("set", {"time": "tomorrow"}, "'tomorrow' cannot be read"),
        ("set", {"time": "2027-01-01T00:00:00"}, "with its zone"),
        ("set", {"time": "0001-01-01T00:00:00Z"}, "out of the years"),
        ("freeze", {"now": 1}, "it has none"),
    ],
)
def test_the_clock_stays_within_reason(steady: Api, path: str, body: Any, said: str) -> None:
    before = steady.get("/api/clock")["seconds"]
    assert said in steady.refused("POST", f"/api/clock/{path}", 400, body)
    assert steady.get("/api/clock")["seconds"] == before


# --- sessions ---


def test_logins_are_listed_and_ended(api: Api) -> None:
    party = api.running.relying_party()
    tokens = [party.login()["access_token"] for _ in range(3)]
    told = api.get("/api/sessions")
    assert [(each["persona"], each["clients"]) for each in told] == [(PERSONA, ["mockpsc-client"])] * 3
    gone = api.delete(f"/api/sessions/{told[0]['id']}")
    assert gone == told[0]
    assert "it is over" in api.refused("DELETE", f"/api/sessions/{gone['id']}", 404)
    assert sorted(party.userinfo(token).status_code for token in tokens) == [200, 200, 401]
    assert len(api.delete("/api/sessions")) == 2
    assert api.get("/api/sessions") == []
    assert {party.userinfo(token).status_code for token in tokens} == {401}


def test_a_login_that_was_idle_for_too_long_is_not_listed(api: Api) -> None:
    api.running.relying_party().login()
    api.post("/api/clock/advance", {"seconds": 1800})
    assert api.get("/api/sessions") == []


# --- the journal ---


def test_the_journal_is_listed_and_cleared(api: Api) -> None:
    discovery(api)
    assert [each["kind"] for each in api.get("/api/journal")] == ["handshake", "exchange"]
    assert api.http.delete("/api/journal").json() == {"cleared": 2}
    assert api.get("/api/journal") == json.loads("[]")
    assert "did you mean 'endpoint'?" in api.refused("GET", "/api/journal?endpont=token", 400)
