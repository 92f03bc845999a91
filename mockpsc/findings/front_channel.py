"""What breaks the rules on authorization and logout requests, which a person's browser brings."""

import re
from math import log2
from urllib.parse import urlsplit

from mockpsc.findings.request import Request
from mockpsc.findings.rule import rule
from mockpsc.kinds import is_loopback

# RFC 6749 §10.10 wants 128 bits; a UUID of version 4, which is common, has 122.
_LEAST_BITS = 120
_ALPHABETS = (("[0-9]*", 10), ("[0-9a-f]*|[0-9A-F]*", 16), ("[0-9a-z]*|[0-9A-Z]*", 36), ("[0-9A-Za-z]*", 62))
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@rule("acr_values_missing", "authorization")
def _acr_values_missing(request: Request) -> str | None:
    return _absent(request, "acr_values")


@rule("acr_values_other", "authorization")
def _acr_values_other(request: Request) -> str | None:
    values = request.get("acr_values")
    return f"acr_values={values}" if values and "eidas1" not in values.split() else None


@rule("openid_missing", "authorization")
def _openid_missing(request: Request) -> str | None:
    return _without_scope(request, "openid")


@rule("scope_all_missing", "authorization")
def _scope_all_missing(request: Request) -> str | None:
    return _without_scope(request, "scope_all")


@rule("redirect_uri_insecure", "authorization")
def _redirect_uri_insecure(request: Request) -> str | None:
    uri = request.get("redirect_uri")
    try:
        parts = urlsplit(uri)
        insecure = parts.scheme == "http" and not is_loopback(parts.hostname or "")
    except ValueError:  # no URI at all, which the mock says itself
        return None
    return f"redirect_uri={uri}" if insecure else None


@rule("implicit_flow", "authorization")
def _implicit_flow(request: Request) -> str | None:
    types = request.get("response_type")
    return f"response_type={types}" if {"token", "id_token"} & set(types.split()) else None


@rule("csrf_unprotected", "authorization")
def _csrf_unprotected(request: Request) -> str | None:
    return _without_all(request, "state", "nonce", "code_challenge")


@rule("code_unprotected", "authorization")
def _code_unprotected(request: Request) -> str | None:
    return _without_all(request, "nonce", "code_challenge")


@rule("state_missing", "authorization")
def _state_missing(request: Request) -> str | None:
    return _absent(request, "state")


@rule("nonce_missing", "authorization")
def _nonce_missing(request: Request) -> str | None:
    return _absent(request, "nonce")


@rule("pkce_missing", "authorization")
def _pkce_missing(request: Request) -> str | None:
    return _absent(request, "code_challenge")


@rule("pkce_plain", "authorization")
def _pkce_plain(request: Request) -> str | None:
    if not request.get("code_challenge"):
        return None
    method = request.get("code_challenge_method")
    return {"": "no code_challenge_method, which means plain", "plain": "code_challenge_method=plain"}.get(method)


@rule("state_weak", "authorization")
def _state_weak(request: Request) -> str | None:
    return _weak(request, "state")


@rule("nonce_weak", "authorization")
def _nonce_weak(request: Request) -> str | None:
    return _weak(request, "nonce")


@rule("login_in_frame", "authorization")
def _login_in_frame(request: Request) -> str | None:
    destination = request.header("sec-fetch-dest")
    return f"Sec-Fetch-Dest: {destination}" if destination in ("iframe", "frame", "embed", "object") else None


@rule("certificate_in_browser", "authorization")
def _certificate_in_browser(request: Request) -> str | None:
    return f"certificate {request.handshake.subject}" if request.handshake and request.has_certificate else None


@rule("id_token_hint_missing", "logout")
def _id_token_hint_missing(request: Request) -> str | None:
    return None if _is_back_channel(request) else _absent(request, "id_token_hint")


@rule("logout_state_missing", "logout")
def _logout_state_missing(request: Request) -> str | None:
    is_sent_back = request.get("post_logout_redirect_uri") and not _is_back_channel(request)
    return _absent(request, "state") if is_sent_back else None


def _is_back_channel(request: Request) -> bool:
    """Whether it is Keycloak's own logout, which the relying party asks for itself."""
    return "refresh_token" in request.form


def _absent(request: Request, name: str) -> str | None:
    if request.get(name) or _is_elsewhere(request):
        return None
    return f"{name}= without a value" if name in {**request.query, **request.form} else f"no {name}"


def _without_all(request: Request, *names: str) -> str | None:
    if any(map(request.get, names)) or _is_elsewhere(request):
        return None
    return f"neither {' nor '.join(names)}"


def _without_scope(request: Request, scope: str) -> str | None:
    scopes = request.get("scope")
    if scope in scopes.split() or _is_elsewhere(request):
        return None
    return f"scope={scopes}" if scopes else "no scope"


def _is_elsewhere(request: Request) -> bool:
    """Whether parameters may stand in a request object (RFC 9101), which the mock does not read."""
    return bool(request.get("request") or request.get("request_uri"))


def _weak(request: Request, name: str) -> str | None:
    value = request.get(name)
    bits = most_bits(value)
    return f"{name}={value}, which holds {bits} bits at most" if value and bits < _LEAST_BITS else None


def most_bits(value: str) -> int:
    """How much randomness a value holds at most, by its length and the smallest usual alphabet that has it."""
    text = value.replace("-", "") if _UUID.fullmatch(value) else value
    sizes = (size for pattern, size in _ALPHABETS if re.fullmatch(pattern, text))
    return int(len(text) * log2(next(sizes, 94)))
