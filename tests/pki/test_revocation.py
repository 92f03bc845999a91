"""Revocation as others see it: openssl reads the lists, asks the responder, and refuses what was revoked."""

import json
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from mockpsc.clock import Clock
from mockpsc.errors import ConfigurationError
from mockpsc.pki import (
    Authority,
    Bundle,
    client_spec,
    new_client_authority,
    new_client_root,
    new_key,
    new_server_authority,
    server_spec,
)
from mockpsc.pki.bundle import pem
from mockpsc.pki.ocsp import RESPONDER_LIFETIME, OcspResponder
from mockpsc.pki.revocation import CRL_LIFETIME, Revocations, make_crl, with_revocation_urls

Openssl = Callable[..., CompletedProcess[str]]
MOMENT = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class World:
    """An authority below a root, one client of its, and what answers for it."""

    root: Authority
    authority: Authority
    client: Bundle
    revocations: Revocations
    responder: OcspResponder
    clock: Clock

    def revoke(self, reason: x509.ReasonFlags = x509.ReasonFlags.key_compromise) -> None:
        self.revocations.revoke(self.client.certificate.serial_number, at=self.clock.today(), reason=reason)

    def crl(self, *, stale: bool = False) -> x509.CertificateRevocationList:
        return make_crl(self.authority, self.revocations, clock=self.clock, stale=stale)


@pytest.fixture(scope="session")
def root() -> Authority:
    return new_client_root(clock=Clock())


@pytest.fixture(scope="session")
def issuing(root: Authority) -> Authority:
    return new_client_authority(clock=Clock(), root=root)


@pytest.fixture
def world(root: Authority, issuing: Authority, clock: Clock) -> World:
    client = issued_client(issuing, clock)
    revocations = Revocations()
    responder = OcspResponder(
        issuing,
        clock=clock,
        revocations=revocations,
        is_known=lambda serial: serial == client.certificate.serial_number,
    )
    return World(root=root, authority=issuing, client=client, revocations=revocations, responder=responder, clock=clock)


def issued_client(authority: Authority, clock: Clock) -> Bundle:
    key = new_key("ec")
    return authority.issue(client_spec(key.public_key(), client_id="my-client"), key, clock=clock)


def ask(responder: OcspResponder, request: bytes) -> ocsp.OCSPResponse:
    return ocsp.load_der_ocsp_response(responder.respond(request))


def question(serial: int, *, issuer: Authority, nonce: bytes | None = None) -> bytes:
    """A request about a certificate of an authority whose key is RSA (RFC 6960 §4.1.1)."""
    name = issuer.certificate.subject.public_bytes()
    key = issuer.key.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        sha256(name).digest(), sha256(key).digest(), serial, hashes.SHA256()
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def moved(clock: Clock, by: timedelta) -> Clock:
    clock.advance(by.total_seconds())
    return clock


# --- the registry ---


def test_each_change_has_a_number_of_its_own() -> None:
    revocations = Revocations()
    assert revocations.number == 0
    revocations.revoke(0xA, at=MOMENT)
    revocations.revoke(0xB, at=MOMENT)
    assert revocations.number == 2
    assert set(revocations.current.revoked) == {0xA, 0xB}


def test_what_is_revoked_twice_stays_as_it_was() -> None:
    revocations = Revocations()
    first = revocations.revoke(0xA, at=MOMENT, reason=x509.ReasonFlags.superseded)
    assert revocations.revoke(0xA, at=MOMENT + timedelta(days=1)) == first
    assert revocations.number == 1


def test_a_revocation_is_taken_back_in_a_list_of_its_own_number(tmp_path: Path) -> None:
    revocations, others = (Revocations(tmp_path / "revoked.json") for _ in range(2))
    first = revocations.revoke(0xA, at=MOMENT)
    revocations.revoke(0xB, at=MOMENT)
    assert others.reinstate(0xA) == first
    assert others.reinstate(0xA) is None
    assert (revocations.number, set(revocations.current.revoked)) == (3, {0xB})


