"""Every certificate of the catalogue, presented to running mocks in real handshakes: what the client is told, and what
the journal knows. Then the options that decide who is asked, who is believed and how a refusal is shown."""

import json
import re
import shutil
import socket
import subprocess
from base64 import b64encode
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL, crypto
from support import RunningMock, make_settings

from mockpsc.clock import Clock
from mockpsc.endpoints.refusals import header_text
from mockpsc.errors import ConfigurationError
from mockpsc.journal import Handshake
from mockpsc.judgement import reasons
from mockpsc.pki import (
    Authority,
    Bundle,
    client_spec,
    common_name,
    make_dn,
    new_key,
    open_folder,
    root_spec,
    server_spec,
    show_dn,
    sign,
)
from mockpsc.pki.bundle import pem
from mockpsc.pki.recipes import Baked, Recipe, bake, find_recipe, make_key, recipes
from mockpsc.pki.shelf import client_authority

CLIENT_ID = "my-client"
WAYS = ("alert", "nginx", "keycloak")
VERSIONS = (SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION)
RECIPES = [recipe for recipe in recipes().values() if recipe.side == "client" and not recipe.revoked]
WEAKEST = "DEFAULT:@SECLEVEL=0"  # by it, a program presents a certificate that OpenSSL thinks too weak to load
NOT_AUTHENTICATED = {"error": "invalid_client", "error_description": "Invalid client or Invalid client credentials"}
# What follows client authentication in a request that has nothing else.
AUTHENTICATED = {"error": "invalid_request", "error_description": "No refresh token"}
CLOSE_NOTIFY = 0

