"""Reads the clients that `[[clients]]` tables declare, or the admin API, and refuses what makes no sense."""

import json
import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509

from mockpsc.clients import Client, Clients
from mockpsc.errors import ConfigurationError, nearest
from mockpsc.judgement import Registration
from mockpsc.members import member, read_members
from mockpsc.pki import UNREADABLE, load_certificates
from mockpsc.profiles import Profile

AUTHENTICATIONS = ("mtls", "secret", "either")
REJECTIONS = ("alert", "nginx", "keycloak")

_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,63}")
_NAMES = ("subject_dn", "san_dns", "san_uri", "san_ip", "san_email")
# How a certificate is recognised (RFC 8705 §2.1.2 and §2.2): by one of these at most; `issuer_dn` goes with any.
_SUBJECTS = (*_NAMES, "certificate", "jwks")


@dataclass(frozen=True, kw_only=True)
class ClientTable:
    """A client as it is declared."""

    id: str = member(help="Its id: up to 64 letters, digits, '.', '_', '~' or '-'.")
    authentication: str = member("mtls", "How it proves who it is.", choices=AUTHENTICATIONS)
    secret: str | None = member(None, "Its secret, with authentication secret or either.")
    redirect_uris: tuple[str, ...] = member((), "Where authorization responses may go; a * may end each.")
    post_logout_redirect_uris: tuple[str, ...] = member((), "Where a person may be sent after a logout.")
    scopes: tuple[str, ...] | None = member(None, "What it may ask for (default: anything).")
    acr: str | None = member(None, "The level that it is told, whatever the person's.")
    reject_with: str | None = member(None, "How a bad certificate of its is refused.", choices=REJECTIONS)
    subject_dn: str | None = member(None, "The subject of its certificate (RFC 4514). The CN is the id by default.")
    san_dns: str | None = member(None, "A DNS name in its certificate.")
    san_uri: str | None = member(None, "A URI in its certificate.")
    san_ip: str | None = member(None, "An IP address in its certificate.")
    san_email: str | None = member(None, "An email address in its certificate.")
    certificate: str | None = member(None, "Its very certificate: a PEM file, or the PEM itself.")
    jwks: str | dict[str, Any] | None = member(None, "Its certificates: a JWK Set with x5c, or a file that has one.")
    issuer_dn: str | None = member(None, "The subject of the authority that must have issued its certificate.")


def read_clients(tables: Sequence[Mapping[str, Any]], profile: Profile) -> Clients:
    """The clients that `[[clients]]` tables declare. Raises ConfigurationError for a table that makes no sense."""
    clients = [_read(table, profile) for table in tables]
    for client in clients:
        if sum(other.id == client.id for other in clients) > 1:
            raise ConfigurationError(f"Two clients have the id {client.id!r}; an id names one client.")
    return Clients(clients)


def read_client(table: ClientTable, profile: Profile) -> Client:
    """The client that a table declares. Raises ConfigurationError when it makes no sense."""
    who = f"The client {table.id!r}"
    _require_usable_id(table.id, who)
    _require_sense(table, who)
    _require_known_scopes(table.scopes or (), profile, who)
    return Client(
        id=table.id,
        redirect_uris=table.redirect_uris,
        post_logout_redirect_uris=table.post_logout_redirect_uris,
        authentication=table.authentication,
        registration=_registration(table, who),
        secret=table.secret,
        scopes=table.scopes,
        acr=table.acr,
        reject_with=table.reject_with,
    )


def _read(table: Mapping[str, Any], profile: Profile) -> Client:
    who = f"The client {table.get('id', '(without id)')!r}"
    _require_usable_id(table.get("id"), who)
    return read_client(read_members(ClientTable, table, who), profile)


def _require_usable_id(id: Any, who: str) -> None:
    if not isinstance(id, str) or not _CLIENT_ID.fullmatch(id):
        raise ConfigurationError(f"{who} has no usable id: expected up to 64 letters, digits, '.', '_', '~' or '-'.")


def _require_sense(table: ClientTable, who: str) -> None:
    if table.authentication != "secret":
        return
    if not table.secret:
        raise ConfigurationError(f'{who} authenticates by secret but has none: add secret = "…".')
    for name in (*_SUBJECTS, "issuer_dn", "reject_with"):
        if getattr(table, name) is not None:
            raise ConfigurationError(f"{who} has a {name} but authenticates by secret only: use mtls or either.")


def _require_known_scopes(scopes: Sequence[str], profile: Profile, who: str) -> None:
    known = profile.scopes
    for scope in scopes:
        if scope not in known:
            raise ConfigurationError(f"{who} has the scope {scope!r}, which is unknown{nearest(scope, known)}.")


def _registration(table: ClientTable, who: str) -> Registration:
    given = [name for name in _SUBJECTS if getattr(table, name) is not None]
    if len(given) > 1:
        raise ConfigurationError(f"{who} has {' and '.join(given)}; only one can say which certificate is its own.")
    names = {name: getattr(table, name) for name in (*_NAMES, "issuer_dn")}
    if not given:
        names["common_name"] = table.id
    return Registration(**names, certificates=_certificates(table, who))


def _certificates(table: ClientTable, who: str) -> tuple[x509.Certificate, ...]:
    """The certificates that a client is registered with: PEM, or the `x5c` of a JWK Set (RFC 8705 §2.2)."""
    if table.certificate is not None:
        return _pem(table.certificate, who)[:1]
    if table.jwks is None:
        return ()
    try:
        jwks = table.jwks if isinstance(table.jwks, dict) else json.loads(Path(table.jwks).read_text(encoding="utf-8"))
        return tuple(x509.load_der_x509_certificate(b64decode(key["x5c"][0])) for key in jwks["keys"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        what = "a jwks" if isinstance(table.jwks, dict) else f"the jwks {table.jwks}"
        raise ConfigurationError(
            f"{who} has {what}, which cannot be used ({error}); expected a JWK Set whose keys have x5c, or its file."
        ) from None


def _pem(text: str, who: str) -> tuple[x509.Certificate, ...]:
    if "-----BEGIN" not in text:
        return load_certificates(Path(text))
    try:
        return tuple(x509.load_pem_x509_certificates(text.encode()))
    except UNREADABLE as error:
        raise ConfigurationError(f"{who} has a certificate that cannot be read as PEM: {error}.") from None
