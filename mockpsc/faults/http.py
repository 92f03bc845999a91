"""Faults of HTTP, at any endpoint: match them by endpoint, or they act on every page too."""

from dataclasses import replace

from mockpsc.faults.base import RequestFault, ResponseFault, fault
from mockpsc.faults.occasion import Occasion
from mockpsc.faults.subjects import Answer, Asked
from mockpsc.members import member


@fault("http.none", "accept", "RFC 9110 §15.3.1")
class Nothing(RequestFault):
    """Nothing is wrong: one request passes. For a scenario's steps between faults."""

    def effect(self, subject: Asked, occasion: Occasion) -> Asked:
        return replace(subject)  # another one, so that it counts


@fault("http.status", "handle", "RFC 9110 §15")
class Status(RequestFault):
    """The request is answered with a status and nothing else, and the endpoint does not see it."""

    status: int = member(503, "The status code.", least=200, most=599)
    retry_after: int | None = member(None, "The header Retry-After.", unit="seconds", least=0)

    def effect(self, subject: Asked, occasion: Occasion) -> Asked:
        headers = () if self.retry_after is None else (("Retry-After", str(self.retry_after)),)
        return replace(subject, answer=Answer(status=self.status, headers=headers))


@fault("http.truncated", "handle", "RFC 9112 §8")
class Truncated(ResponseFault):
    """The body ends before its Content-Length, and the connection with it."""

    at: float = member(0.5, "Which part of the body is sent.", least=0, most=0.99)

    def effect(self, subject: Answer, occasion: Occasion) -> Answer:
        return replace(subject, cut=int(len(subject.body) * self.at), ending="close")
