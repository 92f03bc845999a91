"""The discovery documents (OpenID Connect Discovery §4) and the JWK Set: public, without a client certificate."""

from starlette.requests import Request
from starlette.responses import Response

from mockpsc.endpoints.documents import document_response
from mockpsc.provider import Provider

_CACHE = {"Cache-Control": "no-cache, must-revalidate, no-transform, no-store"}


async def wallet_configuration(provider: Provider, request: Request) -> Response:
    """Pro Santé Connect's own document."""
    variants = provider.discovery_variants
    return document_response(provider, request, "discovery", provider.discovery_document, _CACHE, variants=variants)


async def keycloak_configuration(provider: Provider, request: Request) -> Response:
    """Keycloak's document, at the standard path."""
    variants = provider.keycloak_variants
    return document_response(provider, request, "discovery", provider.keycloak_document, _CACHE, variants=variants)


async def jwks(provider: Provider, request: Request) -> Response:
    """The JWK Set."""
    headers = {"Cache-Control": "no-cache"}
    variants = {"active": {"keys": [provider.keys.active.jwk]}}
    return document_response(provider, request, "jwks", provider.jwks, headers, variants=variants)
