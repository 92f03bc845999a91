"""The relying parties that the mock knows, and which URIs and scopes each may use.

Declared clients are strict, as at Pro Santé Connect. When none is declared, any client id is accepted with any https or
loopback URI, so that a first login needs no setting at all.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cryptography import x509

from mockpsc.errors import nearest
from mockpsc.judgement import Registration, judge_registration
from mockpsc.kinds import is_loopback

DEFAULT_CLIENT_ID = "mockpsc-client"


@dataclass(frozen=True, kw_only=True)
class Client:
    """A relying party.

    `authentication` is how it proves who it is: `mtls`, `secret`, or `either` (the transition that Pro Santé Connect
    went through); `registration` is what its certificate must have. A redirect URI matches exactly, or by a trailing
    `*` as in Keycloak. `scopes` and `acr`, when given, are what the client may ask for and the level that it is told.
    `reject_with`, when given, is how a bad certificate of this client is refused.
    """

    id: str
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    authentication: str = "mtls"
    registration: Registration = field(default_factory=Registration)
    secret: str | None = None
    scopes: tuple[str, ...] | None = None
    acr: str | None = None
    reject_with: str | None = None
    declared: bool = True

    def accepts_redirect_uri(self, uri: str) -> bool:
        """Whether an authorization response may be sent there."""
        return _matches(uri, self.redirect_uris) if self.declared else _is_secure_or_loopback(uri)

    def accepts_post_logout_redirect_uri(self, uri: str) -> bool:
        """Whether a person may be sent there after a logout."""
        return _matches(uri, self.post_logout_redirect_uris) if self.declared else _is_secure_or_loopback(uri)

    def example_redirect_uri(self, preferred: str) -> str:
        """That URI, if the client may use it, else one that it declares."""
        declared = [uri.removesuffix("*") for uri in self.redirect_uris]
        return preferred if self.accepts_redirect_uri(preferred) else next(iter(declared), preferred)

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

    def rejection(self, certificate: x509.Certificate) -> str | None:
        """How a bad certificate is refused, as the client wishes whose it is; None when nobody has a wish."""
        own = (
            client.reject_with
            for client in self
            if judge_registration(certificate, client.registration, client.id) is None
        )
        return next(filter(None, own), None)

    @property
    def default_id(self) -> str:
        """The client id to show as an example: the first that has a certificate."""
        own = [client.id for client in self if client.authentication != "secret"]
        return next(iter(own or self._declared), DEFAULT_CLIENT_ID)

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
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
