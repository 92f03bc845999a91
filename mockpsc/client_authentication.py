"""Which relying party is calling? By certificate (RFC 8705 §2.1), by secret (RFC 6749 §2.3.1), with Keycloak's answers.

The client id of a certificate comes from the form, as in Keycloak's `client-x509`; that of a secret from HTTP Basic or
from the form.
"""

from base64 import b64decode
from dataclasses import dataclass
from hmac import compare_digest
from urllib.parse import unquote_plus

from cryptography import x509
from starlette.requests import Request

from mockpsc.clients import Client
from mockpsc.errors import InvalidClient, OAuthError, bad_credentials
from mockpsc.judgement import Peer, judge_registration
from mockpsc.parameters import Parameters
from mockpsc.provider import Provider


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What a request says of who sends it."""

    form_id: str | None
    basic_id: str | None
    secret: str | None
    peer: Peer

    @property
    def certificate(self) -> x509.Certificate | None:
        """The certificate presented."""
        return self.peer.certificate


def peer_of(request: Request) -> Peer:
    """What the client of this request's connection presented."""
    peer: Peer = request.scope.get("extensions", {}).get("mockpsc.tls", Peer())
    return peer


def peer_certificate(request: Request) -> x509.Certificate | None:
    """The certificate of the client of this request's connection, unless it was found bad."""
    peer = peer_of(request)
    return peer.certificate if peer.refusal is None else None


def authenticate_client(provider: Provider, request: Request, form: Parameters) -> Client:
    """The relying party that sends this request. Raises InvalidClient (or, of an old Keycloak, UnauthorizedClient)."""
    credentials = _credentials(request, form)
    client_id = credentials.form_id or credentials.basic_id
    if credentials.form_id and credentials.basic_id and credentials.form_id != credentials.basic_id:
        hint = f"The form says client_id {credentials.form_id!r} and HTTP Basic {credentials.basic_id!r}: send one id."
        raise _bad_credentials(provider, hint)
    if not client_id:
        raise InvalidClient(
            "Missing client_id parameter", status=400, hint="No client_id came in the form, nor a user in HTTP Basic."
        )
    request.state.occasion.client = client_id
    client = provider.clients.get(client_id)
    if client is None:
        raise _bad_credentials(provider, provider.clients.hint(client_id))
    if not client.declared:
        provider.note_once(
            f"The client {client_id!r} is not declared: any certificate that verifies is accepted for it."
        )
    _authenticate(provider, client, credentials)
    return client


def _authenticate(provider: Provider, client: Client, credentials: Credentials) -> None:
    if client.authentication == "secret":
        return _require_secret(provider, client, credentials)
    flaw = _certificate_flaw(client, credentials)
    if flaw is None:
        if credentials.secret is not None:
            provider.note(f"The client {client.id!r} sent a secret beside its certificate: ignored.")
        return None
    if client.authentication == "either" and credentials.secret is not None:
        return _require_secret(provider, client, credentials)
    if credentials.form_id is None:
        raise InvalidClient("Missing client_id parameter", status=400, hint=flaw.hint)
    raise _bad_credentials(provider, flaw.hint, flaw.reason)


def _bad_credentials(provider: Provider, hint: str, reason: str = "") -> OAuthError:
    return bad_credentials(provider.settings.keycloak, hint=hint, reason=reason)


@dataclass(frozen=True, kw_only=True)
class _Flaw:
    """Why a certificate does not authenticate a client: for a person, and the verdict's code word, if it is one."""

    hint: str
    reason: str = ""


def _certificate_flaw(client: Client, credentials: Credentials) -> _Flaw | None:
    """Why a certificate does not authenticate the client, or None when it does."""
    certificate = credentials.certificate
    if credentials.form_id is None:
        return _Flaw(
            hint="The form has no client_id, which RFC 8705 §2 requires beside a certificate, whatever HTTP Basic says."
        )
    if certificate is None:
        secret = (
            " The secret that was sent is not used." if credentials.secret and client.authentication == "mtls" else ""
        )
        hint = f"No client certificate was presented; the client {client.id!r} authenticates by certificate.{secret}"
        return _Flaw(hint=hint, reason="missing")
    refusal = credentials.peer.refusal
    if refusal is None and client.declared:
        refusal = judge_registration(certificate, client.registration, client.id)
    return _Flaw(hint=str(refusal), reason=refusal.reason) if refusal else None


def _require_secret(provider: Provider, client: Client, credentials: Credentials) -> None:
    secret = credentials.secret
    if secret is None:
        hint = f"No client_secret was sent; the client {client.id!r} authenticates by secret."
    elif client.secret is None or not compare_digest(client.secret.encode(), secret.encode()):
        hint = f"The client_secret sent for {client.id!r} is not the declared one."
    else:
        return
    raise _bad_credentials(provider, hint)


def _credentials(request: Request, form: Parameters) -> Credentials:
    basic_id, basic_secret = basic_credentials(request.headers.get("authorization", ""))
    form_id = form.get("client_id") or request.query_params.get("client_id")
    return Credentials(
        form_id=form_id,
        basic_id=basic_id,
        secret=basic_secret if basic_id is not None else form.get("client_secret"),
        peer=peer_of(request),
    )


def basic_credentials(header: str) -> tuple[str | None, str | None]:
    """The user and the password of HTTP Basic, each form-urlencoded within (RFC 6749 §2.3.1)."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None, None
    try:
        user, colon, password = b64decode(value.strip(), validate=True).decode().partition(":")
    except ValueError:
        return None, None
    return (unquote_plus(user), unquote_plus(password)) if colon and user else (None, None)


def bearer_token(request: Request) -> str | None:
    """The token in the Authorization header (RFC 6750 §2.1)."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() or None if scheme.lower() == "bearer" else None
