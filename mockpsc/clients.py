"""The relying parties that the mock knows, and which URIs and scopes each may use.

Declared clients are strict, as at Pro Santé Connect. When none is declared, any client id is accepted with any https or
loopback URI, so that a first login needs no setting at all; that stays so when clients are added while the mock runs.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cryptography import x509

from mockpsc.errors import Unusable, nearest
from mockpsc.judgement import Registration, judge_registration
from mockpsc.kinds import is_loopback
from mockpsc.pki import common_name

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
    """The declared clients, and everybody else when none is declared at first. `on_change` are called when a client was
    added or removed."""

    def __init__(self, declared: Sequence[Client] = ()) -> None:
        self.on_change: list[Callable[[], None]] = []
        self._configured = {client.id: client for client in declared}
        self._declared = dict(self._configured)

    @property
    def accept_any(self) -> bool:
        """Whether a client need not be declared."""
        return not self._configured

    def get(self, client_id: str) -> Client | None:
        """The client of that id."""
        if self.accept_any and client_id and client_id not in self._declared:
            return Client(id=client_id, declared=False)
        return self._declared.get(client_id)

    def add(self, client: Client) -> None:
        """Declare a client, in the place of one of its id."""
        self._declared[client.id] = client
        self._changed()

    def remove(self, client_id: str) -> None:
        """Forget the declared client of that id. Raises Unusable when there is none."""
        self.declared(client_id)
        del self._declared[client_id]
        self._changed()

    def restore(self) -> None:
        """Have the clients again that the configuration declares, and no others."""
        self._declared = dict(self._configured)
        self._changed()

    def declared(self, client_id: str) -> Client:
        """The declared client of that id. Raises Unusable, with the nearest id, when there is none."""
        if client_id not in self._declared:
            raise Unusable(self.hint(client_id))
        return self._declared[client_id]

    def _changed(self) -> None:
        for tell in list(self.on_change):
            tell()

    def hint(self, client_id: str) -> str:
        """Why a client id is unknown, for a person."""
        known = ", ".join(self._declared) or "none"
        return f"No client {client_id!r} is declared{nearest(client_id, self._declared)}. Declared: {known}."

    def rejection(self, certificate: x509.Certificate) -> str | None:
        """How a bad certificate is refused, as the client wishes whose it is; None when nobody has a wish."""
        own = (
            client.reject_with
            for client in self
            if judge_registration(certificate, client.registration, client.id) is None
        )
        return next(filter(None, own), None)

    def id_of(self, certificate: x509.Certificate) -> str | None:
        """The client whose certificate it is; with none declared, the one that its common name names."""
        own = (each.id for each in self if judge_registration(certificate, each.registration, each.id) is None)
        return next(own, common_name(certificate.subject) if self.accept_any else None)

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