Presented = Baked | Bundle
Make = Callable[..., Baked]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer of HTTP."""

    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def hint(self) -> str:
        return self.headers["mockpsc-hint"]


@dataclass(kw_only=True)
class Visit:
    """What a client saw of one connection; `earlier` are the ids of those that the mock had seen before."""

    port: int
    earlier: Collection[str]
    alerts: list[int] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    error: SSL.Error | None = None


def context_of(presented: Presented | None, version: int, trusted: x509.Certificate) -> SSL.Context:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(version)
    context.set_max_proto_version(version)
    context.set_cipher_list(WEAKEST.encode())
    store = context.get_cert_store()
    assert store is not None
    store.add_cert(crypto.X509.from_cryptography(trusted))
    context.set_verify(SSL.VERIFY_PEER)
    if presented is not None:
        bundle = presented.bundle if isinstance(presented, Baked) else presented
        context.use_certificate(bundle.certificate)
        context.use_privatekey(bundle.key)
        for issuer in bundle.issuers:
            context.add_extra_chain_cert(issuer)
    return context


def visit(
    running: RunningMock,
    presented: Presented | None,
    version: int,
    *requests: bytes,
    trusted: x509.Certificate | None = None,
) -> Visit:
    """One connection and these requests on it. It is OpenSSL that tells the numbers of the alerts received."""
    context = context_of(presented, version, trusted or running.mock.pki.server_root)
    earlier = {each.connection_id for each in running.mock.journal.handshakes()}
    with socket.create_connection(("127.0.0.1", port_of(running))) as raw:
        seen = Visit(port=raw.getsockname()[1], earlier=earlier)

        def note(_: SSL.Connection, where: int, value: int) -> None:
            if where & SSL.SSL_CB_ALERT and where & SSL.SSL_CB_READ:
                seen.alerts.append(value & 0xFF)

        context.set_info_callback(note)
        client = SSL.Connection(context, raw)
        client.set_tlsext_host_name(b"localhost")
        client.set_connect_state()
        try:
            client.do_handshake()
            seen.answers = [ask(client, request) for request in requests]
        except SSL.Error as error:
            seen.error = error
    return seen


def port_of(running: RunningMock) -> int:
    return urlsplit(running.mock.provider.auth_url).port or 443


def ask(client: SSL.Connection, request: bytes) -> Answer:
    client.sendall(request)
    head, _, body = _until(client, b"", lambda received: b"\r\n\r\n" in received).partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    length = int(headers.get("content-length", 0))  # uvicorn's own 500 has none
    body = _until(client, body, lambda received: len(received) >= length)
    return Answer(status=int(status.split()[1]), headers=headers, body=body.decode())


def _until(client: SSL.Connection, received: bytes, enough: Callable[[bytes], bool]) -> bytes:
    while not enough(received):
        received += client.recv(1 << 16)
    return received


def discovery(running: RunningMock) -> bytes:
    provider = running.mock.provider
    path = urlsplit(provider.issuer).path + provider.profile.well_known["discovery"]
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def token(running: RunningMock, client_id: str = CLIENT_ID, **headers: str) -> bytes:
    """A request that says no more than who sends it."""
    body = urlencode({"grant_type": "refresh_token", "client_id": client_id})
    given = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return (
        f"POST {urlsplit(running.url('token_endpoint')).path} HTTP/1.1\r\nHost: localhost\r\n{given}"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def handshake_of(running: RunningMock, seen: Visit) -> Handshake:
    """The one handshake of a visit; an earlier one may have had the same port, which the system gives again."""
    later = (each for each in running.mock.journal.handshakes() if each.connection_id not in seen.earlier)
    (handshake,) = (each for each in later if each.peer == f"127.0.0.1:{seen.port}")
    return handshake


# The catalogue.


@pytest.fixture(scope="module")
def make(certs: Path) -> Make:
    """Certificates of the authority that all mocks of this process share, with one key of each kind."""
    clock = Clock()
    pki = open_folder(certs, client_ids=[CLIENT_ID], clock=clock, notice=lambda _: None)
    authority, key = client_authority(pki), cache(make_key)

    def baked(recipe: Recipe | str, client_id: str = CLIENT_ID) -> Baked:
        recipe = find_recipe(recipe) if isinstance(recipe, str) else recipe
        return bake(recipe, authority, client_id=client_id, clock=clock, leaf_key=key)

    return baked


@pytest.fixture(scope="module")
def catalogue(make: Make) -> Mapping[str, Baked]:
    return {recipe.name: make(recipe) for recipe in RECIPES}


@pytest.fixture(scope="module")
def declared() -> Mapping[str, Any]:
    """A client that is registered with the subject that a good certificate has."""
    good = client_spec(new_key("ec").public_key(), client_id=CLIENT_ID)
    return {"id": CLIENT_ID, "subject_dn": show_dn(good.subject)}


@pytest.fixture(scope="module")
def start(
    certs: Path, catalogue: Mapping[str, Baked], declared: Mapping[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Mapping[str, RunningMock]]]:
    """Starts a mock for each way to refuse, all of which know what the recipes need."""
    folder, running = tmp_path_factory.mktemp("authorities"), list[RunningMock]()
    trusted = [each for made in catalogue.values() for each in made.anchors]
    known = catalogue["incomplete-chain"].withheld[:1]  # those above it are trusted
    (folder / "trusted.pem").write_bytes(pem(*trusted))
    (folder / "known.pem").write_bytes(pem(*known))
    usual = {"clients": (declared,), "client_ca": folder / "trusted.pem", "known_ca": folder / "known.pem"}

    def start_all(**options: Any) -> Mapping[str, RunningMock]:
        started = {way: RunningMock(make_settings(certs, reject_with=way, **usual, **options)) for way in WAYS}
        running.extend(started.values())
        for each in started.values():
            each.mock.clock.freeze()
        return started

    yield start_all
    for each in running:
        each.stop()


@pytest.fixture(scope="module")
def mocks(start: Callable[..., Mapping[str, RunningMock]]) -> Mapping[str, RunningMock]:
    """A mock for each way to refuse."""
    return start()


def alert_of(recipe: Recipe) -> int | None:
    return recipe.alert or (reasons()[recipe.reason].alert if recipe.reason else None)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("version", VERSIONS, ids=["TLS 1.2", "TLS 1.3"])
@pytest.mark.parametrize("recipe", RECIPES, ids=[recipe.name for recipe in RECIPES])
def test_every_recipe_is_answered_as_it_declares(
    recipe: Recipe, version: int, way: str, mocks: Mapping[str, RunningMock], catalogue: Mapping[str, Baked]
) -> None:
    running, presented = mocks[way], catalogue[recipe.name]
    seen = visit(running, presented, version, discovery(running), token(running))
    handshake = handshake_of(running, seen)
    assert handshake.version == version
    assert handshake.chain == tuple(each.public_bytes(Encoding.DER) for each in presented.certificates)
    if recipe.reason is None or alert_of(recipe) is None:
        is_let_in(recipe, seen, handshake)
    else:
        assert handshake.verdict is not None
        assert handshake.verdict.reason == recipe.reason
        REFUSED[way](recipe, seen, handshake)


def is_let_in(recipe: Recipe, seen: Visit, handshake: Handshake) -> None:
    """The handshake is accepted; whose certificate it is shows when the client says who it is."""
    assert (handshake.outcome, handshake.reason, handshake.verdict) == ("accepted", None, None)
    assert (seen.alerts, handshake.alerts_sent) == ([], ())
    well_known, refreshed = seen.answers
    assert well_known.status == 200
    if recipe.reason is None:
        assert (refreshed.status, refreshed.json) == (400, AUTHENTICATED)
    else:
        assert (refreshed.status, refreshed.json) == (401, NOT_AUTHENTICATED)
        assert says(refreshed.hint, recipe.reason)


def is_refused_by_alert(recipe: Recipe, seen: Visit, handshake: Handshake) -> None:
    assert (handshake.outcome, handshake.reason) == ("refused", recipe.reason)
    assert (seen.alerts, seen.answers) == ([alert_of(recipe)], [])
    assert handshake.alerts_sent == (alert_of(recipe),)


def is_refused_by_nginx(recipe: Recipe, seen: Visit, handshake: Handshake) -> None:
    assert (handshake.outcome, handshake.alerts_sent, seen.alerts) == ("accepted", (), [])
    assert len(seen.answers) == 2
    for answer in seen.answers:
        assert is_page(answer, "The SSL certificate error")
        assert says(answer.hint, recipe.reason)


def is_refused_by_keycloak(recipe: Recipe, seen: Visit, handshake: Handshake) -> None:
    assert (handshake.outcome, handshake.alerts_sent, seen.alerts) == ("accepted", (), [])
    well_known, refreshed = seen.answers
    assert well_known.status == 200
    assert (refreshed.status, refreshed.json) == (401, NOT_AUTHENTICATED)
    assert handshake.verdict is not None
    assert says(refreshed.hint, recipe.reason)
    assert refreshed.hint == header_text(str(handshake.verdict))


REFUSED = {"alert": is_refused_by_alert, "nginx": is_refused_by_nginx, "keycloak": is_refused_by_keycloak}


def is_page(answer: Answer, title: str) -> bool:
    assert (answer.status, answer.headers["server"]) == (400, "nginx")
    assert answer.headers["content-type"].startswith("text/html")
    return f"<center>{title}</center>" in answer.body


def says(hint: str, reason: str | None) -> bool:
    """Whether the hint has the three sentences of that reason, with some facts in them."""
    wording = reasons()[str(reason)]
    sentences = (wording.received["en"], wording.expected["en"], wording.remedy["en"])
    pattern = " ".join(re.sub(r"\\{\w+\\}", ".+", re.escape(header_text(sentence))) for sentence in sentences)
    return re.fullmatch(pattern, header_text(hint)) is not None


# The same, as the openssl command sees it.

ALERTS = {alert_of(recipe): recipe for recipe in reversed(RECIPES) if alert_of(recipe)}


@pytest.fixture
def s_client(tmp_path: Path) -> Callable[..., str]:
    """Runs `openssl s_client` against a mock, and gives back all that it prints."""
    command = shutil.which("openssl")
    if command is None:
        pytest.skip("no openssl command on this machine")

    def run(running: RunningMock, presented: Baked | None, *options: str) -> str:
        files: list[str] = []
        if presented is not None:
            for name in ("cert", "chain", "key"):
                (tmp_path / name).write_bytes(getattr(presented.bundle, f"{name}_pem"))
            files = ["-cert", f"{tmp_path / 'cert'}", "-key", f"{tmp_path / 'key'}"]
            files += ["-cert_chain", f"{tmp_path / 'chain'}"]
        to = ["-connect", f"127.0.0.1:{port_of(running)}", "-servername", "localhost"]
        ca = ["-CAfile", str(running.mock.connection.ca_file), "-verify_return_error"]
        arguments = [command, "s_client", *to, *ca, *files, *options, "-cipher", WEAKEST]
        said = subprocess.run(arguments, input="", capture_output=True, text=True, timeout=30, check=False)
        return said.stdout + said.stderr

    return run


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
@pytest.mark.parametrize(("alert", "recipe"), ALERTS.items(), ids=[recipe.name for recipe in ALERTS.values()])
def test_the_openssl_command_sees_the_same_alert(
    alert: int,
    recipe: Recipe,
    version: str,
    mocks: Mapping[str, RunningMock],
    catalogue: Mapping[str, Baked],
    s_client: Callable[..., str],
) -> None:
    printed = s_client(mocks["alert"], catalogue[recipe.name], version, "-ign_eof")
    assert re.findall(r"SSL alert number (\d+)", printed) == [str(alert)]
    assert "SSL alert number" not in s_client(mocks["keycloak"], catalogue[recipe.name], version)


@pytest.mark.parametrize(("version", "alert"), [("-tls1_2", 40), ("-tls1_3", 116)])
def test_the_openssl_command_sees_that_a_certificate_is_required(
    version: str, alert: int, run: Callable[..., RunningMock], s_client: Callable[..., str]
) -> None:
    printed = s_client(run(client_cert="require"), None, version, "-ign_eof")
    assert re.findall(r"SSL alert number (\d+)", printed) == [str(alert)]


# Who is asked for a certificate.


@pytest.fixture
def declaring(run: Callable[..., RunningMock], declared: Mapping[str, Any]) -> Callable[..., RunningMock]:
    """Starts mocks that know the one client."""

    def start(**options: Any) -> RunningMock:
        running = run(**{"clients": (declared,), **options})
        running.mock.clock.freeze()
        return running

    return start


@pytest.mark.parametrize(("version", "alert"), list(zip(VERSIONS, (40, 116), strict=True)), ids=["TLS 1.2", "TLS 1.3"])
def test_a_required_certificate_that_is_missing_is_refused_with_an_alert(
    version: int, alert: int, declaring: Callable[..., RunningMock]
) -> None:
    running = declaring(client_cert="require", reject_with="alert")
    seen = visit(running, None, version, discovery(running))
    handshake = handshake_of(running, seen)
    assert (seen.alerts, handshake.alerts_sent) == ([alert], (alert,))
    assert (handshake.outcome, handshake.reason) == ("refused", "missing")
    assert says(str(handshake.sentence), "missing")


@pytest.mark.parametrize("version", VERSIONS, ids=["TLS 1.2", "TLS 1.3"])
def test_a_required_certificate_that_is_missing_is_refused_over_http(
    version: int, declaring: Callable[..., RunningMock]
) -> None:
    for way in ("nginx", "keycloak"):
        running = declaring(client_cert="require", reject_with=way)
        seen = visit(running, None, version, discovery(running), token(running))
        handshake = handshake_of(running, seen)
        assert (handshake.outcome, handshake.verdict and handshake.verdict.reason) == ("accepted", "missing")
        well_known, refreshed = seen.answers
        assert "No client certificate was presented" in refreshed.hint
        if way == "nginx":
            assert is_page(well_known, "No required SSL certificate was sent")
            assert is_page(refreshed, "No required SSL certificate was sent")
        else:
            assert well_known.status == 200
            assert (refreshed.status, refreshed.json) == (401, NOT_AUTHENTICATED)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("presence", ["none", "request"])
def test_a_certificate_that_is_not_required_may_be_missing_until_a_client_must_say_who_it_is(
    presence: str, way: str, declaring: Callable[..., RunningMock]
) -> None:
    running = declaring(client_cert=presence, reject_with=way)
    for version in VERSIONS:
        seen = visit(running, None, version, discovery(running), token(running))
        well_known, refreshed = seen.answers
        assert well_known.status == 200
        assert (refreshed.status, refreshed.json) == (401, NOT_AUTHENTICATED)
        assert "No client certificate was presented" in refreshed.hint
        assert handshake_of(running, seen).verdict is None


@pytest.mark.parametrize("way", WAYS)
def test_a_certificate_that_nobody_asked_for_is_never_sent(
    way: str, declaring: Callable[..., RunningMock], catalogue: Mapping[str, Baked]
) -> None:
    running = declaring(client_cert="none", reject_with=way)
    for name in ("good", "expired"):
        seen = visit(running, catalogue[name], SSL.TLS1_3_VERSION, discovery(running), token(running))
        assert [answer.status for answer in seen.answers] == [200, 401]
        assert (handshake_of(running, seen).chain, handshake_of(running, seen).verdict) == ((), None)


@pytest.mark.parametrize("way", WAYS)
def test_where_a_certificate_is_required_a_good_one_is_let_in_and_a_bad_one_is_not(
    way: str, declaring: Callable[..., RunningMock], catalogue: Mapping[str, Baked]
) -> None:
    running = declaring(client_cert="require", reject_with=way)
    good, bad = (
        visit(running, catalogue[name], SSL.TLS1_3_VERSION, discovery(running), token(running))
        for name in ("good", "expired")
    )
    is_let_in(find_recipe("good"), good, handshake_of(running, good))
    REFUSED[way](find_recipe("expired"), bad, handshake_of(running, bad))


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
@pytest.mark.parametrize("announced", ["own", "none", "wrong"])
def test_the_authorities_are_announced_as_asked(
    announced: str, version: str, run: Callable[..., RunningMock], s_client: Callable[..., str]
) -> None:
    running = run(announce_ca=announced)
    pki = running.mock.pki
    printed = s_client(running, None, version)
    title, _, listed = printed.partition("Acceptable client certificate CA names\n")
    names = re.findall(r"CN = (.+)", listed.partition("Client Certificate Types")[0].partition("Requested")[0])
    expected = {"own": pki.client_anchors, "none": (), "wrong": (pki.server_root,)}[announced]
    assert names == [common_name(each.subject) for each in expected]
    assert ("No client certificate CA names sent" in title) == (announced == "none")


# How a refusal is shown, and to whom.


def test_a_keycloak_of_before_version_25_says_unauthorized_client(
    declaring: Callable[..., RunningMock], catalogue: Mapping[str, Baked]
) -> None:
    running = declaring(keycloak="legacy", reject_with="keycloak")
    for name in ("expired", "other-client", None):
        presented = catalogue[name] if name else None
        (refreshed,) = visit(running, presented, SSL.TLS1_3_VERSION, token(running)).answers
        assert (refreshed.status, refreshed.json) == (401, {**NOT_AUTHENTICATED, "error": "unauthorized_client"})


def test_each_client_is_refused_in_the_way_that_is_declared_for_it(run: Callable[..., RunningMock], make: Make) -> None:
    clients = ({"id": "by-alert", "reject_with": "alert"}, {"id": "by-page", "reject_with": "nginx"}, {"id": "usual"})
    running = run(clients=clients, reject_with="keycloak")
    expired = find_recipe("expired")
    for client_id, way in {"by-alert": "alert", "by-page": "nginx", "usual": "keycloak", "nobody": "keycloak"}.items():
        for version in VERSIONS:
            requests = (discovery(running), token(running, client_id if client_id != "nobody" else "usual"))
            seen = visit(running, make(expired, client_id), version, *requests)
            REFUSED[way](expired, seen, handshake_of(running, seen))
            seen = visit(running, make("good", client_id), version, *requests)
            assert [answer.status for answer in seen.answers] == [200, 401 if client_id == "nobody" else 400]


# Whose certificate it is.


def x5c(certificate: x509.Certificate) -> str:
    return b64encode(certificate.public_bytes(Encoding.DER)).decode()


@pytest.mark.parametrize("member", ["certificate", "jwks"])
def test_a_self_signed_certificate_is_accepted_when_it_is_registered(
    member: str, run: Callable[..., RunningMock], make: Make, tmp_path: Path
) -> None:
    registered, other = make("self-signed"), make("self-signed")
    (tmp_path / "certificate").write_bytes(registered.bundle.cert_pem)
    key_set = {"keys": [{"kty": "RSA", "x5c": [x5c(registered.certificates[0])]}]}
    (tmp_path / "jwks").write_text(json.dumps(key_set))
    running = run(clients=({"id": CLIENT_ID, member: str(tmp_path / member)},), reject_with="keycloak")
    for version in VERSIONS:
        seen = visit(running, registered, version, discovery(running), token(running))
        is_let_in(find_recipe("good"), seen, handshake_of(running, seen))
        seen = visit(running, other, version, discovery(running), token(running))
        is_refused_by_keycloak(find_recipe("self-signed"), seen, handshake_of(running, seen))
        (refreshed,) = visit(running, make("good"), version, token(running)).answers
        assert (refreshed.status, says(refreshed.hint, "subject_mismatch")) == (401, True)


def test_a_registered_certificate_must_be_good_all_the_same(
    run: Callable[..., RunningMock], make: Make, tmp_path: Path
) -> None:
    self_signed = find_recipe("self-signed")
    expired = make(replace(self_signed, leaf=replace(self_signed.leaf, change=find_recipe("expired").leaf.change)))
    (tmp_path / "certificate").write_bytes(expired.bundle.cert_pem)
    running = run(clients=({"id": CLIENT_ID, "certificate": str(tmp_path / "certificate")},))
    seen = visit(running, expired, SSL.TLS1_3_VERSION, token(running))
    is_refused_by_alert(find_recipe("expired"), seen, handshake_of(running, seen))


# A PKI of one's own.


@pytest.fixture(scope="module")
def own_authority() -> Authority:
    key = new_key("ec")
    spec = root_spec(key.public_key(), subject=make_dn(("O", "A HOSPITAL"), ("CN", "ITS OWN CA")), path_length=1)
    return Authority(certificate=sign(spec, key, clock=Clock()), key=key)


def test_an_authority_of_ones_own_is_trusted_beside_the_mocks(
    declaring: Callable[..., RunningMock], own_authority: Authority, make: Make, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_bytes(pem(own_authority.certificate))
    key = new_key("ec")
    own = own_authority.issue(client_spec(key.public_key(), client_id=CLIENT_ID), key, clock=Clock())
    believing, other = declaring(client_ca=tmp_path / "ca.pem"), declaring()
    for version in VERSIONS:
        for presented in (own, make("good")):
            seen = visit(believing, presented, version, discovery(believing), token(believing))
            is_let_in(find_recipe("good"), seen, handshake_of(believing, seen))
        seen = visit(other, own, version, token(other))
        is_refused_by_alert(find_recipe("untrusted-root"), seen, handshake_of(other, seen))


def test_a_server_certificate_of_ones_own_is_sent_with_its_chain(
    declaring: Callable[..., RunningMock], own_authority: Authority, make: Make, tmp_path: Path
) -> None:
    intermediate_key, key = new_key("ec"), new_key("ec")
    root = own_authority.certificate
    spec = root_spec(intermediate_key.public_key(), subject=make_dn(("CN", "ITS INTERMEDIATE")), path_length=0)
    intermediate = sign(spec, own_authority.key, clock=Clock(), issuer=root)
    issuing = Authority(certificate=intermediate, key=intermediate_key, parents=(root,))
    served = issuing.issue(server_spec(key.public_key()), key, clock=Clock())
    (tmp_path / "chain.pem").write_bytes(served.chain_pem)
    (tmp_path / "key.pem").write_bytes(served.key_pem)
    running = declaring(server_cert=tmp_path / "chain.pem", server_key_file=tmp_path / "key.pem")
    for version in VERSIONS:
        seen = visit(running, make("good"), version, discovery(running), token(running), trusted=root)
        is_let_in(find_recipe("good"), seen, handshake_of(running, seen))
        distrusted = visit(running, make("good"), version, discovery(running))
        assert "certificate verify failed" in str(distrusted.error)


def test_a_server_key_that_belongs_to_another_certificate_is_refused_at_start(
    declaring: Callable[..., RunningMock], own_authority: Authority, tmp_path: Path
) -> None:
    key, other_key = new_key("ec"), new_key("ec")
    served = own_authority.issue(server_spec(key.public_key()), key, clock=Clock())
    other = own_authority.issue(server_spec(other_key.public_key()), other_key, clock=Clock())
    (tmp_path / "cert.pem").write_bytes(served.cert_pem)
    (tmp_path / "key.pem").write_bytes(other.key_pem)
    with pytest.raises(ConfigurationError, match="is not that of the first certificate"):
        declaring(server_cert=tmp_path / "cert.pem", server_key_file=tmp_path / "key.pem")


# Behind a proxy that ends TLS.

Certificates = Sequence[x509.Certificate]


def _escaped(certificates: Certificates) -> str:
    return quote(pem(*certificates), safe="")


FORMATS: Mapping[str, Callable[[Certificates], Mapping[str, str]]] = {
    "RFC 9440": lambda chain: {
        "Client-Cert": f":{x5c(chain[0])}:",
        **({"Client-Cert-Chain": ", ".join(f":{x5c(each)}:" for each in chain[1:])} if chain[1:] else {}),
    },
    "nginx": lambda chain: {"ssl-client-cert": _escaped(chain)},
    "Envoy": lambda chain: {"X-Forwarded-Client-Cert": f'Cert="{_escaped(chain[:1])}";Chain="{_escaped(chain)}"'},
    "Traefik": lambda chain: {"X-Forwarded-Tls-Client-Cert": quote(",".join(map(x5c, chain)), safe=",")},
}
BELIEVE = {"trusted_proxies": (ip_network("127.0.0.0/8"),)}
"""Who is trusted: everybody here."""


@pytest.fixture(scope="module")
def proxied(start: Callable[..., Mapping[str, RunningMock]]) -> Mapping[str, RunningMock]:
    """As `mocks`, behind a proxy."""
    return start(**BELIEVE)


@pytest.mark.parametrize("way", FORMATS)
def test_a_certificate_in_a_trusted_proxys_header_is_believed(
    way: str, proxied: Mapping[str, RunningMock], catalogue: Mapping[str, Baked]
) -> None:
    for running in proxied.values():
        for name in ("good", "intermediate", "leaf-alone"):
            headers = FORMATS[way](catalogue[name].certificates)
            (refreshed,) = visit(running, None, SSL.TLS1_3_VERSION, token(running, **headers)).answers
            assert (refreshed.status, refreshed.json) == (400, AUTHENTICATED)


@pytest.mark.parametrize("way", FORMATS)
@pytest.mark.parametrize("trusted", [(), ("10.0.0.0/8", "::1/128")], ids=["nobody", "another address"])
def test_a_certificate_in_anybody_elses_header_is_ignored_and_noted(
    way: str,
    trusted: Sequence[str],
    declaring: Callable[..., RunningMock],
    catalogue: Mapping[str, Baked],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "mockpsc")
    running = declaring(trusted_proxies=tuple(map(ip_network, trusted)))
    headers = FORMATS[way](catalogue["good"].certificates)
    (refreshed,) = visit(running, None, SSL.TLS1_3_VERSION, token(running, **headers)).answers
    assert (refreshed.status, refreshed.json) == (401, NOT_AUTHENTICATED)
    assert "A client certificate came in a header, and not from a trusted proxy: ignored." in caplog.messages
    bad = FORMATS[way](catalogue["expired"].certificates)
    (refreshed,) = visit(running, catalogue["good"], SSL.TLS1_3_VERSION, token(running, **bad)).answers
    assert (refreshed.status, refreshed.json) == (400, AUTHENTICATED)


@pytest.mark.parametrize("recipe", RECIPES, ids=[recipe.name for recipe in RECIPES])
def test_a_certificate_in_a_header_is_judged_like_one_in_a_handshake(
    recipe: Recipe, proxied: Mapping[str, RunningMock], catalogue: Mapping[str, Baked]
) -> None:
    headers = FORMATS["RFC 9440"](catalogue[recipe.name].certificates)
    for way, running in proxied.items():
        (refreshed,) = visit(running, None, SSL.TLS1_3_VERSION, token(running, **headers)).answers
        if recipe.reason is None:
            assert (refreshed.status, refreshed.json) == (400, AUTHENTICATED)
            continue
        assert says(refreshed.hint, recipe.reason), refreshed.hint
        if way == "nginx" and recipe.reason != "subject_mismatch":
            assert is_page(refreshed, "The SSL certificate error")
        else:  # no alert can be sent through a proxy
            assert (refreshed.status, refreshed.json) == (401, NOT_AUTHENTICATED)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Client-Cert", "no bytes"),
        ("Client-Cert", ":AAAA:"),
        ("ssl-client-cert", "-----BEGIN%20CERTIFICATE-----"),
        ("X-Forwarded-Client-Cert", "Hash=00"),
        ("X-Forwarded-Tls-Client-Cert", "!"),
    ],
)
def test_a_header_that_cannot_be_read_is_a_bad_request(
    name: str, value: str, way: str, proxied: Mapping[str, RunningMock], mocks: Mapping[str, RunningMock]
) -> None:
    running = proxied[way]
    (refused,) = visit(running, None, SSL.TLS1_3_VERSION, token(running, **{name: value})).answers
    assert is_page(refused, "The SSL certificate error")
    assert refused.hint.startswith(f"The header {name.lower()} of the proxy cannot be read: ")
    running = mocks[way]
    (ignored,) = visit(running, None, SSL.TLS1_3_VERSION, token(running, **{name: value})).answers
    assert ignored.status == 401


def test_what_comes_through_a_proxy_bears_the_connection_that_it_came_on(
    proxied: Mapping[str, RunningMock], catalogue: Mapping[str, Baked]
) -> None:
    running = proxied["keycloak"]
    headers = FORMATS["nginx"](catalogue["good"].certificates)
    seen = visit(running, None, SSL.TLS1_3_VERSION, discovery(running), token(running, **headers))
    connection_id = handshake_of(running, seen).connection_id
    plain, forwarded = running.mock.journal.exchanges()[-2:]
    assert plain.connection_id == connection_id
    assert forwarded.connection_id == connection_id


def test_a_required_certificate_that_a_proxy_does_not_send_is_missing(declaring: Callable[..., RunningMock]) -> None:
    running = declaring(client_cert="require", reject_with="nginx", **BELIEVE)
    for headers in ({}, {"Client-Cert": ""}):
        (refused,) = visit(running, None, SSL.TLS1_3_VERSION, token(running, **headers)).answers
        assert is_page(refused, "No required SSL certificate was sent")


@pytest.mark.parametrize(
    ("good", "odd"),
    [("a003020102", "a003020106"), ("06092a864886f70d010101", "06092a864886f70d01017f")],
    ids=["a version that does not exist", "an unknown kind of key"],
)
@pytest.mark.parametrize("way", WAYS)
def test_an_odd_certificate_in_a_header_is_refused_and_no_server_error(
    good: str, odd: str, way: str, proxied: Mapping[str, RunningMock], catalogue: Mapping[str, Baked]
) -> None:
    running = proxied[way]
    der = catalogue["good"].certificates[0].public_bytes(Encoding.DER)
    value = b64encode(der.replace(bytes.fromhex(good), bytes.fromhex(odd))).decode()
    for headers in ({"Client-Cert": f":{value}:"}, {"X-Forwarded-Tls-Client-Cert": quote(value)}):
        (refused,) = visit(running, None, SSL.TLS1_3_VERSION, token(running, **headers)).answers
        assert refused.status in (400, 401)


# What is revoked.


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("version", VERSIONS, ids=["TLS 1.2", "TLS 1.3"])
@pytest.mark.parametrize("recipe", [each for each in recipes().values() if each.side == "client" and each.revoked])
def test_a_recipe_to_be_revoked_is_good_until_it_is(
    recipe: Recipe, version: int, way: str, mocks: Mapping[str, RunningMock], make: Make
) -> None:
    running, presented = mocks[way], make(recipe)
    seen = visit(running, presented, version, discovery(running), token(running))
    is_let_in(find_recipe("good"), seen, handshake_of(running, seen))
    url = f"{running.mock.connection.admin_url}/api/certificates/revoke"
    answer = httpx.post(url, json={"certificate": presented.bundle.cert_pem.decode()})
    assert answer.status_code == 200, answer.text
    seen = visit(running, presented, version, discovery(running), token(running))
    REFUSED[way](recipe, seen, handshake_of(running, seen))


# What is not as it should be yet.


def test_an_unknown_root_is_unknown_to_a_mock_that_trusts_the_expired_one(
    declaring: Callable[..., RunningMock], make: Make, tmp_path: Path
) -> None:
    (tmp_path / "trusted.pem").write_bytes(pem(*make("expired-root").anchors))
    running = declaring(client_ca=tmp_path / "trusted.pem")
    seen = visit(running, make("untrusted-issuer"), SSL.TLS1_3_VERSION, discovery(running))
    assert handshake_of(running, seen).reason == "unknown_ca"


def test_an_impostor_is_one_to_a_mock_that_knows_the_trusted_authority_twice(
    declaring: Callable[..., RunningMock], make: Make, tmp_path: Path
) -> None:
    (tmp_path / "known.pem").write_bytes(pem(*make("incomplete-chain").withheld))
    running = declaring(known_ca=tmp_path / "known.pem")
    seen = visit(running, make("impostor-ca"), SSL.TLS1_3_VERSION, discovery(running))
    assert handshake_of(running, seen).reason == "impostor_ca"


def test_a_second_that_passes_while_a_list_is_made_refuses_nobody(
    declaring: Callable[..., RunningMock], catalogue: Mapping[str, Baked], monkeypatch: pytest.MonkeyPatch
) -> None:
    running = declaring()
    clock, now = running.mock.clock, running.mock.clock.now

    def a_second_later() -> float:
        clock.advance(1)
        return now()

    monkeypatch.setattr(clock, "now", a_second_later)
    seen = visit(running, catalogue["good"], SSL.TLS1_3_VERSION, discovery(running))
    assert handshake_of(running, seen).verdict is None
