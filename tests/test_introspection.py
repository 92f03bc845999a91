from collections.abc import Callable

import pytest
from support import PERSONA, RelyingParty, RunningMock, decoded


@pytest.fixture
def rp(shared: RunningMock) -> RelyingParty:
    return shared.relying_party()


def test_an_access_token_is_told_with_who_and_active_last(rp: RelyingParty) -> None:
    token = rp.login()["access_token"]
    told = rp.introspect(token)
    assert told == {**decoded(token), "client_id": "mockpsc-client", "username": PERSONA, "active": True}
    assert list(told)[-3:] == ["client_id", "username", "active"]
    assert told["SubjectNameID"] == PERSONA


def test_a_refresh_token_is_told_without_subject_name_id(rp: RelyingParty) -> None:
    told = rp.introspect(rp.login()["refresh_token"])
    assert (told["active"], told["typ"]) == (True, "Refresh")
    assert "SubjectNameID" not in told


@pytest.mark.parametrize(
    "spoil",
    [
        lambda tokens: "x",
        lambda tokens: tokens["id_token"],
        lambda tokens: tokens["access_token"] + "A",
        lambda tokens: "é" * 10,
    ],
)
def test_all_else_is_not_active_and_nothing_more(rp: RelyingParty, spoil: Callable[[dict[str, str]], str]) -> None:
    response = rp.post("introspection_endpoint", token=spoil(rp.login()))
    assert (response.status_code, response.text) == (200, '{"active":false}')


def test_an_expired_token_is_not_active_and_the_log_says_why(
    running: RunningMock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    rp = running.relying_party()
    token = rp.login()["access_token"]
    running.advance(121)
    assert rp.introspect(token) == {"active": False}
    assert "Introspection answers active: false. The token expired 1 s ago; it lived 120 s." in caplog.text


@pytest.mark.parametrize(
    ("form", "description"),
    [
        ({"token": None}, "Token not provided."),
        ({"token": ""}, "Token not provided."),
        ({"token": "x", "token_type_hint": "id_token"}, "Unsupported token type."),
    ],
)
def test_a_bad_request_is_refused(rp: RelyingParty, form: dict[str, str | None], description: str) -> None:
    refused = rp.post("introspection_endpoint", **form)
    expected = {"error": "invalid_request", "error_description": description}
    assert (refused.status_code, refused.json()) == (400, expected)
