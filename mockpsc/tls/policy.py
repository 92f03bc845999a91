"""Why a handshake failed, in words: what was received, what was expected, and what to do. Pure: nothing here does TLS.

This is for the client's certificate, which OpenSSL's verification errors (the categories of RFC 5280 §6.1) tell about;
what the alerts tell is in `alerts`.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID


@dataclass(frozen=True, kw_only=True)
class VerificationError:
    """What OpenSSL found wrong with a certificate of the client's chain, which `depth` counts from the client's own, 0.

    `code` is an X509_V_ERR_* of openssl/x509_vfy.h, where the numbers do not change. `certificate` is None when it is
    so malformed that cryptography cannot read it.
    """

    code: int
    depth: int
    certificate: x509.Certificate | None


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a handshake came to nothing: a stable code word for programs, a sentence for people."""

    reason: str
    sentence: str


@dataclass(frozen=True)
class _Rule:
    """`sentence` is a format, in which `it` is a `_Finding`."""

    codes: Collection[int]
    reason: str
    sentence: str


_RULES = (
    _Rule(
        (10,),
        "expired",
        "{it.who} expired on {it.until:%Y-%m-%d %H:%M:%S} UTC; the mock's clock says {it.now}. Renew it.",
    ),
    _Rule(
        (9,),
        "not_yet_valid",
        "{it.who} is valid from {it.since:%Y-%m-%d %H:%M:%S} UTC; the mock's clock says {it.now}. Compare the clocks.",
    ),
    _Rule(
        (2, 19, 20, 21, 27),
        "unknown_ca",
        "The chain of the client's certificate ends with the issuer {it.issuer}; expected: {it.trusted}. "
        "Use a certificate of the mock's own CA, or have the mock trust that one.",
    ),
    _Rule(
        (18,),
        "self_signed",
        "{it.who} is self-signed; expected: one issued by {it.trusted}. Use a certificate of the mock's own CA.",
    ),
    _Rule((23,), "revoked", "{it.who} was revoked by its issuer {it.issuer}. Use another one."),
    _Rule(
        (26, 39),
        "wrong_usage",
        "{it.who} is not for the authentication of a client: its extended key usage is {it.usages}; expected: "
        "clientAuth, and digitalSignature as its key usage, for it and its CAs. Have it issued for that.",
    ),
    _Rule(
        (66, 67),
        "weak_key",
        "{it.who} has a key that is too weak; expected: RSA of 2048 bits or EC on P-256, at least. Make a new key.",
    ),
    _Rule(
        (68,),
        "weak_signature",
        "{it.who} is signed with {it.hash}; expected: SHA-256 or better. Have it issued again.",
    ),
    _Rule(
        (24, 32, 37, 79),
        "not_a_ca",
        "{it.who} has issued another and is not a CA; expected: basic constraints CA:TRUE, key usage keyCertSign. "
        "Issue from a CA.",
    ),
    _Rule(
        (22, 25, 38),
        "path_too_long",
        "There are more CAs below {it.subject} than its path length allows. Issue from a CA nearer to the root.",
    ),
    _Rule(
        (47, 48, 49, 51, 52, 53),
        "name_constraint",
        "{it.who} has a name that the name constraints of a CA above it do not permit. Use another CA.",
    ),
    _Rule(
        (34,),
        "unknown_critical_extension",
        "{it.who} has a critical extension that OpenSSL does not know. Issue it without, or not as critical.",
    ),
    _Rule(
        (4, 6, 7),
        "bad_signature",
        "{it.who} is not signed with the key of {it.issuer}: it was altered, or another CA of that name issued it.",
    ),
    _Rule((13, 14, 41, 42), "malformed", "{it.who} is malformed in its dates or extensions. Have it issued again."),
)
_BY_CODE = {code: rule for rule in _RULES for code in rule.codes}
_UNLISTED = _Rule((), "invalid", "{it.who} is not valid: verification error {it.code} of openssl/x509_vfy.h.")

