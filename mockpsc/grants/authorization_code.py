"""grant_type=authorization_code (RFC 6749 §4.1.3), with PKCE (RFC 7636), in Keycloak's order of checks and words."""

import re
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from mockpsc.clients import Client
from mockpsc.errors import InvalidGrant, InvalidRequest
from mockpsc.grants.binding import thumbprint_to_bind
from mockpsc.grants.token_request import TokenRequest
from mockpsc.grants.token_response import token_response
from mockpsc.parameters import Parameters
from mockpsc.provider import Provider
from mockpsc.store import AuthorizationCode, SpentCode
from mockpsc.tokens import base64url

GRANT_TYPE = "authorization_code"
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


async def exchange(provider: Provider, request: TokenRequest) -> dict[str, Any]:
    """Tokens for a code, which is spent even when it is refused. Raises InvalidRequest or InvalidGrant."""
    client, form = request.client, request.form
    code = await _take(provider, form)
    session = await provider.sessions.get(code.session_id)
    persona = provider.personas.get(session.persona_id) if session else None
    if session is None or persona is None:
        raise InvalidGrant(
            "User session not found", hint="The person logged out, or the login ended, since the code was given."
        )
    _require_same_request(code, client, form)
    _require_verifier(code, form.get("code_verifier"))
    bound_to = thumbprint_to_bind(provider, request.certificate)
    grant = provider.grant(client, persona, session, scope=code.scope, nonce=code.nonce, thumbprint=bound_to)
    return await token_response(provider, grant, session, request.occasion)


async def _take(provider: Provider, form: Parameters) -> AuthorizationCode:
    value = form.get("code")
    if value is None:
        raise InvalidRequest("Missing parameter: code", hint="The token request has no code.")
    code = await provider.store.take(AuthorizationCode, value)
    if code is None:
        raise InvalidGrant("Code not valid", hint=await _punish_replay(provider, value))
    await provider.store.put(
        SpentCode(id=code.id, client_id=code.client_id, session_id=code.session_id, expires_at=code.expires_at)
    )
    if provider.clock.now() >= code.valid_until:
        hint = f"A code lives {provider.settings.code_lifetime} s and is exchanged once, at once."
        raise InvalidGrant("Code is expired", hint=hint)
    return code


async def _punish_replay(provider: Provider, value: str) -> str:
    """End what a spent code opened (RFC 6749 §4.1.2, RFC 9700 §2.1.1), and say why the code is not valid."""
    spent = await provider.store.get(SpentCode, value)
    if spent is None:
        return "This code was never given, or long ago."
    await provider.sessions.detach(spent.session_id, spent.client_id)
    return "This code was exchanged before: what was issued for it is now dead. A client that retries does this, too."


def _require_same_request(code: AuthorizationCode, client: Client, form: Parameters) -> None:
    redirect_uri = form.get("redirect_uri")
    if redirect_uri != code.redirect_uri:
        hint = f"redirect_uri is {redirect_uri!r}; the authorization request had {code.redirect_uri!r}."
        raise InvalidGrant("Incorrect redirect_uri", hint=hint)
    if client.id != code.client_id:
        hint = f"The code was given to the client {code.client_id!r}; {client.id!r} wants to exchange it."
        raise InvalidGrant("Auth error", hint=hint)


def _require_verifier(code: AuthorizationCode, verifier: str | None) -> None:
    """PKCE: a challenge needs its verifier, and a verifier its challenge (RFC 7636 §4.6, RFC 9700 §2.1.1)."""
    challenge = code.code_challenge
    if challenge is None and verifier is None:
        return
    if verifier is None:
        hint = "The authorization request had a code_challenge; the token request has no code_verifier."
        raise InvalidGrant("PKCE code verifier not specified", hint=hint)
    if challenge is None:
        description = "PKCE code verifier specified but challenge not present in authorization"
        raise InvalidGrant(description, hint="The token request has a code_verifier that nothing asked for.")
    if not _VERIFIER.fullmatch(verifier):
        hint = "A code_verifier is 43 to 128 characters of A-Z a-z 0-9 - . _ ~ (RFC 7636 §4.1)."
        raise InvalidGrant("PKCE verification failed: Invalid code verifier", hint=hint)
    plain = code.code_challenge_method == "plain"  # the challenge is the verifier, which no log should have
    derived = verifier if plain else _s256(verifier)
    if not compare_digest(derived, challenge):
        hint = f"The S256 of the code_verifier is {derived!r}; the challenge was {challenge!r}."
        if plain:
            hint = "The code_verifier is not the code_challenge that the authorization request had, with plain."
        raise InvalidGrant("PKCE verification failed: Code mismatch", hint=hint)


def _s256(verifier: str) -> str:
    return base64url(sha256(verifier.encode()).digest())
