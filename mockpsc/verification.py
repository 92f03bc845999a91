"""Is a token that comes back still good? One judgement for userinfo, introspection, revocation and refresh."""

from dataclasses import dataclass
from typing import Any, Literal

from mockpsc.profiles import Persona
from mockpsc.provider import Provider
from mockpsc.store import RevokedToken, Session
from mockpsc.tokens import BadToken

Flaw = Literal["malformed", "expired", "session_over", "detached", "stale", "revoked"]

_NEEDED: dict[str, type] = {"exp": int, "iat": int, "jti": str, "sid": str, "azp": str}
"""What a token is judged by, which a fault may have changed."""


class DeadToken(Exception):
    """A token that is not good any more, or never was: what kind of flaw, and the reason in words.

    `claims` is what it says when this provider signed it."""

    def __init__(self, flaw: Flaw, reason: str, claims: dict[str, Any] | None = None) -> None:
        super().__init__(reason)
        self.flaw, self.reason, self.claims = flaw, reason, claims or {}


@dataclass(frozen=True, kw_only=True)
class LiveToken:
    """A token that is good now, with the login that it belongs to."""

    claims: dict[str, Any]
    session: Session
    persona: Persona

    @property
    def thumbprint(self) -> str | None:
        """The certificate that the token is bound to (RFC 8705 §3.1), as base64url SHA-256."""
        thumbprint: str | None = self.claims.get("cnf", {}).get("x5t#S256")
        return thumbprint


def read_token(provider: Provider, token: str, *types: str) -> dict[str, Any]:
    """The claims of a token of one of these types (`Bearer`, `Refresh`, `ID`) that this provider signed, whatever its
    age. Raises DeadToken."""
    try:
        claims = provider.signer.read(token)
    except BadToken as error:
        raise DeadToken("malformed", f"The token was not issued here: {error}.") from None
    if claims.get("typ") not in types:
        expected = " or ".join(types)
        raise DeadToken("malformed", f"The token's typ is {claims.get('typ')!r}; expected {expected}.", claims)
    if claims.get("iss") != provider.issuer:
        reason = f"The token's iss is {claims.get('iss')!r}; expected {provider.issuer!r}."
        raise DeadToken("malformed", reason, claims)
    return claims


async def verify(provider: Provider, token: str, *types: str) -> LiveToken:
    """The same for a token that is good now. Raises DeadToken."""
    claims = read_token(provider, token, *types)
    for name, kind in _NEEDED.items():
        if not isinstance(claims.get(name), kind):
            raise DeadToken("malformed", f"The token's {name} is {claims.get(name)!r}; expected one as issued.", claims)
    age = provider.clock.now() - claims["exp"]
    if age >= 0:
        raise DeadToken("expired", f"The token expired {int(age)} s ago; it lived {_lifetime(claims)} s.", claims)
    if await provider.store.get(RevokedToken, claims["jti"]):
        raise DeadToken("revoked", "The token was revoked.", claims)
    session = await provider.sessions.get(claims["sid"])
    persona = provider.personas.get(session.persona_id) if session else None
    if session is None or persona is None:
        raise DeadToken("session_over", "The login that the token belongs to is over, idle or logged out.", claims)
    await _require_attachment(provider, claims)
    return LiveToken(claims=claims, session=session, persona=persona)


async def _require_attachment(provider: Provider, claims: dict[str, Any]) -> None:
    attachment = await provider.sessions.attached(claims["sid"], claims["azp"])
    if attachment is None:
        reason = "The relying party was detached from the login: a code was replayed, or a refresh token revoked."
        raise DeadToken("detached", reason, claims)
    if claims["iat"] < int(attachment.started_at):
        raise DeadToken("stale", "The token is older than the relying party's attachment to the login.", claims)


def _lifetime(claims: dict[str, Any]) -> int:
    lifetime: int = claims["exp"] - claims["iat"]
    return lifetime
