"""What is remembered between requests: frozen records, each with an id, unique in its kind, and the moment it ends."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What all kinds have. `expires_at` is in seconds since the epoch; from then on the record does not exist."""

    id: str
    expires_at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Session(Record):
    """A person's login (single sign-on). `id` is the claim `sid`; `secret` is what only the person's browser holds."""

    secret: str
    persona_id: str
    auth_time: int
    last_used: float


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientSession(Record):
    """A relying party attached to a login. Without it, what was issued to that relying party is dead."""

    session_id: str
    client_id: str
    persona_id: str
    started_at: float

    @staticmethod
    def key(session_id: str, client_id: str) -> str:
        """The id of the record for a login and a relying party."""
        return f"{session_id} {client_id}"


@dataclass(frozen=True, kw_only=True, slots=True)
class AuthorizationCode(Record):
    """An authorization code that waits to be exchanged, with what the authorization request said (RFC 6749 §4.1.2).

    `valid_until` comes before `expires_at`, so that a late exchange is told that its code is expired."""

    client_id: str
    session_id: str
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str | None
    code_challenge_method: str | None
    valid_until: float


@dataclass(frozen=True, kw_only=True, slots=True)
class SpentCode(Record):
    """A code that was exchanged: seeing it again ends what it opened (RFC 6749 §4.1.2)."""

    client_id: str
    session_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class UsedRefreshToken(Record):
    """A refresh token that was exchanged so many times, by its `jti`."""

    times: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RevokedToken(Record):
    """A token that was revoked, by its `jti` (RFC 7009)."""
