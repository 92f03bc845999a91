"""What a fault is: a class with a name, the verdict that a correct relying party must give, and one pure function.

A fault is declared by its class alone. Its docstring is its meaning, its fields (`members.member`) are its parameters,
with units and bounds; the catalogue, the admin API, the commands and the documentation are made from these.
"""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import cleandoc, get_annotations
from typing import Any, ClassVar, Generic, Literal, TypeVar, dataclass_transform

from mockpsc.faults.occasion import Occasion
from mockpsc.faults.subjects import (
    Acceptance,
    Answer,
    Asked,
    Claims,
    Document,
    Greeting,
    Port,
    Redirection,
    Reuse,
    Signing,
    Wire,
)
from mockpsc.members import member
from mockpsc.vocabulary import ENDPOINTS

Stage = Literal["connection", "handshake", "request", "document", "claims", "token", "response"]
RelyingPartyVerdict = Literal["reject", "accept", "handle"]

S = TypeVar("S")
K = TypeVar("K", bound="type[Fault[Any]]")


@dataclass(frozen=True)
class Point(Generic[S]):
    """A place on the way of a request where faults are asked; `target` tells those of one stage apart. Where it is
    `reserved`, a fault without targets does not act."""

    stage: Stage
    target: str = ""
    reserved: bool = False


@dataclass(frozen=True, kw_only=True)
class Fault(Generic[S]):
    """A fault with its parameters.

    `verdict` is what a correct relying party does: `reject` what it was given, `accept` it all the same, or `handle`
    it, which is to fail without harm or to try again. `reference` says where that is written. `modules` are the OpenID
    conformance suite's tests of relying parties that do the same."""

    name: ClassVar[str]
    verdict: ClassVar[RelyingPartyVerdict]
    reference: ClassVar[str]
    modules: ClassVar[tuple[str, ...]] = ()
    stage: ClassVar[Stage]
    targets: ClassVar[tuple[str, ...]] = ()
    """The targets of the stage at which it acts; all of them when there are none."""
    also: ClassVar[tuple[Point[Any], ...]] = ()
    """Places of other stages where it acts, too: what it does is seen there as well."""
    knows: ClassVar[frozenset[str]] = frozenset(
        {"client", "persona", "endpoint", "grant_type", "listener", "host", "header"}
    )
    """What is known where it acts, by which it can be matched."""
    counted: ClassVar[bool] = True
    """Whether the mock sees each time that it acts, so that it can be limited to some of them."""

    def effect(self, subject: S, occasion: Occasion) -> S:
        """What the mock does instead. The very subject given back means that there was nothing to do; raising a
        refusal (OAuthError, PageError, BearerRefusal) refuses the request."""
        raise NotImplementedError

    @classmethod
    def meaning(cls) -> str:
        """What happens, in a sentence or two."""
        return " ".join(cleandoc(cls.__doc__ or "").split())

    @classmethod
    def layer(cls) -> str:
        """The first part of the name."""
        return cls.name.partition(".")[0]

    @classmethod
    def endpoints(cls) -> tuple[str, ...]:
        """The endpoints at which it acts, if it acts at some only."""
        if not cls.targets or cls.stage in ("connection", "handshake"):
            return ()
        targets = (*cls.targets, *(point.target for point in cls.also))
        return tuple(dict.fromkeys(_ENDPOINTS.get(target, target) for target in targets))

    @property
    def hint(self) -> str:
        """What to tell whoever it refuses."""
        return f"The fault {self.name} acts here. {self.meaning()}"

    def acts_at(self, point: Point[Any]) -> bool:
        """Whether this is a place where it acts."""
        if point.stage != self.stage:
            return point in self.also
        return point.target in self.targets if self.targets else not point.reserved


# Where targets are that are not endpoints themselves.
_ENDPOINTS = {
    "authorization_request": "authorization",
    "refresh_reuse": "token",
    **dict.fromkeys(("id_token", "access_token", "refresh_token"), "token"),
}

