"""Every recipe gets the verdict that it declares, by real handshakes with OpenSSL."""

import re
import socket
import ssl
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12
from OpenSSL import SSL, crypto

from mockpsc.clock import Clock
from mockpsc.errors import ConfigurationError
from mockpsc.judgement import Registration, Trust, VerificationError, judge_chain, judge_registration, reasons
from mockpsc.pki import Authority, Bundle, client_spec, load_bundle, new_key, server_spec, show_dn
from mockpsc.pki.bundle import pem
from mockpsc.pki.recipes import Baked, KeyName, Recipe, bake, find_recipe, make_key, recipes

CLIENT_ID = "my-client"
WEAKEST = "DEFAULT:@SECLEVEL=0"  # by it, a program presents a certificate that OpenSSL thinks too weak to load
CLIENTS = [recipe for recipe in recipes().values() if recipe.side == "client"]
SERVERS = [recipe for recipe in recipes().values() if recipe.side == "server"]
# What has no chain to judge, and what shows only when somebody has revoked it.
CHAINS = [recipe for recipe in CLIENTS if recipe.reason not in ("subject_mismatch", "revoked")]
CODES = {reason.code: reason.codes for reason in reasons().values()} | {
    "expired_issuer": (10,),
    "incomplete_chain": (20,),
    "wrong_host": (62,),
}
Bake = Callable[..., Baked]


def named(recipe: Recipe) -> str:
    return recipe.name


@pytest.fixture(scope="module")
def leaf_key() -> Callable[[KeyName], object]:
    """One key of each kind, for all."""
    return cache(make_key)


@pytest.fixture
def baked(client_authority: Authority, server_authority: Authority, clock: Clock, leaf_key: object) -> Bake:
    def make(recipe: Recipe | str) -> Baked:
        recipe = find_recipe(recipe) if isinstance(recipe, str) else recipe
        authority = client_authority if recipe.side == "client" else server_authority
        return bake(recipe, authority, client_id=CLIENT_ID, clock=clock, leaf_key=leaf_key)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="module")
def site(server_authority: Authority) -> Bundle:
    key = new_key("ec")
    return server_authority.issue(server_spec(key.public_key()), key, clock=Clock())


Ask = Callable[[Baked, Callable[..., bool]], SSL.Context]


@pytest.fixture
def ask(client_authority: Authority, site: Bundle, clock: Clock) -> Ask:
    """A server's context that asks for a client's certificate, and has a callback judge it."""

    def make(presented: Baked, judge: Callable[..., bool]) -> SSL.Context:
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.use_certificate(site.certificate)
        context.use_privatekey(site.key)
        store = context.get_cert_store()
        assert store is not None
        for anchor in (client_authority.certificate, *client_authority.parents, *presented.anchors):
            store.add_cert(crypto.X509.from_cryptography(anchor))
        store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
        store.set_time(clock.today())
        context.set_verify(SSL.VERIFY_PEER, judge)
        return context

    return make


@pytest.fixture
def found(ask: Ask) -> Callable[[Baked], list[VerificationError]]:
    """What OpenSSL finds wrong with a client's certificate, in a handshake in memory."""

    def find(presented: Baked) -> list[VerificationError]:
        errors: list[VerificationError] = []

        def note(_: SSL.Connection, certificate: crypto.X509, code: int, depth: int, ok: int) -> bool:
            if not ok:
                errors.append(VerificationError(code=code, depth=depth, certificate=certificate.to_cryptography()))
            return True

        accepting = SSL.Connection(ask(presented, note), None)
        shake(accepting, client_of(presented))
        received = accepting.get_peer_cert_chain(as_cryptography=True) or ()  # on a server, without the leaf
        assert (accepting.get_peer_certificate(as_cryptography=True), *received) == presented.certificates
        return errors

    return find


@pytest.mark.parametrize("recipe", CHAINS, ids=named)
def test_the_alert_is_the_one_that_openssl_sends(recipe: Recipe, baked: Bake, ask: Ask) -> None:
    sent: list[int] = []

    def note(_: SSL.Connection, where: int, value: int) -> None:
        if where & SSL.SSL_CB_ALERT and where & SSL.SSL_CB_WRITE:
            sent.append(value & 0xFF)

    presented = baked(recipe)
    context = ask(presented, lambda *finding: bool(finding[-1]))
    context.set_info_callback(note)
    if recipe.reason is None:
        shake(SSL.Connection(context, None), client_of(presented))
        assert sent == []
    else:
        with pytest.raises(SSL.Error):
            shake(SSL.Connection(context, None), client_of(presented))
        assert sent == [recipe.alert or reasons()[recipe.reason].alert]


