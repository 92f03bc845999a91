"""Faults on demand: what a relying party must survive, by name, at seven stages on the way of a request.

    connection ──> handshake ──> request ──> claims ──> token ──> document ──> response

`subjects` are what faults change, one kind a stage; `base` says what a fault is. A module each of `tcp`, `tls`, `http`
… declares the faults of a layer, one class a fault, and `catalogue` has them all. `occasion` says whom a fault would
act on; `arming` reads what somebody asks for; `armed` is a fault that waits, `scenarios` several in a row. `injector`
asks them. A fault can reach nothing: neither the store, nor a socket, nor a key.
"""

from mockpsc.faults.armed import Armed, Trigger
from mockpsc.faults.arming import HEADER, Order, orders_carried_by, orders_in, read_order
from mockpsc.faults.base import Fault
from mockpsc.faults.catalogue import catalogue, find_fault, make_fault
from mockpsc.faults.injector import Injector, Standing
from mockpsc.faults.occasion import Match, Occasion

__all__ = [
    "HEADER",
    "Armed",
    "Fault",
    "Injector",
    "Match",
    "Occasion",
    "Order",
    "Standing",
    "Trigger",
    "catalogue",
    "find_fault",
    "make_fault",
    "orders_carried_by",
    "orders_in",
    "read_order",
]
