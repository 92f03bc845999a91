"""`mockpsc certs explain`: what it says of a certificate is what the mock does with it."""

import json
import shutil
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import RunningMock

from mockpsc.cli import main
from mockpsc.cli.catalogue import alert_of, of_side
from mockpsc.clock import Clock
from mockpsc.explanation import CAVEATS
from mockpsc.judgement import reasons
from mockpsc.pki import PkiFiles, client_spec, load_bundle, load_certificates, new_key, sign, thumbprint
from mockpsc.pki.bundle import pem
from mockpsc.pki.recipes import Recipe
from mockpsc.pki.revocation import Revocations

CLIENTS = '[[clients]]\nid = "my-client"\n[[clients]]\nid = "other"\n'
CLOCK = Clock()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PKI with the whole catalogue in it, beside a file that declares two clients. Nobody writes to it."""
    beside = tmp_path_factory.mktemp("explained")
    (beside / "clients.toml").write_text(CLIENTS)
    result = CliRunner().invoke(main, ["certs", "write", "--certs", str(beside / "certs"), "--client-id", "my-client"])
    assert result.exit_code == 0, result.output
    certificate = load_certificates(beside / "certs" / "bad" / "revoked" / "cert.pem")[0]
    issuing = PkiFiles(beside / "certs").authority("client-issuing").cert
    revocations = Revocations(issuing.with_name("client-issuing-revoked.json"))
    revocations.revoke(certificate.serial_number, at=CLOCK.today())
    return beside / "certs"


@pytest.fixture
def bad(folder: Path) -> Path:
    return folder / "bad"


@pytest.fixture
def explain(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs the command by the module's PKI, in an empty folder, on a terminal of 80 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(source: Path | str, *arguments: Path | str) -> Result:
        given = [] if "--certs" in arguments else ["--certs", str(folder)]
        return CliRunner().invoke(main, ["certs", "explain", str(source), *given, *map(str, arguments)])

    return run


@pytest.fixture
def told(explain: Callable[..., Result]) -> Callable[..., dict[str, Any]]:
    """What the command says to a machine."""

    def run(source: Path | str, *arguments: Path | str) -> dict[str, Any]:
        result = explain(source, *arguments, "--json")
        assert result.exit_code in (0, 1), result.output
        document: dict[str, Any] = json.loads(result.stdout)
        assert result.exit_code == (0 if document["accepted"] else 1)
        assert result.stderr == ""
        return document

    return run


def unusable(result: Result) -> str:
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("mockpsc: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


def reason(document: dict[str, Any]) -> str | None:
    verdict = document["verdict"]
    return str(verdict["reason"]) if verdict else None


def warned(document: dict[str, Any]) -> set[str]:
    return {each["code"] for each in document["warnings"]}


def needed(recipe: Recipe, bad: Path) -> list[Path | str]:
    """What the mock must be told for the reason to be found."""
    flags = {"--client-ca": bad / recipe.name / "root.pem", "--known-ca": bad / recipe.name / "withheld.pem"}
    return [part for flag, file in flags.items() if file.exists() for part in (flag, file)]


@pytest.mark.parametrize("recipe", of_side("client"), ids=lambda recipe: recipe.name)
def test_every_recipe_is_explained_with_its_reason_and_its_alert(
    recipe: Recipe, told: Callable[..., dict[str, Any]], folder: Path, bad: Path
) -> None:
    config = ("--config", folder.parent / "clients.toml", "--client-id", "my-client")
    document = told(
        bad / recipe.name / "chain.pem", "--key", bad / recipe.name / "key.pem", *config, *needed(recipe, bad)
    )
    assert reason(document) == recipe.reason
    alert = document["answer"] and document["answer"]["alert"]
    assert (alert and alert["number"]) == alert_of(recipe)
    assert document["key_belongs"] is True


@pytest.mark.parametrize("name", ["good", "expired", "untrusted-root", "duplicate-extension", "altered-signature"])
@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_people_get_a_screenful_as_wide_as_their_terminal(
    name: str, width: int, language: str, explain: Callable[..., Result], bad: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.chdir(bad / name)
    lines = explain("client.p12", "--lang", language).stdout.splitlines()
    assert 10 < len(lines) <= 40
    assert max(map(len, lines)) <= width


def test_people_are_told_what_it_is_and_what_becomes_of_it(explain: Callable[..., Result], bad: Path) -> None:
    said = explain(bad / "expired" / "client.p12").stdout
    certificate = load_certificates(bad / "expired" / "cert.pem")[0]
    for fact in (
        "client.p12: PKCS#12, a chain of 2 certificates",
        "ended 1 day ago",
        "RSA 2048, signed with SHA256; the private key belongs to it",
        "digitalSignature / clientAuth",
        f"{certificate.serial_number:x}",
        thumbprint(certificate),
        "my-client < MOCKPSC TEST AC ELEMENTAIRE ORGANISATIONS",
        "REFUSED: expired",
        "TLS alert 45, certificate_expired (--reject-with alert)",
    ):
        assert fact in said


def test_it_speaks_french(explain: Callable[..., Result], told: Callable[..., dict[str, Any]], bad: Path) -> None:
    said = explain(bad / "expired" / "cert.pem", "--lang", "fr").stdout
    for fact in ("REFUSÉ : expired", "à faire   ", "Renouvelez-le.", "alerte TLS 45", "L’appartenance de la clé"):
        assert fact in said
    document = told(bad / "expired" / "cert.pem", "--lang", "fr")
    assert document["verdict"]["remedy"] == "Renouvelez-le."
    assert "L’appartenance de la clé privée" in document["warnings"][0]["sentence"]


def test_the_members_of_the_json_are_stable(told: Callable[..., dict[str, Any]], folder: Path, bad: Path) -> None:
    config = ("--config", folder.parent / "clients.toml")
    accepted = told(bad / "alternative-names" / "client.p12", *config)
    certificate = load_certificates(bad / "alternative-names" / "cert.pem")[0]
    assert accepted == {
        "source": str(bad / "alternative-names" / "client.p12"),
        "side": "client",
        "form": "PKCS#12",
        "certificate": accepted["certificate"],
        "chain": accepted["chain"],
        "key_belongs": True,
        "accepted": True,
        "verdict": None,
        "answer": None,
        "clients": {"asked": None, "declared": ["my-client", "other"], "matching": ["my-client"]},
        "warnings": [],
    }
    described = accepted["certificate"]
    assert [*described] == [
        *("subject", "issuer", "serial", "not_before", "not_after", "days_left", "key", "signature"),
        *("key_usage", "extended_key_usage", "alternative_names", "x5t#S256", "flaw"),
    ]
    assert datetime.fromisoformat(described["not_after"]) == certificate.not_valid_after_utc
    assert described["days_left"] == (certificate.not_valid_after_utc - CLOCK.today()).days
    assert described["key_usage"] == ["digitalSignature"]
    assert {*described["alternative_names"]} == {"DNS", "URI", "email"}
    assert [each.partition(",")[0] for each in accepted["chain"]] == [
        "CN=my-client",
        "CN=MOCKPSC TEST AC ELEMENTAIRE ORGANISATIONS",
    ]
    refused = told(bad / "expired" / "cert.pem", "--reject-with", "nginx")
    assert {*refused["verdict"]} == {"reason", "received", "expected", "remedy"}
    assert refused["answer"] == {
        "reject_with": "nginx",
        "alert": None,
        "http": {"status": 400, "content_type": "text/html", "body": "The SSL certificate error"},
    }


@pytest.mark.parametrize("reject_with", ["nginx", "keycloak"])
@pytest.mark.parametrize("keycloak", ["current", "legacy"])
def test_the_answer_foretold_is_the_one_given(
    reject_with: str,
    keycloak: str,
    told: Callable[..., dict[str, Any]],
    run: Callable[..., RunningMock],
    bad: Path,
    folder: Path,
    tmp_path: Path,
) -> None:
    running = run(certs=folder, reject_with=reject_with, keycloak=keycloak)
    (tmp_path / "mockpsc.toml").write_text(f'reject_with = "{reject_with}"\nkeycloak = "{keycloak}"\n')
    foretold = told(bad / "expired" / "client.p12")["answer"]["http"]
    response = token_request(running, bad / "expired")
    assert response.status_code == foretold["status"]
    assert response.headers["content-type"].startswith(foretold["content_type"])
    assert foretold["body"] in response.text or json.loads(foretold["body"]) == response.json()


def test_the_alert_foretold_is_the_one_sent(
    told: Callable[..., dict[str, Any]], run: Callable[..., RunningMock], bad: Path, folder: Path
) -> None:
    running = run(certs=folder)
    for name in ("expired", "altered-signature", "for-servers-only", "revoked"):
        with pytest.raises(httpx.TransportError):
            token_request(running, bad / name)
        handshake = running.mock.journal.handshakes()[-1]
        foretold = told(bad / name / "client.p12")
        assert (handshake.reason, handshake.alerts_sent) == (reason(foretold), (foretold["answer"]["alert"]["number"],))


def token_request(running: RunningMock, client: Path) -> httpx.Response:
    context = ssl.create_default_context(cafile=str(running.mock.connection.ca_file))
    context.load_cert_chain(client / "chain.pem", client / "key.pem")
    with httpx.Client(verify=context) as http:
        form = {"grant_type": "authorization_code", "client_id": "my-client", "code": "a", "redirect_uri": "https://a"}
        return http.post(running.url("token_endpoint"), data=form)


def test_a_client_may_be_refused_in_a_way_of_its_own(
    told: Callable[..., dict[str, Any]], bad: Path, tmp_path: Path
) -> None:
    (tmp_path / "mockpsc.toml").write_text('[[clients]]\nid = "my-client"\nreject_with = "nginx"\n')
    assert told(bad / "expired" / "client.p12")["answer"]["reject_with"] == "nginx"
    assert told(bad / "good" / "client.p12")["answer"] is None


def test_it_says_whose_the_certificate_is(told: Callable[..., dict[str, Any]], folder: Path, bad: Path) -> None:
    config = ("--config", folder.parent / "clients.toml")
    good = bad / "good" / "client.p12"
    assert told(good)["clients"] == {"asked": None, "declared": [], "matching": []}
    assert told(good, *config, "--client-id", "my-client")["accepted"]
    another = told(good, *config, "--client-id", "other")
    assert reason(another) == "subject_mismatch"
    assert another["answer"]["http"]["status"] == 401
    assert "with CN 'my-client' instead of 'other'" in another["verdict"]["received"]
    nobody = told(bad / "other-client" / "client.p12", *config)
    assert (reason(nobody), nobody["clients"]["matching"]) == ("subject_mismatch", [])


def test_an_undeclared_client_is_refused_with_the_nearest(
    explain: Callable[..., Result], folder: Path, bad: Path
) -> None:
    config = ("--config", folder.parent / "clients.toml")
    said = unusable(explain(bad / "good" / "client.p12", *config, "--client-id", "othr"))
    assert "did you mean 'other'?" in said


def test_a_client_that_authenticates_by_secret_needs_no_certificate(
    explain: Callable[..., Result], bad: Path, tmp_path: Path
) -> None:
    clients = CLIENTS + '[[clients]]\nid = "by-secret"\nauthentication = "secret"\nsecret = "s"\n'
    (tmp_path / "mockpsc.toml").write_text(clients)
    result = explain(bad / "other-client" / "client.p12", "--client-id", "by-secret")
    assert result.exit_code == 0
    assert "by-secret authenticates by secret" in result.stdout


def test_a_registered_self_signed_certificate_is_accepted(
    told: Callable[..., dict[str, Any]], bad: Path, tmp_path: Path
) -> None:
    alone = bad / "self-signed" / "cert.pem"
    assert reason(told(alone)) == "self_signed"
    (tmp_path / "mockpsc.toml").write_text(f'[[clients]]\nid = "my-client"\ncertificate = "{alone.as_posix()}"\n')
    assert told(alone)["accepted"]
    assert told(alone, "--certs", tmp_path / "nowhere")["accepted"]


FORMS: dict[str, Callable[[Path], bytes]] = {
    "PEM": lambda good: (good / "cert.pem").read_bytes(),
    "PEM with words before": lambda good: b"Bag Attributes\n    friendlyName: x\n" + (good / "chain.pem").read_bytes(),
    "PEM with its key": lambda good: (good / "chain.pem").read_bytes() + (good / "key.pem").read_bytes(),
    "PEM with its key first": lambda good: (good / "key.pem").read_bytes() + (good / "cert.pem").read_bytes(),
    "PEM with CRLF": lambda good: (good / "cert.pem").read_bytes().replace(b"\n", b"\r\n"),
    "DER": lambda good: load_certificates(good / "cert.pem")[0].public_bytes(Encoding.DER),
    "PKCS#12": lambda good: (good / "client.p12").read_bytes(),
    "PKCS#12 without a password": lambda good: stored(good, NoEncryption()),
    "PKCS#12 with AES": lambda good: stored(good, BestAvailableEncryption(b"mockpsc")),
    "PKCS#12 without a key": lambda good: stored(good, NoEncryption(), key=False),
}


def stored(good: Path, encryption: Any, *, key: bool = True) -> bytes:
    bundle = load_bundle(good / "chain.pem", good / "key.pem")
    if key:
        return pkcs12.serialize_key_and_certificates(b"x", bundle.key, bundle.certificate, bundle.issuers, encryption)
    return pkcs12.serialize_key_and_certificates(b"x", None, None, (*bundle.issuers, bundle.certificate), encryption)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_file_is_read(form: str, told: Callable[..., dict[str, Any]], bad: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(FORMS[form](bad / "good"))
    document = told(tmp_path / "file")
    assert document["accepted"]
    assert document["certificate"]["subject"].startswith("CN=my-client,")
    assert document["form"] == form.split()[0]
    has_key = "its key" in form or (document["form"] == "PKCS#12" and "without a key" not in form)
    assert document["key_belongs"] is (True if has_key else None)
    assert ("no_private_key" in warned(document)) is not has_key
    assert ("pkcs12_too_new" in warned(document)) is ("AES" in form)


def test_a_password_opens_what_it_was_made_for(
    explain: Callable[..., Result], told: Callable[..., dict[str, Any]], bad: Path, tmp_path: Path
) -> None:
    good = bad / "good"
    (tmp_path / "file.p12").write_bytes(stored(good, BestAvailableEncryption(b"hidden")))
    assert told(tmp_path / "file.p12", "--password", "hidden")["key_belongs"] is True
    for wrong in ([], ["--password", "wrong"]):
        assert "give its own with --password" in unusable(explain(tmp_path / "file.p12", *wrong))
    key = load_pem_private_key((good / "key.pem").read_bytes(), None)
    sealed = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"hidden"))
    (tmp_path / "key.pem").write_bytes(sealed)
    opened = told(good / "cert.pem", "--key", tmp_path / "key.pem", "--password", "hidden")
    assert opened["key_belongs"] is True
    assert "--password" in unusable(explain(good / "cert.pem", "--key", tmp_path / "key.pem"))


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_key_may_be_in_another_file(
    encoding: Encoding, told: Callable[..., dict[str, Any]], bad: Path, tmp_path: Path
) -> None:
    key = load_bundle(bad / "good" / "cert.pem", bad / "good" / "key.pem").key
    (tmp_path / "key").write_bytes(key.private_bytes(encoding, PrivateFormat.PKCS8, NoEncryption()))
    assert told(bad / "good" / "cert.pem", "--key", tmp_path / "key")["key_belongs"] is True
    assert told(bad / "good" / "cert.pem", "--key", bad / "good" / "client.p12")["key_belongs"] is True


def test_the_key_of_another_certificate_is_a_mismatch(told: Callable[..., dict[str, Any]], bad: Path) -> None:
    document = told(bad / "expired" / "cert.pem", "--key", bad / "ec-p256" / "key.pem")
    assert reason(document) == "key_mismatch"
    assert document["key_belongs"] is False
    assert document["answer"]["alert"] == {"number": 51, "name": "decrypt_error"}
    assert "cannot_be_loaded" in warned(document)


def test_a_leaf_that_comes_after_its_issuer_is_noticed(
    told: Callable[..., dict[str, Any]], bad: Path, tmp_path: Path
) -> None:
    good = bad / "good"
    leaf, issuer = load_certificates(good / "chain.pem")
    (tmp_path / "file.pem").write_bytes(pem(issuer, leaf) + (good / "key.pem").read_bytes())
    document = told(tmp_path / "file.pem")
    assert reason(document) == "key_mismatch"
    assert {"key_of_another", "out_of_order"} <= warned(document)


# Of the catalogue, which certificates have a warning, besides those that any without a key or of another CA has.
WARNED = {
    "good": set(),
    "expires-soon": {"expires_soon"},
    "leaf-alone": {"lone_leaf"},
    "reversed-chain": {"out_of_order"},
    "superfluous-certificate": {"out_of_order"},
    "for-servers-only": {"dotnet_drops_it", "openiddict_ignores_it"},
    "any-extended-key-usage": {"dotnet_drops_it", "openiddict_ignores_it"},
    "key-encipherment-only": {"dotnet_drops_it", "openiddict_ignores_it"},
    "no-extended-key-usage": {"openiddict_ignores_it"},
    "no-key-usage": {"openiddict_ignores_it"},
    "v1": {"openiddict_ignores_it"},
    "untrusted-root": {"not_announced"},
    "self-signed": {"not_announced"},
    "impostor-ca": set(),
    "rsa-1024": {"small_key"},
    "sha1-signature": {"sha1"},
    "long-serial": {"odd_serial"},
    "duplicate-extension": set(),
}


@pytest.mark.parametrize("name", WARNED)
def test_what_other_stacks_do_is_warned_of(name: str, told: Callable[..., dict[str, Any]], bad: Path) -> None:
    assert warned(told(bad / name / "chain.pem", "--key", bad / name / "key.pem")) == WARNED[name]


def test_what_the_mock_asks_and_announces_makes_a_difference(
    told: Callable[..., dict[str, Any]], bad: Path, tmp_path: Path
) -> None:
    def warned_with(options: str, name: str) -> set[str]:
        (tmp_path / "mockpsc.toml").write_text(options)
        return warned(told(bad / name / "client.p12"))

    assert warned_with('client_cert = "none"', "good") == {"not_asked"}
    assert warned_with('announce_ca = "wrong"', "good") == {"not_announced"}
    assert warned_with('announce_ca = "none"', "untrusted-root") == set()


def test_every_warning_has_a_code_of_its_own_and_a_sentence_in_two_languages() -> None:
    assert len({caveat.code for caveat in CAVEATS}) == len(CAVEATS)
    for caveat in CAVEATS:
        assert {*caveat.sentence} == {"en", "fr"}
        for sentence in caveat.sentence.values():
            assert sentence[-1] == "."
            assert "  " not in sentence
        assert caveat.sentence["en"] != caveat.sentence["fr"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"hello", "holds no certificate that can be read"),
        (b"-----BEGIN PKCS7-----\n", "openssl pkcs7 -print_certs -in"),
        (b"-----BEGIN CERTIFICATE REQUEST-----\n", "a certificate request"),
        (b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n", "a private key alone"),
        (b"\xfe\xed\xfe\xed\x00\x00\x00\x02", "keytool -importkeystore"),
        ("-----BEGIN CERTIFICATE-----".encode("utf-16"), "UTF-16"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "a certificate that cannot be read"),
        (b"\x30\x82\x01\x00\x02\x01\x03", "neither the password given"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_sentence(
    content: bytes, said: str, explain: Callable[..., Result], tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(content)
    assert said in unusable(explain(tmp_path / "file"))


def test_what_is_not_there_is_told_in_a_sentence(explain: Callable[..., Result], bad: Path, tmp_path: Path) -> None:
    assert "No such file" in unusable(explain(tmp_path / "nothing.pem"))
    assert "Is a directory" in unusable(explain(tmp_path))
    assert "No such file" in unusable(explain(bad / "good" / "cert.pem", "--key", tmp_path / "nothing.pem"))


def test_a_certificate_with_a_key_that_cannot_sign_is_told(explain: Callable[..., Result], tmp_path: Path) -> None:
    issuer, key = new_key("ec"), x25519.X25519PrivateKey.generate()
    good: Any = client_spec(issuer.public_key(), client_id="x")
    spec = replace(good, public_key=key.public_key())
    (tmp_path / "file.pem").write_bytes(pem(sign(spec, issuer, clock=CLOCK)))
    assert "X25519, which cannot sign" in unusable(explain(tmp_path / "file.pem"))


def test_a_bundle_of_authorities_is_no_chain(explain: Callable[..., Result], bad: Path, tmp_path: Path) -> None:
    (tmp_path / "bundle.pem").write_bytes((bad / "good" / "chain.pem").read_bytes() * 100)
    assert "holds 200 certificates" in unusable(explain(tmp_path / "bundle.pem"))


def test_without_a_pki_it_says_what_to_do_and_makes_none(
    explain: Callable[..., Result], told: Callable[..., dict[str, Any]], folder: Path, bad: Path, tmp_path: Path
) -> None:
    nowhere = tmp_path / "nowhere"
    said = unusable(explain(bad / "good" / "client.p12", "--certs", nowhere))
    assert "start 'mockpsc serve' once" in said
    assert "--client-ca FILE" in said
    own = ("--certs", nowhere, "--client-ca", folder / "client-ca.pem")
    assert told(bad / "good" / "client.p12", *own)["accepted"]
    assert reason(told(bad / "untrusted-root" / "client.p12", *own)) == "unknown_ca"
    assert not nowhere.exists()


def test_it_changes_nothing_in_the_folder(explain: Callable[..., Result], folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    PkiFiles(copy).gitignore.unlink()  # which an opening of the folder would mend
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*")}
    assert explain(copy / "bad" / "good" / "client.p12", "--certs", copy).exit_code == 0
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*")} == before


def test_a_name_cannot_move_the_cursor(explain: Callable[..., Result], tmp_path: Path) -> None:
    key = new_key("ec")
    names = (x509.UniformResourceIdentifier("https://a/\x07"),)
    spec = replace(client_spec(key.public_key(), client_id="a\x1b[31mb"), alternative_names=names)
    (tmp_path / "file.pem").write_bytes(pem(sign(spec, key, clock=CLOCK)))
    said = explain(tmp_path / "file.pem").stdout
    assert all(character.isprintable() or character == "\n" for character in said)
    assert r"CN=a\1b[31mb" in said
    assert "URI https://a/\N{REPLACEMENT CHARACTER}" in said


# Servers.


def test_a_running_mock_is_accepted_by_what_trusts_its_ca(
    told: Callable[..., dict[str, Any]], run: Callable[..., RunningMock], folder: Path
) -> None:
    running = run(certs=folder)
    document = told(running.mock.provider.auth_url)
    assert document["accepted"]
    assert (document["side"], document["form"], document["clients"]) == ("server", "TLS", None)
    assert document["certificate"]["x5t#S256"] == thumbprint(running.mock.pki.server.certificate)
    assert told(running.mock.provider.auth_url.replace("localhost", "127.0.0.1"))["accepted"]


def test_a_running_mock_is_refused_by_what_does_not_trust_it(
    told: Callable[..., dict[str, Any]], shared: RunningMock, folder: Path
) -> None:
    url = shared.mock.provider.auth_url
    document = told(url)
    assert reason(document) == "impostor_ca"  # another folder's root has the same name
    assert "ca.pem that this server uses now" in document["verdict"]["remedy"]
    strangers = told(url, "--ca", folder / "client-ca.pem")
    assert reason(strangers) == "unknown_ca"
    assert strangers["answer"]["alert"] == {"number": 48, "name": "unknown_ca"}
    assert told(url, "--ca", shared.mock.connection.ca_file)["accepted"]


def test_a_server_that_insists_on_a_certificate_is_judged_all_the_same(
    told: Callable[..., dict[str, Any]], run: Callable[..., RunningMock], folder: Path
) -> None:
    running = run(certs=folder, client_cert="require", tls_max="1.2")
    assert told(running.mock.provider.auth_url)["accepted"]


@contextmanager
def serving(chain: Path, key: Path) -> Iterator[int]:
    """A TLS server on loopback, without the mock's scruples about what it presents: its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(chain, key)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            accepted, _ = listening.accept()
            with suppress(OSError), accepted, context.wrap_socket(accepted, server_side=True) as channel:
                channel.recv(1)

        thread = threading.Thread(target=answer)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


