"""What is shown in the place of secrets, codes and tokens: how long they are, and a hash by which equal ones are known.

Parameters, headers and URLs are judged by their names. A body is searched as text, so that one that is broken on
purpose hides nothing: members of JSON, inputs of HTML, `name=value`, and whatever looks like a JWT.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256
from urllib.parse import quote_plus, unquote_plus

from mockpsc.journal.body import ShownBody
from mockpsc.journal.exchange import Content, Pairs
from mockpsc.vocabulary import FORM, media_type

_NAME = (
    r"(?:(?:[\w-]*[_-])?(?:token|secret|password|assertion|verifier)|id_token_hint"
    r"|code|device_code|user_code|auth_req_id|response|ticket|(?:[\w-]*-)?api[_-]?key)"
)
_SECRET = re.compile(_NAME, re.IGNORECASE)
_JWT = re.compile(r"eyJ[\w-]{8,}(?:\.[\w-]*)*")
_PLAIN_NAME = re.compile(r"[\w.\[\]-]{0,100}")


def _in_text(name: str) -> tuple[re.Pattern[str], ...]:
    """What a member, an input and a parameter of that name look like in a text."""
    patterns = (
        rf'("{name}"\s*:\s*")((?:[^"\\]|\\.)+)',
        rf'(<input\b[^<>]{{0,200}}\bname="{name}"[^<>]{{0,200}}\bvalue=")([^"]+)',
        rf"((?<![\w.-]){name}=)([^&\s\"'<>;,]+)",
    )
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


_SECRETS_IN_TEXT, _CHALLENGE_IN_TEXT = _in_text(_NAME), _in_text("code_challenge")
_S256_IN_TEXT = re.compile(r"code_challenge_method\W{1,20}(?:value\W{1,5})?S256\b")
_CREDENTIALS = ("authorization", "proxy-authorization")
_COOKIES = ("cookie", "set-cookie")
_URLS = ("location", "content-location", "referer")


def redact(secret: str) -> str:
    """What stands for a secret. It can stand in a URL, too."""
    return f"redacted(length={len(secret)},sha256={sha256(secret.encode()).hexdigest()[:8]})" if secret else ""


def redact_content(content: Content) -> Content:
    """The same without anything secret. Bodies that are no text are left out, since nobody knows what is in them, and
    those of requests that are neither a form nor JSON."""
    return replace(
        content,
        url=redact_url(content.url),
        query=redact_parameters(content.query),
        form=redact_parameters(content.form),
        request_headers=redact_headers(content.request_headers),
        request_body=_redact_request_body(content.request_body, content.request_type),
        response_headers=redact_headers(content.response_headers),
        response_body=_redact_body(content.response_body, content.response_type),
        error=content.error and redact_text(content.error),
        hint=content.hint and redact_text(content.hint),
    )


def redact_parameters(parameters: Pairs) -> Pairs:
    """Parameters, those with the name of a secret redacted."""
    is_plain = _is_plain(parameters)
    return tuple((_redact_name(name), _redact_value(name, value, is_plain=is_plain)) for name, value in parameters)


def redact_headers(headers: Pairs) -> Pairs:
    """Headers without credentials, the values of cookies, and secrets in URLs."""
    return tuple((name, _redact_header(name.lower(), value)) for name, value in headers)


def redact_url(url: str) -> str:
    """A URL without the secrets in its query and its fragment."""
    rest, hash, fragment = url.partition("#")
    path, mark, query = rest.partition("?")
    return redact_text(path) + mark + _redact_query(query) + hash + _redact_query(fragment)


def redact_text(text: str) -> str:
    """A text without what can be seen to be a secret."""
    patterns = _SECRETS_IN_TEXT if _S256_IN_TEXT.search(text) else _SECRETS_IN_TEXT + _CHALLENGE_IN_TEXT
    for pattern in patterns:
        text = pattern.sub(lambda found: found[1] + redact(found[2]), text)
    return _JWT.sub(lambda found: redact(found[0]), text)


def is_secret(name: str) -> bool:
    """Whether what has this name is a secret: a parameter, a header, a member."""
    return _SECRET.fullmatch(name) is not None


def _is_plain(parameters: Iterable[tuple[str, str]]) -> bool:
    """Whether a code_challenge among them is the code_verifier itself, as without a method (RFC 7636 §4.3)."""
    return {value for name, value in parameters if name == "code_challenge_method"} != {"S256"}


def _redact_name(name: str) -> str:
    """The name of a parameter; what does not look like one is something else that was sent as a form."""
    return name if _PLAIN_NAME.fullmatch(name) else redact(name)


def _redact_value(name: str, value: str, *, is_plain: bool) -> str:
    hidden = is_secret(name) or (is_plain and name == "code_challenge")
    return redact(value) if hidden else redact_text(value)


def _redact_query(text: str) -> str:
    pairs = [pair.partition("=") for pair in text.split("&")]
    is_plain = _is_plain((unquote_plus(name), unquote_plus(value)) for name, _, value in pairs)
    return "&".join(_redact_pair(*pair, is_plain=is_plain) for pair in pairs)


def _redact_pair(name: str, equals: str, value: str, *, is_plain: bool) -> str:
    called, meant = unquote_plus(name), unquote_plus(value)
    shown = _redact_name(called), _redact_value(called, meant, is_plain=is_plain)
    return _as_before(name, called, shown[0]) + equals + _as_before(value, meant, shown[1])


def _as_before(text: str, meant: str, shown: str) -> str:
    """A part of a query as it was, unless it is shown as something else than it meant."""
    return text if shown == meant else quote_plus(shown, safe="(=,)")


def _redact_header(name: str, value: str) -> str:
    if name in _CREDENTIALS:
        scheme, space, credentials = value.partition(" ")
        return scheme + space + redact(credentials) if space else redact(value)
    if name in _COOKIES:
        first, semicolon, rest = value.partition(";")
        return _redact_cookie(first) + semicolon + (rest if name == "set-cookie" else _redact_cookies(rest))
    if name in _URLS:
        return redact_url(value)
    return redact(value) if is_secret(name) else redact_text(value)


def _redact_cookies(text: str) -> str:
    return ";".join(_redact_cookie(each) for each in text.split(";"))


def _redact_cookie(cookie: str) -> str:
    name, equals, value = cookie.partition("=")
    return name + equals + redact(value.strip('"')) if equals else redact(cookie)


def _redact_request_body(body: ShownBody, content_type: str) -> ShownBody:
    kind = media_type(content_type)
    is_known = kind in (FORM, "application/json") or kind.endswith("+json")
    return _redact_body(body, content_type) if is_known or not body.size else replace(body, text="", encoding="omitted")


def _redact_body(body: ShownBody, content_type: str) -> ShownBody:
    if body.encoding:
        return replace(body, text="", encoding="omitted")
    is_form = media_type(content_type) == FORM
    return replace(body, text=_redact_query(body.text) if is_form else redact_text(body.text))
