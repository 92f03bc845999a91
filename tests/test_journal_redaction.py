"""Nothing secret is left in what the journal shows."""

import json

import pytest

from mockpsc.journal import Body, Exchange, as_har, as_json
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
    ["state", "nonce", "token_type", "token_type_hint", "code_challenge", "response_type", "response_mode", "scope"],
)
def test_what_is_no_secret_is_left_as_it_is(name: str) -> None:
    assert redact_parameters(((name, "code token"),)) == ((name, "code token"),)
    for text in (f"https://a/?{name}=code", f'{{"{name}": "code"}}'):
        assert redact_text(text) == text
        assert redact_url(text) == text


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
