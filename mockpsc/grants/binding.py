"""Tokens that are bound to the client's certificate (RFC 8705 §3), with Keycloak's answers."""

from cryptography import x509

from mockpsc.errors import InvalidRequest, UnauthorizedClient
from mockpsc.judgement import verdict
from mockpsc.pki import thumbprint
from mockpsc.provider import Provider
from mockpsc.verification import LiveToken

_NOT_MATCHING = "Client certificate missing, or its thumbprint and one in the refresh token did NOT match"


def thumbprint_to_bind(provider: Provider, certificate: x509.Certificate | None) -> str | None:
    """What new tokens are to be bound to, if they are. Raises InvalidRequest without a certificate to bind to."""
    if not provider.settings.bind_tokens:
        return None
    if certificate is None:
        hint = "Tokens are bound to the client certificate (bind_tokens), and none was presented."
        raise InvalidRequest("Client Certification missing for MTLS HoK Token Binding", hint=hint)
    return thumbprint(certificate)


def require_bound_certificate(provider: Provider, token: LiveToken, certificate: x509.Certificate | None) -> None:
    """Refuse a token that comes with another certificate than its own, or with none: UnauthorizedClient, status 401."""
    if not provider.settings.bind_tokens and token.thumbprint is None:
        return
    presented = thumbprint(certificate) if certificate else None
    if presented is None or presented != token.thumbprint:
        facts = {"presented": presented or "(none)", "bound": token.thumbprint or "(none)"}
        hint = str(verdict("unbound", en=facts, fr=facts))
        raise UnauthorizedClient(_NOT_MATCHING, status=401, hint=hint, reason="unbound")
