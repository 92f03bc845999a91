"""What the admin API drives: the parts of a running mock."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mockpsc.admin.revocation import RevocationService
from mockpsc.clock import Clock
from mockpsc.connection import Connection
from mockpsc.faults import Injector
from mockpsc.journal import Journal
from mockpsc.judgement.verdict import Language
from mockpsc.pki import Pki
from mockpsc.profiles import Persona
from mockpsc.provider import Provider
from mockpsc.settings import Settings

Explain = Callable[[str, str | None, Language], dict[str, Any]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Control:
    """A mock as the admin listener sees it.

    `explain` tells what would become of a client's certificate: it is given a chain in PEM, perhaps with its key, the
    id of the client that would present it, or None, and a language; it gives back what `mockpsc certs explain --json`
    prints, and raises ConfigurationError for what cannot be read. `settle` waits until what was changed has taken
    effect, which for a port takes a moment."""

    provider: Provider
    connection: Connection
    pki: Pki
    personas_at_start: Mapping[str, Persona]
    revocation: RevocationService
    explain: Explain
    settle: Callable[[], Awaitable[None]]

    @property
    def settings(self) -> Settings:
        """The options of the mock."""
        return self.provider.settings

    @property
    def faults(self) -> Injector:
        """The armed faults."""
        return self.provider.faults

    @property
    def clock(self) -> Clock:
        """The mock's clock."""
        return self.provider.clock

    @property
    def journal(self) -> Journal:
        """What happened."""
        return self.provider.journal