@pytest.mark.parametrize("recipe", [each for each in of_side("server") if not each.revoked], ids=lambda each: each.name)
def test_every_server_recipe_is_judged_with_its_reason(
    recipe: Recipe, told: Callable[..., dict[str, Any]], explain: Callable[..., Result], bad: Path
) -> None:
    known = [part for part in needed(recipe, bad) if "withheld.pem" in str(part) or part == "--known-ca"]
    with serving(bad / recipe.name / "chain.pem", bad / recipe.name / "key.pem") as port:
        document = told(f"https://localhost:{port}", *known)
    assert reason(document) == recipe.reason
    alert = document["answer"] and document["answer"]["alert"]["number"]
    assert alert == alert_of(recipe)
    assert "client's" not in json.dumps(document["verdict"])


def test_a_host_that_the_certificate_does_not_name_is_told(explain: Callable[..., Result], bad: Path) -> None:
    with serving(bad / "server-wrong-host" / "chain.pem", bad / "server-wrong-host" / "key.pem") as port:
        result = explain(f"https://localhost:{port}", "--lang", "fr")
    assert result.exit_code == 1
    assert "REFUSÉ : wrong_host" in result.stdout
    assert "--hosts localhost" in result.stdout


def test_a_url_that_leads_to_no_certificate_is_told_in_a_sentence(
    explain: Callable[..., Result], shared: RunningMock, tmp_path: Path
) -> None:
    port = shared.mock.connection.admin_url.rpartition(":")[2]
    assert "sent no certificate that can be read (" in unusable(  # in the words of the OpenSSL at hand
        explain(f"https://127.0.0.1:{port}")
    )
    assert "expected https://host:port" in unusable(explain(f"http://127.0.0.1:{port}"))
    for url in ("https://", "https://host:port", "https://[::1", "https://a..b", "https://me@localhost", "ftp://a"):
        assert "expected https://host:port" in unusable(explain(url))
    with socket.create_server(("127.0.0.1", 0)) as closed:
        free = closed.getsockname()[1]
    assert "cannot be reached" in unusable(explain(f"https://127.0.0.1:{free}"))
    url = shared.mock.provider.auth_url
    assert "--ca FILE" in unusable(explain(url, "--certs", tmp_path / "nowhere"))
    assert "--key is for a client's certificate" in unusable(explain(url, "--key", "key.pem"))
    assert "give --client-ca" in unusable(explain("cert.pem", "--ca", "ca.pem"))


