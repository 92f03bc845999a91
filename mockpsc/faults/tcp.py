"""Faults of the connection itself, below TLS."""

from dataclasses import replace

from mockpsc.faults.base import ConnectionFault, PortFault, fault
from mockpsc.faults.occasion import Occasion
from mockpsc.faults.subjects import Port, Wire


@fault("tcp.refuse", "handle", "RFC 9293 §3.5.2")
class Refuse(PortFault):
    """Nothing listens on the port: connections are refused by the kernel."""

    def effect(self, subject: Port, occasion: Occasion) -> Port:
        return replace(subject, open=False)


@fault("tcp.reset_at_accept", "handle", "RFC 9293 §3.5.2")
class ResetAtAccept(ConnectionFault):
    """The connection is reset as soon as it is accepted."""

    def effect(self, subject: Wire, occasion: Occasion) -> Wire:
        return replace(subject, end="reset", at="accept")
