"""Faults of the provider's clock: all times in a token are wrong alike.

The mock itself keeps the right time: it judges a token that comes back by its own clock, `expires_in` stays as it is,
and so does the header Date, by which nobody judges a token.
"""

from mockpsc.faults.base import ClaimsFault, fault
from mockpsc.faults.jwt import FOREVER
from mockpsc.faults.occasion import Occasion
from mockpsc.faults.subjects import Claims
from mockpsc.members import member

_READ = ("id_token", "access_token")
"""The tokens that others than the provider read."""

_TIMES = ("exp", "iat", "nbf", "auth_time")


@fault("clock.skewed", "accept", "RFC 7519 §4.1.4 and §4.1.5", targets=("id_token",))
class Skewed(ClaimsFault):
    """The provider's clock is a little ahead, or behind: ID tokens seem to come from the near future, or expire sooner.
    Access tokens, which userinfo is to accept, keep the right time."""

    seconds: int = member(10, "How far it is ahead; behind, if negative.", unit="seconds", least=-60, most=60)

    def effect(self, subject: Claims, occasion: Occasion) -> Claims:
        return _moved(subject, self.seconds)


@fault("clock.wrong", "reject", "OpenID Connect Core §3.1.3.7 (9) and (10)", targets=_READ)
class Wrong(ClaimsFault):
    """The provider's clock is far behind, so that ID tokens and access tokens have expired when they come; or far
    ahead, so that they come from a future that no skew explains."""

    seconds: int = member(
        -86400, "How far it is ahead; behind, if negative.", unit="seconds", least=-FOREVER, most=FOREVER
    )

    def effect(self, subject: Claims, occasion: Occasion) -> Claims:
        return _moved(subject, self.seconds)


@fault("clock.frozen", "reject", "OpenID Connect Core §3.1.3.7 (9)", targets=_READ)
class Frozen(ClaimsFault):
    """The provider's clock stops at the first token: those that come later are as old as that one, and after two
    minutes ID tokens and access tokens have expired when they come."""

    def effect(self, subject: Claims, occasion: Occasion) -> Claims:
        stopped = occasion.memory.setdefault("stopped", int(occasion.now))
        return _moved(subject, stopped - int(occasion.now))


def _moved(claims: Claims, seconds: int) -> Claims:
    return {name: value + seconds if name in _TIMES else value for name, value in claims.items()}
