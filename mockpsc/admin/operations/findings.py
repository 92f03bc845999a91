"""What relying parties did that Pro Santé Connect's rules or good practice forbid."""

from typing import Any

from mockpsc.admin.api import Operation
from mockpsc.admin.control import Control
from mockpsc.findings import FindingsQuery, find, rules


def _find(control: Control, query: FindingsQuery) -> list[dict[str, Any]]:
    found = find(control.journal.exchanges(), control.journal.handshakes())
    return [each.as_json() for each in found if query.accepts(each)]


def _rules(control: Control) -> list[dict[str, Any]]:
    return [each.as_json() for each in rules().values()]


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
