"""The only source of time: everything that ages asks it, so that a test can move it."""

import time
from datetime import UTC, datetime


class Clock:
    """The wall clock, with an offset that a test can advance and a stop that a test can set."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._frozen: float | None = None

    def now(self) -> float:
        """Seconds since the epoch, as this clock sees it."""
        base = time.time() if self._frozen is None else self._frozen
        return base + self._offset

    def today(self) -> datetime:
        """The same moment as an aware datetime in UTC."""
        return datetime.fromtimestamp(self.now(), UTC)

    def advance(self, seconds: float) -> None:
        """Move the clock; a negative number moves it back."""
        self._offset += seconds

    def freeze(self) -> None:
        """Stop the clock where it is; `advance` still moves it."""
        if self._frozen is None:
            self._frozen = time.time()

    def thaw(self) -> None:
        """Let the clock run on from where it stands."""
        if self._frozen is not None:
            self._offset += self._frozen - time.time()
            self._frozen = None

    def reset(self) -> None:
        """Be the wall clock again."""
        self._offset, self._frozen = 0.0, None

    @property
    def offset(self) -> float:
        """How far this clock is ahead of the wall clock, in seconds."""
        return self.now() - time.time()

    @property
    def is_frozen(self) -> bool:
        """Whether this clock stands still."""
        return self._frozen is not None

    def standing(self) -> "Clock":
        """Another clock, which stands still at the present moment of this one."""
        other = Clock()
        other._frozen = self.now()
        return other
