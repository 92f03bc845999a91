"""Nothing secret is left in what the journal shows."""

import json
import logging

import pytest

from mockpsc.clock import Clock
from mockpsc.journal import Body, Exchange, Journal, as_har, as_json
from mockpsc.journal.redaction import redact, redact_headers, redact_parameters, redact_text, redact_url

SECRET = "s3cr3t-s3cr3t"
SHOWN = redact(SECRET)
JWT = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9."


def test_a_secret_shows_how_long_it_is_and_equal_ones_are_seen_to_be_equal() -> None:
    assert redact("abc") == redact("abc") == "redacted(length=3,sha256=ba7816bf)"
    assert redact("abc") != redact("abd")
    assert redact("") == ""


@pytest.mark.parametrize(
    "name",
    [
        "code",
        "token",
        "access_token",
        "refresh_token",
        "id_token",
        "id_token_hint",
        "client_secret",
        "Client_Secret",
        "password",
        "code_verifier",
        "client_assertion",
        "response",
    ],
)
def test_a_parameter_is_redacted_by_its_name_wherever_it_stands(name: str) -> None:
    assert redact_parameters(((name, SECRET),)) == ((name, SHOWN),)
    assert redact_url(f"https://a/b?x=1&{name}={SECRET}#{name}={SECRET}") == (
        f"https://a/b?x=1&{name}={SHOWN}#{name}={SHOWN}"
    )
    for text in (
        f'{{"a": 1, "{name}" : "{SECRET}"}}',
        f'{{"a": 1, "{name}" : "{SECRET}',
        f'<input type="hidden" name="{name}" value="{SECRET}">',
        f'<a href="/x?a=1&amp;{name}={SECRET}&amp;b=2">',
    ):
        assert redact_text(text) == text.replace(SECRET, SHOWN)


@pytest.mark.parametrize(
    "name",
    ["state", "nonce", "token_type", "token_type_hint", "code_challenge_method", "response_type", "scope"],
)
def test_what_is_no_secret_is_left_as_it_is(name: str) -> None:
    assert redact_parameters(((name, "code token"),)) == ((name, "code token"),)
    for text in (f"https://a/?{name}=code", f'{{"{name}": "code"}}'):
        assert redact_text(text) == text
        assert redact_url(text) == text


QUERY = f"code_challenge={SECRET}&code_challenge_method="
FORM = f'<input name="code_challenge" value="{SECRET}"><input name="code_challenge_method" value="{{}}">'


@pytest.mark.parametrize("text", [f"code_challenge={SECRET}", QUERY + "plain", QUERY + "s256", FORM.format("plain")])
def test_a_challenge_that_is_the_verifier_is_redacted(text: str) -> None:
    assert redact_text(text) == text.replace(SECRET, SHOWN)


@pytest.mark.parametrize("text", [QUERY + "S256", FORM.format("S256")])
def test_a_challenge_that_is_a_hash_is_left_as_it_is(text: str) -> None:
    assert redact_text(text) == text


def test_a_challenge_is_judged_by_its_method() -> None:
    challenge, method = ("code_challenge", SECRET), "code_challenge_method"
    assert redact_parameters((challenge, (method, "S256"))) == (challenge, (method, "S256"))
    for more in ((), ((method, ""),), ((method, "plain"),), ((method, "S256"), (method, "plain"))):
        assert redact_parameters((challenge, *more))[0] == ("code_challenge", SHOWN)
    assert redact_url(f"https://a/?{QUERY}plain#{QUERY}") == f"https://a/?{QUERY}plain#{QUERY}".replace(SECRET, SHOWN)
    assert redact_url(f"https://a/?{QUERY}S256") == f"https://a/?{QUERY}S256"


def exchange(content_type: str, body: str, *, error: str | None = None, hint: str | None = None) -> Exchange:
    return Exchange(
        time=0,
        listener="auth",
        method="POST",
        path="/token",
        status=415,
        duration=0,
        request_headers=((b"content-type", content_type.encode()),),
        request_body=Body(data=body.encode(), size=len(body)),
        error=error,
        hint=hint,
    )