def client_of(presented: Baked) -> SSL.Connection:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_cipher_list(WEAKEST.encode())
    context.use_certificate(presented.certificates[0])
    context.use_privatekey(presented.key)
    for issuer in presented.certificates[1:]:
        context.add_extra_chain_cert(issuer)
    return SSL.Connection(context, None)


def shake(server: SSL.Connection, client: SSL.Connection) -> None:
    server.set_accept_state()
    client.set_connect_state()
    for sender, receiver in ((client, server), (server, client)) * 2:
        with suppress(SSL.WantReadError):
            sender.do_handshake()
        receiver.bio_write(sender.bio_read(1 << 16))
    server.do_handshake()


@pytest.fixture
def verdict(client_authority: Authority, clock: Clock) -> Callable[[Baked, list[VerificationError]], str | None]:
    """The reason of the judgement on errors, or on the name."""

    def judge(presented: Baked, errors: list[VerificationError]) -> str | None:
        anchors = (client_authority.certificate, *client_authority.parents, *presented.anchors)
        refusal = judge_chain(errors, Trust(now=clock.today(), anchors=anchors, known=presented.withheld))
        if not errors:
            good = client_spec(new_key("ec").public_key(), client_id=CLIENT_ID)
            registration = Registration(subject_dn=show_dn(good.subject))
            refusal = judge_registration(presented.certificates[0], registration, CLIENT_ID)
        return refusal.reason if refusal else None

    return judge


@pytest.mark.parametrize("recipe", CLIENTS, ids=[each.name for each in CLIENTS])
def test_a_client_recipe_gets_the_reason_that_it_declares(
    recipe: Recipe, baked: Bake, found: Callable[..., list[VerificationError]], verdict: Callable[..., str | None]
) -> None:
    presented = baked(recipe)
    reason = None if recipe.revoked else recipe.reason
    assert verdict(presented, found(presented)) == reason


@pytest.mark.parametrize("recipe", CHAINS, ids=[each.name for each in CHAINS])
def test_the_openssl_command_agrees(
    recipe: Recipe,
    baked: Bake,
    client_authority: Authority,
    verdict: Callable[..., str | None],
    openssl: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
) -> None:
    presented = baked(recipe)
    trusted, sent, leaf = (tmp_path / name for name in ("trusted.pem", "sent.pem", "leaf.pem"))
    trusted.write_bytes(pem(client_authority.certificate, *client_authority.parents, *presented.anchors))
    sent.write_bytes(presented.bundle.chain_pem)
    leaf.write_bytes(presented.bundle.cert_pem)
    options = ("-purpose", "sslclient", "-partial_chain", "-auth_level", "2")
    said = openssl("verify", *options, "-trusted", trusted, "-untrusted", sent, leaf)
    chain = (*presented.certificates, *presented.anchors)
    errors = [
        VerificationError(code=int(code), depth=int(depth), certificate=chain[int(depth)])
        for code, depth in re.findall(r"^error (\d+) at (\d+) depth", said.stderr, re.MULTILINE)
    ]
    assert (said.returncode == 0) == (recipe.reason is None), said.stderr
    assert verdict(presented, errors) == recipe.reason


@pytest.mark.parametrize("recipe", SERVERS, ids=named)
def test_a_relying_party_finds_what_a_server_recipe_declares(
    recipe: Recipe, baked: Bake, server_authority: Authority, tmp_path: Path
) -> None:
    presented = baked(recipe)
    server = context_of(ssl.PROTOCOL_TLS_SERVER, presented, tmp_path)
    client = ssl.create_default_context(cadata=pem(server_authority.certificate).decode())
    client.hostname_checks_common_name = False
    code = connect(server, client)
    if recipe.reason is None or recipe.revoked:
        assert code is None
    else:
        assert code in CODES[recipe.reason]


