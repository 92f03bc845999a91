"""Faults of TLS: the certificate that the mock shows, the versions and ciphers that it speaks, what it says in the
handshake's place, how it treats its clients' certificates, and how it breaks off.

Those of the ClientHello can also be had by a host name, `<fault>.fault.localhost`, as at badssl.com.
"""

from dataclasses import replace
from typing import ClassVar

from mockpsc.faults.base import CertificateFault, HelloFault, ResponseFault, fault
from mockpsc.faults.occasion import Occasion
from mockpsc.faults.subjects import Acceptance, Answer, Greeting
from mockpsc.members import member

_TLS1_0, _TLS1_1, _TLS1_2, _TLS1_3 = 0x0301, 0x0302, 0x0303, 0x0304

_REASONS = (
    "expired",
    "not_yet_valid",
    "unknown_ca",
    "self_signed",
    "revoked",
    "crl_unavailable",
    "wrong_usage",
    "weak_key",
    "weak_signature",
    "not_a_ca",
    "path_too_long",
    "name_constraint",
    "unknown_critical_extension",
    "bad_signature",
    "malformed",
)
"""Those of the judgement's reasons that are errors of OpenSSL's, and so have an alert."""

_PLAIN_HTTP = b"""\
HTTP/1.1 400 Bad Request\r
Content-Type: text/plain\r
Content-Length: 48\r
Connection: close\r
\r
This port speaks plain HTTP, TLS is not for it.
"""


class _Certificate(HelloFault):
    """The certificate of a recipe, in the place of the mock's own."""

    recipe: ClassVar[str]

    def effect(self, subject: Greeting, occasion: Occasion) -> Greeting:
        return replace(subject, certificate=self.recipe)


@fault("tls.expired", "reject", "RFC 5280 §6.1.3 (a) (2)")
class Expired(_Certificate):
    """The mock's certificate expired yesterday."""

    recipe = "server-expired"


@fault("tls.not_yet_valid", "reject", "RFC 5280 §6.1.3 (a) (2)")
class NotYetValid(_Certificate):
    """The mock's certificate is valid from tomorrow."""

    recipe = "server-not-yet-valid"


@fault("tls.self_signed", "reject", "RFC 5280 §6.1 (b)")
class SelfSigned(_Certificate):
    """The mock's certificate is signed with its own key."""

    recipe = "server-self-signed"


@fault("tls.untrusted_root", "reject", "RFC 5280 §6.1 (b)")
class UntrustedRoot(_Certificate):
    """The mock's certificate leads to a root that nobody trusts."""

    recipe = "server-untrusted-root"


@fault("tls.wrong_host", "reject", "RFC 9525 §6")
class WrongHost(_Certificate):
    """The mock's certificate names another host."""

    recipe = "server-wrong-host"


@fault("tls.common_name_only", "reject", "RFC 9525 §2")
class CommonNameOnly(_Certificate):
    """The mock's certificate names the host in its common name alone, which identifies a service no more."""

    recipe = "server-no-san"


@fault("tls.wrong_usage", "reject", "RFC 5280 §4.2.1.12")
class WrongUsage(_Certificate):
    """The mock's certificate is for clients: its extended key usage is clientAuth."""

    recipe = "server-client-auth-only"


@fault("tls.incomplete_chain", "reject", "RFC 5280 §6.1 (b); RFC 8446 §4.4.2")
class IncompleteChain(_Certificate):
    """The certificate of the intermediate that issued the mock's is not sent."""

    recipe = "server-incomplete-chain"


@fault("tls.reversed_chain", "accept", "RFC 8446 §4.4.2 (be prepared for arbitrary orderings)")
class ReversedChain(_Certificate):
    """The intermediates above the mock's certificate are sent in the wrong order."""

    recipe = "server-reversed-chain"


@fault("tls.expired_intermediate", "reject", "RFC 5280 §6.1.3 (a) (2)")
class ExpiredIntermediate(_Certificate):
    """The intermediate that issued the mock's certificate expired yesterday."""

    recipe = "server-expired-intermediate"


@fault("tls.weak_key", "reject", "RFC 9325 §4.5")
class WeakKey(_Certificate):
    """The key of the mock's certificate is RSA of 1024 bits."""

    recipe = "server-weak-key"


@fault("tls.sha1", "reject", "RFC 9325 §4.5; RFC 8446 §4.4.2.4")
class Sha1(_Certificate):
    """The mock's certificate is signed with SHA-1."""

    recipe = "server-sha1"


@fault("tls.revoked", "reject", "RFC 5280 §6.1.3 (a) (3); RFC 6066 §8")
class Revoked(_Certificate):
    """The mock's certificate was revoked, and the OCSP response stapled to it says so. It names no other place to ask;
    few clients look even there."""

    recipe = "server-revoked"


class _Version(HelloFault):
    """One version of TLS, and no other."""

    version: ClassVar[int]

    def effect(self, subject: Greeting, occasion: Occasion) -> Greeting:
        return replace(subject, versions=(self.version, self.version))


@fault("tls.tls1_0_only", "reject", "RFC 8996 §4")
class Tls10Only(_Version):
    """The mock speaks TLS 1.0 alone, which nobody may speak any more."""

    version = _TLS1_0


