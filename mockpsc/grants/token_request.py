"""What a grant is given: who asks, for what, and with which certificate."""

from dataclasses import dataclass

from cryptography import x509

from mockpsc.clients import Client
from mockpsc.faults import Occasion
from mockpsc.parameters import Parameters


@dataclass(frozen=True, kw_only=True)
class TokenRequest:
    """A token request (RFC 6749 §4.1.3 and §6) of a client that has authenticated. A bad certificate is none."""

    client: Client
    form: Parameters
    certificate: x509.Certificate | None
    occasion: Occasion
