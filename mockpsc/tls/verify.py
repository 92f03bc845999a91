"""Hears all that OpenSSL finds wrong with a client's certificate, and decides in the end whether to refuse it.

pyOpenSSL's own callback must accept or refuse at each error, knows neither which client it is about nor what else is
wrong, and its refusal in the end would send the alert `internal_error`. So this module, and no other, goes one layer
below, to the functions that pyOpenSSL itself is made of: every error is noted, with the chain as it was sent; after the
last one the handshake is refused with the alert of the first error, or goes on, for HTTP to refuse.
"""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import lru_cache
from types import TracebackType
from typing import Any

from cryptography import x509
from OpenSSL import SSL, crypto

from mockpsc.judgement import VerificationError
from mockpsc.pki import UNREADABLE

log = logging.getLogger("mockpsc.tls")

_lib: Any = SSL._lib  # type: ignore[attr-defined]
_ffi: Any = SSL._ffi  # type: ignore[attr-defined]

_HANDSHAKE, _CERTIFICATE, _TLS1_3 = 22, 11, 0x0304

MALFORMED = 13  # X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD, of which the alert is bad_certificate


@dataclass(kw_only=True, eq=False)
class Findings:
    """What OpenSSL's callbacks have seen on one connection: the connection's application data."""

    presented: tuple[bytes, ...] = ()
    """The certificates as they were sent, in DER, the client's own first."""
    leaf: x509.Certificate | None = None
    subject: str | None = None
    """The subject of the client's own certificate (RFC 4514)."""
    errors: list[VerificationError] = field(default_factory=list)
    alerts_sent: list[int] = field(default_factory=list)
    alerts_received: list[int] = field(default_factory=list)
    judged: bool = False
    """Whether OpenSSL has come to the client's own certificate, which it does last."""
    condemn: Callable[[x509.Certificate | None], int | None] | None = None
    """Asked once about the client's own certificate: the code of an error that it is to have all the same, if any."""
    condemned: bool = False


Enforce = Callable[[x509.Certificate | None], bool]


class Watch:
    """The callbacks of contexts, as whose connections it must live as long.

    `enforce` says, for the client's own certificate (None: unreadable), whether errors refuse the handshake; the codes
    in `tolerated` are no errors.
    """

    def __init__(self, enforce: Enforce, *, tolerated: Collection[int] = ()) -> None:
        self._enforce, self._tolerated = enforce, tolerated
        self._on_verify = _ffi.callback("int (*)(int, X509_STORE_CTX *)", self._verify, onerror=_defect)
        self._on_message = _ffi.callback(
            "void (*)(int, int, int, const void *, size_t, SSL *, void *)", _message, onerror=_message_defect
        )

    def attach(self, context: SSL.Context, *, require: bool) -> None:
        """Ask the clients of a context for a certificate; with `require`, none at all is refused."""
        mode = SSL.VERIFY_PEER | (SSL.VERIFY_FAIL_IF_NO_PEER_CERT if require else 0)
        _lib.SSL_CTX_set_verify(context._context, mode, self._on_verify)
        _lib.SSL_CTX_set_msg_callback(context._context, self._on_message)

    def _verify(self, ok: int, store: Any) -> int:
        findings: Findings = _connection(store).get_app_data()
        depth = _lib.X509_STORE_CTX_get_error_depth(store)
        if findings.subject is None:
            findings.leaf, findings.subject = read_certificate(findings.presented[0])
        code = _lib.X509_STORE_CTX_get_error(store)
        if not ok and code not in self._tolerated:
            current = readable(_certificate(_lib.X509_STORE_CTX_get_current_cert(store)))
            findings.errors.append(VerificationError(code=code, depth=depth, certificate=current))
        findings.judged = findings.judged or (bool(ok) and depth == 0)
        if findings.judged:
            _ask_to_condemn(findings)
        return self._decide(store, findings)

    def _decide(self, store: Any, findings: Findings) -> int:
        """Go on until all is seen. A flaw in a name is found after the client's own certificate has been accepted."""
        if findings.judged and findings.leaf is None and not findings.errors:
            findings.errors.append(VerificationError(code=MALFORMED, depth=0, certificate=None))
        refuse = findings.judged and bool(findings.errors) and (findings.condemned or self._enforce(findings.leaf))
        if not refuse:
            _lib.ERR_clear_error()  # what a forgiven error left behind would be taken for the next call's
        _lib.X509_STORE_CTX_set_error(store, findings.errors[0].code if refuse else _lib.X509_V_OK)
        return 0 if refuse else 1


def _ask_to_condemn(findings: Findings) -> None:
    condemn, findings.condemn = findings.condemn, None
    code = condemn(findings.leaf) if condemn else None
    if code is not None:
        findings.condemned = True
        findings.errors.insert(0, VerificationError(code=code, depth=0, certificate=findings.leaf))


@lru_cache(maxsize=256)
def read_certificate(der: bytes) -> tuple[x509.Certificate | None, str]:
    """The certificate and its subject (RFC 4514), or None: OpenSSL can read more certificates than cryptography.

    A client presents the same one at each connection, so what was read is kept."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        return certificate, certificate.subject.rfc4514_string()
    except UNREADABLE:
        return None, "(malformed)"


def readable(certificate: crypto.X509) -> x509.Certificate | None:
    """OpenSSL's certificate as cryptography's, or None when it cannot read it."""
    try:
        return certificate.to_cryptography()
    except UNREADABLE:
        return None


def _connection(store: Any) -> SSL.Connection:
    pointer = _lib.X509_STORE_CTX_get_ex_data(store, _lib.SSL_get_ex_data_X509_STORE_CTX_idx())
    connection: SSL.Connection = SSL.Connection._reverse_mapping[pointer]
    return connection


def _certificate(pointer: Any) -> crypto.X509:
    _lib.X509_up_ref(pointer)
    certificate: crypto.X509 = crypto.X509._from_raw_x509_ptr(pointer)
    return certificate


def _message(sent: int, version: int, kind: int, data: Any, size: int, ssl: Any, _: Any) -> None:
    """Note the chain of the client's Certificate message (RFC 5246 §7.4.2, RFC 8446 §4.4.2)."""
    if sent or kind != _HANDSHAKE:
        return
    message = bytes(_ffi.buffer(data, size))
    connection = SSL.Connection._reverse_mapping.get(ssl)
    if connection is not None and message[0] == _CERTIFICATE:
        connection.get_app_data().presented = tuple(certificates_of(message, with_context=version == _TLS1_3))


def certificates_of(message: bytes, *, with_context: bool) -> list[bytes]:
    """The certificates, in DER, of a Certificate message; `with_context` is the form of TLS 1.3. What is cut off is
    left out: OpenSSL refuses such a message by itself."""
    position = 4 + (1 + message[4] if with_context and len(message) > 4 else 0) + 3
    found: list[bytes] = []
    while position + 3 <= len(message):
        end = position + 3 + int.from_bytes(message[position : position + 3])
        if end <= len(message):
            found.append(message[position + 3 : end])
        position = end
        if with_context:
            position += 2 + int.from_bytes(message[position : position + 2])
    return found


def _defect(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> int:
    """An exception of our own in a callback cannot pass through OpenSSL: it is logged, and refuses the handshake."""
    log.error("A callback of OpenSSL's failed", exc_info=(kind, error, trace))
    return 0


def _message_defect(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _defect(kind, error, trace)
