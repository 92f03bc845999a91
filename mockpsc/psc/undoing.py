"""Taking back, one by one, what a test has done to a mock that others use, too."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress

from mockpsc.client import NotThere


def undo(steps: Iterable[Callable[[], object]]) -> None:
    """Take all steps in their order, the rest, too, when one fails; its error is raised at the end. To take away what
    is not there any more is no failure."""
    with ExitStack() as rest:
        for step in reversed([*steps]):
            rest.callback(_unless_gone, step)


def _unless_gone(step: Callable[[], object]) -> None:
    with suppress(NotThere):
        step()
