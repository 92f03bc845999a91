"""The relying parties that the mock knows, and which URIs and scopes each may use.

Declared clients are strict, as at Pro Santé Connect. When none is declared, any client id is accepted with any https or
loopback URI, so that a first login needs no setting at all.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from mockpsc.errors import ConfigurationError, nearest
from mockpsc.pki import parse_dn
from mockpsc.profiles import Profile

DEFAULT_CLIENT_ID = "mockpsc-client"
AUTHENTICATIONS = ("mtls", "secret", "either")
_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class Client:
    """A relying party.

    `authentication` is how it proves who it is: `mtls`, `secret`, or `either` (the transition that Pro Santé Connect
    went through). `subject_dn` is the subject that its certificate must have (RFC 8705 §2.1.2, an RFC 4514 string);
    without one, the certificate's common name must be the client id. A redirect URI matches exactly, or by a trailing
    `*` as in Keycloak. `scopes` and `acr`, when given, are what the client may ask for and the level that it is told.
    """

    id: str
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    authentication: str = "mtls"
    subject_dn: str | None = None
    secret: str | None = None
    scopes: tuple[str, ...] | None = None
    acr: str | None = None
    declared: bool = True

    def accepts_redirect_uri(self, uri: str) -> bool:
        """Whether an authorization response may be sent there."""
        return _matches(uri, self.redirect_uris) if self.declared else _is_secure_or_loopback(uri)

    def accepts_post_logout_redirect_uri(self, uri: str) -> bool:
        """Whether a person may be sent there after a logout."""
        return _matches(uri, self.post_logout_redirect_uris) if self.declared else _is_secure_or_loopback(uri)

    def allows_scope(self, scope: str) -> bool:
        """Whether the client may ask for that scope; `openid` always."""
        return self.scopes is None or scope == "openid" or scope in self.scopes


class Clients(Collection[Client]):
    """The declared clients, or everybody when none is declared."""

    def __init__(self, declared: Sequence[Client] = ()) -> None:
        self._declared = {client.id: client for client in declared}

    def get(self, client_id: str) -> Client | None:
        """The client of that id."""
        if not self._declared and client_id:
            return Client(id=client_id, declared=False)
        return self._declared.get(client_id)

    def hint(self, client_id: str) -> str:
        """Why a client id is unknown, for a person."""
        known = ", ".join(self._declared)
        return f"No client {client_id!r} is declared{nearest(client_id, self._declared)}. Declared: {known}."

    @property
    def default_id(self) -> str:
        """The client id to show as an example."""
        return next(iter(self._declared), DEFAULT_CLIENT_ID)

    @property
    def certificate_ids(self) -> list[str]:
        """The ids of the clients that need a certificate."""
        return [client.id for client in self if client.authentication != "secret"] or [DEFAULT_CLIENT_ID]

    def __iter__(self) -> Iterator[Client]:
        return iter(self._declared.values())

    def __len__(self) -> int:
        return len(self._declared)

    def __contains__(self, client: object) -> bool:
        return client in self._declared.values()


def read_clients(tables: Sequence[Mapping[str, Any]], profile: Profile) -> Clients:
    """The clients that `[[clients]]` tables declare. Raises ConfigurationError for a table that makes no sense."""
    clients = [_read(table, profile) for table in tables]
    for client in clients:
        if sum(other.id == client.id for other in clients) > 1:
            raise ConfigurationError(f"Two clients have the id {client.id!r}; an id names one client.")
    return Clients(clients)


_LISTS = frozenset({"redirect_uris", "post_logout_redirect_uris", "scopes"})


def _read(table: Mapping[str, Any], profile: Profile) -> Client:
    who = f"The client {table.get('id', '(without id)')!r}"
    known = [field.name for field in fields(Client) if field.name != "declared"]
    for name, value in table.items():
        if name not in known:
            raise ConfigurationError(f"{who} has the member {name!r}, which is unknown{nearest(name, known)}.")
        _require_type(name, value, who)
    if not _CLIENT_ID.fullmatch(table.get("id", "")):
        raise ConfigurationError(f"{who} has no usable id: expected up to 64 letters, digits, '.', '_', '~' or '-'.")
    values: dict[str, Any] = {name: tuple(value) if name in _LISTS else value for name, value in table.items()}
    client = Client(**values)
    _require_sense(client, who)
    _require_known_scopes(client, profile, who)
    return client


def _require_type(name: str, value: Any, who: str) -> None:
    expected = "a list of texts" if name in _LISTS else "a text"
    is_list = isinstance(value, list) and all(isinstance(item, str) for item in value)
    if not (is_list if name in _LISTS else isinstance(value, str)):
        raise ConfigurationError(f"{who} has {name} = {value!r}; expected {expected}.")


def _require_sense(client: Client, who: str) -> None:
    if client.authentication not in AUTHENTICATIONS:
        hint = nearest(client.authentication, AUTHENTICATIONS)
        choices = ", ".join(AUTHENTICATIONS)
        raise ConfigurationError(f"{who} has authentication = {client.authentication!r}; expected {choices}{hint}.")
    if client.authentication == "secret" and not client.secret:
        raise ConfigurationError(f'{who} authenticates by secret but has none: add secret = "…".')
    if client.authentication == "secret" and client.subject_dn:
        raise ConfigurationError(f"{who} has a subject_dn but authenticates by secret only: use mtls or either.")

    if client.subject_dn:
        parse_dn(client.subject_dn)


def _require_known_scopes(client: Client, profile: Profile, who: str) -> None:
    known = profile.scopes
    for scope in client.scopes or ():
        if scope not in known:
            raise ConfigurationError(f"{who} has the scope {scope!r}, which is unknown{nearest(scope, known)}.")


def _matches(uri: str, registered: Sequence[str]) -> bool:
    """Keycloak's rule: the same string, or a pattern that ends in `*` and has no query, for a URI without fragment."""
    if "#" in uri:
        return False
    return any(uri == pattern or _is_below(uri, pattern) for pattern in registered)


def _is_below(uri: str, pattern: str) -> bool:
    if not pattern.endswith("*") or "?" in pattern or ".." in urlsplit(uri).path.split("/"):
        return False
    return uri.partition("?")[0].startswith(pattern[:-1])


def _is_secure_or_loopback(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return False
    if "#" in uri or not host or any(ord(character) <= 0x20 for character in uri):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
