"""What a client can exchange for tokens: one module per grant_type, and Keycloak's answer to the others."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from mockpsc.errors import InvalidGrant, OAuthError, UnauthorizedClient
from mockpsc.grants import authorization_code, refresh_token
from mockpsc.grants.token_request import TokenRequest
from mockpsc.provider import Provider

_Exchange: TypeAlias = Callable[[Provider, TokenRequest], Awaitable[dict[str, Any]]]

GRANTS: Mapping[str, _Exchange] = {
    authorization_code.GRANT_TYPE: authorization_code.exchange,
    refresh_token.GRANT_TYPE: refresh_token.exchange,
}

# Grants that the discovery document lists and that no client is enabled for: Keycloak's refusals.
DISABLED: Mapping[str, tuple[type[OAuthError], str]] = {
    "client_credentials": (UnauthorizedClient, "Client not enabled to retrieve service account"),
    "password": (UnauthorizedClient, "Client not allowed for direct access grants"),
    "urn:ietf:params:oauth:grant-type:device_code": (
        InvalidGrant,
        "Client not allowed OAuth 2.0 Device Authorization Grant",
    ),
    "urn:openid:params:grant-type:ciba": (InvalidGrant, "Client not allowed OIDC CIBA Grant"),
}

__all__ = ["DISABLED", "GRANTS", "TokenRequest"]
