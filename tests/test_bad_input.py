"""Whatever is sent, an endpoint answers with its own refusal: never a 500, never a stack trace, never a hang."""

import json
import socket
import ssl
from base64 import urlsafe_b64encode
from contextlib import suppress
from urllib.parse import quote_from_bytes, urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import CALLBACK, RunningMock

FORM = "application/x-www-form-urlencoded"
MEMBERS = [
    "token_endpoint",
    "introspection_endpoint",
    "revocation_endpoint",
    "userinfo_endpoint",
    "end_session_endpoint",
    "authorization_endpoint",
]
NAMES = [
    *("client_id", "client_secret", "grant_type", "code", "redirect_uri", "code_verifier", "refresh_token", "scope"),
    *("token", "token_type_hint", "access_token", "id_token_hint", "post_logout_redirect_uri", "state", "nonce"),
    *("response_type", "response_mode", "prompt", "max_age", "login_hint", "code_challenge", "code_challenge_method"),
    *("ui_locales", "kc_locale", "request", "persona", "refuse"),
]
VALUES = [
    *("", "x", "mockpsc-client", CALLBACK, "code", "authorization_code", "refresh_token", "openid scope_all", "none"),
    *("899700000013", "S256", "form_post", "query.jwt", "0", "-1", "99999999999999999999", "e30.e30.e30", "..", "\x00"),
]


@pytest.fixture(scope="module")
def http(shared: RunningMock) -> httpx.Client:
    return shared.client("mockpsc-client", timeout=20)


def post(shared: RunningMock, http: httpx.Client, member: str, body: bytes, content_type: str = FORM) -> httpx.Response:
    return http.post(shared.url(member), content=body, headers={"Content-Type": content_type})


def assert_refusal(response: httpx.Response) -> None:
    """An answer that a relying party or a person can read, and no defect."""
    assert response.status_code < 500, response.text
    assert "Traceback" not in response.text
    if response.headers.get("content-type", "").startswith("application/json"):
        assert isinstance(json.loads(response.text), dict)


name = st.sampled_from(NAMES).map(str.encode) | st.binary(max_size=10)
value = st.sampled_from(VALUES).map(str.encode) | st.binary(max_size=40)
pairs = st.lists(st.tuples(name, value), max_size=12)


@settings(max_examples=60, deadline=None)
@given(member=st.sampled_from(MEMBERS), pairs=pairs)
def test_any_form_gets_an_answer(
    shared: RunningMock, http: httpx.Client, member: str, pairs: list[tuple[bytes, bytes]]
) -> None:
    body = b"&".join(quote_from_bytes(n).encode() + b"=" + quote_from_bytes(v).encode() for n, v in pairs)
    assert_refusal(post(shared, http, member, body))


@settings(max_examples=60, deadline=None)
@given(member=st.sampled_from(["authorization_endpoint", "end_session_endpoint"]), pairs=pairs)
def test_any_query_gets_an_answer(
    shared: RunningMock, http: httpx.Client, member: str, pairs: list[tuple[bytes, bytes]]
) -> None:
    query = "&".join(f"{quote_from_bytes(n)}={quote_from_bytes(v)}" for n, v in pairs)
    assert_refusal(http.get(f"{shared.url(member)}?{query}"))


@settings(max_examples=40, deadline=None)
@given(member=st.sampled_from(MEMBERS), body=st.binary(max_size=300))
def test_any_body_gets_an_answer(shared: RunningMock, http: httpx.Client, member: str, body: bytes) -> None:
    assert_refusal(post(shared, http, member, body))


json_value = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=5)


@settings(max_examples=60, deadline=None)
@given(header=st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "x"]), json_value), tail=st.text())
def test_any_token_gets_an_answer(
    shared: RunningMock, http: httpx.Client, header: dict[str, object], tail: str
) -> None:
    token = f"{urlsafe_b64encode(json.dumps(header).encode()).rstrip(b'=').decode()}.{tail}"
    form = {"client_id": "mockpsc-client", "token": token, "access_token": token, "refresh_token": token}
    for member in ("introspection_endpoint", "revocation_endpoint", "userinfo_endpoint", "end_session_endpoint"):
        assert_refusal(http.post(shared.url(member), data=form))
    grant = http.post(shared.url("token_endpoint"), data={**form, "grant_type": "refresh_token"})
    assert grant.json() == {"error": "invalid_grant", "error_description": "Invalid refresh token"}


@pytest.mark.parametrize(
    "token",
    [
        ".",
        "..",
        "...",
        "e30..",
        "e30.e30.",
        "eyJhbGciOiJSUzI1NiJ9..",
        "eyJhbGciOiJSUzI1NiJ9.bm90IGpzb24.AA",
        "eyJhbGciOiJIUzI1NiJ9.W10.AA",
        "eyJhbGciOlsiUlMyNTYiXX0.e30.AA",
        "eyJhbGciOm51bGx9.e30.AA",
        "W10.e30.AA",
        "bnVsbA.e30.AA",
        "eyJhbGciOiJIUzI1NiIsImNyaXQiOjF9.e30.AA",
        "eyJhbGciOiJIUzI1NiIsImNyaXQiOlsxXX0.e30.AA",
        "eyJhbGciOiJIUzI1NiIsImNyaXQiOltbXV19.e30.AA",
        "eyJhbGciOiJIUzI1NiIsImNyaXQiOm51bGx9.e30.AA",
        "é.é.é",
        "\ud83d\ude00.a.b".encode("utf-16", "surrogatepass").decode("utf-16"),
        "[" * 100_000,
    ],
)
def test_broken_tokens_are_not_active(shared: RunningMock, http: httpx.Client, token: str) -> None:
    form = {"client_id": "mockpsc-client", "token": token}
    response = http.post(shared.url("introspection_endpoint"), data=form)
    assert (response.status_code, response.json()) == (200, {"active": False})


