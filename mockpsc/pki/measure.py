"""Clients' certificates made to measure: with the subject, the dates and the key that somebody asks for."""

from dataclasses import replace
from datetime import timedelta

from mockpsc.clock import Clock
from mockpsc.errors import ConfigurationError
from mockpsc.pki.authority import Authority
from mockpsc.pki.build import BACKDATE, CLIENT_LIFETIME, client_spec
from mockpsc.pki.bundle import Bundle
from mockpsc.pki.names import parse_dn
from mockpsc.pki.recipes import KeyName, make_key

DAYS = CLIENT_LIFETIME.days
"""How long a good one lasts."""


def issue_to_measure(
    authority: Authority,
    client_id: str,
    *,
    subject: str | None = None,
    days: int = DAYS,
    not_before_days: int | None = None,
    key: KeyName = "rsa",
    clock: Clock,
) -> Bundle:
    """A client's certificate that begins and ends in so many days; negative numbers are in the past. The subject is as
    in RFC 4514. Raises ConfigurationError for what cannot be."""
    private_key = make_key(key)
    begin, lifetime = _validity(days, not_before_days)
    spec = replace(client_spec(private_key.public_key(), client_id=client_id), not_before=begin, lifetime=lifetime)
    if subject is not None:
        spec = replace(spec, subject=parse_dn(subject))
    end = authority.certificate.not_valid_after_utc
    if clock.today() + begin >= end:
        raise ConfigurationError(
            f"The authority that would issue the certificate ends on {end:%Y-%m-%d}, before it would begin: "
            "give an earlier --not-before-days."
        )
    return authority.issue(spec, private_key, clock=clock)


def _validity(days: int, not_before_days: int | None) -> tuple[timedelta, timedelta]:
    """When it begins, from now, and how long it lasts. One that has ended began a year before it did."""
    end = timedelta(days=days)
    if not_before_days is None:
        begin = -BACKDATE if days > 0 else end - timedelta(days=365)
    else:
        begin = timedelta(days=not_before_days)
    if begin >= end:
        raise ConfigurationError(
            f"The certificate would begin in {not_before_days} days and end in {days}: give an earlier "
            "--not-before-days, or a later --days; negative numbers are in the past."
        )
    return begin, end - begin
