from base64 import b64encode
from collections.abc import Callable

import httpx
import pytest
from support import CALLBACK, RunningMock

BAD = {"error": "invalid_client", "error_description": "Invalid client or Invalid client credentials"}
MISSING = {"error": "invalid_client", "error_description": "Missing client_id parameter"}

CLIENTS = (
    {"id": "by-name", "redirect_uris": [CALLBACK]},
    {
        "id": "by-subject",
        "redirect_uris": [CALLBACK],
        "subject_dn": "cn=BY-NAME, OU=300000000000000, O=x",
    },
    {"id": "by-secret", "redirect_uris": [CALLBACK], "authentication": "secret", "secret": "s:e cret+é"},
    {"id": "either", "redirect_uris": [CALLBACK], "authentication": "either", "secret": "secret"},
)


@pytest.fixture
def declared(run: Callable[..., RunningMock]) -> RunningMock:
    return run(clients=CLIENTS)


def basic(user: str, password: str) -> dict[str, str]:
    quoted = f"{httpx.QueryParams({'u': user})}"[2:] + ":" + f"{httpx.QueryParams({'p': password})}"[2:]
    return {"Authorization": "Basic " + b64encode(quoted.encode()).decode()}


def refresh(running: RunningMock, certificate_of: str | None, form: dict[str, str], **headers: str) -> httpx.Response:
    """A token request that fails with `No refresh token` once the client is authenticated."""
    data = {"grant_type": "refresh_token", **form}
    return running.client(certificate_of).post(running.url("token_endpoint"), data=data, headers=headers)


def accepted(response: httpx.Response) -> bool:
    return bool(response.json() == {"error": "invalid_request", "error_description": "No refresh token"})


@pytest.mark.parametrize(
    ("certificate_of", "form"),
    [
        ("by-name", {"client_id": "by-name"}),
        ("by-name", {"client_id": "by-name", "client_secret": ""}),
        ("by-name", {"client_id": "by-name", "client_secret": "ignored"}),
        (None, {"client_id": "by-secret", "client_secret": "s:e cret+é"}),
        ("by-name", {"client_id": "by-secret", "client_secret": "s:e cret+é"}),
        ("either", {"client_id": "either"}),
        ("either", {"client_id": "either", "client_secret": "wrong"}),
        (None, {"client_id": "either", "client_secret": "secret"}),
        ("by-name", {"client_id": "either", "client_secret": "secret"}),
    ],
)
def test_good_credentials_are_accepted(declared: RunningMock, certificate_of: str | None, form: dict[str, str]) -> None:
    assert accepted(refresh(declared, certificate_of, form))


@pytest.mark.parametrize(
    ("certificate_of", "form", "hint"),
    [
        (None, {"client_id": "by-name"}, "No client certificate was presented"),
        (None, {"client_id": "by-name", "client_secret": "x"}, "The secret that was sent is not used"),
        ("either", {"client_id": "by-name"}, "with CN 'either' instead of 'by-name'"),
        ("by-name", {"client_id": "by-nam"}, "did you mean 'by-name'?"),
        ("by-name", {"client_id": "by-subject"}, "The client 'by-subject' is registered with the subject"),
        (None, {"client_id": "by-secret"}, "No client_secret was sent"),
        (None, {"client_id": "by-secret", "client_secret": ""}, "is not the declared one"),
        ("by-name", {"client_id": "by-secret"}, "No client_secret was sent"),
        (None, {"client_id": "either"}, "No client certificate was presented"),
        (None, {"client_id": "either", "client_secret": "wrong"}, "is not the declared one"),
        ("by-name", {"client_id": "either"}, "with CN 'by-name' instead of 'either'"),
    ],
)
def test_bad_credentials_are_refused_with_one_sentence_and_explained(
    declared: RunningMock, certificate_of: str | None, form: dict[str, str], hint: str
) -> None:
    refused = refresh(declared, certificate_of, form)
    assert (refused.status_code, refused.json()) == (401, BAD)
    assert hint in refused.headers["mockpsc-hint"]
    assert "www-authenticate" not in refused.headers


def test_the_journal_has_the_reason_in_a_word(run: Callable[..., RunningMock]) -> None:
    declared = run(clients=CLIENTS)
    refresh(declared, "either", {"client_id": "by-name"})
    refresh(declared, None, {"client_id": "by-name"})
    refresh(declared, None, {"client_id": "by-secret"})
    reasons = [exchange.reason for exchange in declared.mock.journal.exchanges()]
    assert reasons == ["subject_mismatch", "missing", None]


