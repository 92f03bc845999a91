"""Who is at the other end of a connection."""

from dataclasses import dataclass

from cryptography import x509

from mockpsc.judgement.verdict import Verdict
from mockpsc.pki import UNREADABLE, show_dn


@dataclass(frozen=True, kw_only=True)
class Peer:
    """What a client presented: its chain, its own certificate first, and why that is not good enough, if it is not.

    A bad certificate gets this far when it is to be refused over HTTP. `connection_id` is the one under which the
    journal has the handshake."""

    chain: tuple[x509.Certificate, ...] = ()
    refusal: Verdict | None = None
    connection_id: str = ""

    @property
    def certificate(self) -> x509.Certificate | None:
        """The client's own certificate."""
        return self.chain[0] if self.chain else None

    @property
    def subject(self) -> str | None:
        """That certificate's subject as RFC 4514 writes it, or `(malformed)`."""
        try:
            return show_dn(self.certificate.subject) if self.certificate else None
        except UNREADABLE:
            return "(malformed)"
