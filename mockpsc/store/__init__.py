"""What is remembered between requests: the records (`model`), what a store can do (`base`), and a store (`memory`)."""

from mockpsc.store.base import Store
from mockpsc.store.memory import MemoryStore
from mockpsc.store.model import (
    AuthorizationCode,
    ClientSession,
    Record,
    RevokedToken,
    Session,
    SpentCode,
    UsedRefreshToken,
)

__all__ = [
    "AuthorizationCode",
    "ClientSession",
    "MemoryStore",
    "Record",
    "RevokedToken",
    "Session",
    "SpentCode",
    "Store",
    "UsedRefreshToken",
]
