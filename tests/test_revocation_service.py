"""The admin listener's side of revocation, over HTTP: openssl and curl fetch and ask, a person revokes."""

import asyncio
import json
import shutil
import socket
import subprocess
import threading
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from mockpsc.admin.api.problems import HANDLERS
from mockpsc.admin.api.routing import routes as operation_routes
from mockpsc.admin.operations.revocation import OPERATIONS
from mockpsc.admin.revocation import RevocationService, routes
from mockpsc.clock import Clock
from mockpsc.pki import (
    Authority,
    client_spec,
    new_client_authority,
    new_client_root,
    new_key,
    new_server_authority,
    server_spec,
)
from mockpsc.pki.bundle import pem
from mockpsc.pki.der import with_altered_signature, with_long_serial
from mockpsc.pki.ocsp import OcspResponder
from mockpsc.pki.revocation import RevocationMode, Revocations


@dataclass(frozen=True, kw_only=True)
class World:
    """Three authorities, a certificate of two of them, and a service that knows them all."""

    clock: Clock
    authorities: dict[str, Authority]
    client: x509.Certificate
    server: x509.Certificate

    def service(self, mode: RevocationMode = "crl", registry: Path | None = None) -> RevocationService:
        return RevocationService(
            responders={
                name: OcspResponder(
                    authority,
                    clock=self.clock,
                    revocations=Revocations(registry),
                    is_known=partial(self._is_known, name),
                )
                for name, authority in self.authorities.items()
            },
            clock=self.clock,
            mode=mode,
        )

    def _is_known(self, authority: str, serial: int) -> bool:
        return (authority, serial) in (
            ("client-issuing", self.client.serial_number),
            ("server-root", self.server.serial_number),
        )


@dataclass(frozen=True)
class Revoking:
    """What revoking needs of a mock."""

    revocation: RevocationService

    async def settle(self) -> None:
        pass


class Api:
    """Sends requests to the routes of a service, in memory."""

    def __init__(self, service: RevocationService) -> None:
        self.service = service
        api = operation_routes(OPERATIONS, Revoking(service))
        self.app = Starlette(routes=[*routes(service), *api], exception_handlers=HANDLERS)

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.request(method, path, **options)

        return asyncio.run(send())

    def revoke(self, **members: Any) -> httpx.Response:
        return self.send("POST", "/api/certificates/revoke", json=members)

    def status(self, certificate: x509.Certificate, issuer: Authority) -> ocsp.OCSPResponse:
        response = self.send("POST", "/ocsp", content=question(certificate, issuer))
        return ocsp.load_der_ocsp_response(response.content)


@pytest.fixture(scope="module")
def world() -> World:
    clock = Clock()
    root, server_root = new_client_root(clock=clock), new_server_authority(clock=clock)
    issuing, key = new_client_authority(clock=clock, root=root), new_key("ec")
    return World(
        clock=clock,
        authorities={"client-issuing": issuing, "client-root": root, "server-root": server_root},
        client=issuing.issue(client_spec(key.public_key(), client_id="my-client"), key, clock=clock).certificate,
        server=server_root.issue(server_spec(key.public_key()), key, clock=clock).certificate,
    )


@pytest.fixture
def api(world: World) -> Api:
    return Api(world.service())


@pytest.fixture(scope="module")
def steady(world: World) -> Api:
    """An API by which nothing gets revoked."""
    return Api(world.service())


def question(certificate: x509.Certificate, issuer: Authority) -> bytes:
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer.certificate, hashes.SHA1())
    return builder.build().public_bytes(Encoding.DER)


def in_pem(certificate: x509.Certificate) -> str:
    return pem(certificate).decode()


def detail(response: httpx.Response, status: int) -> str:
    """What a refusal tells the person (RFC 9457)."""
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert response.status_code == problem["status"] == status
    return str(problem["detail"])


# --- revoking ---


@pytest.mark.parametrize(
    "spelling", ["{:x}", "{:X}", "0x{:x}", "{:040X}"], ids=["lower case", "upper case", "prefixed", "padded"]
)
def test_a_certificate_is_revoked_by_its_serial_number(spelling: str, world: World, api: Api) -> None:
    assert api.status(world.client, world.authorities["client-issuing"]).certificate_status == ocsp.OCSPCertStatus.GOOD
    response = api.revoke(serial=spelling.format(world.client.serial_number), reason="keyCompromise")
    assert response.status_code == 200
    told = response.json()
    assert told.pop("revoked_at").endswith("+00:00")
    assert told == {
        "serial": f"{world.client.serial_number:x}",
        "authority": "client-issuing",
        "issuer": world.client.issuer.rfc4514_string(),
        "reason": "keyCompromise",
        "mode": "crl",
        "effect": "From the next handshake on, the certificate is refused.",
    }
    status = api.status(world.client, world.authorities["client-issuing"])
    assert status.certificate_status == ocsp.OCSPCertStatus.REVOKED
    assert status.revocation_reason == x509.ReasonFlags.key_compromise


