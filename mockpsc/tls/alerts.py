"""Why a handshake failed, if not for the client's certificate: by the alert (RFC 8446 §6), or by the lack of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mockpsc.tls.hello import TlsVersion


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a handshake came to nothing: a stable code word for programs, a sentence for people."""

    reason: str
    sentence: str


CLOSE_NOTIFY: Final = 0
USER_CANCELED: Final = 90
"""These two end a handshake politely and blame nobody."""

UNRECOGNIZED_NAME: Final = 112

_NAMES = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    22: "record_overflow",
    40: "handshake_failure",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    109: "missing_extension",
    110: "unsupported_extension",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    116: "certificate_required",
    120: "no_application_protocol",
}

# What a client means by the alert that it sends. OpenSSL (curl, Python, PHP) tells them well apart, Java hardly.
_MEANINGS = {
    40: "found nothing in what the mock offers that it could agree to: compare its cipher suites and TLS versions",
    42: "does not accept the mock's certificate, most often because it does not name the host that the client asked "
    "for: use a URL with a name that the certificate has",
    43: "finds that the mock's certificate is not for a server: use one with the extended key usage serverAuth",
    44: "finds that the mock's certificate was revoked: use another one",
    45: "finds that the mock's certificate has expired: compare the client's clock with the mock's, or renew it",
    46: "does not accept the mock's certificate, for a reason that it keeps: give it ca.pem, and use a URL with "
    "a name that the certificate has",
    48: "does not trust the mock's CA: give it ca.pem",
    51: "finds that a signature of the mock's does not verify: give it the ca.pem that the mock uses now",
    70: "does not speak any of the mock's TLS versions",
}

# What we mean by the alert that we send. `{detail}` is OpenSSL's name for it.
_OUR_MEANINGS = {
    40: "The client offered no cipher suite, group or signature algorithm that the mock has too ({detail}). "
    "Let it use its library's defaults.",
    51: "The client did not prove that it has the key of its certificate ({detail}). Give it the key that belongs to "
    "the certificate.",
    70: "The client offered {offered}; expected: {expected}. Let it use a version that the mock speaks.",
}
_NOT_TO_THE_LETTER = "The client did not keep to the protocol: OpenSSL says {detail!r}, and sent alert {alert}, {name}."

_VERSIONS = {int(version): str(version) for version in TlsVersion}

CLOSED_BEFORE_HELLO = Refusal(
    reason="closed",
    sentence="The client closed before it had sent a ClientHello, as health checks and browsers' spare connections do.",
)
CLOSED = Refusal(
    reason="closed",
    sentence="The client closed in the middle of the handshake without a word. Some, like Node, do so when they do not "
    "trust the mock's CA: give it ca.pem.",
)
RESET = Refusal(reason="reset", sentence="The client reset the connection in the middle of the handshake.")
TIMED_OUT = Refusal(reason="timeout", sentence="The client did not finish the handshake in time.")
STOPPED = Refusal(reason="stopped", sentence="The mock was stopped in the middle of the handshake.")
BROKEN = Refusal(reason="fault", sentence="The mock broke the connection on purpose, as an armed fault asks.")
FAILED = Refusal(reason="failed", sentence="The mock failed in the middle of the handshake: its log says why.")


def alert(number: int) -> bytes:
    """A fatal alert as a record of its own, before any key is agreed on (RFC 8446 §6)."""
    return bytes([21, 3, 3, 0, 2, 2, number])


def name_of(alert: int) -> str:
    """The name of an alert as the RFC writes it."""
    return _NAMES.get(alert, f"alert_{alert}")


def client_refused(alert: int) -> Refusal:
    """The client ended the handshake with this alert."""
    meaning = _MEANINGS.get(alert, "ended the handshake: its own log may say why")
    return Refusal(reason=name_of(alert), sentence=f"The client {meaning} (alert {alert}, {name_of(alert)}).")


def server_refused(
    alert: int, *, offered: Sequence[int], versions: tuple[TlsVersion, TlsVersion], detail: str
) -> Refusal:
    """We ended the handshake with this alert, for what OpenSSL calls `detail`, and not for the client's certificate."""
    sentence = _OUR_MEANINGS.get(alert, _NOT_TO_THE_LETTER).format(
        alert=alert,
        name=name_of(alert),
        detail=detail,
        offered=", ".join(_version(number) for number in offered),
        expected=" to ".join(map(str, dict.fromkeys(versions))),
    )
    return Refusal(reason=name_of(alert), sentence=sentence)


def _version(number: int) -> str:
    return _VERSIONS.get(number, f"{number:#06x}")
