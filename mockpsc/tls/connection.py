"""One TLS connection in memory: bytes in, bytes out, no socket and no event loop (pyOpenSSL over memory BIOs)."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property

from cryptography import x509
from OpenSSL import SSL

from mockpsc.errors import MockPscError
from mockpsc.journal import Outcome
from mockpsc.judgement import Verdict, judge_chain, missing
from mockpsc.tls.alerts import CLOSE_NOTIFY, CLOSED, USER_CANCELED, Refusal, client_refused, server_refused
from mockpsc.tls.contexts import TlsProfile, reasons_of
from mockpsc.tls.hello import ClientHello
from mockpsc.tls.verify import Findings, read_certificate

_CHUNK = 64 * 1024


class TlsFailure(MockPscError):
    """The connection cannot go on: whose doing it is, and why."""

    def __init__(self, outcome: Outcome, refusal: Refusal) -> None:
        super().__init__(refusal.sentence)
        self.outcome, self.refusal = outcome, refusal


class TlsConnection:
    """The server's side of one connection, which speaks TLS as the profile says and judges certificates as of `now`.

    Whatever a method makes OpenSSL say to the client is to be had from `take` afterwards, also when it has raised.
    `condemn` is asked about the client's own certificate: an X509_V_ERR_* refuses it, whatever it is.
    """

    def __init__(
        self,
        profile: TlsProfile,
        hello: ClientHello,
        now: float,
        *,
        id: str = "",
        condemn: Callable[[x509.Certificate | None], int | None] | None = None,
    ) -> None:
        self.id = id
        self.profile, self.hello, self.findings = profile, hello, Findings(condemn=condemn)
        self._now = now
        self._answered = False
        self._ssl = SSL.Connection(profile.context(now), None)
        self._ssl.set_app_data(self.findings)
        self._ssl.set_accept_state()

    def feed(self, data: bytes) -> None:
        """Give OpenSSL bytes from the client."""
        self._ssl.bio_write(data)

    def take(self) -> bytes:
        """The bytes that OpenSSL has for the client."""
        taken = b""
        with suppress(SSL.WantReadError):  # there are no more
            while len(taken) % _CHUNK == 0:
                taken += self._ssl.bio_read(_CHUNK)
        return taken

    def handshake(self) -> bool:
        """Go on with the handshake; True when it is complete. Raises TlsFailure."""
        try:
            self._ssl.do_handshake()
        except SSL.WantReadError:
            self._answered = True
            return False
        except SSL.Error as error:
            raise self._failure(error) from error
        return True

    def read(self) -> bytes | None:
        """What the client has sent; None when more must be fed first, nothing when it has ended. Raises TlsFailure."""
        try:
            return self._ssl.recv(_CHUNK)
        except SSL.WantReadError:
            return None
        except SSL.ZeroReturnError:
            return b""
        except SSL.Error as error:
            raise self._failure(error) from error

    def write(self, data: memoryview) -> None:
        """Encrypt data for the client."""
        while data:
            data = data[self._ssl.send(data) :]  # which takes no more than one record, 16 kB

    def end(self) -> None:
        """Tell the client that no more will come (close_notify)."""
        self._ssl.shutdown()

    @property
    def context(self) -> SSL.Context:
        """OpenSSL's context."""
        return self._ssl.get_context()

    @property
    def version(self) -> int | None:
        """The number of the version that was agreed on, if it came to that."""
        return self._ssl.get_protocol_version() if self._answered else None

    @property
    def cipher(self) -> str | None:
        """OpenSSL's name of the cipher suite that was agreed on, if it came to that."""
        return self._ssl.get_cipher_name()

    @property
    def subject(self) -> str | None:
        """The subject of the certificate that the client presented, accepted or not, as RFC 4514 writes it."""
        return self.findings.subject

    @cached_property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """What the client presented, its own certificate first; what cryptography cannot read is left out."""
        return tuple(filter(None, (read_certificate(der)[0] for der in self.findings.presented)))

    @cached_property
    def verdict(self) -> Verdict | None:
        """Why what the client presented is not good enough, if it is not."""
        trust = self.profile.trust(datetime.fromtimestamp(self._now, UTC))
        if not self.findings.presented and self.profile.client_auth == "require":
            return missing(trust)
        return judge_chain(self.findings.errors, trust)

    def _failure(self, error: SSL.Error) -> TlsFailure:
        findings, profile = self.findings, self.profile
        received = [alert for alert in findings.alerts_received if alert not in (CLOSE_NOTIFY, USER_CANCELED)]
        if self.verdict is not None and findings.alerts_sent:
            on_purpose = "On purpose, as an armed fault asks. " if findings.condemned else ""
            return TlsFailure("refused", Refusal(reason=self.verdict.reason, sentence=f"{on_purpose}{self.verdict}"))
        if received:
            return TlsFailure("rejected", client_refused(received[-1]))
        if findings.alerts_sent:
            offered, detail = self.hello.versions, reasons_of(error)
            alert = findings.alerts_sent[-1]
            refusal = server_refused(alert, offered=offered, versions=profile.versions, detail=detail)
            return TlsFailure("refused", refusal)
        return TlsFailure("abandoned", CLOSED)