def test_a_serial_number_is_taken_with_colons_between_its_octets(world: World, api: Api) -> None:
    octets = world.client.serial_number.to_bytes(20).hex(":")
    assert api.revoke(serial=octets).json()["serial"] == f"{world.client.serial_number:x}"


def test_a_certificate_is_revoked_by_the_authority_that_issued_it(world: World, api: Api) -> None:
    assert api.revoke(certificate=in_pem(world.server)).json()["authority"] == "server-root"
    assert api.revoke(certificate=in_pem(world.client)).json()["authority"] == "client-issuing"
    assert [responder.revocations.number for responder in api.service.responders.values()] == [1, 0, 1]


def test_a_certificate_whose_signature_is_broken_on_purpose_is_revoked_all_the_same(world: World, api: Api) -> None:
    broken = with_altered_signature(world.client, world.authorities["client-issuing"].key)
    assert api.revoke(certificate=in_pem(broken)).status_code == 200


def test_what_is_revoked_twice_is_told_as_it_was_first(world: World, api: Api) -> None:
    first = api.revoke(certificate=in_pem(world.client), reason="superseded").json()
    assert api.revoke(certificate=in_pem(world.client), reason="keyCompromise").json() == first


def test_the_answer_says_when_revoking_has_no_effect_on_handshakes(world: World) -> None:
    modes: tuple[RevocationMode, ...] = ("off", "stale", "missing")
    for mode in modes:
        assert (
            "None on handshakes" in Api(world.service(mode)).revoke(certificate=in_pem(world.client)).json()["effect"]
        )


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"seral": "1"}, "'seral', which is unknown (did you mean 'serial'?)"),
        ({"serial": "1", "reason": "key_compromise"}, "(did you mean 'keyCompromise'?)"),
        ({"serial": "1", "reason": "removeFromCRL"}, "has reason 'removeFromCRL'"),
        ({"serial": "1", "reason": ["keyCompromise"]}, "expected one of unspecified, keyCompromise"),
        ({"serial": "xyz"}, "'xyz' is not hexadecimal"),
        ({"serial": ""}, "is not hexadecimal"),
        ({"serial": "0"}, "it must be positive"),
        ({"serial": "80" + "00" * 19}, "of 20 octets at most"),
        ({"serial": 17}, "serial 17; expected a text"),
        ({"certificate": "no"}, "cannot be read as a certificate in PEM"),
        ({"certificate": None}, "neither came"),
        ({"serial": "1", "certificate": "no"}, "serial and certificate came: send exactly one"),
        ({}, "neither came"),
    ],
)
def test_what_cannot_be_understood_is_explained(members: dict[str, Any], said: str, api: Api) -> None:
    assert said in detail(api.revoke(**members), 400)
    assert not any(responder.revocations.number for responder in api.service.responders.values())


def test_a_serial_number_that_no_list_can_bear_is_explained(world: World, api: Api) -> None:
    long = with_long_serial(world.client, world.authorities["client-issuing"].key)
    assert "of 20 octets at most" in detail(api.revoke(certificate=in_pem(long)), 400)


def test_an_unknown_serial_number_is_revoked_by_the_certificate_only(world: World, api: Api) -> None:
    key = new_key("ec")
    issuing = world.authorities["client-issuing"]
    certificate = issuing.issue(client_spec(key.public_key(), client_id="new"), key, clock=world.clock).certificate
    serial = f"{certificate.serial_number:x}"
    assert "send the certificate itself" in detail(api.revoke(serial=serial), 404)
    assert api.revoke(certificate=in_pem(certificate)).status_code == 200
    assert api.revoke(serial=serial).status_code == 200  # known by now, as revoked


def test_anothers_certificate_is_not_revoked(world: World, api: Api) -> None:
    key = new_key("ec")
    spec = client_spec(key.public_key(), client_id="x")
    stranger = replace(new_server_authority(clock=world.clock, key=key), certificate=world.client)
    certificate = stranger.issue(spec, key, clock=world.clock).certificate
    assert "was issued by CN=my-client" in detail(api.revoke(certificate=in_pem(certificate)), 404)


