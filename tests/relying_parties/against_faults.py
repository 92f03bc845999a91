"""Sends relying parties through a login and a logout under each fault, and writes down where each of them stopped.

`python -m relying_parties.against_faults` writes docs/relying_parties.toml, of which the page is made.
"""

import json
import logging
import tomllib
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from relying_parties.parties import CLIENTS
from relying_parties.walks import Authlib, OpenIdClient, Walker
from support import RunningMock, make_settings

from mockpsc.faults import Armed, catalogue, find_fault
from mockpsc.faults.arming import params_in

TABLE = Path(__file__).parents[2] / "docs" / "relying_parties.toml"
LIBRARIES: tuple[type[Walker], ...] = (OpenIdClient, Authlib)

# Besides the defaults: where one login would not meet the fault, or where it is only just wrong.
MORE = ("http.rate_limit;limit=0", "id_token.expired;ago=3600")
# How many seconds ago somebody else logged in under the fault, if it is one that shows with time.
ARMED_AGO = {"clock.frozen": 300}


def tried() -> list[str]:
    """Each fault of the catalogue, and some of them with parameters besides: `name;param=value`."""
    return [text for name in catalogue() for text in (name, *(more for more in MORE if more.startswith(f"{name};")))]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a login: the step that was reached, which is `end` after all, and the error that stopped it there.

    `met` says whether the fault acted at all. `refused` says that it was the mock which stopped it, by refusing in good
    order what the relying party went on with."""

    step: str
    error: str = ""
    met: bool = True
    refused: bool = False

    def __str__(self) -> str:
        """A TOML inline table of what is not as usual."""
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        usual = {each.name: each.default for each in fields(self)}
        return f"{{ {', '.join(f'{name} = {_toml(value)}' for name, value in told.items() if value != usual[name])} }}"


def recorded() -> Any:
    """The table: by library, its `versions` and its `outcomes`."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


class Mocks:
    """A new mock for each measurement; each is stopped while the next one is at work."""

    def __init__(self, certs: Path) -> None:
        self._certs, self._pool = certs, ThreadPoolExecutor()
        self._stopped: list[Future[None]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._pool.shutdown()
        for stopped in self._stopped:
            stopped.result()

    @contextmanager
    def one(self) -> Iterator[RunningMock]:
        running = RunningMock(make_settings(self._certs, clients=CLIENTS))
        try:
            yield running
        finally:
            self._stopped.append(self._pool.submit(running.stop))


def measure(library: Walker, text: str, running: RunningMock) -> Outcome:
    """What becomes of a relying party at that mock, when it has that fault."""
    armed = _arm(running, text)
    step, error = library.walk(running)
    met = armed.hits > 0 or not armed.fault.counted
    return Outcome(step=step, error=error, met=met, refused=step != "end" and _has_refused(running, armed.fault.name))


def _arm(running: RunningMock, text: str) -> Armed:
    name, *params = text.split(";")
    ago = ARMED_AGO.get(name, 0)
    running.advance(-ago)
    armed = running.arm(name, params_in(name, params), match=_match(name))
    if ago:
        running.relying_party("rp-one").login()
    running.advance(ago)
    return armed


def _match(name: str) -> dict[str, str]:
    """So that what can be anywhere meets the relying party where it matters, and not the browser."""
    fault = find_fault(name)
    if fault.layer() in ("tcp", "tls"):
        return {"listener": "auth"}
    return {"endpoint": "token"} if fault.layer() == "http" else {}


def _has_refused(running: RunningMock, fault: str) -> bool:
    """Whether the mock answered with an error in the end, and not because of the fault."""
    exchanges = running.call(running.mock.journal.exchanges)
    return bool(exchanges) and exchanges[-1].failed and fault not in exchanges[-1].faults


def main() -> None:
    """Measure all, and write the table."""
    logging.disable()  # the mock has something to say of each fault
    with ExitStack() as opened:
        libraries = [opened.enter_context(kind()) for kind in LIBRARIES]
        mocks = opened.enter_context(Mocks(Path(opened.enter_context(TemporaryDirectory()))))
        with mocks.one():
            pass  # it has made the PKI that all others open
        parts = list(opened.enter_context(ThreadPoolExecutor()).map(partial(_part, mocks), libraries))
    text = "\n\n".join(["# Measured by `make relying-parties`; do not edit.", *parts])
    TABLE.write_text(f"{text}\n", encoding="utf-8")


def _part(mocks: Mocks, library: Walker) -> str:
    """A library's part of the table."""
    versions = {name: _toml(version) for name, version in library.versions.items()}
    outcomes = {text: _measured(library, text, mocks) for text in tried()}
    return "\n\n".join([_table(f"{library.name}.versions", versions), _table(f"{library.name}.outcomes", outcomes)])


def _measured(library: Walker, text: str, mocks: Mocks) -> Outcome:
    with mocks.one() as running:
        return measure(library, text, running)


def _table(title: str, rows: Mapping[str, object]) -> str:
    return "\n".join([f"[{title}]", *(f"{_toml(name)} = {value}" for name, value in rows.items())])


def _toml(value: str | bool) -> str:
    """A text or a boolean, which TOML writes as JSON does."""
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    main()