@pytest.mark.parametrize("serial", [0, -1, 2**159])
def test_a_serial_number_that_no_list_can_bear_is_refused(serial: int) -> None:
    revocations = Revocations()
    with pytest.raises(ValueError, match="20 octets at most"):
        revocations.revoke(serial, at=MOMENT)
    with pytest.raises(ValueError, match="removeFromCRL"):
        revocations.revoke(1, at=MOMENT, reason=x509.ReasonFlags.remove_from_crl)
    assert revocations.number == 0


def test_a_registry_is_found_again_in_its_file(tmp_path: Path) -> None:
    path = tmp_path / "revoked.json"
    kept = Revocations(path).revoke(2**159 - 1, at=MOMENT, reason=x509.ReasonFlags.key_compromise)
    found = Revocations(path).current
    assert (found.number, dict(found.revoked)) == (1, {2**159 - 1: kept})


def test_two_registries_on_one_file_see_and_keep_each_others_revocations(tmp_path: Path) -> None:
    one, other = Revocations(tmp_path / "revoked.json"), Revocations(tmp_path / "revoked.json")
    for serial in range(1, 21):
        (one if serial % 2 else other).revoke(serial, at=MOMENT)
        assert one.current == other.current
    assert one.number == 20
    assert set(other.current.revoked) == set(range(1, 21))


def test_no_revocation_is_lost_when_many_are_made_at_once(tmp_path: Path) -> None:
    start = threading.Barrier(4)

    def revoke(first: int) -> None:
        mine = Revocations(tmp_path / "revoked.json")
        start.wait()
        for serial in range(first, first + 10):
            mine.revoke(serial, at=MOMENT)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(revoke, (100, 200, 300, 400)))
    found = Revocations(tmp_path / "revoked.json").current
    assert found.number == len(found.revoked) == 40


def test_a_file_that_was_deleted_is_an_empty_registry(tmp_path: Path) -> None:
    revocations = Revocations(tmp_path / "revoked.json")
    revocations.revoke(1, at=MOMENT)
    (tmp_path / "revoked.json").unlink()
    assert not revocations.current.revoked


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"number": 1, "revoked": [{"serial": "no"}]}', '{"number": 1, "revoked": 3}']
)
def test_a_file_that_holds_something_else_is_refused_with_its_name(content: str, tmp_path: Path) -> None:
    path = tmp_path / "revoked.json"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=r"revoked\.json does not hold revoked certificates"):
        Revocations(path).revoke(1, at=MOMENT)
    assert path.read_text() == content


def test_nothing_is_revoked_when_the_file_cannot_be_written(tmp_path: Path) -> None:
    revocations = Revocations(tmp_path / "missing" / "revoked.json")
    with pytest.raises(ConfigurationError, match="so nothing was changed"):
        revocations.revoke(1, at=MOMENT)
    assert not revocations.current.revoked


# --- the list ---


def test_openssl_reads_the_list_and_finds_it_signed_by_the_authority(
    world: World, openssl: Openssl, tmp_path: Path
) -> None:
    world.revoke()
    (tmp_path / "list.crl").write_bytes(world.crl().public_bytes(Encoding.DER))
    (tmp_path / "ca.pem").write_bytes(pem(world.authority.certificate))
    done = openssl(
        "crl", "-inform", "DER", "-in", tmp_path / "list.crl", "-CAfile", tmp_path / "ca.pem", "-noout", "-text"
    )
    assert "verify OK" in done.stderr
    assert f"{world.client.certificate.serial_number:X}" in done.stdout
    assert "Key Compromise" in done.stdout
    for extension in ("X509v3 CRL Number", "X509v3 Authority Key Identifier"):
        assert extension in done.stdout