def test_a_page_in_a_browser_cannot_revoke_without_asking(world: World, api: Api) -> None:
    body = json.dumps({"certificate": in_pem(world.client)})
    for headers in ({}, {"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"}):
        response = api.send("POST", "/api/certificates/revoke", content=body, headers=headers)
        assert "send application/json" in detail(response, 415)


@pytest.mark.parametrize("body", [b"", b"[]", b"3", b"\xff", b"[" * 100_000, b'{"serial":'])
def test_a_body_that_is_no_json_object_is_explained(body: bytes, api: Api) -> None:
    response = api.send(
        "POST", "/api/certificates/revoke", content=body, headers={"Content-Type": "application/json; charset=utf-8"}
    )
    assert detail(response, 400)


def test_a_registry_that_cannot_be_read_is_named(world: World, tmp_path: Path) -> None:
    registry = tmp_path / "revoked.json"
    registry.write_text("no")
    api = Api(world.service(registry=registry))
    for response in (
        api.revoke(certificate=in_pem(world.client)),
        api.send("GET", "/pki/client-issuing.crl"),
        api.send("POST", "/ocsp", content=question(world.client, world.authorities["client-issuing"])),
    ):
        assert str(registry) in detail(response, 500)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None, max_examples=60)
@given(members=st.dictionaries(st.sampled_from(["serial", "certificate", "reason"]) | st.text(), JSON, max_size=3))
def test_whatever_members_come_there_is_an_answer(members: dict[str, Any], steady: Api) -> None:
    response = steady.send(
        "POST", "/api/certificates/revoke", content=json.dumps(members), headers={"Content-Type": "application/json"}
    )
    assert detail(response, response.status_code)
    assert response.status_code in (400, 404)


# --- lists and certificates ---


def test_each_authority_has_a_list_and_a_certificate(world: World, api: Api) -> None:
    for name, authority in world.authorities.items():
        crl = api.send("GET", f"/pki/{name}.crl")
        assert crl.headers["content-type"] == "application/pkix-crl"
        assert x509.load_der_x509_crl(crl.content).is_signature_valid(authority.key.public_key())
        der, text = api.send("GET", f"/pki/{name}.cer"), api.send("GET", f"/pki/{name}.pem")
        assert der.headers["content-type"] == "application/pkix-cert"
        assert x509.load_der_x509_certificate(der.content) == authority.certificate
        assert text.content == pem(authority.certificate)


def test_a_list_has_what_was_revoked_a_moment_ago(world: World, api: Api) -> None:
    def revoked() -> list[int]:
        crl = x509.load_der_x509_crl(api.send("GET", "/pki/client-issuing.crl").content)
        return [each.serial_number for each in crl]

    assert revoked() == []
    api.revoke(certificate=in_pem(world.client))
    assert revoked() == [world.client.serial_number]


@pytest.mark.parametrize("mode", ["off", "crl"])
def test_the_list_is_current(mode: RevocationMode, world: World) -> None:
    crl = x509.load_der_x509_crl(Api(world.service(mode)).send("GET", "/pki/client-issuing.crl").content)
    assert crl.next_update_utc is not None
    assert crl.last_update_utc <= world.clock.today() < crl.next_update_utc


def test_the_list_is_out_of_date_or_missing_on_purpose(world: World) -> None:
    stale = x509.load_der_x509_crl(Api(world.service("stale")).send("GET", "/pki/client-issuing.crl").content)
    assert stale.next_update_utc is not None
    assert stale.next_update_utc < world.clock.today()
    missing = Api(world.service("missing")).send("GET", "/pki/client-issuing.crl")
    assert "missing on purpose" in detail(missing, 404)


@pytest.mark.parametrize("suffix", ["crl", "cer", "pem"])
def test_an_unknown_authority_is_refused_with_the_nearest_name(suffix: str, api: Api) -> None:
    assert "did you mean 'client-issuing'?" in detail(api.send("GET", f"/pki/client-isuing.{suffix}"), 404)


# --- OCSP ---


def test_one_responder_answers_for_every_authority(world: World, api: Api) -> None:
    assert api.status(world.client, world.authorities["client-issuing"]).certificate_status == ocsp.OCSPCertStatus.GOOD
    assert api.status(world.server, world.authorities["server-root"]).certificate_status == ocsp.OCSPCertStatus.GOOD
    stranger = api.status(world.client, new_server_authority(clock=world.clock))
    assert stranger.certificate_status == ocsp.OCSPCertStatus.UNKNOWN