@fault("tls.tls1_1_only", "reject", "RFC 8996 §5")
class Tls11Only(_Version):
    """The mock speaks TLS 1.1 alone, which nobody may speak any more."""

    version = _TLS1_1


@fault("tls.tls1_2_only", "accept", "RFC 9325 §3.1.1 (must be supported)")
class Tls12Only(_Version):
    """The mock speaks TLS 1.2 alone."""

    version = _TLS1_2


@fault("tls.tls1_3_only", "accept", "RFC 9325 §3.1.1 (should be supported)")
class Tls13Only(_Version):
    """The mock speaks TLS 1.3 alone."""

    version = _TLS1_3


@fault("tls.no_common_cipher", "handle", "RFC 8446 §4.1.1")
class NoCommonCipher(HelloFault):
    """The mock has only cipher suites that no client offers: those that do not encrypt, and one for small devices."""

    def effect(self, subject: Greeting, occasion: Occasion) -> Greeting:
        return replace(subject, ciphers="eNULL:@SECLEVEL=0", suites="TLS_AES_128_CCM_8_SHA256")


@fault("tls.alert", "handle", "RFC 8446 §6.2")
class Alert(HelloFault):
    """The ClientHello is answered with an alert."""

    number: int = member(40, "The alert's number, as IANA has them: 40 is handshake_failure.", least=0, most=255)

    def effect(self, subject: Greeting, occasion: Occasion) -> Greeting:
        return replace(subject, alert=self.number)


@fault("tls.plain_http", "handle", "RFC 8446 §5")
class PlainHttp(HelloFault):
    """The ClientHello is answered in plain HTTP, as by a proxy whose port has no TLS."""

    def effect(self, subject: Greeting, occasion: Occasion) -> Greeting:
        return replace(subject, instead=_PLAIN_HTTP)


@fault("tls.half_flight", "handle", "RFC 9112 §9.5")
class HalfFlight(HelloFault):
    """Half of the server's first flight is sent, and then nothing more: only the client's own timeout ends it."""

    def effect(self, subject: Greeting, occasion: Occasion) -> Greeting:
        return replace(subject, cut="hang")


@fault("tls.client_certificate_ignored", "handle", "RFC 8705 §2")
class ClientCertificateIgnored(HelloFault):
    """No client is asked for its certificate, so that the endpoints find none."""

    def effect(self, subject: Greeting, occasion: Occasion) -> Greeting:
        return replace(subject, client_auth="none")


@fault("tls.client_certificate_demanded", "handle", "RFC 8446 §4.3.2 and §4.4.2.4")
class ClientCertificateDemanded(HelloFault):
    """Every client is asked for a certificate, and one that has none is refused, at the login page and for the public
    documents too."""

    def effect(self, subject: Greeting, occasion: Occasion) -> Greeting:
        return replace(subject, client_auth="require")


@fault("tls.ca_list_wrong", "handle", "RFC 8446 §4.2.4")
class CaListWrong(HelloFault):
    """The request for a certificate names an authority that issues to no client. OpenSSL's clients send theirs all the
    same; Java, .NET and browsers leave it out."""

    def effect(self, subject: Greeting, occasion: Occasion) -> Greeting:
        return replace(subject, announce="wrong")


@fault("tls.ca_list_empty", "accept", "RFC 5246 §7.4.4 (any certificate may be sent)")
class CaListEmpty(HelloFault):
    """The request for a certificate names no authority, so that a client has to choose by itself."""

    def effect(self, subject: Greeting, occasion: Occasion) -> Greeting:
        return replace(subject, announce="none")


@fault("tls.client_refused", "handle", "RFC 8446 §6.2")
class ClientRefused(CertificateFault):
    """A client is refused in the handshake, whatever its certificate is, with the alert that a reason has."""

    reason: str = member("revoked", "Why, in the word that the journal has for it.", choices=_REASONS)

    def effect(self, subject: Acceptance, occasion: Occasion) -> Acceptance:
        return replace(subject, reason=self.reason)


@fault("tls.bad_record", "handle", "RFC 8446 §5.2")
class BadRecord(ResponseFault):
    """In the middle of the body comes a record that cannot be decrypted, as when something on the way has altered it.
    The endpoint has done its work: a code is spent."""

    at: float = member(0.5, "Which part of the body is sent before it.", least=0, most=0.99)

    def effect(self, subject: Answer, occasion: Occasion) -> Answer:
        return replace(subject, cut=int(len(subject.body) * self.at), ending="bad_record")


@fault("tls.no_close_notify", "reject", "RFC 9112 §9.8 (complete only if a closure alert was received)")
class NoCloseNotify(ResponseFault):
    """The body goes on until the connection ends, which it does without close_notify: that is what a truncation by a
    third party looks like."""

    def effect(self, subject: Answer, occasion: Occasion) -> Answer:
        return replace(subject, until_close=True, ending="no_close_notify")


@fault("tls.no_close_notify_after_length", "accept", "RFC 9112 §9.8 (as much as Content-Length says was received)")
class NoCloseNotifyAfterLength(ResponseFault):
    """The body has the length that was announced, and the connection ends without close_notify after it."""

    def effect(self, subject: Answer, occasion: Occasion) -> Answer:
        headers = subject.with_header("connection", "close")
        return replace(subject, headers=headers, ending="no_close_notify")
