"""What faults change: at each of the seven stages, how the mock is about to behave, as a value.

A fault never does anything itself. It is given one of these as the mock means it, and gives back another; the stage's
own code (in `tls`, `endpoints`, `tokens`) then does what the value says. So a fault is a pure function, the same
mechanism serves all that are alike, and several faults combine, each changing what the one before has left.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

Moment = Literal["accept", "hello", "flight"]
Ending = Literal["keep", "close", "reset", "no_close_notify", "bad_record"]
Break = Literal["", "reset", "close", "hang"]

_FLIGHT = 16 * 1024
"""Bytes: more than a server says in a handshake."""


@dataclass(frozen=True, kw_only=True)
class Port:
    """A listener's port. One that is not open refuses connections, as when no program listens."""

    open: bool = True


@dataclass(frozen=True, kw_only=True)
class Wire:
    """How a TCP connection is treated. Times are in seconds, `rate` in bytes a second towards the client.

    `delay` passes before anything is read or said, `greeting` is sent unasked. The connection ends as `end` says at a
    moment: when it is accepted, after the ClientHello, or in the middle of the server's first flight. One that hangs
    says no more, and is the client's to close. `close_delay` passes between the last byte and the end of a connection
    that the mock closes."""

    delay: float = 0
    greeting: bytes = b""
    end: Break = ""
    at: Moment = "accept"
    rate: int | None = None
    close_delay: float = 0

    def ends_at(self, moment: Moment) -> bool:
        """Whether the connection ends at that moment."""
        return bool(self.end) and self.at == moment

    @property
    def patience(self) -> float:
        """How many seconds longer than usual a handshake may take, by this wire's doing."""
        return self.delay + (_FLIGHT / self.rate if self.rate else 0)


@dataclass(frozen=True, kw_only=True)
class Greeting:
    """How a ClientHello is answered; None leaves things as they are.

    `certificate` is the name of a server's recipe in the catalogue of certificates; `versions` are the lowest and the
    highest to speak, as IANA numbers them; `ciphers` is an OpenSSL cipher string for TLS up to 1.2, and `suites` one
    for TLS 1.3. `client_auth` and `announce` are as the settings `client_cert` and `announce_ca`. An `alert` of that
    number, or `instead`, is sent in the place of a ServerHello, and the connection ends. `cut` ends it in that way in
    the middle of the first flight."""

    certificate: str | None = None
    versions: tuple[int, int] | None = None
    ciphers: str | None = None
    suites: str | None = None
    client_auth: Literal["none", "request", "require"] | None = None
    announce: Literal["own", "none", "wrong"] | None = None
    alert: int | None = None
    instead: bytes | None = None
    cut: Break = ""


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """What becomes of a client's certificate: refused in the handshake for `reason` (a code word), whatever it is."""

    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request that is about to be answered: by the endpoint, or with `answer` and the endpoint is never asked."""

    answer: "Answer | None" = None


@dataclass(frozen=True, kw_only=True)
class Reuse:
    """A refresh token that was exchanged `before` so many times. With a `refusal` (an error_description) it is refused
    as `invalid_grant`, and the relying party is detached from the login, as by a Keycloak that revokes them."""

    before: int
    refusal: str | None = None


@dataclass(frozen=True, kw_only=True)
class Document:
    """A JSON object that is about to be sent. With `signed` it goes as a JWT (OpenID Connect Core §5.3.2).

    `variants` are its members as they were or could be, by name: of the discovery document those of `2021` and `2023`,
    and those with Pro Santé Connect's `former_hosts`; of the JWK Set that of the `active` signing key alone."""

    members: Mapping[str, Any]
    signed: bool = False
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def having(self, **members: Any) -> Self:
        """The same with these members, in their places, the new ones at the end."""
        return replace(self, members={**self.members, **members})

    def without(self, name: str) -> Self:
        """The same without a member, if it has it."""
        if name not in self.members:
            return self
        return replace(self, members={each: value for each, value in self.members.items() if each != name})


@dataclass(frozen=True, kw_only=True)
class Redirection:
    """An authorization or a logout response: the URI, and its parameters in order, repeated ones included. A logout
    without URI ends on the mock's own page."""

    uri: str
    parameters: tuple[tuple[str, str], ...]

    def having(self, name: str, value: str) -> Self:
        """The same with another value of a parameter, if it has it."""
        if name not in dict(self.parameters):
            return self
        changed = ((each, value if each == name else old) for each, old in self.parameters)
        return replace(self, parameters=tuple(changed))

    def without(self, name: str) -> Self:
        """The same without a parameter, if it has it."""
        kept = tuple(each for each in self.parameters if each[0] != name)
        return self if kept == self.parameters else replace(self, parameters=kept)


Claims = Mapping[str, Any]
"""What a token is about to say."""


@dataclass(frozen=True, kw_only=True)
class Signing:
    """How a token is about to be made of its parts (RFC 7515).

    `header` has alg, typ and kid. The key is the provider's `own`, a `new` one that is made for it and published at
    once, the `next` one (the last that was made so), one that stays `unpublished`, a `stranger`'s, or the same
    `embedded` in the header (jwk); but an alg on a curve has always a stranger's, and the secret of a MAC is the public
    half of the provider's. The signature is `whole`, `damaged` in one bit, or `absent`. `encrypted` wraps the token for
    the provider's own encryption key, which the relying party does not have (RFC 7516)."""

    header: Mapping[str, Any]
    payload: bytes
    key: Literal["own", "new", "next", "unpublished", "stranger", "embedded"] = "own"
    signature: Literal["whole", "damaged", "absent"] = "whole"
    encrypted: bool = False


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP response that is about to be sent.

    It begins after `delay` seconds; its body goes in `pieces` of one size, with `pause` seconds before each but the
    first. `length` is what Content-Length says, if not the truth; `until_close` leaves it out, so that the body ends
    with the connection. `cut` is how many bytes of the body are sent at all, and `ending` what becomes of the
    connection. Without `head` not even the status line is sent."""

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
    head: bool = True

    def header(self, name: str) -> str | None:
        """The value of a header, by its name in any case."""
        return next((value for each, value in self.headers if each.lower() == name.lower()), None)

    def with_header(self, name: str, value: str | None) -> tuple[tuple[str, str], ...]:
        """The headers with this one in the place of the first of its name, or at the end; None takes all of it away."""
        first = next((n for n, each in enumerate(self.headers) if each[0].lower() == name.lower()), len(self.headers))
        before, after = (
            tuple(each for each in part if each[0].lower() != name.lower())
            for part in (self.headers[:first], self.headers[first:])
        )
        return (*before, *after) if value is None else (*before, (name, value), *after)
