"""Faults of the ID token (OpenID Connect Core §3.1.3.7)."""

from mockpsc.faults.base import ClaimsFault, fault
from mockpsc.faults.occasion import Occasion
from mockpsc.faults.subjects import Claims
from mockpsc.members import member


@fault(
    "id_token.expired",
    "reject",
    "OpenID Connect Core §3.1.3.7 (9)",
    modules=("fapi1-advanced-final-client-test-invalid-expired-exp",),
    targets=("id_token",),
)
class Expired(ClaimsFault):
    """The ID token has expired."""

    ago: int = member(1, "How long ago it expired.", unit="seconds", least=1, most=10**9)

    def effect(self, subject: Claims, occasion: Occasion) -> Claims:
        return {**subject, "exp": int(occasion.now) - self.ago}