# OpenSSL has one finding for three mistakes: it looked for the issuer of the last certificate, and did not find it.
_NO_ISSUER = (2, 20, 21)
_INCOMPLETE_CHAIN = _Rule(
    _NO_ISSUER,
    "incomplete_chain",
    "{it.who} was issued by the intermediate {it.issuer}, which was not sent. Send it after the client's certificate.",
)
_IMPOSTOR_CA = _Rule(
    _NO_ISSUER,
    "impostor_ca",
    "{it.who} was issued by another CA of the name {it.issuer} than the one that the mock trusts. Have it issued "
    "again, if the mock's CA has been made anew.",
)


def explain(
    errors: Sequence[VerificationError],
    *,
    now: datetime,
    anchors: Sequence[x509.Certificate] = (),
    intermediates: Iterable[x509.Certificate] = (),
) -> Refusal:
    """Why a client's certificate is refused: the first of the errors, of which there is at least one.

    `now` is the time by which OpenSSL judged, `anchors` the CAs that it trusted. `intermediates` are CAs that are known
    without being trusted: they tell a chain that lacks one of them from a chain that leads elsewhere.
    """
    error = errors[0]
    if error.certificate is None:
        return _malformed(f"at depth {error.depth}")
    finding = _Finding(error.code, error.depth, error.certificate, now, anchors)
    try:
        rule = _rule(error.code, error.certificate.issuer, anchors, intermediates)
        return Refusal(reason=rule.reason, sentence=rule.sentence.format(it=finding))
    except (ValueError, TypeError) as flaw:
        return _malformed(str(flaw))


def _malformed(detail: str) -> Refusal:
    """OpenSSL could read the certificate, perhaps even verify it, and cryptography cannot."""
    return Refusal(
        reason="malformed",
        sentence=f"The client's certificate chain is malformed ({detail}). Have it issued again, in strict DER.",
    )


def _rule(
    code: int, issuer: x509.Name, anchors: Iterable[x509.Certificate], intermediates: Iterable[x509.Certificate]
) -> _Rule:
    if code in _NO_ISSUER and issuer in {known.subject for known in intermediates}:
        return _INCOMPLETE_CHAIN
    if code in _NO_ISSUER and issuer in {anchor.subject for anchor in anchors}:
        return _IMPOSTOR_CA
    return _BY_CODE.get(code, _UNLISTED)


@dataclass(frozen=True)
class _Finding:
    """What the sentences speak of. What is malformed raises ValueError or TypeError."""

    code: int
    depth: int
    certificate: x509.Certificate
    at: datetime
    anchors: Sequence[x509.Certificate]

    @property
    def who(self) -> str:
        if self.depth == 0:
            return f"The client's certificate {self.subject}"
        return f"The certificate {self.subject}, {self.depth} above the client's,"

    @property
    def subject(self) -> str:
        return self.certificate.subject.rfc4514_string()

    @property
    def issuer(self) -> str:
        return self.certificate.issuer.rfc4514_string()

    @property
    def trusted(self) -> str:
        return " or ".join(anchor.subject.rfc4514_string() for anchor in self.anchors) or "none is trusted"

    @property
    def since(self) -> datetime:
        return self.certificate.not_valid_before_utc

    @property
    def until(self) -> datetime:
        return self.certificate.not_valid_after_utc

    @property
    def now(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} UTC"

    @property
    def hash(self) -> str:
        algorithm = self.certificate.signature_hash_algorithm
        return "no hash" if algorithm is None else algorithm.name.upper()

    @property
    def usages(self) -> str:
        try:
            usages = self.certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except x509.ExtensionNotFound:
            return "absent"
        return ", ".join(_USAGES.get(usage, usage.dotted_string) for usage in usages)


_USAGES = {
    ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth",
    ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth",
    ExtendedKeyUsageOID.CODE_SIGNING: "codeSigning",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "emailProtection",
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "anyExtendedKeyUsage",
}
