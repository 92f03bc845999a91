"""What the admin API can do: a module for each group, and the table of them all, in the order of the documentation."""

from mockpsc.admin import journal
from mockpsc.admin.api import Operation
from mockpsc.admin.operations import (
    certificates,
    clients,
    clock,
    faults,
    findings,
    keys,
    mock,
    personas,
    revocation,
    scenarios,
    sessions,
    settings,
    tokens,
)

OPERATIONS: tuple[Operation, ...] = (
    *mock.OPERATIONS,
    *faults.OPERATIONS,
    *scenarios.OPERATIONS,
    *personas.OPERATIONS,
    *clients.OPERATIONS,
    *certificates.OPERATIONS,
    *revocation.OPERATIONS,
    *keys.OPERATIONS,
    *clock.OPERATIONS,
    *sessions.OPERATIONS,
    *tokens.OPERATIONS,
    *journal.OPERATIONS,
    *findings.OPERATIONS,
    *settings.OPERATIONS,
)
