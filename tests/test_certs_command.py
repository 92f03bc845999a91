"""The commands `mockpsc certs list|write|issue`."""

import json
import re
import shutil
import ssl
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12

from mockpsc.cli.certs import certs
from mockpsc.clock import Clock
from mockpsc.pki import common_name, load_certificates, open_folder, parse_dn, same_dn
from mockpsc.pki.bundle import pem
from mockpsc.pki.recipes import recipes

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PKI's folder as a first start makes it. Nobody writes to it."""
    path = tmp_path_factory.mktemp("made") / "certs"
    open_folder(path, client_ids=(), clock=Clock(), notice=print)
    return path


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "certs")


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command beside the folder `certs`, its default."""
    monkeypatch.chdir(folder.parent)
    return lambda *arguments: CliRunner().invoke(certs, arguments)


def good(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(result: Result) -> str:
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("mockpsc: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.fixture(scope="module")
def written(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalogue on disk. Nobody writes to it."""
    path = shutil.copytree(made, tmp_path_factory.mktemp("written") / "certs")
    good(CliRunner().invoke(certs, ["write", "--certs", str(path), "--client-id", "my-client"]))
    return path / "bad"


def test_the_catalogue_is_listed_for_people(run: Run) -> None:
    listed = good(run("list"))
    for recipe in recipes().values():
        assert re.search(
            rf"^  {recipe.name} +{recipe.reason or 'accepted'} +{re.escape(recipe.meaning)}$", listed, re.M
        )


def test_the_catalogue_is_listed_for_machines(run: Run) -> None:
    listed = {each["name"]: each for each in json.loads(good(run("list", "--json")))}
    assert [*listed] == [*recipes()]
    assert listed["expired"] == {
        "name": "expired",
        "side": "client",
        "meaning": "It expired yesterday.",
        "needs": None,
        "reason": "expired",
        "revoked": False,
        "alert": {"number": 45, "name": "certificate_expired"},
    }
    assert listed["good"]["reason"] is listed["good"]["alert"] is listed["other-client"]["alert"] is None


def test_listing_makes_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    good(CliRunner().invoke(certs, ["list"]))
    assert list(tmp_path.iterdir()) == []


def test_every_recipe_is_written_in_every_form(written: Path) -> None:
    assert {path.name for path in written.iterdir() if path.is_dir()} == set(recipes())
    for name in recipes():
        certificate, *issuers = load_certificates(written / name / "chain.pem")
        assert certificate.public_key() == key_in(written / name / "key.pem").public_key()
        assert (written / name / "cert.pem").read_bytes() == pem(certificate)
        assert (written / name / "client.p12").stat().st_size > sum(len(pem(each)) for each in issuers) / 2


def key_in(file: Path) -> PrivateKeyTypes:
    """OpenSSL's check of an RSA key takes 30 ms, and would be most of these tests."""
    return load_pem_private_key(file.read_bytes(), password=None, unsafe_skip_rsa_key_validation=True)


def test_what_is_written_as_pkcs12_is_the_chain_and_the_key(written: Path) -> None:
    stored = pkcs12.load_pkcs12((written / "reversed-chain" / "client.p12").read_bytes(), b"mockpsc")
    sent = load_certificates(written / "reversed-chain" / "chain.pem")
    assert stored.cert is not None
    assert stored.cert.friendly_name == b"my-client"
    assert (stored.cert.certificate, *(each.certificate for each in stored.additional_certs)) == sent


def test_what_is_written_is_for_the_client_that_was_asked_for(written: Path) -> None:
    assert common_name(load_certificates(written / "expired" / "cert.pem")[0].subject) == "my-client"


def test_keys_are_readable_by_their_owner_only_and_kept_out_of_git(written: Path) -> None:
    for private in (*written.glob("*/key.pem"), *written.glob("*/client.p12")):
        assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o700 for path in written.iterdir() if path.is_dir())
    assert (written.parent / ".gitignore").read_text() == "*\n"


def test_what_the_mock_or_a_person_needs_to_see_a_reason_lies_beside_the_certificate(written: Path) -> None:
    leaf, (root,) = (load_certificates(written / "expired-root" / name)[0:1] for name in ("cert.pem", "root.pem"))
    leaf[0].verify_directly_issued_by(root)
    missing, *_ = load_certificates(written / "incomplete-chain" / "withheld.pem")
    load_certificates(written / "incomplete-chain" / "cert.pem")[0].verify_directly_issued_by(missing)


def test_the_readme_says_what_each_is_for_and_what_is_answered(written: Path) -> None:
    text = (written / "README.md").read_text(encoding="utf-8")
    for recipe in recipes().values():
        assert f"| `{recipe.name}` | {recipe.meaning}" in text
    assert "| `expired` | It expired yesterday. | `expired`, alert 45 `certificate_expired` |" in text
    assert "| `good` | A certificate as it should be. | accepted |" in text


