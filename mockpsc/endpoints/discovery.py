"""The discovery documents (OpenID Connect Discovery §4) and the JWK Set: public, without a client certificate."""

from starlette.requests import Request
from starlette.responses import Response

from mockpsc.endpoints.documents import document_response
from mockpsc.provider import Provider

_CACHE = {"Cache-Control": "no-cache, must-revalidate, no-transform, no-store"}


async def wallet_configuration(provider: Provider, request: Request) -> Response:
    """Pro Santé Connect's own document."""
    return document_response(provider, request, "discovery", provider.discovery_document, _CACHE)


async def keycloak_configuration(provider: Provider, request: Request) -> Response:
    """Keycloak's document, at the standard path."""
    return document_response(provider, request, "discovery", provider.keycloak_document, _CACHE)


async def jwks(provider: Provider, request: Request) -> Response:
    """The JWK Set."""
    return document_response(provider, request, "jwks", provider.jwks, {"Cache-Control": "no-cache"})
