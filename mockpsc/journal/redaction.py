"""What is shown in the place of secrets, codes and tokens: how long they are, and a hash by which equal ones are known.

Parameters, headers and URLs are judged by their names. A body is searched as text, so that one that is broken on
purpose hides nothing: members of JSON, inputs of HTML, `name=value`, and whatever looks like a JWT.
"""

import re
from dataclasses import replace
from hashlib import sha256
from urllib.parse import quote_plus, unquote_plus

from mockpsc.journal.body import ShownBody
from mockpsc.journal.exchange import FORM, Content, Pairs

_NAME = (
    r"(?:(?:[\w-]*[_-])?(?:token|secret|password|assertion|verifier)|id_token_hint"
    r"|code|device_code|user_code|auth_req_id|response|ticket|(?:[\w-]*-)?api[_-]?key)"
)
_SECRET = re.compile(_NAME, re.IGNORECASE)
_JWT = re.compile(r"eyJ[\w-]{8,}(?:\.[\w-]*)*")
_IN_TEXT = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf'("{_NAME}"\s*:\s*")((?:[^"\\]|\\.)+)',
        rf'(<input\b[^<>]{{0,200}}\bname="{_NAME}"[^<>]{{0,200}}\bvalue=")([^"]+)',
        rf"((?<![\w.-]){_NAME}=)([^&\s\"'<>;,]+)",
    )
)
_CREDENTIALS = ("authorization", "proxy-authorization")
_COOKIES = ("cookie", "set-cookie")
_URLS = ("location", "content-location", "referer")


def redact(secret: str) -> str:
    """What stands for a secret. It can stand in a URL, too."""
    return f"redacted(length={len(secret)},sha256={sha256(secret.encode()).hexdigest()[:8]})" if secret else ""


def redact_content(content: Content) -> Content:
    """The same without anything secret. Bodies that are no text are left out, since nobody knows what is in them."""
    return replace(
        content,
        url=redact_url(content.url),
        query=redact_parameters(content.query),
        form=redact_parameters(content.form),
        request_headers=redact_headers(content.request_headers),
        request_body=_redact_body(content.request_body, content.request_type),
        response_headers=redact_headers(content.response_headers),
        response_body=_redact_body(content.response_body, content.response_type),
        error=content.error and redact_text(content.error),
        hint=content.hint and redact_text(content.hint),
    )


def redact_parameters(parameters: Pairs) -> Pairs:
    """Parameters, those with the name of a secret redacted."""
    return tuple((name, redact(value) if is_secret(name) else redact_text(value)) for name, value in parameters)


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
    for pattern in _IN_TEXT:
        text = pattern.sub(lambda found: found[1] + redact(found[2]), text)
    return _JWT.sub(lambda found: redact(found[0]), text)


def is_secret(name: str) -> bool:
    """Whether what has this name is a secret: a parameter, a header, a member."""
    return _SECRET.fullmatch(name) is not None


def _redact_query(text: str) -> str:
    return "&".join(_redact_pair(pair) for pair in text.split("&"))


def _redact_pair(pair: str) -> str:
    name, equals, value = pair.partition("=")
    meant = unquote_plus(value)
    shown = redact(meant) if is_secret(unquote_plus(name)) else redact_text(meant)
    return pair if shown == meant else name + equals + quote_plus(shown, safe="(=,)")


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


def _redact_body(body: ShownBody, content_type: str) -> ShownBody:
    if body.encoding:
        return replace(body, text="", encoding="omitted")
    is_form = content_type.partition(";")[0].strip().lower() == FORM
    return replace(body, text=_redact_query(body.text) if is_form else redact_text(body.text))
