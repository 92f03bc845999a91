"""What a login cannot do without: a handshake, as OpenSSL's own server does it, and two RS256 signatures.

The signatures are those of the access token and the ID token, made with the mock's own key. OpenSSL's server is
measured in two ways: without sessions to resume, like the mock, and as it comes, with tickets that cost it more.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from load import THREADS, Parties, in_threads
from measurement import Measurement, Task, ThisProcess
from program import openssl_server
from serving import VERSIONS, login_name
from table import Row, judged

_GOAL = 2.0
_SIGNATURES = 2
_SIGNATURE = "RS256 signatures"
_OPENSSL = {"s_server": ("-no_ticket", "-num_tickets", "0", "-no_cache"), "s_server with tickets": ()}


def signature_task(folder: Path, parties: Parties, *, count: int) -> dict[str, Task]:
    """Signatures of what was signed in a login."""
    key = load_pem_private_key((folder / "certs" / "provider" / "signing-key.pem").read_bytes(), password=None)
    assert isinstance(key, RSAPrivateKey)
    with parties.browser() as browser:
        tokens = parties.log_in(browser)
    messages = [tokens[name].rpartition(".")[0].encode() for name in ("access_token", "id_token")]

    def sign(count: int) -> None:
        for number in range(count):
            key.sign(messages[number % len(messages)], PKCS1v15(), SHA256())

    return {_SIGNATURE: Task(ThisProcess(), sign, count)}


def openssl_tasks(running: ExitStack, folder: Path, parties: Mapping[str, Parties], *, count: int) -> dict[str, Task]:
    """The handshakes of OpenSSL's servers, which are ended with the stack. Raises NotStarted."""
    tasks = {}
    for kind, options in _OPENSSL.items():
        openssl = running.enter_context(openssl_server(folder, *options))
        for version, each in parties.items():
            work = in_threads(partial(each.shake_hands_often, port=int(openssl.told)))
            tasks[f"{kind}, {version}"] = Task(openssl, work, count)
    return tasks


def necessity_rows(results: Mapping[str, Measurement], *, no_openssl: str) -> Iterator[Row]:
    """What the tasks have cost, and how many times as much a login costs. `no_openssl` says why OpenSSL did not run."""
    yield _row(_SIGNATURE, results[_SIGNATURE], "in a loop, with the mock's own key, by cryptography")
    if no_openssl:
        yield Row(what="openssl s_server", value="not measured", how=no_openssl)
        return
    names = [(kind, version) for kind in _OPENSSL for version in VERSIONS]
    for kind, version in names:
        how = f"by {THREADS} clients at once: the same handshakes with OpenSSL's own server"
        yield _row(f"{kind}, {version}", results[f"{kind}, {version}"], how)
    for kind, version in names:
        yield _ratio_row(kind, version, results)


def _row(what: str, result: Measurement, how: str) -> Row:
    return Row(what=what, value=result.rate, cpu=result.cost_text, how=f"{result.count:,} {how}")


def _ratio_row(kind: str, version: str, results: Mapping[str, Measurement]) -> Row:
    login = results[login_name(version)].cost
    handshake, signature = results[f"{kind}, {version}"].cost, results[_SIGNATURE].cost
    ratio = login / (handshake + _SIGNATURES * signature)
    return Row(
        what=f"Login / ({kind} + {_SIGNATURES} RS256), {version}",
        value=f"{ratio:.2f} times",
        goal=judged(ratio, _GOAL, f"<= {_GOAL}"),
        how=f"of the CPU times above: {login:.2f} / ({handshake:.2f} + {_SIGNATURES} * {signature:.2f})",
    )
