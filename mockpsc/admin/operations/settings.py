"""The options of the mock."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mockpsc import settings
from mockpsc.admin.api import Operation
from mockpsc.admin.control import Control

_HIDDEN = "(hidden)"
_SECRETS = ("secret",)


def _settings(control: Control) -> dict[str, Any]:
    """Every option by name, as it is in effect."""
    return {
        option.name: _shown(getattr(control.settings, option.name), is_secret=option.metadata["kind"].is_secret)
        for option in settings.options()
    }


def _shown(value: Any, *, is_secret: bool = False) -> Any:
    """A value as JSON, what is secret hidden, in tables too."""
    if is_secret and value is not None:
        return _HIDDEN
    if isinstance(value, Path):
        return str(value.absolute())
    if isinstance(value, Mapping):
        return {name: _shown(each, is_secret=name in _SECRETS) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(each) for each in value]
    return value if value is None or isinstance(value, str | int | float) else str(value)


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/settings",
        summary="Show the options that the mock runs with.",
        answer="Every option by name; what is secret is hidden.",
        function=_settings,
    ),
)
