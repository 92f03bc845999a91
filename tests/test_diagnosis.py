"""docs/diagnosis.toml is true: clients are run into every situation that it tells of, and print what it says.

A message that is marked as checked is looked for in what its client prints, in TLS 1.2 and 1.3, unless it is of one of
them only; one that no client here prints, or that no client here could, fails.
"""

import json
import shutil
import socket
import socketserver
import ssl
import struct
import subprocess
import threading
import tomllib
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
from requests.adapters import HTTPAdapter
from support import RunningMock, make_settings

from mockpsc.cli import catalogue
from mockpsc.clock import Clock
from mockpsc.judgement import reasons
from mockpsc.pki import ClientFiles, open_folder
from mockpsc.pki.files import files_in
from mockpsc.pki.recipes import bake, find_recipe, make_key, recipes
from mockpsc.pki.shelf import client_authority, put, server_authority
from mockpsc.tls.alerts import CLOSED, RESET

CLIENT_ID = "my-client"
DOCS = Path(__file__).parents[1] / "docs"
DATA = tomllib.loads((DOCS / "diagnosis.toml").read_text(encoding="utf-8"))
JAVA = Path(__file__).parent / "java" / "Messages.java"
NODE = Path(__file__).parent / "node"
PARTS = ("refused_by_the_mock", "refused_by_the_client", "neither")
VERSIONS = ("1.2", "1.3")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A message, as the file has it, with what it needs of its entry."""

    client: str
    message: str
    later: str = ""
    tls: str = ""
    checked: bool = False
    source: str = ""
    shown_by: str = ""

    @property
    def spellings(self) -> list[str]:
        return [self.message, *filter(None, [self.later])]


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What a client is told to do: fetch a URL, with a certificate or without, trusting a CA file or the system's."""

    url: str
    ca: Path | None
    files: ClientFiles | None = None
    tls: str = ""


ROWS = [
    Row(**said, shown_by=each.get("shown_by", "")) for part in PARTS for each in DATA[part] for said in each["says"]
]
CHECKED = [row for row in ROWS if row.checked]


# The situations.


class Scene:
    """Mocks and certificates, made when they are needed and kept for all tests of a process."""

    def __init__(self, certs: Path, folder: Path, until: ExitStack) -> None:
        self._certs, self._folder, self._until = certs, folder, until
        self._running: list[RunningMock] = []
        until.callback(self._stop)
        self._clock, self._key = Clock(), cache(make_key)
        self.pki = open_folder(certs, client_ids=[CLIENT_ID], clock=self._clock, notice=lambda _: None)
        self.own = self.pki.files.client(CLIENT_ID)
        self.files, self.mock = cache(self._files), cache(self._mock)

    def visit(self, situation: str) -> Visit:
        """How to get into a situation: one of those below, or a certificate of the catalogue."""
        if situation in SITUATIONS:
            return SITUATIONS[situation](self)
        files = self.files(situation)
        if find_recipe(situation).side == "client":
            return self.at(files)
        return self.at(self.own, server_cert=files.chain, server_key_file=files.key)

    def at(self, files: ClientFiles | None = None, **options: Any) -> Visit:
        """A visit to the discovery document of a mock with these options."""
        return Visit(url=self.mock(**options).mock.connection.discovery_url, ca=self.pki.files.ca, files=files)

    def elsewhere(self, port: int) -> Visit:
        """A visit to what is no mock."""
        return Visit(url=f"https://localhost:{port}/", ca=self.pki.files.ca, files=self.own)

    def closed_port(self) -> int:
        bound = self._until.enter_context(socket.socket())
        bound.bind(("127.0.0.1", 0))  # and does not listen
        return int(bound.getsockname()[1])

    def hanging_up(self, *, reset: bool) -> int:
        """The port of a server that reads the ClientHello and hangs up."""
        server = self._until.enter_context(socketserver.TCPServer(("127.0.0.1", 0), Reset if reset else End))
        threading.Thread(target=partial(server.serve_forever, poll_interval=0.01)).start()
        self._until.callback(server.shutdown)
        return int(server.server_address[1])

    def _files(self, name: str) -> ClientFiles:
        recipe = find_recipe(name)
        authority = (client_authority if recipe.side == "client" else server_authority)(self.pki)
        baked = bake(recipe, authority, client_id=CLIENT_ID, clock=self._clock, leaf_key=self._key)
        files = files_in(self._folder / name)
        put(baked.bundle, files, alias=CLIENT_ID)
        if recipe.revoked:
            revocations = self.mock().mock.revocation.responders["client-issuing"].revocations
            revocations.revoke(baked.certificates[0].serial_number, at=self._clock.today())
        return files

    def _mock(self, **options: Any) -> RunningMock:
        self._running.append(RunningMock(make_settings(self._certs, **options)))
        return self._running[-1]

    def _stop(self) -> None:
        with ThreadPoolExecutor() as pool:
            list(pool.map(RunningMock.stop, self._running))


