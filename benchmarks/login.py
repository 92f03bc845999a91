"""What a login costs, and what tests do: `make benchmark` prints one table, in a minute or two.

A login is what it is for a relying party: an authorization request, on a connection that the browser keeps, and a token
request on a new mutual TLS connection.
"""

import argparse
import json
import platform
import ssl
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from os import cpu_count
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.backends.openssl import backend
from load import Parties
from measurement import measure_in_turns
from necessity import necessity_rows, openssl_tasks, signature_task
from program import NotStarted, mock
from serving import VERSIONS, kept_connection_rows, memory_row, serving_rows, serving_tasks
from startup import startup_rows
from table import Row, table
from testing import testing_rows

from mockpsc import __version__


def main() -> None:
    """Measure, and print the table."""
    options = _options()
    print("Measuring, which takes a minute or two …", file=sys.stderr)
    with TemporaryDirectory(prefix="mockpsc-benchmark-") as folder:
        rows = [
            *startup_rows(Path(folder), starts=options.starts),
            *testing_rows(starts=options.starts),
            *_rows_of_one_mock(Path(folder), logins=options.logins),
        ]
    print(_circumstances(), table(rows), sep="\n\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logins", type=int, default=10_000, metavar="N", help="how many logins (default: 10000)")
    parser.add_argument(
        "--starts", type=int, default=5, metavar="N", help="how many starts, cold and warm (default: 5)"
    )
    options = parser.parse_args()
    if options.logins < 20 or options.starts < 1:
        parser.error("--logins must be 20 at least, and --starts 1.")
    return options


def _rows_of_one_mock(folder: Path, *, logins: int) -> Iterator[Row]:
    some, no_openssl = logins // 5, ""
    with ExitStack() as running:
        server = running.enter_context(mock(folder))
        at_start = memory_row(server, "at start")
        told = json.loads(server.told)
        parties = {name: Parties(told=told, version=version) for name, version in VERSIONS.items()}
        newest = next(iter(parties.values()))
        tasks = serving_tasks(server, parties, logins=logins)
        tasks |= signature_task(folder, newest, count=some)
        try:
            tasks |= openssl_tasks(running, folder, parties, count=some)
        except NotStarted as reason:
            no_openssl = str(reason)
        results = measure_in_turns(tasks)
        yield from serving_rows(results)
        yield from necessity_rows(results, no_openssl=no_openssl)
        yield at_start
        yield memory_row(server, f"after {logins:,} logins")
        yield from kept_connection_rows(server, newest, requests=logins // 2)


def _circumstances() -> str:
    loop = "uvloop" if find_spec("uvloop") else "asyncio"
    http = "httptools" if find_spec("httptools") else "h11"
    return (
        f"mockpsc {__version__} with {loop} and {http}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}, {cpu_count()} cores\n"
        f"{backend.openssl_version_text()} in the mock, {ssl.OPENSSL_VERSION} in its clients\n"
        "CPU is what the one process that is measured has taken, in user and in kernel mode: the clients are not in it."
    )


if __name__ == "__main__":
    main()