@pytest.mark.parametrize("check", ["-crl_check", "-crl_check_all"])
@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("good", "OK"),
        ("revoked", "error 23 at 0 depth"),
        ("stale", "error 12 at 0 depth"),
        ("missing", "error 3 at 0 depth"),
    ],
)
def test_openssl_verifies_a_client_by_the_lists(
    case: str, check: str, expected: str, world: World, openssl: Openssl, tmp_path: Path
) -> None:
    if case == "revoked":
        world.revoke()
    lists = [make_crl(world.root, Revocations(), clock=world.clock)]
    if case != "missing":
        lists.append(world.crl(stale=case == "stale"))
    (tmp_path / "lists.pem").write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in lists))
    (tmp_path / "ca.pem").write_bytes(pem(world.authority.certificate, world.root.certificate))
    (tmp_path / "client.pem").write_bytes(world.client.cert_pem)
    done = openssl(
        "verify", check, "-CAfile", tmp_path / "ca.pem", "-CRLfile", tmp_path / "lists.pem", tmp_path / "client.pem"
    )
    assert expected in done.stdout + done.stderr
    assert (done.returncode == 0) == (case == "good")


def test_a_revoked_client_is_refused_in_a_handshake_and_another_is_not(
    world: World,
    server_authority: Authority,
    client_context: Callable[..., ssl.SSLContext],
    server_context: Callable[[Bundle], ssl.SSLContext],
    handshake: Callable[..., object],
    tmp_path: Path,
) -> None:
    world.revoke()
    key = new_key("ec")
    server = server_context(server_authority.issue(server_spec(key.public_key()), key, clock=world.clock))
    server.verify_mode = ssl.CERT_REQUIRED
    server.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_CHAIN
    lists = (world.crl(), make_crl(world.root, Revocations(), clock=world.clock))
    (tmp_path / "trust.pem").write_bytes(
        pem(world.authority.certificate, world.root.certificate)
        + b"".join(each.public_bytes(Encoding.PEM) for each in lists)
    )
    server.load_verify_locations(tmp_path / "trust.pem")
    ca = pem(server_authority.certificate)
    refused = handshake(server, client_context(ca, world.client))
    accepted = handshake(server, client_context(ca, issued_client(world.authority, world.clock)))
    assert "certificate revoked" in str(refused)
    assert "version='TLSv1.3'" in str(accepted)


def test_a_list_is_good_for_a_day_of_the_clock(world: World) -> None:
    first = world.crl()
    assert first.next_update_utc is not None
    assert first.next_update_utc - first.last_update_utc == CRL_LIFETIME
    moved(world.clock, timedelta(days=30))
    assert world.crl().last_update_utc >= first.last_update_utc + timedelta(days=30)


def test_a_stale_list_is_out_of_date_at_every_moment_of_the_clock(world: World) -> None:
    for days in (0, 1, 400):
        now = moved(world.clock, timedelta(days=days)).today()
        ended = world.crl(stale=True).next_update_utc
        assert ended is not None
        assert ended < now


def test_lists_of_two_moments_never_share_a_number(world: World) -> None:
    numbers = [crl_number(world.crl(stale=True)), crl_number(world.crl())]
    moved(world.clock, timedelta(seconds=1))
    numbers.append(crl_number(world.crl()))
    world.revoke()
    numbers.append(crl_number(world.crl()))
    assert numbers == sorted(set(numbers))


def test_a_reason_that_says_nothing_is_left_out(world: World) -> None:
    world.revoke(x509.ReasonFlags.unspecified)
    (entry,) = world.crl()
    assert not list(entry.extensions)


