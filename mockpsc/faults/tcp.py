"""Faults of the connection itself, below TLS."""

from dataclasses import replace
from typing import cast

from mockpsc.faults.base import ConnectionFault, PortFault, ResponseFault, fault
from mockpsc.faults.occasion import Occasion
from mockpsc.faults.subjects import Answer, Moment, Port, Wire
from mockpsc.members import member

_MOMENTS = ("accept", "hello", "flight")
_WHEN = "When: as soon as it is accepted, after the ClientHello, or in the middle of the server's first flight."


@fault("tcp.refuse", "handle", "RFC 9293 §3.5.2")
class Refuse(PortFault):
    """Nothing listens on the port: connections are refused by the kernel. Those that are open stay so."""

    def effect(self, subject: Port, occasion: Occasion) -> Port:
        return replace(subject, open=False)


@fault("tcp.reset_at_accept", "handle", "RFC 9293 §3.5.3")
class ResetAtAccept(ConnectionFault):
    """The connection is reset as soon as it is accepted."""

    def effect(self, subject: Wire, occasion: Occasion) -> Wire:
        return replace(subject, end="reset", at="accept")


@fault("tcp.reset_after_hello", "handle", "RFC 9293 §3.5.3")
class ResetAfterHello(ConnectionFault):
    """The connection is reset when the ClientHello has come, as by a middlebox that dislikes a host name."""

    def effect(self, subject: Wire, occasion: Occasion) -> Wire:
        return replace(subject, end="reset", at="hello")


@fault("tcp.reset_mid_handshake", "handle", "RFC 9293 §3.5.3")
class ResetMidHandshake(ConnectionFault):
    """Half of the server's first flight is sent, and the connection is reset."""

    def effect(self, subject: Wire, occasion: Occasion) -> Wire:
        return replace(subject, end="reset", at="flight")


@fault("tcp.reset_mid_body", "handle", "RFC 9293 §3.5.3; RFC 9112 §8")
class ResetMidBody(ResponseFault):
    """A part of the body is sent, and the connection is reset. The endpoint has done its work: a code is spent."""

    at: float = member(0.5, "Which part of the body is sent.", least=0, most=0.99)

    def effect(self, subject: Answer, occasion: Occasion) -> Answer:
        return replace(subject, cut=int(len(subject.body) * self.at), ending="reset")


@fault("tcp.close", "handle", "RFC 8446 §6.1")
class Close(ConnectionFault):
    """The connection is closed in an orderly way before any handshake is done, as by a proxy without a backend."""

    at: str = member("accept", _WHEN, choices=_MOMENTS)

    def effect(self, subject: Wire, occasion: Occasion) -> Wire:
        return replace(subject, end="close", at=cast("Moment", self.at))


@fault("tcp.hang", "handle", "RFC 9112 §9.5")
class Hang(ConnectionFault):
    """The server falls silent and never closes: only the client's own timeout ends it."""

    at: str = member("accept", _WHEN, choices=_MOMENTS)

    def effect(self, subject: Wire, occasion: Occasion) -> Wire:
        return replace(subject, end="hang", at=cast("Moment", self.at))


@fault("tcp.slow_accept", "handle", "RFC 9112 §9.5")
class SlowAccept(ConnectionFault):
    """The connection is made at once, which is the kernel's doing, and the server takes its time to look at it."""

    seconds: float = member(5.0, "How long.", unit="seconds", least=0.001, most=3600)

    def effect(self, subject: Wire, occasion: Occasion) -> Wire:
        return replace(subject, delay=self.seconds)


@fault("tcp.bandwidth", "handle", "RFC 9112 §9.5")
class Bandwidth(ConnectionFault):
    """All that the server sends arrives slowly, the handshake included, which is some 2 kB."""

    rate: int = member(2000, "How much is sent, in bytes a second.", unit="bytes a second", least=1, most=10**9)

    def effect(self, subject: Wire, occasion: Occasion) -> Wire:
        return replace(subject, rate=self.rate)


@fault("tcp.slow_close", "accept", "RFC 9112 §9.6; RFC 8446 §6.1")
class SlowClose(ConnectionFault):
    """A connection that the server closes stays open for a while after its last byte, which with TLS is its
    close_notify, or the alert with which it refuses: whoever waits for the end of the socket waits in vain."""

    seconds: float = member(5.0, "How long.", unit="seconds", least=0.001, most=3600)

    def effect(self, subject: Wire, occasion: Occasion) -> Wire:
        return replace(subject, close_delay=self.seconds)


@fault("tcp.garbage", "handle", "RFC 8446 §5")
class Garbage(ConnectionFault):
    """The server sends something that is not TLS, before the client has said a word, and closes."""

    text: str = member("SSH-2.0-OpenSSH_9.2\r\n", "What it sends.")

    def effect(self, subject: Wire, occasion: Occasion) -> Wire:
        return replace(subject, greeting=self.text.encode(), end="close", at="accept")
