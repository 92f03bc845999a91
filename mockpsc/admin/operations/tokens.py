"""Tokens without a flow, for the tests of resource servers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography import x509

from mockpsc.admin.api import Operation, refused
from mockpsc.admin.control import Control
from mockpsc.admin.operations.personas import find_persona
from mockpsc.admin.token_asked import TokenAsked
from mockpsc.clients import Client
from mockpsc.errors import Unusable, nearest
from mockpsc.faults import Occasion
from mockpsc.journal.records import iso
from mockpsc.members import member
from mockpsc.pki import load_certificates, thumbprint
from mockpsc.store import Session
from mockpsc.tokens import Grant, TokenKind, claims


@dataclass(frozen=True, kw_only=True)
class TokenBody(TokenAsked):
    """A token to issue."""

    persona: str = member(help="The id of the person whom it stands for.")
    claims: dict[str, Any] = member({}, "Claims that are laid over its own; null takes one away.")


async def _issue(control: Control, body: TokenBody) -> dict[str, Any]:
    persona, client = find_persona(control, body.persona), _client(control, body.client)
    scope, certificate = _scope(control, client, body), _bound_to(control, client, body)
    session = await control.provider.sessions.open(persona.id)
    await control.provider.sessions.attach(session, client.id)
    bound_to = thumbprint(certificate) if certificate else None
    grant = control.provider.grant(client, persona, session, scope=scope, thumbprint=bound_to)
    return _issued(control, grant, session, body)


def _issued(control: Control, grant: Grant, session: Session, body: TokenBody) -> dict[str, Any]:
    """The token; of an ID token, also the access token that goes with it."""
    provider, now = control.provider, control.clock.now()
    lifetime = provider.settings.access_token_lifetime if body.lifetime is None else body.lifetime
    times = {"now": now, "expires_at": min(now + lifetime, session.expires_at)}
    said: Mapping[str, Any] = claims.access_token(grant, provider.profile, **times)
    if body.kind == "access_token":
        return _signed(control, grant, "access_token", _overlaid(said, body.claims))
    access = _signed(control, grant, "access_token", said)["token"]
    said = claims.id_token(grant, provider.profile, **times, access_token=access)
    return _signed(control, grant, "id_token", _overlaid(said, body.claims)) | {"access_token": access}


def _signed(control: Control, grant: Grant, kind: TokenKind, said: Mapping[str, Any]) -> dict[str, Any]:
    """A token as the armed faults make it."""
    occasion = Occasion(listener="admin", client=grant.client_id, persona=grant.persona.id)
    token = control.provider.issue(kind, said, occasion)
    ((_, final),) = occasion.trace.tokens
    return {"token": token, "claims": dict(final), "expires_at": _moment(final.get("exp"))}


def _overlaid(said: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**said, **over}.items() if over.get(name, value) is not None}


def _moment(seconds: Any) -> str | None:
    """A time as a claim has it, in ISO 8601; None for what is none."""
    try:
        return iso(seconds, timespec="seconds")
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _client(control: Control, id: str | None) -> Client:
    clients = control.provider.clients
    id = control.connection.client_id if id is None else id
    client = clients.get(id)
    if client is None:
        raise Unusable(clients.hint(id))
    return client


def _scope(control: Control, client: Client, body: TokenBody) -> str:
    """What is granted, with what every login of the profile is granted."""
    profile, asked = control.provider.profile, body.scope.split()
    for scope in asked:
        if scope not in profile.scopes or not client.allows_scope(scope):
            raise Unusable(f"The client {client.id!r} cannot be granted {scope!r}{nearest(scope, profile.scopes)}.")
    if body.kind == "id_token" and "openid" not in asked:
        raise Unusable(f"The scope is {body.scope!r}; an ID token is given for one that has openid.")
    return profile.with_default_scopes(asked)


def _bound_to(control: Control, client: Client, body: TokenBody) -> x509.Certificate | None:
    """The certificate that the token is bound to (RFC 8705 §3), when tokens are."""
    if not control.settings.bind_tokens or "cnf" in body.claims:
        return None
    with refused():
        file = control.pki.files.client(client.id).cert
        known = client.registration.certificates or (load_certificates(file) if file.exists() else ())
    if not known:
        raise Unusable(
            f"Tokens are bound to the client's certificate (bind_tokens), and that of {client.id!r} is not known: "
            'give its thumbprint, as claims {"cnf": {"x5t#S256": "…"}}.'
        )
    return known[0]


OPERATIONS = (
    Operation(
        method="POST",
        path="/api/tokens",
        summary="Log a person in and issue a token, without a browser and without a code. Armed faults act on it.",
        answer="The `token`, its `claims` and when it `expires_at`; with an ID token also its `access_token`.",
        function=_issue,
        body=TokenBody,
        example={"persona": "899700218896", "client": "my-client", "claims": {"acr": "eidas2", "authMode": None}},
        status=201,
    ),
)
