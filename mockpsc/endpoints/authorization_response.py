"""Sends the answer to an authorization request to the relying party, in the response mode that it asked for
(OAuth 2.0 Multiple Response Type Encoding Practices, Form Post Response Mode, JARM)."""

from urllib.parse import urlencode

from starlette.responses import HTMLResponse, RedirectResponse, Response

from mockpsc import pages
from mockpsc.endpoints.authorization_request import Destination
from mockpsc.errors import OAuthError
from mockpsc.faults import Occasion
from mockpsc.faults.base import redirection
from mockpsc.faults.subjects import Redirection
from mockpsc.provider import Provider

_JARM_LIFETIME = 60


def accepted(
    provider: Provider, destination: Destination, occasion: Occasion, *, session_id: str, code: str | None
) -> Response:
    """The answer that carries a code, its members in Keycloak's order."""
    members = {"state": destination.state, "session_state": session_id, "iss": _iss(provider), "code": code}
    return _deliver(provider, destination, occasion, members)


def refused(provider: Provider, destination: Destination, refusal: OAuthError, occasion: Occasion) -> Response:
    """The answer that carries an error (RFC 6749 §4.1.2.1), its members in Keycloak's order."""
    members = {"error": refusal.error, "error_description": refusal.description}
    members |= {"state": destination.state, "iss": _iss(provider)}
    return _deliver(provider, destination, occasion, members)


def _iss(provider: Provider) -> str | None:
    """RFC 9207: sent when the discovery document says so, and only then."""
    return provider.issuer if provider.profile.iss_in_authorization_response else None


def _deliver(
    provider: Provider, destination: Destination, occasion: Occasion, members: dict[str, str | None]
) -> Response:
    parameters = tuple((name, value) for name, value in members.items() if value is not None)
    meant = Redirection(uri=destination.redirect_uri, parameters=parameters)
    answer = provider.faults.change(redirection("authorization"), meant, occasion)
    fields = answer.parameters
    mode, _, jwt = destination.response_mode.rpartition(".")
    if jwt == "jwt":
        fields = (("response", _signed(provider, destination, fields, occasion)),)
    else:
        mode = destination.response_mode
    if mode == "form_post":
        return HTMLResponse(pages.form_post(language="fr", action=answer.uri, fields=fields))
    return RedirectResponse(located(answer.uri, fields, separator="#" if mode == "fragment" else "?"), 302)


def _signed(
    provider: Provider, destination: Destination, fields: tuple[tuple[str, str], ...], occasion: Occasion
) -> str:
    expiry = int(provider.clock.now()) + _JARM_LIFETIME
    claims = {"exp": expiry, "iss": provider.issuer, "aud": destination.client.id, **dict(fields)}
    return provider.issue("authorization", claims, occasion)


def located(uri: str, parameters: tuple[tuple[str, str], ...], *, separator: str = "?") -> str:
    """A URI with parameters added, in its query or, with `#`, in its fragment."""
    if not parameters:
        return uri
    return f"{uri}{'&' if separator == '?' and '?' in uri else separator}{urlencode(parameters)}"
