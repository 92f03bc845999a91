"""Reads the clients that `[[clients]]` tables declare, and refuses what makes no sense."""

import json
import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography import x509

from mockpsc.clients import Client, Clients
from mockpsc.errors import ConfigurationError, nearest
from mockpsc.judgement import Registration
from mockpsc.pki import load_certificates
from mockpsc.profiles import Profile

AUTHENTICATIONS = ("mtls", "secret", "either")
REJECTIONS = ("alert", "nginx", "keycloak")

_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,63}")
_LISTS = ("redirect_uris", "post_logout_redirect_uris", "scopes")
_NAMES = ("subject_dn", "san_dns", "san_uri", "san_ip", "san_email")
# How a certificate is recognised (RFC 8705 §2.1.2 and §2.2): by one of these at most; `issuer_dn` goes with any.
_SUBJECTS = (*_NAMES, "certificate", "jwks")
_MEMBERS = ("id", "authentication", "secret", "acr", "reject_with")
_TEXTS = (*_MEMBERS, "issuer_dn", *_SUBJECTS)


def read_clients(tables: Sequence[Mapping[str, Any]], profile: Profile) -> Clients:
    """The clients that `[[clients]]` tables declare. Raises ConfigurationError for a table that makes no sense."""
    clients = [_read(table, profile) for table in tables]
    for client in clients:
        if sum(other.id == client.id for other in clients) > 1:
            raise ConfigurationError(f"Two clients have the id {client.id!r}; an id names one client.")
    return Clients(clients)


def _read(table: Mapping[str, Any], profile: Profile) -> Client:
    who = f"The client {table.get('id', '(without id)')!r}"
    _require_known_members(table, who)
    if not _CLIENT_ID.fullmatch(table.get("id", "")):
        raise ConfigurationError(f"{who} has no usable id: expected up to 64 letters, digits, '.', '_', '~' or '-'.")
    _require_sense(table, who)
    _require_known_scopes(table.get("scopes", ()), profile, who)
    members: dict[str, Any] = {name: table[name] for name in _MEMBERS if name in table}
    members |= {name: tuple(table[name]) for name in _LISTS if name in table}
    return Client(registration=_registration(table, who), **members)


def _require_known_members(table: Mapping[str, Any], who: str) -> None:
    known = (*_TEXTS, *_LISTS)
    for name, value in table.items():
        if name not in known:
            raise ConfigurationError(f"{who} has the member {name!r}, which is unknown{nearest(name, known)}.")
        expected = "a list of texts" if name in _LISTS else "a text"
        is_list = isinstance(value, list) and all(isinstance(item, str) for item in value)
        if not (is_list if name in _LISTS else isinstance(value, str)):
            raise ConfigurationError(f"{who} has {name} = {value!r}; expected {expected}.")


def _require_sense(table: Mapping[str, Any], who: str) -> None:
    authentication = table.get("authentication", AUTHENTICATIONS[0])
    _require_choice(authentication, AUTHENTICATIONS, f"{who} has authentication")
    _require_choice(table.get("reject_with", REJECTIONS[0]), REJECTIONS, f"{who} has reject_with")
    if authentication != "secret":
        return
    if not table.get("secret"):
        raise ConfigurationError(f'{who} authenticates by secret but has none: add secret = "…".')
    for name in (*_SUBJECTS, "issuer_dn", "reject_with"):
        if name in table:
            raise ConfigurationError(f"{who} has a {name} but authenticates by secret only: use mtls or either.")


def _require_choice(value: str, choices: Sequence[str], what: str) -> None:
    if value not in choices:
        raise ConfigurationError(f"{what} = {value!r}; expected {', '.join(choices)}{nearest(value, choices)}.")


def _require_known_scopes(scopes: Sequence[str], profile: Profile, who: str) -> None:
    known = profile.scopes
    for scope in scopes:
        if scope not in known:
            raise ConfigurationError(f"{who} has the scope {scope!r}, which is unknown{nearest(scope, known)}.")


def _registration(table: Mapping[str, Any], who: str) -> Registration:
    given = [name for name in _SUBJECTS if name in table]
    if len(given) > 1:
        raise ConfigurationError(f"{who} has {' and '.join(given)}; only one can say which certificate is its own.")
    names = {name: table[name] for name in (*_NAMES, "issuer_dn") if name in table}
    if not given:
        names["common_name"] = table["id"]
    return Registration(**names, certificates=_certificates(table, who))


def _certificates(table: Mapping[str, Any], who: str) -> tuple[x509.Certificate, ...]:
    """The certificates that a client is registered with: a PEM file, or the `x5c` of a JWK Set file (RFC 8705 §2.2)."""
    if "certificate" in table:
        return load_certificates(Path(table["certificate"]))[:1]
    if "jwks" not in table:
        return ()
    try:
        keys = json.loads(Path(table["jwks"]).read_text(encoding="utf-8"))["keys"]
        return tuple(x509.load_der_x509_certificate(b64decode(key["x5c"][0])) for key in keys)
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise ConfigurationError(
            f"{who} has the jwks {table['jwks']}, which cannot be used ({error}); "
            "expected a file with a JWK Set whose keys have x5c."
        ) from None