BIG = "x" * 1024 * 1024


@pytest.mark.parametrize(
    ("member", "form", "status", "error"),
    [
        ("token_endpoint", {"grant_type": "authorization_code", "code": BIG}, 400, "invalid_grant"),
        ("token_endpoint", {"grant_type": "refresh_token", "refresh_token": BIG}, 400, "invalid_grant"),
        ("token_endpoint", {"grant_type": BIG}, 400, "unsupported_grant_type"),
        ("token_endpoint", {"grant_type": "authorization_code", "client_id": BIG}, 400, "invalid_request"),
        ("introspection_endpoint", {"token": "x", "token_type_hint": BIG}, 400, "invalid_request"),
        ("revocation_endpoint", {"token": BIG}, 200, "invalid_token"),
        ("userinfo_endpoint", {"access_token": BIG}, 401, "invalid_token"),
    ],
)
def test_a_parameter_of_a_mebibyte_is_refused_for_what_it_says(
    shared: RunningMock, http: httpx.Client, member: str, form: dict[str, str], status: int, error: str
) -> None:
    response = http.post(shared.url(member), data={"client_id": "mockpsc-client", **form})
    assert (response.status_code, response.json()["error"]) == (status, error)
    assert len(response.headers.get("mockpsc-hint", "")) <= 1000


def test_a_body_without_end_is_cut_off(shared: RunningMock, http: httpx.Client) -> None:
    response = post(shared, http, "token_endpoint", b"grant_type=" + b"x" * 11 * 1024 * 1024)
    assert (response.status_code, response.json()) == (413, {"error": "HTTP 413 Request Entity Too Large"})


def test_a_thousand_parameters_are_enough(shared: RunningMock, http: httpx.Client) -> None:
    response = post(shared, http, "token_endpoint", b"&".join([b"a=1"] * 1001))
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    query = "&".join(["a=1"] * 1001)
    page = http.get(f"{shared.url('authorization_endpoint')}?{query}")
    assert page.status_code == 400


@pytest.mark.parametrize("member", ["token_endpoint", "introspection_endpoint", "revocation_endpoint"])
@pytest.mark.parametrize(
    "content_type", ["application/json", "multipart/form-data", "text/plain", "é".encode().decode("latin-1")]
)
def test_another_content_type_is_refused(
    shared: RunningMock, http: httpx.Client, member: str, content_type: str
) -> None:
    response = http.post(shared.url(member), content=b"{}", headers=[(b"Content-Type", content_type.encode("latin-1"))])
    assert (response.status_code, response.json()) == (415, {"error": "HTTP 415 Unsupported Media Type"})


def test_a_content_type_may_have_parameters(shared: RunningMock, http: httpx.Client) -> None:
    body = b"grant_type=refresh_token&client_id=mockpsc-client"
    response = post(shared, http, "token_endpoint", body, f"{FORM.upper()}; charset=UTF-8")
    assert response.json()["error_description"] == "No refresh token"


@pytest.mark.parametrize(
    ("member", "allowed"),
    [
        ("token_endpoint", {"POST"}),
        ("introspection_endpoint", {"POST"}),
        ("revocation_endpoint", {"POST"}),
        ("jwks_uri", {"GET", "HEAD"}),
        ("userinfo_endpoint", {"GET", "HEAD", "POST"}),
        ("end_session_endpoint", {"GET", "HEAD", "POST"}),
        ("authorization_endpoint", {"GET", "HEAD", "POST"}),
    ],
)
def test_another_method_is_refused(shared: RunningMock, http: httpx.Client, member: str, allowed: set[str]) -> None:
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - allowed:
        response = http.request(method, shared.url(member))
        assert response.status_code == 405
        assert set(response.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /auth?\xff\xfe=\x80 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /auth/realms/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://other.example.test/auth HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /auth HTTP/1.1\r\n\r\n",
        b"POST /auth HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"\x00\x01\x02\x03\r\n\r\n",
        b"GET /auth?state=" + b"x" * 1024 * 1024 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_raw_bytes_over_tls_get_an_answer_or_a_close(shared: RunningMock, raw: bytes) -> None:
    answered = over_tls(shared, raw)
    assert answered == b"" or answered.startswith(b"HTTP/1.1 4")


def over_tls(running: RunningMock, raw: bytes) -> bytes:
    """What comes back for raw bytes, at first."""
    parts = urlsplit(running.mock.provider.auth_url)
    context = ssl.create_default_context(cafile=str(running.mock.connection.ca_file))
    with (
        socket.create_connection((parts.hostname, parts.port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=parts.hostname) as tls,
        suppress(OSError),
    ):  # it need not listen to the end
        tls.sendall(raw)
        return tls.recv(65536)
    return b""
