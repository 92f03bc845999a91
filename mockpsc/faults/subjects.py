"""What faults change: at each of the seven stages, how the mock is about to behave, as a value.

A fault never does anything itself. It is given one of these as the mock means it, and gives back another; the stage's
own code (in `tls`, `endpoints`, `tokens`) then does what the value says. So a fault is a pure function, the same
mechanism serves all that are alike, and several faults combine, each changing what the one before has left.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Moment = Literal["accept", "hello", "flight"]
Ending = Literal["keep", "close", "reset", "no_close_notify", "bad_record"]


@dataclass(frozen=True, kw_only=True)
class Port:
    """A listener's port. One that is not open refuses connections, as when no program listens."""

    open: bool = True


@dataclass(frozen=True, kw_only=True)
class Wire:
    """How a TCP connection is treated. Times are in seconds, `rate` in bytes a second towards the client.

    `delay` passes before anything is read, `greeting` is sent unasked. The connection ends as `end` says at a moment:
    when it is accepted, after the ClientHello, or in the middle of the server's first flight. `close_delay` passes
    between the last byte and the end of a connection that the mock closes."""

    delay: float = 0
    greeting: bytes = b""
    end: Literal["", "reset", "close", "hang"] = ""
    at: Moment = "accept"
    rate: int | None = None
    close_delay: float = 0

    def ends_at(self, moment: Moment) -> bool:
        """Whether the connection ends at that moment."""
        return bool(self.end) and self.at == moment


@dataclass(frozen=True, kw_only=True)
class Greeting:
    """How a ClientHello is answered; None leaves things as they are.

    `certificate` is the name of a server's recipe in the catalogue of certificates; `versions` are the lowest and the
    highest to speak, as IANA numbers them; `ciphers` is an OpenSSL cipher string for TLS up to 1.2. `client_auth` and
    `announce` are as the settings `client_cert` and `announce_ca`. `instead` is sent in the place of a ServerHello, and
    the connection ends."""

    certificate: str | None = None
    versions: tuple[int, int] | None = None
    ciphers: str | None = None
    client_auth: Literal["none", "request", "require"] | None = None
    announce: Literal["own", "none", "wrong"] | None = None
    instead: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """What becomes of a client's certificate: refused in the handshake for `reason` (a code word), whatever it is."""

    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request that is about to be answered: by the endpoint, or with `answer` and the endpoint is never asked."""

    answer: "Answer | None" = None


@dataclass(frozen=True, kw_only=True)
class Document:
    """A JSON object that is about to be sent. With `signed` it goes as a JWT (OpenID Connect Core §5.3.2)."""

    members: Mapping[str, Any]
    signed: bool = False


@dataclass(frozen=True, kw_only=True)
class Redirection:
    """An authorization or a logout response: the URI, and its parameters in order, repeated ones included."""

    uri: str
    parameters: tuple[tuple[str, str], ...]


Claims = Mapping[str, Any]
"""What a token is about to say."""


@dataclass(frozen=True, kw_only=True)
class Signing:
    """How a token is about to be made of its parts (RFC 7515).

    `header` has alg, typ and kid. The key is the provider's `own`, the `next` one (published as soon as it is used), a
    `stranger`'s that nobody published, or the `public` half of its own, taken as a MAC secret. `damaged` changes a bit
    of the signature; `encrypted` wraps the token for a key that the relying party does not have (RFC 7516)."""

    header: Mapping[str, str]
    payload: bytes
    key: Literal["own", "next", "stranger", "public"] = "own"
    damaged: bool = False
    encrypted: bool = False


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP response that is about to be sent.

    It begins after `delay` seconds; its body goes in `pieces` of one size, with `pause` seconds before each but the
    first. `length` is what Content-Length says, if not the truth; `until_close` leaves it out, so that the body ends
    with the connection. `cut` is how many bytes of the body are sent at all, and `ending` what becomes of the connection."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)
    delay: float = 0
    pieces: int = 1
    pause: float = 0
    length: int | None = None
    until_close: bool = False
    cut: int | None = None
    ending: Ending = "keep"

    def header(self, name: str) -> str | None:
        """The value of a header, by its name in any case."""
        return next((value for each, value in self.headers if each.lower() == name.lower()), None)

    def with_header(self, name: str, value: str | None) -> tuple[tuple[str, str], ...]:
        """The headers with this one in the place of any of its name; None takes it away."""
        others = tuple(each for each in self.headers if each[0].lower() != name.lower())
        return others if value is None else (*others, (name, value))
