"""The one table that is printed."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """A number with its unit, the CPU time that it took, what it should be, and how it was obtained."""

    what: str
    value: str
    cpu: str = ""
    goal: str = ""
    how: str = ""


_HEADINGS = Row(what="What", value="Measured", cpu="CPU each", goal="Goal", how="How it was obtained")


def table(rows: Iterable[Row]) -> str:
    """The rows under their headings, in columns."""
    lines = [astuple(row) for row in (_HEADINGS, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def judged(value: float, limit: float, goal: str) -> str:
    """The goal, and whether a value that should be small meets it."""
    return f"{goal}: {'met' if value <= limit else 'missed'}"
