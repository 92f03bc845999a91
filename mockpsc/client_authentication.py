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
from mockpsc.errors import InvalidClient
from mockpsc.parameters import Parameters
from mockpsc.pki import common_name, parse_dn, same_dn, show_dn
from mockpsc.provider import Provider

_BAD_CREDENTIALS = "Invalid client or Invalid client credentials"


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What a request says of who sends it."""

    form_id: str | None
    basic_id: str | None
    secret: str | None
    certificate: x509.Certificate | None


def peer_certificate(request: Request) -> x509.Certificate | None:
    """The certificate that the client presented, and that was verified, in the TLS handshake."""
    peer = request.scope.get("extensions", {}).get("mockpsc.tls")
    certificate: x509.Certificate | None = peer.certificate if peer else None
    return certificate


def authenticate_client(provider: Provider, request: Request, form: Parameters) -> Client:
    """The relying party that sends this request. Raises InvalidClient with what was missing."""
    credentials = _credentials(request, form)
    client_id = credentials.form_id or credentials.basic_id
    if credentials.form_id and credentials.basic_id and credentials.form_id != credentials.basic_id:
        hint = f"The form says client_id {credentials.form_id!r} and HTTP Basic {credentials.basic_id!r}: send one id."
        raise InvalidClient(_BAD_CREDENTIALS, hint=hint)
    if not client_id:
        raise InvalidClient(
            "Missing client_id parameter", status=400, hint="No client_id came in the form, nor a user in HTTP Basic."
        )
    request.state.client_id = client_id
    client = provider.clients.get(client_id)
    if client is None:
        raise InvalidClient(_BAD_CREDENTIALS, hint=provider.clients.hint(client_id))
    if not client.declared:
        provider.note(f"The client {client_id!r} is not declared: any certificate that verifies is accepted for it.")
    _authenticate(provider, client, credentials)
    return client


def _authenticate(provider: Provider, client: Client, credentials: Credentials) -> None:
    if client.authentication == "secret":
        return _require_secret(client, credentials)
    flaw = _certificate_flaw(client, credentials)
    if flaw is None:
        if credentials.secret is not None:
            provider.note(f"The client {client.id!r} sent a secret beside its certificate: ignored.")
        return None
    if client.authentication == "either" and credentials.secret is not None:
        return _require_secret(client, credentials)
    if credentials.form_id is None:
        raise InvalidClient("Missing client_id parameter", status=400, hint=flaw)
    raise InvalidClient(_BAD_CREDENTIALS, hint=flaw)


def _certificate_flaw(client: Client, credentials: Credentials) -> str | None:
    """Why a certificate does not authenticate the client, or None when it does."""
    certificate = credentials.certificate
    if credentials.form_id is None:
        return "The form has no client_id, which RFC 8705 §2 requires beside a certificate, whatever HTTP Basic says."
    if certificate is None:
        secret = (
            " The secret that was sent is not used." if credentials.secret and client.authentication == "mtls" else ""
        )
        return f"No client certificate was presented; the client {client.id!r} authenticates by certificate.{secret}"
    return _subject_flaw(client, certificate)


def _subject_flaw(client: Client, certificate: x509.Certificate) -> str | None:
    if not client.declared:
        return None
    subject = show_dn(certificate.subject)
    if client.subject_dn is not None:
        if same_dn(certificate.subject, parse_dn(client.subject_dn)):
            return None
        return f"The certificate's subject is {subject!r}; registered for {client.id!r}: {client.subject_dn!r}."
    if common_name(certificate.subject) == client.id:
        return None
    return f"The certificate's subject is {subject!r}; expected the common name {client.id!r}, the client id."


def _require_secret(client: Client, credentials: Credentials) -> None:
    secret = credentials.secret
    if secret is None:
        hint = f"No client_secret was sent; the client {client.id!r} authenticates by secret."
    elif client.secret is None or not compare_digest(client.secret.encode(), secret.encode()):
        hint = f"The client_secret sent for {client.id!r} is not the declared one."
    else:
        return
    raise InvalidClient(_BAD_CREDENTIALS, hint=hint)


def _credentials(request: Request, form: Parameters) -> Credentials:
    basic_id, basic_secret = _basic(request.headers.get("authorization", ""))
    form_id = form.get("client_id") or request.query_params.get("client_id")
    return Credentials(
        form_id=form_id,
        basic_id=basic_id,
        secret=basic_secret if basic_id is not None else form.get("client_secret"),
        certificate=peer_certificate(request),
    )


def _basic(header: str) -> tuple[str | None, str | None]:
    """The user and the password of HTTP Basic, each form-urlencoded within (RFC 6749 §2.3.1)."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None, None
    try:
        user, colon, password = b64decode(value.strip(), validate=True).decode().partition(":")
    except ValueError:
        return None, None
    return (unquote_plus(user), unquote_plus(password)) if colon and user else (None, None)
