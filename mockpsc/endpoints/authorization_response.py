"""Sends the answer to an authorization request to the relying party, in the response mode that it asked for
(OAuth 2.0 Multiple Response Type Encoding Practices, Form Post Response Mode, JARM)."""

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.responses import HTMLResponse, RedirectResponse, Response

from mockpsc import pages
from mockpsc.endpoints.authorization_request import Destination
from mockpsc.errors import OAuthError
from mockpsc.provider import Provider

_JARM_LIFETIME = 60


def accepted(provider: Provider, destination: Destination, *, session_id: str, code: str | None) -> Response:
    """The answer that carries a code, its members in Keycloak's order."""
    return _send(provider, destination, session_state=session_id, iss=_iss(provider), code=code)


def refused(provider: Provider, destination: Destination, refusal: OAuthError) -> Response:
    """The answer that carries an error (RFC 6749 §4.1.2.1), its members in Keycloak's order."""
    members = {"error": refusal.error, "error_description": refusal.description}
    return _deliver(provider, destination, {**members, "state": destination.state, "iss": _iss(provider)})


def _send(provider: Provider, destination: Destination, **members: str | None) -> Response:
    return _deliver(provider, destination, {"state": destination.state, **members})


def _iss(provider: Provider) -> str | None:
    """RFC 9207: sent when the discovery document says so, and only then."""
    return provider.issuer if provider.profile.iss_in_authorization_response else None


def _deliver(provider: Provider, destination: Destination, members: Mapping[str, str | None]) -> Response:
    fields = {name: value for name, value in members.items() if value is not None}
    mode, _, jwt = destination.response_mode.rpartition(".")
    if jwt == "jwt":
        fields = {"response": _signed(provider, destination, fields)}
    else:
        mode = destination.response_mode
    if mode == "form_post":
        return HTMLResponse(pages.form_post(language="fr", action=destination.redirect_uri, fields=fields))
    return RedirectResponse(_located(destination.redirect_uri, mode, fields), 302)


def _signed(provider: Provider, destination: Destination, fields: Mapping[str, str]) -> str:
    expiry = int(provider.clock.now()) + _JARM_LIFETIME
    return provider.signer.sign({"exp": expiry, "iss": provider.issuer, "aud": destination.client.id, **fields})


def _located(uri: str, mode: str, fields: Mapping[str, str]) -> str:
    if mode == "fragment":
        return f"{uri}#{urlencode(fields)}"
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode(fields)}"
