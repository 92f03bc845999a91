"""The discovery documents (OpenID Connect Discovery §4) and the JWK Set: public, without a client certificate."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mockpsc.provider import Provider

_CACHE = {"Cache-Control": "no-cache, must-revalidate, no-transform, no-store"}


async def wallet_configuration(provider: Provider, request: Request) -> Response:
    """Pro Santé Connect's own document."""
    return JSONResponse(provider.discovery_document, headers=_CACHE)


async def keycloak_configuration(provider: Provider, request: Request) -> Response:
    """Keycloak's document, at the standard path."""
    return JSONResponse(provider.keycloak_document, headers=_CACHE)


async def jwks(provider: Provider, request: Request) -> Response:
    """The JWK Set."""
    return JSONResponse(provider.jwks, headers={"Cache-Control": "no-cache"})
