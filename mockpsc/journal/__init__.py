"""What happened: every TLS handshake, those that failed included, and every HTTP exchange, as values and as log lines.

Two failures of a handshake are told apart, since their remedies are opposite: *we refused the client* and *the client
refused us*. Of an exchange the bytes are kept as they came, and decoded for those who ask; what is then shown has its
secrets replaced, unless they are asked for (`redaction`). `records` and `har` are the forms in which it leaves here.
"""

from mockpsc.journal.body import Body, Tape
from mockpsc.journal.exchange import Content, Exchange
from mockpsc.journal.filter import Filter
from mockpsc.journal.handshake import Handshake, Outcome
from mockpsc.journal.har import as_har
from mockpsc.journal.journal import Event, Journal
from mockpsc.journal.records import as_json, as_ndjson

__all__ = [
    "Body",
    "Content",
    "Event",
    "Exchange",
    "Filter",
    "Handshake",
    "Journal",
    "Outcome",
    "Tape",
    "as_har",
    "as_json",
    "as_ndjson",
]