def test_a_secret_may_come_by_http_basic(declared: RunningMock) -> None:
    assert accepted(refresh(declared, None, {}, **basic("by-secret", "s:e cret+é")))
    assert refresh(declared, None, {}, **basic("by-secret", "wrong")).json() == BAD
    assert refresh(declared, None, {"client_id": "either"}, **basic("by-secret", "s:e cret+é")).json() == BAD


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic " + b64encode(b"no-colon").decode(), "Bearer x", ""])
def test_a_header_that_is_no_basic_counts_for_nothing(declared: RunningMock, header: str) -> None:
    refused = refresh(declared, None, {}, Authorization=header)
    assert (refused.status_code, refused.json()) == (400, MISSING)


def test_a_certificate_needs_the_client_id_in_the_form(declared: RunningMock) -> None:
    refused = refresh(declared, "by-name", {}, **basic("by-name", "anything"))
    assert (refused.status_code, refused.json()) == (400, MISSING)
    assert "RFC 8705" in refused.headers["mockpsc-hint"]
    assert accepted(refresh(declared, "by-name", {"client_id": "by-name"}, **basic("by-name", "anything")))


def test_a_secret_beside_a_certificate_is_noted(declared: RunningMock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    refresh(declared, "by-name", {"client_id": "by-name", "client_secret": ""})
    assert "The client 'by-name' sent a secret beside its certificate: ignored." in caplog.text


def test_a_client_is_known_by_its_whole_subject(run: Callable[..., RunningMock]) -> None:
    subject = run(clients=CLIENTS).mock.pki.clients["by-name"].certificate.subject.rfc4514_string()
    for dn in (subject, subject.lower(), ", ".join(reversed(subject.split(",")))):
        declared = run(clients=({"id": "other-id", "subject_dn": dn}, {"id": "by-name"}))
        assert accepted(refresh(declared, "by-name", {"client_id": "other-id"}))
    declared = run(clients=({"id": "other-id", "subject_dn": "L=Paris," + subject}, {"id": "by-name"}))
    assert refresh(declared, "by-name", {"client_id": "other-id"}).json() == BAD


def test_undeclared_clients_need_a_certificate_and_are_noted(
    shared: RunningMock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    assert accepted(refresh(shared, "mockpsc-client", {"client_id": "whatever"}))
    assert "The client 'whatever' is not declared" in caplog.text
    assert refresh(shared, None, {"client_id": "whatever", "client_secret": "x"}).json() == BAD


def test_each_endpoint_says_it_in_its_own_way(shared: RunningMock) -> None:
    http = shared.client()
    introspection = http.post(shared.url("introspection_endpoint"), data={"client_id": "a", "token": "x"})
    expected = {"error": "invalid_request", "error_description": "Authentication failed."}
    assert (introspection.status_code, introspection.json()) == (401, expected)
    for member, form in (("revocation_endpoint", {"token": "x"}), ("end_session_endpoint", {"refresh_token": "x"})):
        refused = http.post(shared.url(member), data={"client_id": "a", **form})
        assert (refused.status_code, refused.json()) == (401, BAD)


class TestBoundTokens:
    def test_tokens_are_bound_to_the_certificate(self, run: Callable[..., RunningMock]) -> None:
        running = run(bind_tokens=True, clients=CLIENTS)
        tokens = running.relying_party("either").login()
        rp, bare = running.relying_party("either"), running.relying_party("either", certificate_of=None)
        other = running.relying_party("either", certificate_of="by-name", extra={"client_secret": "secret"})
        assert rp.introspect(tokens["access_token"])["cnf"]["x5t#S256"]
        assert rp.userinfo(tokens["access_token"]).status_code == 200
        assert rp.refresh(tokens["refresh_token"]).status_code == 200
        words = "Client certificate missing, or its thumbprint and one in the refresh token did NOT match"
        expected = {"error": "unauthorized_client", "error_description": words}
        for refused in (
            bare.userinfo(tokens["access_token"]),
            other.userinfo(tokens["access_token"]),
            other.refresh(tokens["refresh_token"]),
            bare.refresh(tokens["refresh_token"], client_secret="secret"),
        ):
            assert (refused.status_code, refused.json()) == (401, expected)

    def test_without_a_certificate_there_is_nothing_to_bind_to(self, run: Callable[..., RunningMock]) -> None:
        running = run(bind_tokens=True, clients=CLIENTS)
        rp = running.relying_party("by-secret", certificate_of=None, extra={"client_secret": "s:e cret+é"})
        refused = rp.exchange(running.browser().code(client_id="by-secret"))
        words = "Client Certification missing for MTLS HoK Token Binding"
        assert refused.json() == {"error": "invalid_request", "error_description": words}

    def test_by_default_nothing_is_bound(self, shared: RunningMock) -> None:
        rp = shared.relying_party()
        token = rp.login()["access_token"]
        assert "cnf" not in rp.introspect(token)
        assert shared.relying_party(certificate_of=None).userinfo(token).status_code == 200
