"""Tokens without a flow, over the admin API and on the command line: as a login gives them, and altered."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from admin_api import Api
from click.testing import CliRunner
from joserfc import jwt
from joserfc.jwk import KeySet
from support import CALLBACK, PERSONA, decoded

from mockpsc.cli import main
from mockpsc.cli.token import claims_in
from mockpsc.errors import Unusable
from mockpsc.tokens import claims


def issue(api: Api, **asked: Any) -> Any:
    return api.post("/api/tokens", {"persona": PERSONA, **asked}, 201)


def verified(api: Api, token: str) -> dict[str, Any]:
    """The claims of a token, by the published keys."""
    keys = KeySet.import_key_set(api.running.client().get(api.running.url("jwks_uri")).json())
    return dict(jwt.decode(token, keys, algorithms=["RS256"]).claims)


def said(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == status, result.output
    return result.output


def test_an_access_token_is_as_a_login_gives_it(api: Api) -> None:
    told = issue(api)
    assert told["claims"] == verified(api, told["token"])
    own = decoded(api.running.relying_party().login()["access_token"])
    assert list(told["claims"]) == [name for name in own if name != "nonce"]
    different = ("jti", "session_state", "sid", "nonce")
    assert {**told["claims"], **dict.fromkeys(different)} == {**own, **dict.fromkeys(different)}
    assert datetime.fromisoformat(told["expires_at"]).timestamp() == told["claims"]["exp"]
    assert told["claims"]["exp"] == int(api.get("/api/clock")["seconds"]) + 120


def test_userinfo_and_introspection_accept_it_until_it_ends(api: Api) -> None:
    rp, token = api.running.relying_party(), issue(api)["token"]
    assert rp.userinfo(token).json()["preferred_username"] == PERSONA
    introspected = rp.introspect(token)
    assert (introspected["active"], introspected["client_id"]) == (True, "mockpsc-client")
    api.post("/api/clock/advance", {"seconds": 121})
    assert rp.introspect(token) == {"active": False}
    assert rp.userinfo(token).status_code == 401


def test_a_login_is_opened_and_its_end_is_the_tokens(api: Api) -> None:
    told = issue(api)
    (session,) = api.get("/api/sessions")
    assert (session["persona"], session["clients"]) == (PERSONA, ["mockpsc-client"])
    assert session["id"] == told["claims"]["sid"]
    api.delete("/api/sessions")
    assert api.running.relying_party().introspect(told["token"]) == {"active": False}


def test_an_id_token_goes_with_its_access_token(api: Api) -> None:
    told = issue(api, kind="id_token", claims={"nonce": "a nonce"})
    identity = verified(api, told["token"])
    assert identity == told["claims"]
    assert (identity["typ"], identity["aud"], identity["nonce"]) == ("ID", "mockpsc-client", "a nonce")
    assert identity["at_hash"] == claims.at_hash(told["access_token"])
    assert api.running.relying_party().introspect(told["access_token"])["sid"] == identity["sid"]
    own = decoded(api.running.relying_party().login()["id_token"])
    assert set(identity) == set(own)


def test_claims_are_laid_over_and_taken_away(api: Api) -> None:
    told = issue(api, claims={"acr": "eidas3", "authMode": None, "more": {"of": [1, None]}, "no-such": None})
    assert told["claims"] == verified(api, told["token"])
    assert (told["claims"]["acr"], told["claims"]["more"]) == ("eidas3", {"of": [1, None]})
    assert not {"authMode", "no-such"} & set(told["claims"])


@pytest.mark.parametrize(
    ("exp", "expires_at"), [(0, "1970-01-01T00:00:00+00:00"), (None, None), ("soon", None), (10**30, None)]
)
def test_any_end_can_be_claimed(api: Api, exp: Any, expires_at: str | None) -> None:
    assert issue(api, claims={"exp": exp})["expires_at"] == expires_at


def test_a_lifetime_can_be_in_the_past_and_ends_with_the_login(api: Api) -> None:
    expired = issue(api, lifetime=-60)
    assert expired["claims"]["exp"] == expired["claims"]["iat"] - 60
    assert api.running.relying_party().introspect(expired["token"]) == {"active": False}
    longest = issue(api, lifetime=10**8)["claims"]
    assert longest["exp"] - longest["iat"] == api.get("/api/settings")["session_lifetime"]


def test_it_is_for_the_client_and_the_scope_that_are_asked_for(start: Callable[..., Api]) -> None:
    declared = {"redirect_uris": [CALLBACK]}
    api = start(clients=({"id": "first", **declared}, {"id": "second", "acr": "eidas3", **declared}))
    told = issue(api, client="second", scope="openid")
    assert (told["claims"]["azp"], told["claims"]["acr"]) == ("second", "eidas3")
    assert (
        told["claims"]["scope"].split()
        == decoded(api.running.relying_party("second").login(scope="openid")["access_token"])["scope"].split()
    )
    assert issue(api)["claims"]["azp"] == "first"


def test_armed_faults_act_on_it(api: Api) -> None:
    fault = {"name": "id_token.expired", "match": {"persona": PERSONA}}
    api.post("/api/faults", fault, 201)
    told = issue(api, kind="id_token")
    assert told["claims"] == verified(api, told["token"])
    assert told["claims"]["exp"] < told["claims"]["iat"] + 120
    (armed,) = api.get("/api/faults")
    assert armed["hits"] == 1


def test_a_bound_token_is_bound_to_the_clients_certificate(start: Callable[..., Api]) -> None:
    api = start(bind_tokens=True)
    token = issue(api)["token"]
    assert api.running.relying_party().userinfo(token).status_code == 200
    assert api.running.relying_party(certificate_of=None).userinfo(token).status_code == 401
    assert "is not known" in api.refused("POST", "/api/tokens", 400, {"persona": PERSONA, "client": "nobody"})
    assert "cnf" not in issue(api, client="nobody", claims={"cnf": None})["claims"]


@pytest.mark.parametrize(
    ("asked", "detail"),
    [
        ({"persona": f"{PERSONA}x"}, f"did you mean '{PERSONA}'?"),
        ({}, "The body has no persona"),
        ({"persona": PERSONA, "client": ""}, "No client ''"),
        ({"persona": PERSONA, "scope": "openid scope_al"}, "did you mean 'scope_all'?"),
        ({"persona": PERSONA, "scope": "scope_all", "kind": "id_token"}, "for one that has openid"),
        ({"persona": PERSONA, "kind": "id_tokn"}, "did you mean 'id_token'?"),
        ({"persona": PERSONA, "claims": []}, "expected an object"),
        ({"persona": PERSONA, "claim": {}}, "did you mean 'claims'?"),
        ({"persona": PERSONA, "lifetime": 1.5}, "expected a whole number"),
    ],
)
def test_what_cannot_be_issued_is_refused_and_opens_no_login(steady: Api, asked: Any, detail: str) -> None:
    assert detail in steady.refused("POST", "/api/tokens", 400, asked)
    assert steady.get("/api/sessions") == []


# --- on the command line ---


@pytest.fixture
def at(api: Api) -> tuple[str, str]:
    return "--admin-url", api.url


def test_the_command_prints_the_token_alone(api: Api, at: tuple[str, str]) -> None:
    token = said("token", PERSONA, *at).strip()
    assert api.running.relying_party().userinfo(token).status_code == 200
    altered = said("token", PERSONA, "acr=eidas3", "authMode=null", "more=[1, 2]", "--lifetime", "60", *at).strip()
    told = verified(api, altered)
    assert (told["acr"], told["more"], told["exp"] - told["iat"]) == ("eidas3", [1, 2], 60)
    assert "authMode" not in told
    as_json = json.loads(said("token", PERSONA, "--kind", "id_token", "--client", "mine", "--json", *at))
    assert (as_json["claims"]["aud"], as_json["claims"]["typ"]) == ("mine", "ID")


def test_the_command_says_what_it_cannot_do(at: tuple[str, str]) -> None:
    assert "expected name=value" in said("token", PERSONA, "acr", *at, status=2)
    assert f"did you mean '{PERSONA}'?" in said("token", f"{PERSONA}x", *at, status=2)


def test_claims_are_read_as_json_or_else_as_text() -> None:
    texts = ["a=1", "b=text", 'c="1"', "d=", "e=x=y", "f=null", 'g={"h": []}', "i=007"]
    told = {"a": 1, "b": "text", "c": "1", "d": "", "e": "x=y", "f": None, "g": {"h": []}, "i": "007"}
    assert claims_in(texts) == told
    with pytest.raises(Unusable):
        claims_in(["=1"])