def crl_number(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


# --- OCSP ---


@pytest.fixture
def openssl_asks(world: World, openssl: Openssl, tmp_path: Path) -> Callable[..., str]:
    """What openssl prints of the responder's answer to its own request."""

    def run(*options: str, certificate: x509.Certificate = world.client.certificate) -> str:
        (tmp_path / "client.pem").write_bytes(pem(certificate))
        (tmp_path / "issuer.pem").write_bytes(pem(world.authority.certificate))
        (tmp_path / "ca.pem").write_bytes(pem(world.root.certificate))
        names = ("-issuer", tmp_path / "issuer.pem", *options, "-cert", tmp_path / "client.pem")
        made = openssl("ocsp", "-no_nonce", *names, "-reqout", tmp_path / "request")
        assert made.returncode == 0, made.stderr
        (tmp_path / "response").write_bytes(world.responder.respond((tmp_path / "request").read_bytes()))
        trust = ("-CAfile", tmp_path / "ca.pem", "-verify_other", tmp_path / "issuer.pem")
        done = openssl("ocsp", "-no_nonce", *names, "-respin", tmp_path / "response", *trust)
        return done.stdout + done.stderr

    return run


def test_openssl_verifies_the_delegated_responder_and_hears_that_all_is_well(openssl_asks: Callable[..., str]) -> None:
    said = openssl_asks()
    assert "Response verify OK" in said
    assert "client.pem: good" in said


@pytest.mark.parametrize("digest", ["-sha1", "-sha256", "-sha512"])
def test_openssl_hears_that_a_certificate_was_revoked_and_why(
    digest: str, world: World, openssl_asks: Callable[..., str]
) -> None:
    world.revoke()
    said = openssl_asks(digest)
    assert "Response verify OK" in said
    assert "client.pem: revoked" in said
    assert "Reason: keyCompromise" in said


def test_openssl_hears_that_a_certificate_is_unknown(world: World, openssl_asks: Callable[..., str]) -> None:
    said = openssl_asks(certificate=issued_client(world.authority, world.clock).certificate)
    assert "Response verify OK" in said
    assert "client.pem: unknown" in said


def test_openssl_does_not_believe_a_responder_that_another_authority_delegated_to(
    world: World, clock: Clock, openssl: Openssl, tmp_path: Path
) -> None:
    impostor = new_client_authority(clock=clock)
    staple = OcspResponder(impostor, clock=clock, revocations=Revocations(), is_known=lambda serial: True).staple(
        issued_client(impostor, clock).certificate
    )
    (tmp_path / "response").write_bytes(staple)
    (tmp_path / "ca.pem").write_bytes(pem(world.authority.certificate, world.root.certificate))
    done = openssl("ocsp", "-respin", tmp_path / "response", "-CAfile", tmp_path / "ca.pem")
    assert "Response Verify Failure" in done.stderr


def test_a_certificate_of_another_issuer_is_unknown_even_when_its_serial_number_is_known(world: World) -> None:
    world.revoke()
    serial = world.client.certificate.serial_number
    answer = ask(world.responder, question(serial, issuer=world.root))
    assert answer.certificate_status == ocsp.OCSPCertStatus.UNKNOWN
    assert not world.responder.serves(question(serial, issuer=world.root))
    assert world.responder.serves(question(serial, issuer=world.authority))


def test_a_revoked_serial_number_needs_not_be_known(world: World) -> None:
    revocation = world.revocations.revoke(0xABC, at=MOMENT)
    answer = ask(world.responder, question(0xABC, issuer=world.authority))
    assert answer.certificate_status == ocsp.OCSPCertStatus.REVOKED
    assert answer.revocation_time_utc == revocation.at == MOMENT
    assert answer.revocation_reason is None


@pytest.mark.parametrize("nonce", [b"n", b"n" * 32, b"n" * 128])
def test_the_nonce_comes_back(nonce: bytes, world: World) -> None:
    answer = ask(world.responder, question(1, issuer=world.authority, nonce=nonce))
    assert answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == nonce


@pytest.mark.parametrize("nonce", [b"", b"n" * 129])
def test_a_nonce_of_a_length_that_is_not_allowed_is_malformed(nonce: bytes, world: World) -> None:
    answer = ask(world.responder, question(1, issuer=world.authority, nonce=nonce))
    assert answer.response_status == ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def test_no_nonce_comes_back_when_none_was_sent(world: World) -> None:
    assert not list(ask(world.responder, question(1, issuer=world.authority)).extensions)


def test_the_responder_is_delegated_to_for_a_short_time_and_renewed_in_time(world: World) -> None:
    request = question(1, issuer=world.authority)
    (first,) = ask(world.responder, request).certificates
    assert not first.extensions.get_extension_for_class(x509.OCSPNoCheck).critical
    assert list(first.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.OCSP_SIGNING
    ]
    assert ask(world.responder, request).certificates == [first]
    for _ in range(20):
        now = moved(world.clock, RESPONDER_LIFETIME / 5).today()
        answer = ask(world.responder, request)
        (signer,) = answer.certificates
        assert answer.next_update_utc is not None
        assert signer.not_valid_before_utc <= now < answer.next_update_utc <= signer.not_valid_after_utc
    assert signer != first


def test_a_staple_says_how_the_servers_certificate_is(clock: Clock, openssl: Openssl, tmp_path: Path) -> None:
    authority, key, revocations = new_server_authority(clock=clock), new_key("ec"), Revocations()
    server = authority.issue(server_spec(key.public_key()), key, clock=clock).certificate
    responder = OcspResponder(authority, clock=clock, revocations=revocations, is_known=lambda serial: True)
    (tmp_path / "server.pem").write_bytes(pem(server))
    (tmp_path / "ca.pem").write_bytes(pem(authority.certificate))

    def said() -> str:
        (tmp_path / "staple").write_bytes(responder.staple(server))
        done = openssl(
            "ocsp", "-respin", tmp_path / "staple", "-CAfile", tmp_path / "ca.pem", "-issuer", tmp_path / "ca.pem",
            "-cert", tmp_path / "server.pem",
        )  # fmt: skip
        return done.stdout + done.stderr

    assert "Response verify OK" in said()
    assert "server.pem: good" in said()
    revocations.revoke(server.serial_number, at=clock.today())
    assert "server.pem: revoked" in said()


def test_a_staple_for_anothers_certificate_is_refused(world: World) -> None:
    with pytest.raises(ValueError, match="not a certificate of this authority"):
        world.responder.staple(world.authority.certificate)


@pytest.fixture(scope="session")
def steady(issuing: Authority) -> OcspResponder:
    return OcspResponder(issuing, clock=Clock(), revocations=Revocations(), is_known=lambda serial: True)


@settings(deadline=None)
@given(request=st.binary(max_size=200))
def test_whatever_is_no_request_is_malformed(request: bytes, steady: OcspResponder) -> None:
    assert ask(steady, request).response_status == ocsp.OCSPResponseStatus.MALFORMED_REQUEST
    assert not steady.serves(request)


@settings(deadline=None)
@given(changes=st.lists(st.tuples(st.integers(0, 150), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_request_with_octets_changed_has_an_answer(changes: list[tuple[int, int]], steady: OcspResponder) -> None:
    request = bytearray(question(2**100, issuer=steady.authority, nonce=b"n" * 16))
    for place, value in changes:
        request[place % len(request)] = value
    assert ask(steady, bytes(request)).response_status in (
        ocsp.OCSPResponseStatus.SUCCESSFUL,
        ocsp.OCSPResponseStatus.MALFORMED_REQUEST,
    )


def test_a_registry_that_cannot_be_read_is_no_malformed_request(issuing: Authority, tmp_path: Path) -> None:
    (tmp_path / "revoked.json").write_text(json.dumps({"number": "?"}))
    responder = OcspResponder(
        issuing, clock=Clock(), revocations=Revocations(tmp_path / "revoked.json"), is_known=lambda serial: True
    )
    with pytest.raises(ConfigurationError, match=r"revoked\.json"):
        responder.respond(question(1, issuer=issuing))


# --- where they are to be had ---


@pytest.mark.parametrize("admin_url", ["http://127.0.0.1:8480", "http://127.0.0.1:8480/"])
def test_a_certificate_says_where_its_list_its_responder_and_its_issuer_are(
    admin_url: str, issuing: Authority, clock: Clock
) -> None:
    key = new_key("ec")
    plain = client_spec(key.public_key(), client_id="my-client")
    spec = with_revocation_urls(plain, admin_url=admin_url, authority="client-issuing")
    extensions = issuing.issue(spec, key, clock=clock).certificate.extensions
    access = extensions.get_extension_for_class(x509.AuthorityInformationAccess)
    (point,) = extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert not access.critical
    assert [(each.access_method, each.access_location.value) for each in access.value] == [
        (AuthorityInformationAccessOID.OCSP, "http://127.0.0.1:8480/ocsp"),
        (AuthorityInformationAccessOID.CA_ISSUERS, "http://127.0.0.1:8480/pki/client-issuing.cer"),
    ]
    assert [each.value for each in point.full_name or ()] == ["http://127.0.0.1:8480/pki/client-issuing.crl"]
    assert replace(spec, other_extensions=()) == plain