class End(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.recv(1 << 16)


class Reset(End):
    def finish(self) -> None:
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.request.close()


def with_another_key(scene: Scene) -> Visit:
    return scene.at(replace(scene.own, key=scene.files("good").key))


def without_certificate_for_the_token(scene: Scene) -> Visit:
    return replace(scene.at(), url=scene.mock().url("token_endpoint"))


def over_http(scene: Scene) -> Visit:
    visit = scene.at()
    return replace(visit, url=visit.url.replace("https:", "http:"))


def over_https_to_the_admin_port(scene: Scene) -> Visit:
    return replace(scene.at(), url=scene.mock().mock.connection.admin_url.replace("http:", "https:"))


SITUATIONS: Mapping[str, Callable[[Scene], Visit]] = {
    "no certificate": lambda scene: scene.at(client_cert="require"),
    "no certificate, as nginx": lambda scene: scene.at(client_cert="require", reject_with="nginx"),
    "no certificate for the token": without_certificate_for_the_token,
    "expired, as nginx": lambda scene: scene.at(scene.files("expired"), reject_with="nginx"),
    "untrusted, where one is required": lambda scene: scene.at(scene.files("untrusted-root"), client_cert="require"),
    "another key": with_another_key,
    "ca.pem not trusted": lambda scene: replace(scene.at(scene.own), ca=None),
    "http: to the HTTPS port": over_http,
    "https: to the admin port": over_https_to_the_admin_port,
    "closed port": lambda scene: scene.elsewhere(scene.closed_port()),
    "ended without an alert": lambda scene: scene.elsewhere(scene.hanging_up(reset=False)),
    "reset": lambda scene: scene.elsewhere(scene.hanging_up(reset=True)),
}


@pytest.fixture(scope="module")
def scene(certs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with ExitStack() as until:
        yield Scene(certs, tmp_path_factory.mktemp("diagnosis"), until)


# The clients. Each makes visits, and gives for each what its HTTP libraries print of it.


def by_any_client(visits: Sequence[Visit]) -> list[list[str]]:
    """What the mock answers over HTTP, which no client changes."""
    form = {"client_id": CLIENT_ID, "grant_type": "refresh_token"}
    return [[httpx.post(visit.url, data=form, verify=context_of(visit)).text] for visit in visits]


def by_curl(visits: Sequence[Visit]) -> list[list[str]]:
    def options(visit: Visit) -> Iterator[str | Path]:
        yield from ("--tls-max", visit.tls)
        if visit.ca:
            yield from ("--cacert", visit.ca)
        if visit.files:
            yield from ("--cert", visit.files.chain, "--key", visit.files.key)

    def said(visit: Visit) -> str:
        command = ["curl", "-sS", *options(visit), visit.url]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stderr

    return [[said(visit)] for visit in visits]


def by_python(visits: Sequence[Visit]) -> list[list[str]]:
    return [[error_of(get, visit) for get in (by_httpx, by_requests, by_urllib)] for visit in visits]


def error_of(get: Callable[[Visit], object], visit: Visit) -> str:
    try:
        return f"no error, but {get(visit)}"
    except (httpx.TransportError, OSError) as error:
        return repr(error)


def by_httpx(visit: Visit) -> object:
    return httpx.get(visit.url, verify=context_of(visit))


def by_requests(visit: Visit) -> object:
    with requests.Session() as session:
        adapter = HTTPAdapter()
        adapter.init_poolmanager(1, 1, ssl_context=context_of(visit))
        session.mount("https://", adapter)
        return session.get(visit.url, verify=str(visit.ca) if visit.ca else True)


def by_urllib(visit: Visit) -> object:
    with urllib.request.urlopen(visit.url, context=context_of(visit)) as answer:
        return answer.status


def context_of(visit: Visit) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=visit.ca)
    context.minimum_version = context.maximum_version = ssl.TLSVersion[f"TLSv{visit.tls.replace('.', '_')}"]
    if visit.files:
        context.load_cert_chain(visit.files.chain, visit.files.key)
    return context


# It takes a list of requests in JSON, and prints such a list of what is said of each: an error, its code, its causes.
NODE_PROGRAM = """
import { readFileSync } from 'node:fs'
import https from 'node:https'

const byHttps = (url, options) =>
  new Promise((resolve, reject) => {
    https.get(url, { ...options, agent: false }, (response) => resolve(`${response.statusCode}`)).on('error', reject)
  })

async function byFetch(url, connect) {
  const { Agent, fetch } = await import('undici')
  return `${(await fetch(url, { dispatcher: new Agent({ connect }) })).status}`
}

const told = (error) => (error ? `${error} ${error.code} ${told(error.cause)}` : '')
const read = (file) => (file ? readFileSync(file) : undefined)
const get = { https: byHttps, fetch: byFetch }[process.argv[1]]
const said = []
for (const { url, tls, ca, cert, key } of JSON.parse(readFileSync(0))) {
  const options = { minVersion: `TLSv${tls}`, maxVersion: `TLSv${tls}`, ca: read(ca), cert: read(cert), key: read(key) }
  said.push(await get(url, options).catch(told))
}
console.log(JSON.stringify(said))
"""


def by_node(way: str, visits: Sequence[Visit]) -> list[list[str]]:
    """In one process; `way` is https or fetch."""
    if way == "fetch" and not (NODE / "node_modules" / "undici").is_dir():
        pytest.fail("undici is not in tests/node/node_modules: `make slow` installs it.")

    def request(visit: Visit) -> dict[str, str]:
        own = {"cert": str(visit.files.chain), "key": str(visit.files.key)} if visit.files else {}
        return {"url": visit.url, "tls": visit.tls, "ca": str(visit.ca or ""), **own}

    command = ["node", "--input-type=module", "-e", NODE_PROGRAM, way]
    given = json.dumps([request(visit) for visit in visits])
    ended = subprocess.run(command, input=given, cwd=NODE, capture_output=True, text=True, timeout=50, check=False)
    assert ended.returncode == 0, ended.stderr
    return [[said] for said in json.loads(ended.stdout)]


def by_java(visits: Sequence[Visit]) -> list[list[str]]:
    """In one process. Its two clients word some things each in its own way, so that what they say is put together."""
    requests = [(visit.url, visit.tls, visit.ca or "", visit.files.pkcs12 if visit.files else "") for visit in visits]
    given = "".join("\t".join(map(str, each)) + "\n" for each in requests)
    ended = subprocess.run(["java", JAVA], input=given, capture_output=True, text=True, timeout=50, check=False)
    assert ended.returncode == 0, ended.stderr
    return [[line] for line in ended.stdout.splitlines()]


CLIENTS: Mapping[str, Callable[[Sequence[Visit]], list[list[str]]]] = {
    "any client": by_any_client,
    "curl": by_curl,
    "Python": by_python,
    "Node https": partial(by_node, "https"),
    "Node fetch": partial(by_node, "fetch"),
    "Java": by_java,
}


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not on the PATH: nothing to ask")


MARKS = {
    "curl": [needs("curl")],
    "Node https": [needs("node"), pytest.mark.third_party],
    "Node fetch": [needs("node"), pytest.mark.third_party],
    "Java": [needs("java"), pytest.mark.third_party],
}


def unprinted(rows: Sequence[Row], scene: Scene) -> list[tuple[str, str, list[str]]]:
    """The messages that their client does not print, each with its TLS version and with what is printed instead."""
    cases = [(row, version) for row in rows for version in ([row.tls] if row.tls else VERSIONS)]
    visit = cache(scene.visit)
    heard = CLIENTS[rows[0].client]([replace(visit(row.shown_by), tls=version) for row, version in cases])
    return [
        (row.message, version, said)
        for (row, version), said in zip(cases, heard, strict=True)
        if not all(any(spelling in each for spelling in row.spellings) for each in said)
    ]


@pytest.mark.parametrize("client", [pytest.param(name, marks=MARKS.get(name, ())) for name in CLIENTS])
def test_a_client_prints_what_the_page_says(client: str, scene: Scene) -> None:
    assert unprinted([row for row in CHECKED if row.client == client], scene) == []


def test_a_message_that_is_not_printed_is_found(scene: Scene) -> None:
    row = Row(client="Python", message="SSLV3_ALERT_CERTIFICATE_EXPIRED", shown_by="expired", tls="1.3")
    assert unprinted([row], scene) == []
    for wrong in (replace(row, message="CERTIFICATE_HAS_EXPIRED"), replace(row, shown_by="not-yet-valid")):
        ((message, version, said),) = unprinted([wrong], scene)
        assert (message, version) == (wrong.message, "1.3")
        assert all("SSLV3_ALERT_" in each for each in said)


# The file.


def test_what_is_checked_can_be() -> None:
    assert {row.client for row in CHECKED} <= set(CLIENTS), "no test runs these"
    assert all(row.shown_by for row in CHECKED), "a checked message needs a situation"
    assert {row.shown_by for row in CHECKED} <= {*SITUATIONS, *recipes()}


def test_an_entry_has_nothing_that_nobody_reads() -> None:
    members = {"alert", "reasons", "shown_by", "do", "says"}
    assert [entry for part in PARTS for entry in DATA[part] if not set(entry) <= members] == []
    assert {row.tls for row in ROWS} <= {"", *VERSIONS}


def test_a_message_is_checked_or_has_a_source() -> None:
    assert [row for row in ROWS if row.checked == bool(row.source)] == []
    assert {row.source for row in ROWS if row.source} == set(DATA["sources"])
    assert {row.client for row in ROWS} <= set(DATA["clients"])


def test_no_message_stands_twice() -> None:
    for part in PARTS:
        said = [(each["client"], each["message"], each.get("tls")) for entry in DATA[part] for each in entry["says"]]
        assert len(said) == len(set(said))


def test_every_reason_that_shows_in_a_handshake_has_its_messages() -> None:
    told = {(code, entry.get("alert")) for entry in DATA["refused_by_the_mock"] for code in entry["reasons"]}
    assert {(reason.code, reason.alert) for reason in reasons().values() if reason.alert} <= told
    clients = [recipe for recipe in catalogue.of_side("client") if catalogue.alert_of(recipe)]
    assert {(recipe.reason, catalogue.alert_of(recipe)) for recipe in clients} <= told


def test_every_reason_is_known() -> None:
    known = {
        "refused_by_the_mock": {*reasons(), "any"},
        "refused_by_the_client": {recipe.reason for recipe in catalogue.of_side("server") if recipe.reason},
        "neither": {*reasons(), "any", "plain_http", CLOSED.reason, RESET.reason},
    }
    for part, words in known.items():
        assert {code for entry in DATA[part] for code in entry["reasons"]} <= words


def test_the_page_has_every_message_and_says_where_it_is_from() -> None:
    page = (DOCS / "diagnosis.md").read_text(encoding="utf-8").splitlines()
    for row in ROWS:
        origin = "measured" if row.checked else DATA["sources"][row.source]
        lines = [line for line in page if line.startswith(f"| `{row.message}`") and f"| {row.client}" in line]
        assert any(origin in line for line in lines), row
        assert not row.checked or not any("its source" in line for line in lines), row
