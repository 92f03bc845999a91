"""The mock's clock and its signing keys, as a test moves them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mockpsc.client import AdminClient


class PscClock:
    """The only clock that the mock goes by. A test moves it, and a reset sets it right again."""

    def __init__(self, admin: AdminClient) -> None:
        self._admin = admin

    @property
    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.fromisoformat(self._admin.clock()["now"])

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
        step = (delta or timedelta()) + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        return datetime.fromisoformat(self._admin.advance(step.total_seconds())["now"])

    def freeze(self) -> None:
        """Stop it; `advance` still moves it."""
        self._admin.freeze()

    def resume(self) -> None:
        """Let it run on."""
        self._admin.resume()


@dataclass(frozen=True, kw_only=True)
class KeyIds:
    """Key ids: `active` signs, `published` are in the JWK Set, the newest first."""

    active: str
    published: tuple[str, ...]


class PscKeys:
    """The keys that tokens are signed with."""

    def __init__(self, admin: AdminClient) -> None:
        self._admin = admin

    @property
    def ids(self) -> KeyIds:
        """Which there are."""
        told = self._admin.keys()
        return KeyIds(active=told["active"], published=tuple(told["published"]))

    def rotate(self, *, publish: bool = True, use: bool = True, keep_old: bool = True) -> str:
        """Make a new key, publish it, sign with it from now on, keep the earlier ones published; its id."""
        return str(self._admin.rotate_keys(publish=publish, use=use, keep_old=keep_old)["new"])
