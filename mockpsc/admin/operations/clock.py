"""The mock's clock."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mockpsc.admin.api import Operation
from mockpsc.admin.control import Control
from mockpsc.errors import Unusable
from mockpsc.members import member

# Between these, every date that certificates and tokens may bear can be written.
_FIRST, _LAST = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (1971, 2200))
_MOST = _LAST - _FIRST
_WITH_ZONE = re.compile(r".*(Z|[+-]\d\d:?\d\d)")


@dataclass(frozen=True, kw_only=True)
class AdvanceBody:
    """How far to move the clock."""

    seconds: float = member(help="So far; a negative number moves it back.", unit="seconds", least=-_MOST, most=_MOST)


@dataclass(frozen=True, kw_only=True)
class SetBody:
    """What to set the clock to."""

    time: str = member(help="A moment as in RFC 3339, such as 2027-01-31T12:00:00Z.")


def _now(control: Control) -> dict[str, Any]:
    clock = control.clock
    return {
        "now": clock.today().isoformat(timespec="milliseconds"),
        "seconds": clock.now(),
        "frozen": clock.is_frozen,
        "ahead": round(clock.offset, 3),
    }


def _advance(control: Control, body: AdvanceBody) -> dict[str, Any]:
    return _moved(control, body.seconds)


def _set(control: Control, body: SetBody) -> dict[str, Any]:
    return _moved(control, _moment(body.time) - control.clock.now())


def _freeze(control: Control) -> dict[str, Any]:
    control.clock.freeze()
    return _now(control)


def _resume(control: Control) -> dict[str, Any]:
    control.clock.thaw()
    return _now(control)


def _moment(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or not _WITH_ZONE.fullmatch(text):
        raise Unusable(f"The time {text!r} cannot be read; expected one with its zone, such as 2027-01-31T12:00:00Z.")
    return moment.timestamp()


def _moved(control: Control, seconds: float) -> dict[str, Any]:
    """Move the clock, and let take effect what begins or ends by it."""
    if not _FIRST <= control.clock.now() + seconds < _LAST:
        raise Unusable("The clock would be moved out of the years 1971 to 2199, in which it has to stay.")
    control.clock.advance(seconds)
    return _now(control)


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/clock",
        summary="Tell the time by the mock's clock.",
        answer="`now` in ISO 8601, `seconds` since the epoch, whether it is `frozen`, and how far `ahead` it is.",
        function=_now,
    ),
    Operation(
        method="POST",
        path="/api/clock/advance",
        summary="Move the clock.",
        answer="The time as it is now.",
        function=_advance,
        body=AdvanceBody,
        example={"seconds": 300},
    ),
    Operation(
        method="POST",
        path="/api/clock/set",
        summary="Set the clock to a moment.",
        answer="The time as it is now.",
        function=_set,
        body=SetBody,
        example={"time": "2027-01-31T12:00:00Z"},
    ),
    Operation(
        method="POST",
        path="/api/clock/freeze",
        summary="Stop the clock where it is. It can still be moved.",
        answer="The time as it is now.",
        function=_freeze,
    ),
    Operation(
        method="POST",
        path="/api/clock/resume",
        summary="Let the clock run on from where it stands.",
        answer="The time as it is now.",
        function=_resume,
    ),
)
