"""An HTTP exchange, as the journal has it: kept as the bytes that came and went, and decoded when it is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote

from mockpsc.journal.body import NOTHING, Body, ShownBody
from mockpsc.journal.lines import milliseconds, on_one_line, when
from mockpsc.vocabulary import FORM, media_type

Pairs = tuple[tuple[str, str], ...]
RawHeaders = Sequence[tuple[bytes, bytes]]


class Findable:
    """What an exchange is found by, here and where a test reads the journal from outside."""

    listener: str
    connection_id: str
    endpoint: str | None
    client_id: str | None
    persona_id: str | None
    status: int
    error: str | None
    reason: str | None
    faults: tuple[str, ...]

    @property
    def failed(self) -> bool:
        """Whether the request was refused, by its status or by an error in a redirect, or got no answer."""
        return self.status >= 400 or not self.status or self.error is not None

    @property
    def facts(self) -> Mapping[str, tuple[object, ...]]:
        """What it can be found by: names, each with its values, the first of which is the whole."""
        return {
            "kind": ("exchange",),
            "listener": (self.listener,),
            "connection": (self.connection_id,),
            "endpoint": (self.endpoint,),
            "client": (self.client_id,),
            "persona": (self.persona_id,),
            "status": (self.status,),
            "failed": (self.failed,),
            "error": (self.error, (self.error or "").partition(":")[0]),
            "reason": (self.reason,),
            "fault": self.faults,
        }


@dataclass(frozen=True, kw_only=True)
class Exchange(Findable):
    """One HTTP request and its answer.

    `endpoint` is the name of the one that was asked, `client_id` and `persona_id` are whom it was about, as far as that
    was found out, and `subject` is that of the certificate which was presented on the connection, as RFC 4514 writes
    it. `error` is the OAuth error, and `hint` says what to do about it; `reason` is the code word of the
    verdict on the client's certificate, if that is why. `faults` are the names of those that acted on it, `tokens` the
    kind and the claims of each token that was issued in it. Headers and bodies are as they came, the request's as far
    as the mock has read it: see `content`.
    """

    number: int = field(default=0, compare=False)
    """The journal's own count of events."""
    time: float
    """When it began, in seconds since the epoch by the mock's clock."""
    listener: str
    connection_id: str = ""
    endpoint: str | None = None
    method: str
    path: str
    status: int
    """0 when nothing was answered."""
    error: str | None = None
    hint: str | None = None
    reason: str | None = None
    client_id: str | None = None
    persona_id: str | None = None
    subject: str | None = None
    faults: tuple[str, ...] = ()
    tokens: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    scheme: str = "https"
    http_version: str = "1.1"
    query: bytes = field(default=b"", repr=False)
    request_headers: RawHeaders = field(default=(), repr=False)
    request_body: Body = NOTHING
    response_headers: RawHeaders = field(default=(), repr=False)
    response_body: Body = NOTHING
    duration: float
    """In seconds, whatever the mock's clock does."""

    @property
    def line(self) -> str:
        """One line for the log."""
        facts = [
            f"{self.listener}: {self.method} {self.path} {self.status or 'without an answer'}"
            f"{when(' {}', self.error)}{when(' ({})', self.reason)}",
            when("client {}", self.client_id),
            when("faults {}", " ".join(self.faults)),
            milliseconds(self.duration),
        ]
        return on_one_line(", ".join(filter(None, facts)) + when(": {}", self.hint))

    @property
    def content(self) -> "Content":
        """All that was said, decoded, secrets included."""
        headers = _decoded(self.request_headers)
        host = _header(headers, "host") or self.listener
        query = self.query.decode("ascii", "replace")
        is_form = media_type(_header(headers, "content-type") or "") == FORM
        return Content(
            url=f"{self.scheme}://{host}{quote(self.path)}{when('?{}', query)}",
            query=_parameters(query),
            form=_parameters(self.request_body.data.decode("ascii", "replace")) if is_form else (),
            request_headers=headers,
            request_body=self.request_body.shown,
            response_headers=_decoded(self.response_headers),
            response_body=self.response_body.shown,
            error=self.error,
            hint=self.hint,
        )

    @property
    def parameters(self) -> Pairs:
        """The decoded parameters in their order: those of the query, then those of the form."""
        return self.content.parameters


@dataclass(frozen=True, kw_only=True)
class Content:
    """What was said in an exchange, decoded. Repeated parameters and headers are all there, in their order."""

    url: str
    query: Pairs
    form: Pairs
    request_headers: Pairs
    request_body: ShownBody
    response_headers: Pairs
    response_body: ShownBody
    error: str | None = None
    hint: str | None = None

    @property
    def parameters(self) -> Pairs:
        """Those of the query, then those of the form."""
        return self.query + self.form

    @property
    def request_type(self) -> str:
        """The Content-Type of the request."""
        return _header(self.request_headers, "content-type") or ""

    @property
    def response_type(self) -> str:
        """The Content-Type of the response."""
        return _header(self.response_headers, "content-type") or ""


def _decoded(headers: RawHeaders) -> Pairs:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)


def _header(headers: Pairs, name: str) -> str | None:
    return next((value for each, value in headers if each.lower() == name), None)


def _parameters(text: str) -> Pairs:
    return tuple(parse_qsl(text, keep_blank_values=True, errors="replace"))
