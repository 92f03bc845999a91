"""Which findings somebody wants, declared once for the code, the query string and the command."""

from dataclasses import dataclass

from mockpsc.errors import Unusable, nearest
from mockpsc.findings.catalogue import rules
from mockpsc.findings.finding import Finding
from mockpsc.members import member


@dataclass(frozen=True, kw_only=True)
class FindingsQuery:
    """Which findings: those that have all of these values; without any, all."""

    client: str | None = member(None, "The client's id.")
    after: int | None = member(None, "The number of an event: only findings in later ones.", least=0)
    rule: str | None = member(None, "The code word of a rule.")
    severity: str | None = member(
        None, "Whether it is forbidden, or advised against.", choices=("forbidden", "discouraged")
    )

    def __post_init__(self) -> None:
        if self.rule is not None and self.rule not in rules():
            close = nearest(self.rule, rules())
            raise Unusable(f"No rule is named {self.rule!r}{close}; `mockpsc findings rules` lists them.")

    def accepts(self, finding: Finding) -> bool:
        """Whether this is such a finding."""
        return (
            self.client in (None, finding.client_id)
            and finding.number > (self.after or 0)
            and self.rule in (None, finding.rule.code)
            and self.severity in (None, finding.rule.severity)
        )
