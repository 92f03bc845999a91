"""Faults of revocation (RFC 7009)."""

import json
from collections.abc import Mapping
from dataclasses import replace

from mockpsc.errors import UnsupportedTokenType
from mockpsc.faults.base import RequestFault, fault
from mockpsc.faults.occasion import Occasion
from mockpsc.faults.refusing import Refusing
from mockpsc.faults.subjects import Answer, Asked
from mockpsc.members import member

# Keycloak's words with each code, and its status.
_USUAL: Mapping[str, tuple[str, int]] = {
    "invalid_request": ("Unmatching clients", 400),
    "invalid_client": ("Invalid client or Invalid client credentials", 401),
    "unauthorized_client": ("Invalid client or Invalid client credentials", 401),
    "server_error": ("", 500),
}


@fault("revocation.error", "handle", "RFC 7009 §2.2.1", targets=("revocation",))
class Error(Refusing):
    """The revocation is refused with an error code, and the token stays good."""

    usual = _USUAL

    error: str = member("invalid_client", "The error code.", choices=tuple(_USUAL))

    def effect(self, subject: Asked, occasion: Occasion) -> Asked:
        raise self.refusal


@fault("revocation.unsupported_token_type", "handle", "RFC 7009 §2.2.1", targets=("revocation",))
class UnsupportedType(RequestFault):
    """The provider does not revoke tokens of this type, and the token stays good."""

    def effect(self, subject: Asked, occasion: Occasion) -> Asked:
        raise UnsupportedTokenType("Unsupported token type", hint=self.hint)


@fault("revocation.unavailable", "handle", "RFC 7009 §2.2.1", targets=("revocation",))
class Unavailable(RequestFault):
    """The endpoint is not available for now, 503 with `Retry-After`: the token still exists, and the relying party may
    try again then."""

    retry_after: int = member(1, "The header Retry-After.", unit="seconds", least=0, most=10**9)

    def effect(self, subject: Asked, occasion: Occasion) -> Asked:
        headers = (("Retry-After", str(self.retry_after)), ("Cache-Control", "no-store"))
        return replace(subject, answer=Answer(status=503, headers=headers))


@fault("revocation.invalid_token", "accept", "RFC 7009 §2.2; Keycloak", targets=("revocation",))
class InvalidToken(RequestFault):
    """The answer is 200 with Keycloak's `invalid_token` in the body, which it gives for a token that it does not know:
    there is nothing left to revoke."""

    def effect(self, subject: Asked, occasion: Occasion) -> Asked:
        body = json.dumps({"error": "invalid_token", "error_description": "Invalid token"}).encode()
        return replace(subject, answer=Answer(status=200, headers=(("Content-Type", "application/json"),), body=body))
