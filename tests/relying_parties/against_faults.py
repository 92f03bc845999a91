"""Sends relying parties through a login and a logout under each fault, and writes down where each of them stopped.

`python -m relying_parties.against_faults` writes docs/relying_parties.toml, of which the page is made.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from relying_parties.parties import CLIENTS
from relying_parties.walks import Authlib, OpenIdClient, Walker
from support import RunningMock, make_settings

from mockpsc.faults import catalogue, find_fault

TABLE = Path(__file__).parents[2] / "docs" / "relying_parties.toml"
LIBRARIES: tuple[type[Walker], ...] = (OpenIdClient, Authlib)

# Where one login cannot tell the default from no fault at all.
PARAMS: Mapping[str, Mapping[str, Any]] = {}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a login under a fault. `met` says whether the fault acted at all."""

    step: str
    error: str = ""
    met: bool = True

    def __str__(self) -> str:
        """As a TOML inline table."""
        return f"{{ {', '.join(f'{name} = {_toml(value)}' for name, value in asdict(self).items())} }}"


def recorded() -> Any:
    """The table: by library, its `versions` and its `outcomes` by fault."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def measure(library: Walker, name: str, certs: Path) -> Outcome:
    """What becomes of a relying party with that fault, at a mock of its own."""
    running = RunningMock(make_settings(certs, clients=CLIENTS))
    try:
        armed = running.arm(name, dict(PARAMS.get(name, {})), match=_match(name))
        step, error = library.walk(running)
        return Outcome(step=step, error=error, met=armed.hits > 0 or not armed.fault.counted)
    finally:
        running.stop()


def _match(name: str) -> dict[str, str]:
    """So that what is not about one document meets the relying party where it matters, and not the browser."""
    fault = find_fault(name)
    if fault.layer() in ("tcp", "tls"):
        return {"listener": "auth"}
    at_token = not fault.targets or "token" in fault.endpoints()
    return {"endpoint": "token"} if fault.layer() == "http" and at_token else {}


def main() -> None:
    """Measure all, and write the table."""
    with TemporaryDirectory() as folder, ThreadPoolExecutor() as pool:
        RunningMock(make_settings(Path(folder))).stop()  # which makes the PKI that all of them open
        parts = pool.map(partial(_part, certs=Path(folder)), LIBRARIES)
        TABLE.write_text("\n\n".join(["# Measured by `make relying-parties`; do not edit.", *parts]) + "\n", "utf-8")


def _part(kind: type[Walker], certs: Path) -> str:
    """A library's part of the table."""
    with kind() as library:
        outcomes = {name: measure(library, name, certs) for name in catalogue()}
        versions = {name: _toml(version) for name, version in library.versions().items()}
    return "\n\n".join([_table(f"{kind.name}.versions", versions), _table(f"{kind.name}.outcomes", outcomes)])


def _table(title: str, rows: Mapping[str, object]) -> str:
    return "\n".join([f"[{title}]", *(f"{_toml(name)} = {value}" for name, value in rows.items())])


def _toml(value: str | bool) -> str:
    """A text or a boolean, which TOML writes as JSON does."""
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    main()
