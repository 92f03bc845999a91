"""What relying parties did that Pro Santé Connect's rules or good practice forbid."""

from dataclasses import dataclass
from typing import Any

from mockpsc.admin.api import Operation
from mockpsc.admin.control import Control
from mockpsc.errors import Unusable, nearest
from mockpsc.findings import Rule, find, rules
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

    def accepts(self, rule: Rule, client_id: str | None, number: int) -> bool:
        """Whether a finding like this is asked for."""
        return (
            self.client in (None, client_id)
            and number > (self.after or 0)
            and self.rule in (None, rule.code)
            and self.severity in (None, rule.severity)
        )


def as_json(rule: Rule) -> dict[str, Any]:
    """A rule as JSON."""
    return {
        "code": rule.code,
        "severity": rule.severity,
        "endpoints": list(rule.endpoints),
        "what": dict(rule.what),
        "source": rule.source,
        "remedy": dict(rule.remedy),
    }


def _find(control: Control, query: FindingsQuery) -> list[dict[str, Any]]:
    found = find(control.journal.exchanges(), control.journal.handshakes())
    return [each.as_json() for each in found if query.accepts(each.rule, each.client_id, each.number)]


def _rules(control: Control) -> list[dict[str, Any]]:
    return [as_json(each) for each in rules().values()]


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/findings",
        summary="Tell what relying parties did that they must not or should not do, as far as the journal shows it.",
        answer="A list, in the order of the journal: the rule that was broken, by whom and in which exchange, and what "
        "to do about it.",
        function=_find,
        query=FindingsQuery,
    ),
    Operation(
        method="GET",
        path="/api/findings/rules",
        summary="List the rules that relying parties are held to.",
        answer="A list.",
        function=_rules,
    ),
)
