"""An armed fault as a test holds it."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from mockpsc.client import AdminClient
from mockpsc.errors import ConfigurationError


class FaultNeverActed(AssertionError):
    """A fault was armed for a block of a test, and the relying party never met it."""


class ArmedFault:
    """An armed fault: leave the `with` block, or call `disarm`, and it is armed no more."""

    def __init__(self, admin: AdminClient, told: Mapping[str, Any], *, must_act: bool) -> None:
        self._admin, self._must_act, self._disarmed = admin, must_act, False
        self.id, self.name, self.verdict = str(told["id"]), str(told["name"]), str(told["verdict"])
        self._last = told

    def __repr__(self) -> str:
        return f"<fault {self.name} ({self.id}), which a relying party must {self.verdict}>"

    @property
    def hits(self) -> int:
        """How often it has acted."""
        return int(self._told()["hits"])

    @property
    def seen(self) -> int:
        """How many occasions matched."""
        return int(self._told()["seen"])

    @property
    def is_idle(self) -> bool:
        """Whether it is armed, and never acted."""
        return not self._disarmed and not self.hits

    def disarm(self) -> None:
        """Disarm it, if it still is armed."""
        if self._disarmed:
            return
        self._disarmed = True
        try:
            (self._last,) = self._admin.disarm(self.id)
        except ConfigurationError:  # a reset came before
            return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.disarm()
        if error is None and self._must_act and not self._last["hits"]:
            seen = self._last["seen"]
            met = f"{seen} occasions matched, and it was not the time" if seen else "nothing came that it could act on"
            raise FaultNeverActed(
                f"The fault {self.name} was armed and never acted: {met} (match: {self._last['match'] or 'all'}). "
                "Give must_act=False if that is meant."
            )

    def _told(self) -> Mapping[str, Any]:
        if not self._disarmed:
            self._last = self._admin.get(f"/api/faults/{self.id}")
        return self._last
