"""Faults of HTTP, at any endpoint: match them by endpoint, or they act on every page too.

Those that act before the endpoint has seen the request spend nothing: a code or a refresh token is good for another
try. Those that act afterwards leave a relying party with a request that was done and an answer that it did not get.
"""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from random import Random

from mockpsc.faults.base import RequestFault, ResponseFault, fault
from mockpsc.faults.occasion import Occasion
from mockpsc.faults.subjects import Answer, Asked, Ending
from mockpsc.members import member

_ENDINGS: Mapping[str, Ending] = {"close": "close", "reset": "reset", "no_close_notify": "no_close_notify"}
_LONGEST = 10**9
"""Seconds: some thirty years."""

_HTML = "text/html; charset=utf-8"
_PORTAL = """\
<!DOCTYPE html>
<html><head><title>Service en maintenance</title></head>
<body><h1>Service en maintenance</h1><p>Merci de revenir plus tard.</p></body></html>
"""
_PROXY = """\
<html>\r
<head><title>{title}</title></head>\r
<body>\r
<center><h1>{title}</h1></center>\r
<hr><center>nginx</center>\r
</body>\r
</html>\r
"""


@fault("http.none", "accept", "RFC 9110 §15.3.1")
class Nothing(RequestFault):
    """Nothing is wrong: one request passes. For a scenario's steps between faults."""

    def effect(self, subject: Asked, occasion: Occasion) -> Asked:
        return replace(subject)  # another one, so that it counts


# Before the endpoint has seen the request.


@fault("http.status", "handle", "RFC 9110 §15")
class Status(RequestFault):
    """The request is answered with a status and nothing else, and the endpoint does not see it."""

    status: int = member(503, "The status code.", least=200, most=599)
    retry_after: int | None = member(None, "The header Retry-After.", unit="seconds", least=0, most=_LONGEST)

    def effect(self, subject: Asked, occasion: Occasion) -> Asked:
        return replace(subject, answer=Answer(status=self.status, headers=_retry_after(self.retry_after)))


@fault("http.rate_limit", "handle", "RFC 6585 §4")
class RateLimit(RequestFault):
    """Of the requests that match, so many pass in any window of time; the others are answered with 429 and Retry-After,
    and the endpoint does not see them."""

    limit: int = member(5, "How many requests pass.", least=0, most=10**6)
    window: float = member(60, "In how much time.", unit="seconds", least=0.001, most=_LONGEST)
    retry_after: int | None = member(
        None,
        "The header Retry-After; when not given, until a request passes again.",
        unit="seconds",
        least=0,
        most=_LONGEST,
    )

    def effect(self, subject: Asked, occasion: Occasion) -> Asked:
        passed: deque[float] = occasion.memory.setdefault("passed", deque())
        while passed and passed[0] <= occasion.now - self.window:
            passed.popleft()
        if len(passed) < self.limit:
            passed.append(occasion.now)
            return subject
        wait = self.window - (occasion.now - passed[0]) if passed else self.window
        after = math.ceil(wait) if self.retry_after is None else self.retry_after
        return replace(subject, answer=_proxy_page(429, "429 Too Many Requests", retry_after=after))


@fault("http.outage", "handle", "RFC 9110 §15.6.4")
class Outage(RequestFault):
    """From the first request on that matches, or a while after it, all are answered with 503 for some time, by the
    mock's clock; then all is well again. The endpoint does not see them. For an outage that begins when the fault is
    armed, arm any fault with delay and ttl."""

    after: float = member(0, "How long all is well after the first request.", unit="seconds", least=0, most=_LONGEST)
    lasts: float = member(30, "How long the outage lasts.", unit="seconds", least=0.001, most=_LONGEST)

    def effect(self, subject: Asked, occasion: Occasion) -> Asked:
        begins: float = occasion.memory.setdefault("first", occasion.now) + self.after
        ends = begins + self.lasts
        if not begins <= occasion.now < ends:
            return subject
        after = math.ceil(ends - occasion.now)
        return replace(subject, answer=_proxy_page(503, "503 Service Temporarily Unavailable", retry_after=after))


@fault("http.bad_gateway", "handle", "RFC 9110 §15.6.3")
class BadGateway(RequestFault):
    """The page of an nginx before Keycloak that does not reach it: 502. The endpoint does not see the request."""

    def effect(self, subject: Asked, occasion: Occasion) -> Asked:
        return replace(subject, answer=_proxy_page(502, "502 Bad Gateway"))


