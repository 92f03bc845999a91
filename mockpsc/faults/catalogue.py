"""All faults, by name: the classes that the modules of this package declare, layer by layer."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from mockpsc.errors import Unusable, nearest
from mockpsc.faults.base import Fault
from mockpsc.members import read_members, schema_of

# In the order of the way that a request takes, which is that of the documentation. They are imported when somebody asks
# for a fault: a mock that nobody disturbs starts without them.
_LAYERS = (
    "tcp",
    "tls",
    "http",
    "discovery",
    "jwks",
    "authorization",
    "token",
    "id_token",
    "access_token",
    "userinfo",
    "introspection",
    "revocation",
    "logout",
    "clock",
)


@cache
def catalogue() -> Mapping[str, type[Fault[Any]]]:
    """The faults by name, in the order of the documentation."""
    modules = (import_module(f"mockpsc.faults.{layer}") for layer in _LAYERS)
    return {each.name: each for module in modules for each in _declared_in(module)}


def _declared_in(layer: ModuleType) -> Iterator[type[Fault[Any]]]:
    for each in vars(layer).values():
        if isinstance(each, type) and issubclass(each, Fault) and "name" in vars(each):
            yield each


def find_fault(name: str) -> type[Fault[Any]]:
    """The fault of that name. Raises Unusable, with the nearest name, when there is none."""
    if name not in catalogue():
        raise Unusable(f"No fault is named {name!r}{nearest(name, catalogue())}; `mockpsc faults list` shows them all.")
    return catalogue()[name]


def make_fault(name: str, params: Mapping[str, Any] | None = None) -> Fault[Any]:
    """The fault of that name with these parameters, as JSON has them. Raises Unusable."""
    return read_members(find_fault(name), params or {}, f"The fault {name}")


def catalogued(fault: type[Fault[Any]]) -> dict[str, Any]:
    """An entry of the catalogue as JSON. `parameters` is the JSON Schema of the fault's parameters."""
    return {
        "name": fault.name,
        "layer": fault.layer(),
        "stage": fault.stage,
        "endpoints": list(fault.endpoints()),
        "verdict": fault.verdict,
        "meaning": fault.meaning(),
        "reference": fault.reference,
        "modules": list(fault.modules),
        "matched_by": sorted(fault.knows),
        "counted": fault.counted,
        "parameters": schema_of(fault),
    }
