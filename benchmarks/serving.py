"""What a running mock costs: full logins, handshakes, requests on a connection that is kept, and memory."""

import ssl
from collections.abc import Iterator, Mapping

from load import THREADS, Parties, in_threads
from measurement import Measurement, Task, measure
from program import Program
from table import Row

VERSIONS = {"TLS 1.3": ssl.TLSVersion.TLSv1_3, "TLS 1.2": ssl.TLSVersion.TLSv1_2}

_HOW = {
    "Full logins": "code over a kept connection, tokens over a new mTLS connection",
    "Handshakes": "new mTLS connection, closed without a request",
}


def serving_tasks(server: Program, parties: Mapping[str, Parties], *, logins: int) -> dict[str, Task]:
    """Logins, one in five of them with the older TLS, and as many handshakes of each version."""
    some, (newer, older) = logins // 5, VERSIONS
    tasks = {
        login_name(newer): Task(server, in_threads(parties[newer].log_in_often), logins - some),
        login_name(older): Task(server, in_threads(parties[older].log_in_often), some),
    }
    for version, each in parties.items():
        tasks[f"Handshakes, {version}"] = Task(server, in_threads(each.shake_hands_often), some)
    return tasks


def login_name(version: str) -> str:
    """What the logins with a version of TLS are called among the tasks."""
    return f"Full logins, {version}"


def serving_rows(results: Mapping[str, Measurement]) -> Iterator[Row]:
    """What the tasks have cost."""
    for kind, how in _HOW.items():
        for version in VERSIONS:
            result = results[f"{kind}, {version}"]
            yield Row(
                what=f"{kind}, {version}",
                value=result.rate,
                cpu=result.cost_text,
                how=f"{result.count:,} by {THREADS} clients at once: {how}",
            )


def kept_connection_rows(server: Program, parties: Parties, *, requests: int) -> Iterator[Row]:
    """Requests one after the other on one mutual TLS connection."""
    with parties.browser() as browser:
        bearer = f"Authorization: Bearer {parties.log_in(browser)['access_token']}\r\n"
    targets = {"Discovery document": parties.discovery_target, "Userinfo": parties.target("userinfo")}
    with parties.relying_party() as connection:
        for what, target in targets.items():

            def repeat(count: int, target: str = target) -> None:
                for _ in range(count):
                    connection.get(target, header=bearer)

            result = measure(Task(server, repeat, requests))
            how = f"{result.count:,} by 1 client: GET over a kept mTLS connection"
            yield Row(what=what, value=result.rate, cpu=result.cost_text, how=how)


def memory_row(server: Program, moment: str) -> Row:
    """How much memory the server has now."""
    memory = server.memory
    value = "not measured: no /proc" if memory is None else f"{memory:.0f} MB"
    return Row(what=f"Memory {moment}", value=value, how="resident set of the server process")