KNOWN_AT = {
    "persona": tuple(each for each in ENDPOINTS if each not in ("discovery", "jwks")),
    "grant_type": ("token",),
}
"""At which endpoints that is known which others never know."""


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(member,))
def fault(
    name: str,
    verdict: RelyingPartyVerdict,
    reference: str,
    *,
    modules: tuple[str, ...] = (),
    targets: tuple[str, ...] | None = None,
) -> Callable[[K], K]:
    """Declares a fault: `@fault("id_token.expired", "reject", "OpenID Connect Core §3.1.3.7 (9)")`."""

    def declare(cls: K) -> K:
        cls.name, cls.verdict, cls.reference, cls.modules = name, verdict, reference, modules
        if targets is not None:
            cls.targets = targets
        cls.knows -= _never_known(cls.endpoints())
        if get_annotations(cls):  # one without parameters of its own is what its base is
            dataclass(frozen=True, kw_only=True)(cls)  # which changes the class itself
        return cls

    return declare


def _never_known(endpoints: tuple[str, ...]) -> set[str]:
    """What nobody knows at these endpoints; at all of them when there are none."""
    return {name for name, where in KNOWN_AT.items() if endpoints and not {*endpoints} & {*where}}


class PortFault(Fault[Port]):
    """Acts before a client connects: on a listener's port, whose refusals the kernel makes, and nobody counts."""

    stage = "connection"
    targets = ("port",)
    knows = frozenset({"listener"})
    counted = False


class ConnectionFault(Fault[Wire]):
    """Acts when a client connects, of whom nothing is known."""

    stage = "connection"
    targets = ("accept",)
    knows = frozenset({"listener"})


class HelloFault(Fault[Greeting]):
    """Acts when the ClientHello has been read."""

    stage = "handshake"
    targets = ("hello",)
    knows = frozenset({"listener", "host"})


class CertificateFault(Fault[Acceptance]):
    """Acts when the client's certificate has been read, which tells whose it is."""

    stage = "handshake"
    targets = ("certificate",)
    knows = frozenset({"listener", "host", "client"})


class RequestFault(Fault[Asked]):
    """Acts before an endpoint has done anything; the targets are endpoints, and `authorization_request`: that of an
    authorization request that was found good, whose refusal goes to the relying party."""

    stage = "request"


class ReuseFault(Fault[Reuse]):
    """Acts when a refresh token comes that was exchanged before."""

    stage = "request"
    targets = ("refresh_reuse",)


class DocumentFault(Fault[Document]):
    """Acts on a JSON object: `discovery`, `jwks`, `token`, `userinfo` or `introspection`."""

    stage = "document"


class RedirectionFault(Fault[Redirection]):
    """Acts on the answer to an `authorization` request, or to a `logout`."""

    stage = "document"
    targets = ("authorization",)


class ClaimsFault(Fault[Claims]):
    """Acts on what a token says: `id_token`, `access_token` or `refresh_token`."""

    stage = "claims"


class SigningFault(Fault[Signing]):
    """Acts on how a token is signed: `id_token`, `access_token` or `refresh_token`."""

    stage = "token"


class ResponseFault(Fault[Answer]):
    """Acts on an HTTP response, after the endpoint has done its work; the targets are endpoints."""

    stage = "response"


PORT: Point[Port] = Point("connection", "port")
CONNECTION: Point[Wire] = Point("connection", "accept")
HELLO: Point[Greeting] = Point("handshake", "hello")
CERTIFICATE: Point[Acceptance] = Point("handshake", "certificate")
AUTHORIZATION_REQUEST: Point[Asked] = Point("request", "authorization_request", reserved=True)
"""When an authorization request was found good. What is raised here goes to the relying party, if it can."""
REFRESH_REUSE: Point[Reuse] = Point("request", "refresh_reuse", reserved=True)
"""When a good refresh token comes that was exchanged before."""


def request_at(endpoint: str) -> Point[Asked]:
    """Before an endpoint does anything."""
    return Point("request", endpoint)


def response_of(endpoint: str) -> Point[Answer]:
    """When an endpoint has answered."""
    return Point("response", endpoint)


def document(name: str) -> Point[Document]:
    """Before that JSON object is sent."""
    return Point("document", name)


def redirection(name: str) -> Point[Redirection]:
    """Before the browser is sent back with that answer."""
    return Point("document", name, reserved=True)


def claims(kind: str) -> Point[Claims]:
    """Before a token of that kind says this."""
    return Point("claims", kind)


def signing(kind: str) -> Point[Signing]:
    """Before a token of that kind is signed."""
    return Point("token", kind)