# Bad input.


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_explained_or_unusable(
    data: st.DataObject, explain: Callable[..., Result], bad: Path, tmp_path: Path
) -> None:
    """Never a traceback, never a warning, never a hang."""
    names = ["good/cert.pem", "good/client.p12", "v1/cert.pem", "ed25519/cert.pem"]
    file = bad / data.draw(st.sampled_from(names))
    content = bytearray(file.read_bytes())
    if file.suffix == ".pem" and data.draw(st.booleans()):
        content = bytearray(load_certificates(file)[0].public_bytes(Encoding.DER))
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(content) - 1))
        content[position] = data.draw(st.integers(0, 255))
    (tmp_path / "damaged").write_bytes(content[: data.draw(st.integers(0, len(content)))])
    judged(explain(tmp_path / "damaged", "--json"))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300), sign=st.sampled_from([b"", b"\x30\x82\x01\x00\x02\x01\x03", b"\x30\x03"]))
def test_garbage_is_unusable(content: bytes, sign: bytes, explain: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "garbage").write_bytes(sign + content)
    unusable(explain(tmp_path / "garbage"))


def judged(result: Result) -> None:
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    if result.exit_code == 2:
        unusable(result)
    else:
        assert reason(json.loads(result.stdout)) in {None, *reasons()}