def test_a_request_comes_in_the_path_as_well(world: World, api: Api) -> None:
    issuing = world.authorities["client-issuing"]
    asked = b64encode(question(world.client, issuing)).decode()
    for path in (quote(asked, safe=""), asked, asked.rstrip("=")):
        response = api.send("GET", f"/ocsp/{path}")
        assert response.headers["content-type"] == "application/ocsp-response"
        assert ocsp.load_der_ocsp_response(response.content).certificate_status == ocsp.OCSPCertStatus.GOOD


@settings(deadline=None, max_examples=60)
@given(body=st.binary(max_size=100), path=st.text(st.characters(exclude_characters="\n"), min_size=1, max_size=50))
def test_whatever_is_no_request_is_malformed(body: bytes, path: str, steady: Api) -> None:
    for response in (
        steady.send("POST", "/ocsp", content=body),
        steady.send("GET", "/ocsp/" + quote(path.encode("utf-8", "replace"), safe="")),
    ):
        assert response.status_code == 200  # RFC 6960 appendix A.2
        assert (
            ocsp.load_der_ocsp_response(response.content).response_status == ocsp.OCSPResponseStatus.MALFORMED_REQUEST
        )


def test_a_request_that_is_too_large_is_not_read_to_its_end(steady: Api) -> None:
    read = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            read.append(4096)
            yield bytes(4096)

    response = steady.send("POST", "/ocsp", content=endless())
    assert (response.status_code, response.headers["content-type"]) == (413, "application/problem+json")
    assert "larger than 16384 bytes" in response.json()["detail"]
    assert sum(read) < 100_000


# --- over TCP, by the tools that people have ---


class Listener(uvicorn.Server):
    """A plain HTTP server of the routes on a free port, in a thread."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(uvicorn.Config(app, port=0, log_level="error"))
        self.ready, self.url = threading.Event(), ""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.url = f"http://127.0.0.1:{self.servers[0].sockets[0].getsockname()[1]}"
        self.ready.set()


@pytest.fixture
def address(api: Api) -> Iterator[str]:
    listener = Listener(api.app)
    thread = threading.Thread(target=listener.run)
    thread.start()
    assert listener.ready.wait(10)
    yield listener.url
    listener.should_exit = True
    thread.join(10)


@pytest.fixture
def command() -> Callable[..., str]:
    """Runs a command that this machine may have, and gives what it prints."""

    def run(name: str, *arguments: str | Path) -> str:
        found = shutil.which(name)
        if found is None:
            pytest.skip(f"no {name} command on this machine")
        done = subprocess.run([found, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=30)
        return done.stdout + done.stderr

    return run


@pytest.fixture
def files(world: World, tmp_path: Path) -> Path:
    issuing, root = world.authorities["client-issuing"].certificate, world.authorities["client-root"].certificate
    (tmp_path / "client.pem").write_bytes(pem(world.client))
    (tmp_path / "issuer.pem").write_bytes(pem(issuing))
    (tmp_path / "ca.pem").write_bytes(pem(issuing, root))
    return tmp_path


def test_openssl_asks_over_http_and_verifies_the_nonce(
    address: str, world: World, api: Api, files: Path, command: Callable[..., str]
) -> None:
    def said() -> str:
        return command(
            "openssl", "ocsp", "-url", f"{address}/ocsp", "-CAfile", files / "ca.pem", "-issuer", files / "issuer.pem",
            "-cert", files / "client.pem",
        )  # fmt: skip

    good = said()
    api.revoke(certificate=in_pem(world.client), reason="superseded")
    revoked = said()
    for each in (good, revoked):
        assert "Response verify OK" in each
        assert "nonce" not in each.lower()  # it warns of one that did not come back
    assert "client.pem: good" in good
    assert "client.pem: revoked" in revoked
    assert "Reason: superseded" in revoked


def test_curl_revokes_and_openssl_refuses_by_the_list_that_curl_fetches(
    address: str, world: World, files: Path, command: Callable[..., str]
) -> None:
    def verified() -> str:
        command("curl", "-sS", "-o", files / "list.der", f"{address}/pki/client-issuing.crl")
        command("openssl", "crl", "-inform", "DER", "-in", files / "list.der", "-out", files / "list.pem")
        return command(
            "openssl", "verify", "-crl_check", "-CAfile", files / "ca.pem", "-CRLfile", files / "list.pem",
            files / "client.pem",
        )  # fmt: skip

    assert "client.pem: OK" in verified()
    body = json.dumps({"serial": f"{world.client.serial_number:x}"})
    told = command(
        "curl", "-sS", "-H", "Content-Type: application/json", "-d", body, f"{address}/api/certificates/revoke"
    )
    assert json.loads(told)["reason"] == "unspecified"
    assert "certificate revoked" in verified()
