"""The mock's clock and its signing keys, as a test moves them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mockpsc.client import AdminClient
from mockpsc.errors import Unusable


class PscClock:
    """The only clock that the mock goes by. A test moves it, and a reset sets it right again.

    The clock of a mock that several test processes share cannot be moved, which raises Unusable."""

    def __init__(self, admin: AdminClient, *, is_shared: bool) -> None:
        self._admin, self._is_shared = admin, is_shared

    @property
    def now(self) -> datetime:
        """The time, in UTC."""
        return _moment(self._admin.clock())

    def advance(
        self,
        delta: timedelta | None = None,
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
    ) -> datetime:
        """Move it: `advance(minutes=5)`. A negative time moves it back. The time then."""
        _require_own("clock", is_shared=self._is_shared)
        step = (delta or timedelta()) + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        return _moment(self._admin.advance(step.total_seconds()))

    def set(self, moment: datetime) -> datetime:
        """Set it to an aware moment. The time then."""
        _require_own("clock", is_shared=self._is_shared)
        return _moment(self._admin.post("/api/clock/set", {"time": moment.isoformat()}))

    def freeze(self) -> datetime:
        """Stop it; `advance` and `set` still move it. The time then."""
        _require_own("clock", is_shared=self._is_shared)
        return _moment(self._admin.freeze())

    def resume(self) -> datetime:
        """Let it run on. The time then."""
        _require_own("clock", is_shared=self._is_shared)
        return _moment(self._admin.resume())


@dataclass(frozen=True, kw_only=True)
class KeyIds:
    """Key ids: `active` signs, `published` are in the JWK Set, the newest first."""

    active: str
    published: tuple[str, ...]


class PscKeys:
    """The keys that tokens are signed with. They stay over a reset, so that what a relying party has cached is still
    good in the next test; a reset only publishes the key that signs, if it was not.

    The keys of a mock that several test processes share cannot be rotated, which raises Unusable."""

    def __init__(self, admin: AdminClient, *, is_shared: bool) -> None:
        self._admin, self._is_shared = admin, is_shared

    @property
    def ids(self) -> KeyIds:
        """Which there are."""
        told = self._admin.keys()
        return KeyIds(active=told["active"], published=tuple(told["published"]))

    def rotate(self, *, publish: bool = True, use: bool = True, keep_old: bool = True) -> str:
        """Make a new key, publish it, sign with it from now on, keep the earlier ones published, each or not; its id.

        A key that was made and not used yet is the new one again, so that it can be published first and used later."""
        _require_own("keys", is_shared=self._is_shared)
        return str(self._admin.rotate_keys(publish=publish, use=use, keep_old=keep_old)["new"])


def _require_own(what: str, *, is_shared: bool) -> None:
    if is_shared:
        raise Unusable(
            f"The {what} of this mock cannot be moved: several test processes share it. Run the test without "
            "pytest-xdist, or without MOCKPSC_URL, so that each process has a mock of its own."
        )


def _moment(told: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(told["now"])