@fault("http.redirect_loop", "handle", "RFC 9110 §15.4")
class RedirectLoop(RequestFault):
    """The request is redirected to the very URL that it was made to. The endpoint does not see it."""

    keep_method: bool = member(
        True, "With status 307, after which a POST is made again; without, 302, and it is a GET."
    )

    def effect(self, subject: Asked, occasion: Occasion) -> Asked:
        status = 307 if self.keep_method else 302
        return replace(subject, answer=Answer(status=status, headers=(("Location", occasion.url),)))


@fault("http.closed_without_answer", "handle", "RFC 9110 §9.2.2")
class ClosedWithoutAnswer(RequestFault):
    """The connection ends instead of an answer, and the endpoint does not see the request. A client cannot tell this
    from http.answer_lost."""

    ending: str = member("close", "How it ends.", choices=tuple(_ENDINGS))

    def effect(self, subject: Asked, occasion: Occasion) -> Asked:
        return replace(subject, answer=Answer(status=500, head=False, ending=_ENDINGS[self.ending]))


# After the endpoint has done its work.


@fault("http.fails_after_work", "handle", "RFC 9110 §15.6.1; RFC 6749 §4.1.2")
class FailsAfterWork(ResponseFault):
    """The endpoint does its work, which spends a code or a refresh token, and then the answer is an error of the
    server's: another try with the same code is refused."""

    status: int = member(500, "The status code.", least=500, most=599)

    def effect(self, subject: Answer, occasion: Occasion) -> Answer:
        body = b'{"error":"unknown_error"}'
        return Answer(status=self.status, headers=(("Content-Type", "application/json"),), body=body)


@fault("http.gateway_timeout", "handle", "RFC 9110 §15.6.5; RFC 6749 §4.1.2")
class GatewayTimeout(ResponseFault):
    """The page of an nginx that waited too long for Keycloak: 504. The endpoint has done its work, which spends a code
    or a refresh token."""

    def effect(self, subject: Answer, occasion: Occasion) -> Answer:
        return _proxy_page(504, "504 Gateway Time-out")


@fault("http.answer_lost", "handle", "RFC 9110 §9.2.2; RFC 6749 §4.1.2")
class AnswerLost(ResponseFault):
    """The endpoint does its work, which spends a code or a refresh token, and the connection ends instead of an
    answer."""

    ending: str = member("close", "How it ends.", choices=tuple(_ENDINGS))

    def effect(self, subject: Answer, occasion: Occasion) -> Answer:
        return replace(subject, head=False, ending=_ENDINGS[self.ending])


@fault("http.delay", "handle", "RFC 9110 §9.2.2")
class Delay(ResponseFault):
    """The answer comes late. The endpoint has done its work by then: a client that does not wait for it has spent its
    code or refresh token."""

    seconds: float = member(5, "How late.", unit="seconds", least=0, most=3600)
    jitter: float = member(0, "At most so much later still, by chance.", unit="seconds", least=0, most=3600)
    seed: int = member(0, "What the dice begin with; the same seed, the same delays.", least=0, most=2**53 - 1)

    def effect(self, subject: Answer, occasion: Occasion) -> Answer:
        dice: Random = occasion.memory.setdefault("dice", Random(self.seed))
        return replace(subject, delay=subject.delay + self.seconds + dice.uniform(0, self.jitter))


@fault("http.dribble", "handle", "RFC 9110 §9.2.2")
class Dribble(ResponseFault):
    """The body comes in small pieces with pauses between them, so that no single read takes too long, and all together
    do."""

    pieces: int = member(10, "In how many pieces.", least=2, most=10**6)
    pause: float = member(1, "Before each but the first.", unit="seconds", least=0, most=3600)

    def effect(self, subject: Answer, occasion: Occasion) -> Answer:
        return replace(subject, pieces=self.pieces, pause=self.pause) if len(subject.body) > 1 else subject


@fault("http.truncated", "handle", "RFC 9112 §8")
class Truncated(ResponseFault):
    """The body ends before its Content-Length, and the connection with it."""

    at: float = member(0.5, "Which part of the body is sent.", least=0, most=0.99)

    def effect(self, subject: Answer, occasion: Occasion) -> Answer:
        return replace(subject, cut=int(len(subject.body) * self.at), ending="close")