def context_of(protocol: int, presented: Baked, folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.set_ciphers(WEAKEST)
    file = folder / "presented.pem"
    file.write_bytes(presented.bundle.key_pem + presented.bundle.chain_pem)
    context.load_cert_chain(file)
    return context


def connect(server: ssl.SSLContext, client: ssl.SSLContext) -> int | None:
    """OpenSSL's verification error, at the client that connects to `localhost`."""
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        served = pool.submit(accept, listener, server)
        with socket.create_connection(listener.getsockname(), timeout=10) as connection:
            try:
                with client.wrap_socket(connection, server_hostname="localhost"):
                    return None
            except ssl.SSLCertVerificationError as error:
                return error.verify_code
            finally:
                connection.close()
                served.result()


def accept(listener: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = listener.accept()
    connection.settimeout(10)
    with connection:
        try:
            context.wrap_socket(connection, server_side=True).close()
        except OSError:  # the client says why, and what it says is looked at
            return


def test_python_still_finds_the_host_in_the_common_name(
    baked: Bake, server_authority: Authority, tmp_path: Path
) -> None:
    server = context_of(ssl.PROTOCOL_TLS_SERVER, baked("server-no-san"), tmp_path)
    client = ssl.create_default_context(cadata=pem(server_authority.certificate).decode())
    assert client.hostname_checks_common_name
    assert connect(server, client) is None


@pytest.mark.parametrize("name", ["rsa-1024", "sha1-signature", "server-weak-key"])
def test_what_is_too_weak_can_be_presented_only_by_a_program_that_is_told_to(
    name: str, baked: Bake, tmp_path: Path
) -> None:
    presented = baked(name)
    context_of(ssl.PROTOCOL_TLS_CLIENT, presented, tmp_path)
    with pytest.raises(ssl.SSLError, match=r"KEY_TOO_SMALL|MD_TOO_WEAK"):
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(tmp_path / "presented.pem")
    assert "SECLEVEL=0" in presented.recipe.needs


def test_every_reason_is_one_of_the_judgement() -> None:
    assert {recipe.reason for recipe in CLIENTS} - {None} <= set(reasons())
    assert {recipe.reason for recipe in SERVERS} - {None} <= set(reasons()) | {"wrong_host"}


def test_every_reason_that_a_certificate_can_have_has_a_recipe() -> None:
    others = {"missing", "crl_unavailable", "invalid", "unbound", "key_mismatch"}  # no certificate's own fault
    assert {recipe.reason for recipe in CLIENTS} - {None} == set(reasons()) - others


def test_names_are_symptoms_in_kebab_case_and_meanings_are_sentences() -> None:
    for name, recipe in recipes().items():
        assert name == recipe.name
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
        assert re.fullmatch(r"[A-Z].*\.", recipe.meaning)
        assert name.startswith("server-") == (recipe.side == "server")


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match=r"'expird' \(did you mean 'expired'\?\)"):
        find_recipe("expird")


@pytest.mark.parametrize("recipe", [*recipes().values()], ids=named)
def test_every_recipe_can_be_had_in_files(recipe: Recipe, baked: Bake, tmp_path: Path) -> None:
    bundle = baked(recipe).bundle
    assert bundle.certificate.public_key() == bundle.key.public_key()
    key, certificate, _ = pkcs12.load_key_and_certificates(bundle.pkcs12("secret", recipe.name), b"secret")
    assert certificate == bundle.certificate
    assert key is not None
    assert x509.load_pem_x509_certificates(bundle.chain_pem) == [bundle.certificate, *bundle.issuers]


def test_a_recipe_follows_the_clock_that_it_is_given(client_authority: Authority) -> None:
    clock = Clock()
    clock.advance(timedelta(days=1000).total_seconds())
    expired = bake(find_recipe("expired"), client_authority, client_id=CLIENT_ID, clock=clock).certificates[0]
    since_then = clock.today() - expired.not_valid_after_utc
    assert timedelta(days=1) <= since_then < timedelta(days=1, minutes=1)


def test_a_server_recipe_names_the_hosts_that_it_is_given(server_authority: Authority, clock: Clock) -> None:
    made = bake(find_recipe("server-expired"), server_authority, hosts=["psc.test"], clock=clock)
    names = made.certificates[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "psc.test" in names.get_values_for_type(x509.DNSName)


def test_a_chain_lists_what_it_leaves_out(baked: Bake, client_authority: Authority) -> None:
    made = baked("incomplete-chain")
    assert len(made.certificates) == 1
    assert made.certificates[0].issuer in {each.subject for each in made.withheld}
    assert client_authority.certificate not in made.certificates


def test_a_chain_is_reversed_after_the_leaf(baked: Bake, client_authority: Authority) -> None:
    leaf, first, last = baked("reversed-chain").certificates
    assert first == client_authority.certificate
    leaf.verify_directly_issued_by(last)


def test_a_good_recipe_has_the_key_of_a_bundle_that_files_can_hold(baked: Bake, tmp_path: Path) -> None:
    bundle = baked("good").bundle
    (tmp_path / "chain.pem").write_bytes(bundle.chain_pem)
    (tmp_path / "key.pem").write_bytes(bundle.key_pem)
    assert load_bundle(tmp_path / "chain.pem", tmp_path / "key.pem").certificate == bundle.certificate
