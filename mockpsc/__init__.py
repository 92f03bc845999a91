"""Pro Santé Connect on your machine: a mock OpenID Provider behind mutual TLS. For tests, never for production.

`with MockPsc() as psc:` runs a mock and gives a `Psc` to drive it; in pytest the fixture `psc` is one. Everything else
is imported when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockpsc.embedded import MockPsc
    from mockpsc.errors import ConfigurationError, MockPscError
    from mockpsc.psc import (
        ArmedFault,
        Browser,
        Certificate,
        Exchange,
        FaultNeverActed,
        Finding,
        Handshake,
        LoginFailed,
        Person,
        Psc,
        RelyingParty,
    )
    from mockpsc.pytest_plugin import psc_fault_matrix
    from mockpsc.settings import Settings

__version__ = "0.1.0"

__all__ = [
    "ArmedFault",
    "Browser",
    "Certificate",
    "ConfigurationError",
    "Exchange",
    "FaultNeverActed",
    "Finding",
    "Handshake",
    "LoginFailed",
    "MockPsc",
    "MockPscError",
    "Person",
    "Psc",
    "RelyingParty",
    "Settings",
    "psc_fault_matrix",
]

# Where they are that are not in `mockpsc.psc`.
_ELSEWHERE = {
    "ConfigurationError": "mockpsc.errors",
    "MockPsc": "mockpsc.embedded",
    "MockPscError": "mockpsc.errors",
    "Settings": "mockpsc.settings",
    "psc_fault_matrix": "mockpsc.pytest_plugin",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'mockpsc' has no attribute {name!r}")
    return getattr(import_module(_ELSEWHERE.get(name, "mockpsc.psc")), name)
