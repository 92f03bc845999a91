"""Reads an authorization request in the order of checks measured on Keycloak (OpenID Connect Core §3.1.2.1, RFC 7636).

Until the redirect URI is known to be the client's, a refusal is a page; from then on it is sent to the client.
"""

import re
from dataclasses import dataclass

from mockpsc.clients import Client
from mockpsc.errors import (
    InvalidRequest,
    InvalidScope,
    PageError,
    RequestNotSupported,
    RequestUriNotSupported,
    UnauthorizedClient,
    UnsupportedResponseType,
    nearest,
)
from mockpsc.parameters import Parameters
from mockpsc.provider import Provider

RESPONSE_MODES = ("query", "fragment", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt")
CHALLENGE_METHODS = ("plain", "S256")
_CHALLENGE = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Where the answer goes."""

    client: Client
    redirect_uri: str
    response_mode: str
    state: str | None


@dataclass(frozen=True, kw_only=True)
class AuthorizationRequest:
    """What a relying party asks for. `scope` is what it is granted; `max_age` is in seconds."""

    destination: Destination
    response_type: str
    scope: str
    nonce: str | None
    prompt: frozenset[str]
    max_age: int | None
    login_hint: str | None
    code_challenge: str | None
    code_challenge_method: str | None

    @property
    def client(self) -> Client:
        """Who asks."""
        return self.destination.client


def read_destination(provider: Provider, parameters: Parameters) -> Destination:
    """The client and its redirect URI. Raises PageError when they cannot be trusted."""
    client = _client(provider, parameters.get("client_id"))
    _require_readable_max_age(parameters.get("max_age"))
    uri = parameters.get("redirect_uri")
    if uri is None or not client.accepts_redirect_uri(uri):
        raise PageError("Invalid parameter: redirect_uri", hint=_redirect_uri_hint(client, uri))
    mode = parameters.get("response_mode")
    return Destination(
        client=client,
        redirect_uri=uri,
        response_mode=mode if mode in RESPONSE_MODES else _default_mode(parameters),
        state=parameters.get("state"),
    )


def _default_mode(parameters: Parameters) -> str:
    """Without a response_mode the response_type decides (OpenID Connect Core §3.2.2.6); a bad one means the query."""
    implicit = {"token", "id_token"} & set((parameters.get("response_type") or "").split())
    return "fragment" if implicit and "response_mode" not in parameters else "query"


def _client(provider: Provider, client_id: str | None) -> Client:
    if client_id is None:
        raise PageError("Invalid Request", hint="The authorization request has no client_id.")
    client = provider.clients.get(client_id)
    if client is None:
        hint = provider.clients.hint(client_id) if client_id else "The client_id is empty."
        raise PageError("Client not found.", hint=hint)
    if not client.declared:
        provider.note_once(
            f"The client {client_id!r} is not declared: any https or loopback redirect URI is accepted for it."
        )
    return client


def _require_readable_max_age(max_age: str | None) -> None:
    if max_age is not None and not re.fullmatch(r"-?[0-9]{1,9}", max_age):
        raise PageError("Invalid Request", hint=f"max_age is {max_age!r}; expected a number of seconds.")


def _redirect_uri_hint(client: Client, uri: str | None) -> str:
    if uri is None:
        return "The authorization request has no redirect_uri."
    if not client.declared:
        return f"redirect_uri is {uri!r}; expected an absolute https URI, or http on loopback, without fragment."
    registered = ", ".join(client.redirect_uris) or "none"
    close = nearest(uri, client.redirect_uris)
    return f"redirect_uri is {uri!r}{close}. It must be, to the letter, one that {client.id!r} declares: {registered}."


def read_request(provider: Provider, destination: Destination, parameters: Parameters) -> AuthorizationRequest:
    """The rest of the request. Raises OAuthError, to be sent to the destination."""
    response_type = _response_type(parameters)
    parameters.refuse_repeated()
    _refuse_request_objects(parameters)
    scope = _scope(provider, destination.client, parameters.get("scope"))
    challenge, method = _challenge(parameters)
    max_age = parameters.get("max_age")
    return AuthorizationRequest(
        destination=destination,
        response_type=response_type,
        scope=scope,
        nonce=parameters.get("nonce"),
        prompt=_prompt(parameters.get("prompt")),
        max_age=int(max_age) if max_age is not None else None,
        login_hint=parameters.get("login_hint"),
        code_challenge=challenge,
        code_challenge_method=method,
    )


def _response_type(parameters: Parameters) -> str:
    value, mode = parameters.get("response_type"), parameters.get("response_mode")
    if value is None:
        raise InvalidRequest("Missing parameter: response_type", hint="Expected response_type=code.")
    types = set(value.split())
    if not types or types - {"code", "none", "token", "id_token"} or (types > {"none"}):
        raise UnsupportedResponseType(hint=f"response_type is {value!r}; expected 'code'.")
    if mode is not None and mode not in RESPONSE_MODES:
        hint = f"response_mode is {mode!r}{nearest(mode, RESPONSE_MODES)}; expected one of {', '.join(RESPONSE_MODES)}."
        raise InvalidRequest("Invalid parameter: response_mode", hint=hint)
    if types & {"token", "id_token"}:
        _refuse_implicit(mode)
    return " ".join(sorted(types))


def _refuse_implicit(mode: str | None) -> None:
    if mode == "query":
        raise InvalidRequest("Response_mode 'query' not allowed for implicit or hybrid flow")
    description = (
        "Client is not allowed to initiate browser login with given response_type. "
        "Implicit flow is disabled for the client."
    )
    raise UnauthorizedClient(description, hint="Pro Santé Connect's relying parties use response_type=code.")


def _refuse_request_objects(parameters: Parameters) -> None:
    hint = "mockpsc reads no request objects (RFC 9101): send the parameters themselves."
    if "request" in parameters:
        raise RequestNotSupported(hint=hint)
    if "request_uri" in parameters:
        raise RequestUriNotSupported(hint=hint)


def _scope(provider: Provider, client: Client, raw: str | None) -> str:
    asked = list(dict.fromkeys((raw or "").split()))
    unknown = [scope for scope in asked if scope not in provider.profile.scopes or not client.allows_scope(scope)]
    if unknown:
        close = nearest(unknown[0], provider.profile.scopes)
        hint = f"The scope {unknown[0]!r} is not one that {client.id!r} can ask for{close}; usual: 'openid scope_all'."
        raise InvalidScope(f"Invalid scopes: {raw}", hint=hint)
    return provider.profile.with_default_scopes(asked)


def _challenge(parameters: Parameters) -> tuple[str | None, str | None]:
    challenge, method = parameters.get("code_challenge"), parameters.get("code_challenge_method")
    if challenge is None and method is None:
        return None, None
    if challenge is None:
        raise InvalidRequest("Missing parameter: code_challenge", hint="A code_challenge_method came alone.")
    if method is not None and method not in CHALLENGE_METHODS:
        hint = f"code_challenge_method is {method!r}{nearest(method, CHALLENGE_METHODS)}; expected S256 or plain."
        raise InvalidRequest("Invalid parameter: code_challenge_method", hint=hint)
    if not _CHALLENGE.fullmatch(challenge):
        hint = "A code_challenge is 43 to 128 characters of A-Z a-z 0-9 - . _ ~ (RFC 7636 §4.2), without padding."
        raise InvalidRequest("Invalid parameter: code_challenge", hint=hint)
    return challenge, method or "plain"


def _prompt(value: str | None) -> frozenset[str]:
    prompt = frozenset((value or "").split())
    if "none" in prompt and len(prompt) > 1:
        hint = "prompt=none goes with no other value (OpenID Connect Core §3.1.2.1)."
        raise InvalidRequest("Invalid parameter: prompt", hint=hint)
    return prompt