OMITTED = {"text": "", "encoding": "omitted", "size": len(SECRET) + 15}


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "application/yaml", ""])
def test_a_request_that_is_neither_a_form_nor_json_is_shown_only_with_the_secrets(kind: str) -> None:
    sent = exchange(kind, f"client_secret: {SECRET}")
    assert as_json(sent)["request"]["body"] == OMITTED
    assert SECRET not in json.dumps([as_json(sent), as_har([sent])])
    (entry,) = as_har([sent])["log"]["entries"]
    assert entry["request"]["postData"]["comment"] == "It is left out: ask with secrets=1."
    assert as_json(sent, secrets=True)["request"]["body"]["text"] == f"client_secret: {SECRET}"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", f'{{"client_secret": "{SECRET}", "grant_type": "x"}}'),
        ("application/problem+json", f'{{"client_secret": "{SECRET}"'),
        ("application/x-www-form-urlencoded", f'{{"client_secret": "{SECRET}"}}'),
        ("application/x-www-form-urlencoded", f"client_secret: {SECRET}"),
        ("application/x-www-form-urlencoded", f"client_secret={SECRET}&grant_type=x"),
    ],
)
def test_a_request_that_says_it_is_one_of_them_shows_no_secret(kind: str, body: str) -> None:
    sent = exchange(kind, body)
    assert SECRET not in json.dumps([as_json(sent), as_har([sent])])
    assert "redacted(" in as_json(sent)["request"]["body"]["text"]


def test_the_line_has_no_secret_unless_it_is_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    hint = "The redirect_uri is 'https://rp.example.test/cb?token={}'"
    sent = exchange("text/plain", "", hint=hint.format(SECRET), error=f"invalid_grant: code={SECRET}")
    line = as_json(sent)["line"]
    assert line == sent.line.replace(SECRET, SHOWN)
    assert hint.format(SHOWN) in line
    assert as_json(sent, secrets=True)["line"] == sent.line
    with caplog.at_level(logging.WARNING, logger="mockpsc.http"):
        Journal(Clock()).record(sent)
    assert [record.getMessage() for record in caplog.records] == [line]


def test_a_parameter_whose_name_is_percent_encoded_is_redacted_too() -> None:
    assert redact_url(f"https://a/?c%6Fde={SECRET}") == f"https://a/?c%6Fde={SHOWN}"


def test_a_url_within_a_url_is_redacted_too() -> None:
    url = "https://a/?redirect_uri=https%3A%2F%2Fb%2F%3Fcode%3D{}&state=a+b"
    assert redact_url(url.format(SECRET)) == url.format(SHOWN).replace("code%3D", "code=")


@pytest.mark.parametrize(
    ("header", "value", "shown"),
    [
        ("Authorization", f"Bearer {SECRET}", f"Bearer {SHOWN}"),
        ("authorization", SECRET, SHOWN),
        ("Cookie", f"a={SECRET}; b={SECRET}", f"a={SHOWN}; b={SHOWN}"),
        ("Set-Cookie", f"a={SECRET}; Path=/auth; Secure", f"a={SHOWN}; Path=/auth; Secure"),
        ("Location", f"https://a/?code={SECRET}&state=x", f"https://a/?code={SHOWN}&state=x"),
        ("Referer", f"https://a/#access_token={SECRET}", f"https://a/#access_token={SHOWN}"),
        ("X-Api-Key", SECRET, SHOWN),
        ("X-Anything", f"of {JWT}", f"of {redact(JWT)}"),
        ("Content-Type", "application/json", "application/json"),
    ],
)
def test_a_header_is_redacted_by_its_name(header: str, value: str, shown: str) -> None:
    assert redact_headers(((header, value),)) == ((header, shown),)


@pytest.mark.parametrize("text", [JWT, f'{{"odd": ["{JWT}"]}}', f"<p>{JWT}</p>", f"x={JWT}"])
def test_what_looks_like_a_jwt_is_redacted_wherever_it_stands(text: str) -> None:
    assert redact_text(text) == text.replace(JWT, redact(JWT))


def test_a_body_that_is_no_text_is_shown_only_when_secrets_are_asked_for() -> None:
    data = b"\xff" + SECRET.encode()
    exchange = Exchange(
        time=0, listener="auth", method="GET", path="/", status=200, duration=0, response_body=Body(data=data, size=14)
    )
    assert as_json(exchange)["response"]["body"] == {"text": "", "encoding": "omitted", "size": 14}
    assert as_json(exchange, secrets=True)["response"]["body"]["encoding"] == "base64"
    (entry,) = as_har([exchange])["log"]["entries"]
    assert entry["response"]["content"]["text"] == ""
    assert SECRET not in json.dumps(as_har([exchange]))


def test_a_long_body_is_cut_and_its_size_is_told() -> None:
    text = "é" * 10
    exchange = Exchange(
        time=0,
        listener="auth",
        method="GET",
        path="/",
        status=200,
        duration=0,
        response_body=Body(data=text.encode()[:5], size=20),
    )
    assert as_json(exchange)["response"]["body"] == {"text": "éé", "encoding": "", "size": 20}
