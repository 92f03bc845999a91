"""The protocol endpoints, one module each. This is their list, in the order of the discovery document."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from mockpsc.endpoints import authorization, discovery, introspection, logout, revocation, token, userinfo
from mockpsc.profiles import Profile
from mockpsc.provider import Provider


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where an endpoint is, and the function that answers there. `name` is what a fault matches it by."""

    name: str
    paths: Callable[[Profile], tuple[str, ...]]
    methods: tuple[str, ...]
    handle: Callable[[Provider, Request], Awaitable[Response]]


def _listed(member: str, suffix: str = "") -> Callable[[Profile], tuple[str, ...]]:
    """At the path that the discovery document gives under a member."""
    return lambda profile: (profile.path(member) + suffix,)


def _well_known(name: str) -> Callable[[Profile], tuple[str, ...]]:
    return lambda profile: (profile.realm_path + profile.well_known[name],)


def _keycloak(member: str) -> Callable[[Profile], tuple[str, ...]]:
    """At the path that Keycloak's own discovery document gives under a member."""
    return lambda profile: (profile.path(member, of_keycloak=True),)


def _wallet(profile: Profile) -> tuple[str, ...]:
    """With and without a slash at the end: production clients use both."""
    path = profile.path("authorization_endpoint")
    return path, f"{path}/"


def _login_action(profile: Profile) -> tuple[str, ...]:
    return (profile.realm_path + authorization.LOGIN_ACTION,)


def _wallet_login_action(profile: Profile) -> tuple[str, ...]:
    return (profile.path("authorization_endpoint") + authorization.LOGIN_ACTION,)


_GET, _POST, _BOTH = ("GET",), ("POST",), ("GET", "POST")

AUTH: tuple[Endpoint, ...] = (
    Endpoint(name="discovery", paths=_well_known("discovery"), methods=_GET, handle=discovery.wallet_configuration),
    Endpoint(
        name="discovery", paths=_well_known("keycloak_discovery"), methods=_GET, handle=discovery.keycloak_configuration
    ),
    Endpoint(
        name="authorization", paths=_keycloak("authorization_endpoint"), methods=_BOTH, handle=authorization.authorize
    ),
    Endpoint(name="authorization", paths=_login_action, methods=_POST, handle=authorization.decide),
    Endpoint(name="token", paths=_listed("token_endpoint"), methods=_POST, handle=token.token),
    Endpoint(
        name="introspection", paths=_listed("introspection_endpoint"), methods=_POST, handle=introspection.introspect
    ),
    Endpoint(name="userinfo", paths=_listed("userinfo_endpoint"), methods=_BOTH, handle=userinfo.userinfo),
    Endpoint(name="logout", paths=_listed("end_session_endpoint"), methods=_BOTH, handle=logout.logout),
    Endpoint(
        name="logout", paths=_listed("end_session_endpoint", logout.CONFIRM), methods=_POST, handle=logout.confirm
    ),
    Endpoint(name="jwks", paths=_listed("jwks_uri"), methods=_GET, handle=discovery.jwks),
    Endpoint(name="revocation", paths=_listed("revocation_endpoint"), methods=_POST, handle=revocation.revoke),
)

WALLET: tuple[Endpoint, ...] = (
    Endpoint(name="authorization", paths=_wallet, methods=_BOTH, handle=authorization.authorize),
    Endpoint(name="authorization", paths=_wallet_login_action, methods=_POST, handle=authorization.decide),
)

__all__ = ["AUTH", "WALLET", "Endpoint"]