@fault("http.content_length_too_long", "handle", "RFC 9112 §8")
class ContentLengthTooLong(ResponseFault):
    """Content-Length promises more than there is, and the connection stays open: a client waits for the rest until it
    gives up."""

    by: int = member(1, "By how much.", unit="bytes", least=1, most=10**9)

    def effect(self, subject: Answer, occasion: Occasion) -> Answer:
        return replace(subject, length=len(subject.body) + self.by)


@fault("http.content_length_too_short", "handle", "RFC 9112 §6.3")
class ContentLengthTooShort(ResponseFault):
    """Content-Length promises less than there is: the body that a client sees ends too early, and what follows is no
    answer to anything."""

    by: int = member(1, "By how much.", unit="bytes", least=1, most=10**9)

    def effect(self, subject: Answer, occasion: Occasion) -> Answer:
        if not subject.body:
            return subject
        return replace(subject, length=max(0, len(subject.body) - self.by), ending="close")


@fault("http.no_content_length", "accept", "RFC 9112 §6.3 (8)")
class NoContentLength(ResponseFault):
    """There is no Content-Length: the body ends with the connection, which says goodbye as it should."""

    def effect(self, subject: Answer, occasion: Occasion) -> Answer:
        return replace(subject, until_close=True, ending="close")


@fault("http.empty", "handle", "RFC 9110 §15.3.1")
class Empty(ResponseFault):
    """The status is 200 and the body is empty."""

    def effect(self, subject: Answer, occasion: Occasion) -> Answer:
        return replace(subject, status=200, body=b"")


@fault("http.malformed_json", "handle", "RFC 8259 §2")
class MalformedJson(ResponseFault):
    """The JSON of the body lacks its end; its Content-Length is right."""

    def effect(self, subject: Answer, occasion: Occasion) -> Answer:
        return replace(subject, body=subject.body[: len(subject.body) // 2]) if _is_json(subject) else subject


@fault("http.html_instead_of_json", "handle", "RFC 9110 §8.3")
class HtmlInsteadOfJson(ResponseFault):
    """Where JSON should be is a page of HTML with status 200, as of a maintenance page or a captive portal."""

    def effect(self, subject: Answer, occasion: Occasion) -> Answer:
        if not _is_json(subject):
            return subject
        headers = subject.with_header("Content-Type", _HTML)
        return replace(subject, status=200, headers=headers, body=_PORTAL.encode())


@fault("http.wrong_content_type", "reject", "RFC 9110 §8.3; OpenID Connect Discovery §4.2")
class WrongContentType(ResponseFault):
    """Content-Type does not say what the body is. The body is as it should be."""

    content_type: str = member(_HTML, "What it says.", header=True)

    def effect(self, subject: Answer, occasion: Occasion) -> Answer:
        return replace(subject, headers=subject.with_header("Content-Type", self.content_type))


@fault("http.huge_body", "handle", "RFC 9110 §15.5.14")
class HugeBody(ResponseFault):
    """The JSON of the body is good and has very much white space before it: who reads all of it needs the memory."""

    megabytes: int = member(11, "How much white space; OpenIddict reads 10.", unit="MiB", least=1, most=256)

    def effect(self, subject: Answer, occasion: Occasion) -> Answer:
        if not _is_json(subject):
            return subject
        return replace(subject, body=b" " * (self.megabytes * 2**20) + subject.body)


@fault("http.bad_gzip", "handle", "RFC 9110 §8.4")
class BadGzip(ResponseFault):
    """Content-Encoding says that the body is compressed, and it is not."""

    def effect(self, subject: Answer, occasion: Occasion) -> Answer:
        return replace(subject, headers=subject.with_header("Content-Encoding", "gzip")) if subject.body else subject


def _is_json(answer: Answer) -> bool:
    return "json" in (answer.header("Content-Type") or "")


def _proxy_page(status: int, title: str, *, retry_after: int | None = None) -> Answer:
    headers = (("Server", "nginx"), ("Content-Type", "text/html"), *_retry_after(retry_after))
    return Answer(status=status, headers=headers, body=_PROXY.format(title=title).encode())


def _retry_after(seconds: int | None) -> tuple[tuple[str, str], ...]:
    return () if seconds is None else (("Retry-After", str(seconds)),)
