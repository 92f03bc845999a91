"""Pro Santé Connect on your machine: a mock OpenID Provider behind mutual TLS. For tests, never for production.

`with MockPsc() as psc:` runs a mock and gives a `Psc` to drive it; in pytest the fixture `psc` is one. Everything else
is imported when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockpsc.embedded import MockPsc
    from mockpsc.errors import ConfigurationError, MockPscError
    from mockpsc.psc import LoginFailed, Psc
    from mockpsc.pytest_plugin import psc_fault_matrix
    from mockpsc.settings import Settings

__version__ = "0.1.0"

_HOMES = {
    "ConfigurationError": "mockpsc.errors",
    "LoginFailed": "mockpsc.psc",
    "MockPsc": "mockpsc.embedded",
    "MockPscError": "mockpsc.errors",
    "Psc": "mockpsc.psc",
    "Settings": "mockpsc.settings",
    "psc_fault_matrix": "mockpsc.pytest_plugin",
}

__all__ = [
    "ConfigurationError",
    "LoginFailed",
    "MockPsc",
    "MockPscError",
    "Psc",
    "Settings",
    "psc_fault_matrix",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mockpsc' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
