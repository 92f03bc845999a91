"""What the mock saw, as values: an HTTP exchange, and a TLS handshake."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from mockpsc.journal.exchange import Findable


@dataclass(frozen=True, kw_only=True)
class Exchange(Findable):
    """An HTTP request and its answer.

    `parameters` are those of the query and of the form, `headers` those of the request, their names in lower case;
    secrets are redacted. `subject` is that of the certificate that was presented on the connection. `tokens` are the
    claims that were issued, by kind: `id_token`, `access_token`, `refresh_token`. `line` is the line of the log, and
    `raw` all of it, as the admin API tells it."""

    number: int
    listener: str
    connection_id: str
    endpoint: str | None
    method: str
    path: str
    status: int
    error: str | None
    hint: str | None
    reason: str | None
    client_id: str | None
    persona_id: str | None
    subject: str | None
    faults: tuple[str, ...]
    parameters: Mapping[str, str]
    headers: Mapping[str, str]
    tokens: Mapping[str, Mapping[str, Any]]
    line: str
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """The exchange that the admin API tells of."""
        return cls(
            **{name: raw[name] for name in _OF_EXCHANGES},
            faults=tuple(raw["faults"]),
            parameters=_first_of_each(raw["parameters"]),
            headers={name.lower(): value for name, value in _first_of_each(raw["request"]["headers"]).items()},
            tokens={each["kind"]: each["claims"] for each in raw["tokens"]},
            raw=raw,
        )


@dataclass(frozen=True, kw_only=True)
class Handshake:
    """A TLS handshake.

    `outcome` is accepted, refused (by the mock), rejected (by the client), abandoned, or broken (by a fault); `reason`
    is a stable code word and `sentence` its explanation; `subject` is that of the client's certificate. Alerts are
    numbers (RFC 8446 §6). `line` is the line of the log, and `raw` all of it, as the admin API tells it."""

    number: int
    listener: str
    connection_id: str
    server_name: str | None
    outcome: str
    reason: str | None
    sentence: str | None
    subject: str | None
    alerts_sent: tuple[int, ...]
    alerts_received: tuple[int, ...]
    faults: tuple[str, ...]
    line: str
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """The handshake that the admin API tells of."""
        told: dict[str, Any] = {name: raw[name] for name in _OF_HANDSHAKES}
        told |= {name: tuple(raw[name]) for name in ("alerts_sent", "alerts_received", "faults")}
        verdict = raw["verdict"] or {"reason": None, "en": {}}
        sentence = raw["sentence"] or " ".join(verdict["en"].values()) or None
        return cls(**told, reason=raw["reason"] or verdict["reason"], sentence=sentence, raw=raw)

    @property
    def client_id(self) -> None:
        """A handshake names no client."""

    @property
    def failed(self) -> bool:
        """Whether one side refused the other, or a fault did."""
        return self.outcome in ("refused", "rejected", "broken")

    @property
    def facts(self) -> Mapping[str, tuple[object, ...]]:
        """What it can be found by: names, each with its values."""
        return {
            "listener": (self.listener,),
            "connection": (self.connection_id,),
            "outcome": (self.outcome,),
            "failed": (self.failed,),
            "reason": (self.reason,),
            "fault": self.faults,
        }


Event = Exchange | Handshake


def event_of(raw: Mapping[str, Any]) -> Event:
    """The event that the admin API tells of."""
    return Exchange.of(raw) if raw["kind"] == "exchange" else Handshake.of(raw)


_OF_BOTH = ("number", "listener", "connection_id", "subject", "line")
_OF_HANDSHAKES = (*_OF_BOTH, "server_name", "outcome")
_OF_EXCHANGES = (
    *_OF_BOTH,
    *("endpoint", "method", "path", "status", "error", "hint", "reason", "client_id", "persona_id"),
)


def _first_of_each(pairs: list[Mapping[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in pairs:
        found.setdefault(each["name"], each["value"])
    return found