def test_a_written_certificate_can_be_loaded_by_a_program(written: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_cert_chain(written / "expired" / "chain.pem", written / "expired" / "key.pem")


def test_the_catalogue_can_be_written_again(written: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(written.parent, tmp_path / "certs")
    before = load_certificates(folder / "bad" / "good" / "cert.pem")
    told = json.loads(good(CliRunner().invoke(certs, ["write", "--json", "--certs", str(folder)])))
    assert told == {"folder": str(folder / "bad"), "recipes": [*recipes()]}
    assert load_certificates(folder / "bad" / "good" / "cert.pem") != before


def test_a_client_id_that_cannot_be_one_is_refused(run: Run, folder: Path) -> None:
    assert "'../x' cannot name the folder" in refused(run("write", "--client-id", "../x"))
    assert "'../x' cannot name the folder" in refused(run("issue", "../x"))
    assert not (folder / "bad").exists()


def issued(run: Run, *arguments: str) -> tuple[dict[str, Any], x509.Certificate]:
    told = json.loads(good(run("issue", "my-client", "--json", *arguments)))
    return told, load_certificates(Path(told["certificate"]))[0]


def test_a_certificate_is_issued_by_the_authority_that_the_mock_trusts(run: Run, folder: Path) -> None:
    told, certificate = issued(run)
    trusted = load_certificates(folder / "client-ca.pem")
    certificate.verify_directly_issued_by(trusted[1])
    assert common_name(certificate.subject) == "my-client"
    assert told["certificate"] == "certs/issued/my-client/cert.pem"
    assert stat.S_IMODE(Path(told["key"]).stat().st_mode) == 0o600
    assert timedelta(days=1094) < certificate.not_valid_after_utc - datetime.now(UTC) < timedelta(days=1096)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("rsa", rsa.RSAPublicKey),
        ("ec", ec.EllipticCurvePublicKey),
        ("ed25519", ed25519.Ed25519PublicKey),
    ],
)
def test_its_key_is_of_the_kind_that_is_asked_for(run: Run, name: str, kind: type) -> None:
    told, certificate = issued(run, "--key", name)
    key = key_in(Path(told["key"]))
    assert isinstance(certificate.public_key(), kind)
    assert key.public_key() == certificate.public_key()


def test_its_subject_is_the_one_that_is_asked_for(run: Run) -> None:
    dn = r"CN=other,OU=312345678901234,O=My company\, Paris,C=FR"
    told, certificate = issued(run, "--subject", dn)
    assert same_dn(certificate.subject, parse_dn(dn))
    assert told["subject"] == dn


@pytest.mark.parametrize(
    ("arguments", "begins", "ends"),
    [
        (["--days", "-1"], -366, -1),
        (["--days", "0"], -365, 0),
        (["--days", "30", "--not-before-days", "1"], 1, 30),
        (["--days", "-5", "--not-before-days", "-6"], -6, -5),
    ],
)
def test_its_dates_count_from_today(run: Run, arguments: list[str], begins: int, ends: int) -> None:
    _, certificate = issued(run, "--key", "ec", *arguments)
    today = datetime.now(UTC)
    assert abs(certificate.not_valid_before_utc - today - timedelta(days=begins)) < timedelta(minutes=1)
    assert abs(certificate.not_valid_after_utc - today - timedelta(days=ends)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--days", "5", "--not-before-days", "6"], "would begin in 6 days and end in 5"),
        (["--days", "9000", "--not-before-days", "8000"], "before it would begin"),
        (["--subject", "my-client"], "'my-client' cannot be read"),
    ],
)
def test_what_cannot_be_issued_is_refused_in_a_sentence(
    run: Run, folder: Path, arguments: list[str], told: str
) -> None:
    assert told in refused(run("issue", "my-client", *arguments))
    assert not (folder / "issued").exists()


def test_another_folder_gets_the_files_and_a_gitignore(run: Run) -> None:
    told, _ = issued(run, "--key", "ec", "--out", "elsewhere/here")
    assert told["pkcs12"] == "elsewhere/here/client.p12"
    assert Path("elsewhere/here/.gitignore").read_text() == "*\n"
    assert not Path("elsewhere/.gitignore").exists()


def test_a_folder_of_the_users_gets_no_gitignore(run: Run) -> None:
    Path("mine").mkdir()
    issued(run, "--key", "ec", "--out", "mine")
    assert not Path("mine/.gitignore").exists()


def test_nothing_of_the_users_is_replaced(run: Run) -> None:
    Path("key.pem").write_text("precious")
    assert "key.pem would be replaced" in refused(run("issue", "my-client", "--out", "."))
    assert Path("key.pem").read_text() == "precious"


def test_a_folder_that_cannot_be_used_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "file" in refused(run("write", "--certs", "file"))
    assert "file" in refused(run("issue", "my-client", "--out", "file"))


def test_the_options_of_the_mock_apply(run: Run, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    Path("mockpsc.toml").write_text('certs = "certs"\nhosts = ["psc.test"]\n', encoding="utf-8")
    good(run("write"))
    named = load_certificates(folder / "bad" / "server-expired" / "cert.pem")[0]
    names = named.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "psc.test" in names.get_values_for_type(x509.DNSName)
    monkeypatch.setenv("MOCKPSC_CERTZ", "x")
    assert "MOCKPSC_CERTS" in refused(run("write"))
