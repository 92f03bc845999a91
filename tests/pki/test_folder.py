import os
import shutil
import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from errno import EEXIST
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID

from mockpsc.clock import Clock
from mockpsc.errors import ConfigurationError
from mockpsc.pki import (
    PKCS12_PASSWORD,
    Pki,
    common_name,
    load_bundle,
    load_certificates,
    new_key,
    open_folder,
)
from mockpsc.pki.disk import locked
from mockpsc.pki.hosts import named_hosts
from mockpsc.pki.keys import key_pem

DAY = timedelta(days=1).total_seconds()
POSIX_ONLY = pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no such modes")

Notices = list[str]
Opener = Callable[..., Pki]


@pytest.fixture
def notices() -> Notices:
    """What `opened` has noticed."""
    return []


@pytest.fixture
def opened(folder: Path, clock: Clock, notices: Notices) -> Opener:
    """Opens `folder` for `my-client`, unless told otherwise."""

    def open_it(path: Path = folder, **options: Any) -> Pki:
        arguments: dict[str, Any] = {"client_ids": ["my-client"], "clock": clock, "notice": notices.append}
        return open_folder(path, **(arguments | options))

    return open_it


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def replaced(before: dict[str, bytes], folder: Path) -> set[str]:
    """The files that are new or hold something else."""
    return {name for name, content in contents(folder).items() if before.get(name) != content}


def certificates(pki: Pki) -> list[x509.Certificate]:
    bundles = (pki.server, *pki.clients.values(), pki.signing, pki.encryption)
    return [pki.server_root, *pki.client_anchors, *(bundle.certificate for bundle in bundles)]


def check(pki: Pki) -> None:
    """Everything fits together: keys, issuers, and the copies on disk."""
    issuing, root = pki.client_anchors
    pki.server.certificate.verify_directly_issued_by(pki.server_root)
    issuing.verify_directly_issued_by(root)
    assert load_certificates(pki.files.ca) == (pki.server_root,)
    assert load_certificates(pki.files.client_ca) == (root, issuing)
    assert load_certificates(pki.files.server.chain) == (pki.server.certificate,)
    for bundle in (pki.server, pki.signing, pki.encryption, *pki.clients.values()):
        assert bundle.key.public_key() == bundle.certificate.public_key()
    for client_id, bundle in pki.clients.items():
        files = pki.files.client(client_id)
        bundle.certificate.verify_directly_issued_by(issuing)
        assert load_bundle(files.chain, files.key).issuers == bundle.issuers == (issuing,)


def check_pkcs12(pki: Pki) -> None:
    """The PKCS#12 files, too, hold what the others do. (To read one takes 30 ms.)"""
    for client_id, bundle in pki.clients.items():
        stored = pkcs12.load_pkcs12(pki.files.client(client_id).pkcs12.read_bytes(), PKCS12_PASSWORD.encode())
        assert stored.cert is not None
        assert stored.cert.certificate == bundle.certificate
        assert [each.certificate for each in stored.additional_certs] == list(bundle.issuers)


def test_a_missing_folder_is_made_whole(pki: Pki, made_folder: Path) -> None:
    assert set(contents(made_folder)) == {
        ".gitignore",
        ".lock",
        "ca.pem",
        "client-ca.pem",
        "authorities/server-root.pem",
        "authorities/server-root-key.pem",
        "authorities/client-root.pem",
        "authorities/client-root-key.pem",
        "authorities/client-issuing.pem",
        "authorities/client-issuing-key.pem",
        "server/cert.pem",
        "server/chain.pem",
        "server/key.pem",
        "provider/signing.pem",
        "provider/signing-key.pem",
        "provider/encryption.pem",
        "provider/encryption-key.pem",
        "clients/my-client/cert.pem",
        "clients/my-client/chain.pem",
        "clients/my-client/key.pem",
        "clients/my-client/client.p12",
    }
    assert (made_folder / ".gitignore").read_bytes() == b"*\n"
    check(pki)


@pytest.mark.usefixtures("ready_keys")
def test_making_a_folder_is_one_notice(opened: Opener, notices: Notices, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "down"
    opened(path)
    assert notices == [f"A new test PKI is made in {path}: relying parties must trust {path / 'ca.pem'}."]


def test_what_is_in_the_folder_is_what_is_asked_for(pki: Pki) -> None:
    client = pki.clients["my-client"]
    assert list(pki.clients) == ["my-client"]
    assert common_name(client.certificate.subject) == "my-client"
    assert isinstance(pki.server.key, ec.EllipticCurvePrivateKey)
    assert pki.server.issuers == ()
    for bundle in (client, pki.signing, pki.encryption):
        assert isinstance(bundle.key, rsa.RSAPrivateKey)
        assert bundle.key.key_size == 2048
    usages = client.certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usages) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_the_providers_certificates_are_self_signed_in_the_name_of_the_realm(pki: Pki) -> None:
    for bundle, usage in ((pki.signing, "digital_signature"), (pki.encryption, "key_encipherment")):
        bundle.certificate.verify_directly_issued_by(bundle.certificate)
        assert bundle.certificate.subject.rfc4514_string() == "CN=esante-wallet"
        assert getattr(bundle.certificate.extensions.get_extension_for_class(x509.KeyUsage).value, usage)
    assert pki.signing.key_pem != pki.encryption.key_pem


def test_a_good_folder_is_reused_to_the_last_byte(opened: Opener, folder: Path, notices: Notices) -> None:
    before = contents(folder)
    opened()
    again = opened()
    assert contents(folder) == before
    assert notices == []
    check(again)


@POSIX_ONLY
@pytest.mark.usefixtures("ready_keys")
def test_keys_are_for_their_owner_only_from_the_first_instant(
    opened: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafts: dict[str, int] = {}
    replace = Path.replace

    def spy(draft: Path, target: Path) -> Path:
        drafts[target.name] = stat.S_IMODE(draft.stat().st_mode)
        return replace(draft, target)

    monkeypatch.setattr(Path, "replace", spy)
    earlier = os.umask(0)
    try:
        opened(tmp_path / "new")
    finally:
        os.umask(earlier)
    for path in (tmp_path / "new").rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        private = "key" in path.name or path.suffix == ".p12" or path.name == ".lock"
        assert mode == (0o700 if path.is_dir() else 0o600 if private else 0o644), path
        assert drafts.get(path.name, mode) == mode
    assert drafts["key.pem"] == drafts["client.p12"] == 0o600


def test_a_client_is_added_to_a_folder(opened: Opener, folder: Path, notices: Notices) -> None:
    before = contents(folder)
    pki = opened(client_ids=["my-client", "second client"])
    assert replaced(before, folder) == {
        f"clients/second client/{name}" for name in ("cert.pem", "chain.pem", "key.pem", "client.p12")
    }
    assert list(pki.clients) == ["my-client", "second client"]
    assert notices == [
        f"A new certificate was issued in {folder / 'clients/second client/cert.pem'}, because there was none."
    ]
    check(pki)


def test_a_client_that_is_not_asked_for_any_more_is_left_alone(opened: Opener, folder: Path) -> None:
    before = contents(folder)
    assert opened(client_ids=[]).clients == {}
    assert contents(folder) == before


@pytest.mark.parametrize(
    "client_id",
    [
        "",
        "x" * 65,
        "..",
        ".",
        ".hidden",
        "a/b",
        "../../etc",
        "a\\b",
        "C:",
        "a\nb",
        "a\x00b",
        "a\x7fb",
        "é",
        "end.",
        "end ",
        "a*",
    ],
)
def test_a_client_id_that_is_no_safe_folder_is_refused_before_anything_is_written(
    opened: Opener, tmp_path: Path, client_id: str
) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        opened(tmp_path / "new", client_ids=["my-client", client_id])
    assert str(refusal.value).startswith(f"The client id {client_id!r} cannot name the folder of its certificate: ")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("client_id", ["x" * 64, "a.b-c_d~e", "éditeur".replace("é", "e"), "my client", "a@b", "1"])
def test_other_client_ids_are_folders(pki: Pki, client_id: str) -> None:
    files = pki.files.client(client_id)
    assert files.cert == pki.files.folder / "clients" / client_id / "cert.pem"
    assert {path.parent for path in (files.key, files.chain, files.pkcs12)} == {files.cert.parent}


def test_a_host_that_is_none_is_refused_before_anything_is_written(opened: Opener, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="'localhost:8443' is not a host name"):
        opened(tmp_path / "new", hosts=["localhost:8443"])
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("missing", "written", "says"),
    [
        ("ca.pem", "ca.pem", "{missing} was written again, because it was missing."),
        ("client-ca.pem", "client-ca.pem", "{missing} was written again, because it was missing."),
        (".gitignore", ".gitignore", "{missing} was written again, because it was missing."),
        ("server/chain.pem", "server/chain.pem", "{missing} was written again, because it was missing."),
        (
            "clients/my-client/client.p12",
            "clients/my-client/client.p12",
            "{missing} was written again, because it was missing.",
        ),
        (
            "clients/my-client/chain.pem",
            "clients/my-client/chain.pem clients/my-client/client.p12",
            "{missing} was written again, because it was missing.",
        ),
        (
            "server/cert.pem",
            "server/cert.pem server/chain.pem",
            "A new certificate was issued in {missing}, because there was none.",
        ),
        (
            "server/key.pem",
            "server/cert.pem server/chain.pem server/key.pem",
            "A new certificate was issued in {folder}/server/cert.pem, "
            "because the key of the earlier one, {missing}, was missing.",
        ),
        (
            "clients/my-client/cert.pem",
            "clients/my-client/cert.pem clients/my-client/chain.pem clients/my-client/client.p12",
            "A new certificate was issued in {missing}, because there was none.",
        ),
        (
            "clients/my-client/key.pem",
            "clients/my-client/cert.pem clients/my-client/chain.pem clients/my-client/client.p12 "
            "clients/my-client/key.pem",
            "A new certificate was issued in {folder}/clients/my-client/cert.pem, "
            "because the key of the earlier one, {missing}, was missing.",
        ),
        (
            "provider/signing.pem",
            "provider/signing.pem",
            "A new certificate was issued in {missing}, because there was none.",
        ),
        (
            "provider/signing-key.pem",
            "provider/signing.pem provider/signing-key.pem",
            "A new certificate was issued in {folder}/provider/signing.pem, because the key of the earlier one, "
            "{missing}, was missing; relying parties that keep the JWKS must fetch it again.",
        ),
        (
            "authorities/server-root.pem",
            "authorities/server-root.pem ca.pem",
            "A new certificate was issued in {missing}, because there was none.",
        ),
        (
            "authorities/client-root.pem",
            "authorities/client-root.pem client-ca.pem",
            "A new certificate was issued in {missing}, because there was none.",
        ),
        (
            "authorities/client-issuing.pem",
            "authorities/client-issuing.pem client-ca.pem clients/my-client/chain.pem clients/my-client/client.p12",
            "A new certificate was issued in {missing}, because there was none.",
        ),
    ],
)
@pytest.mark.usefixtures("ready_keys")
def test_a_missing_file_is_made_from_what_is_there_and_no_other_is_touched(
    opened: Opener, folder: Path, notices: Notices, missing: str, written: str, says: str
) -> None:
    before = contents(folder)
    (folder / missing).unlink()
    deterministic = (folder / missing).name in {"ca.pem", "client-ca.pem", ".gitignore", "chain.pem"}
    pki = opened()
    assert replaced(before, folder) == set(written.split()) - ({missing} if deterministic else set())
    assert (folder / missing).exists()
    assert says.format(missing=folder / missing, folder=folder) in notices
    check(pki)
    if "client" in missing:
        check_pkcs12(pki)
    notices.clear()
    opened()
    assert notices == []


@pytest.mark.parametrize("name", ["ca.pem", "client-ca.pem", "server/chain.pem", "clients/my-client/chain.pem"])
def test_a_copy_that_holds_something_else_is_written_again(
    opened: Opener, folder: Path, notices: Notices, name: str
) -> None:
    (folder / name).write_text("something else")
    check(opened())
    assert notices == [f"{folder / name} was written again, because it held something else than what it is made from."]


def test_a_server_certificate_under_a_renewed_root_is_trusted_by_who_trusts_the_earlier_root(
    opened: Opener, folder: Path, pki: Pki
) -> None:
    """Of the root's two files, the key is what makes it the same authority."""
    (folder / "authorities/server-root.pem").unlink()
    renewed = opened()
    assert renewed.server_root != pki.server_root
    assert renewed.server_root.public_key() == pki.server_root.public_key()
    renewed.server.certificate.verify_directly_issued_by(pki.server_root)


@pytest.mark.parametrize(
    ("days", "says"),
    [(397 - 6, "because the earlier one expires on "), (398, "because the earlier one expired on ")],
)
def test_a_server_certificate_near_or_past_its_end_is_renewed_with_its_key(
    opened: Opener, folder: Path, clock: Clock, notices: Notices, days: float, says: str
) -> None:
    before, earlier = contents(folder), opened()
    clock.advance(days * DAY)
    pki = opened()
    assert replaced(before, folder) == {"server/cert.pem", "server/chain.pem"}
    assert pki.server.certificate.not_valid_after_utc > clock.today() + timedelta(days=390)
    assert named_hosts(pki.server.certificate) == named_hosts(earlier.server.certificate)
    (notice,) = notices
    assert notice.startswith(f"A new certificate was issued in {folder / 'server/cert.pem'}, {says}20")
    check(pki)


def test_a_certificate_with_more_than_a_week_left_is_not_renewed(
    opened: Opener, folder: Path, clock: Clock, notices: Notices
) -> None:
    before = contents(folder)
    clock.advance((397 - 8) * DAY)
    opened()
    assert contents(folder) == before
    assert notices == []


def test_a_certificate_of_the_future_is_renewed(opened: Opener, folder: Path, clock: Clock, notices: Notices) -> None:
    """As when the clock had been wrong, and has been set."""
    clock.advance(390 * DAY)
    (folder / "server/cert.pem").unlink()
    opened()
    notices.clear()
    clock.advance(-390 * DAY)
    pki = opened()
    assert pki.server.certificate.not_valid_before_utc < clock.today()
    (notice,) = notices
    assert "because the earlier one is not valid before 20" in notice


def test_the_clients_and_the_providers_certificates_are_renewed_with_their_keys(
    opened: Opener, clock: Clock, notices: Notices, pki: Pki
) -> None:
    clock.advance((3 * 365 - 5) * DAY)
    renewed = opened()
    assert renewed.clients["my-client"].certificate != pki.clients["my-client"].certificate
    assert renewed.clients["my-client"].key_pem == pki.clients["my-client"].key_pem
    assert renewed.signing.certificate == pki.signing.certificate
    assert len(notices) == 2  # the server's has expired, too
    check(renewed)


def test_a_leaf_that_ends_with_its_authority_is_not_renewed_in_vain(
    opened: Opener, clock: Clock, notices: Notices, folder: Path
) -> None:
    clock.advance((3650 - 20) * DAY)
    pki = opened()
    for bundle, authority in ((pki.server, pki.server_root), (pki.clients["my-client"], pki.client_anchors[0])):
        assert bundle.certificate.not_valid_after_utc == authority.not_valid_after_utc
    clock.advance(15 * DAY)
    opened()  # renews the provider's, which have no authority above them
    before = contents(folder)
    notices.clear()
    opened()
    assert contents(folder) == before
    assert len(notices) == 3
    assert all(notice.startswith("The authority certificate ") for notice in notices)


def test_an_authority_near_its_end_is_a_notice(opened: Opener, folder: Path, clock: Clock, notices: Notices) -> None:
    clock.advance((3650 - 31) * DAY)
    opened()
    notices.clear()
    clock.advance(2 * DAY)
    pki = opened()
    assert notices[0] == (
        f"The authority certificate {folder / 'authorities/server-root.pem'} expires on "
        f"{pki.server_root.not_valid_after_utc:%Y-%m-%d}: by then, delete the folder {folder} to make a new PKI; "
        f"relying parties must then trust the new {folder / 'ca.pem'}."
    )
    assert [Path(notice.split()[3]).name for notice in notices] == [
        "server-root.pem",
        "client-root.pem",
        "client-issuing.pem",
    ]


def test_an_authority_that_has_expired_is_refused(opened: Opener, folder: Path, clock: Clock, pki: Pki) -> None:
    before = contents(folder)
    clock.advance(3651 * DAY)
    with pytest.raises(ConfigurationError) as refusal:
        opened()
    assert str(refusal.value) == (
        f"The authority certificate {folder / 'authorities/server-root.pem'} expired on "
        f"{pki.server_root.not_valid_after_utc:%Y-%m-%d}: delete the folder {folder} to make a new PKI; "
        f"relying parties must then trust the new {folder / 'ca.pem'}."
    )
    assert contents(folder) == before


def test_an_authority_of_the_future_is_refused(opened: Opener, clock: Clock) -> None:
    clock.advance(-2 * DAY)
    with pytest.raises(ConfigurationError, match=r"server-root\.pem is not valid before 20"):
        opened()


@pytest.mark.usefixtures("ready_keys")
def test_a_deleted_folder_is_made_anew(opened: Opener, folder: Path, clock: Clock, notices: Notices, pki: Pki) -> None:
    """What the refusal of an expired authority tells to do."""
    clock.advance(3651 * DAY)
    shutil.rmtree(folder)
    again = opened()
    assert notices == [f"A new test PKI is made in {folder}: relying parties must trust {folder / 'ca.pem'}."]
    assert again.server_root.public_key() != pki.server_root.public_key()
    check(again)


@pytest.mark.parametrize("name", ["server-root", "client-root", "client-issuing"])
def test_an_authority_without_its_key_is_refused(opened: Opener, folder: Path, name: str) -> None:
    (folder / f"authorities/{name}-key.pem").unlink()
    before = contents(folder)
    with pytest.raises(ConfigurationError) as refusal:
        opened()
    assert str(refusal.value) == (
        f"{folder}/authorities/{name}-key.pem is missing, and without it {folder}/authorities/{name}.pem can issue "
        f"nothing: put it back, or delete the folder {folder} to make a new PKI; "
        "relying parties must then trust the new ca.pem."
    )
    assert contents(folder) == before


@pytest.mark.usefixtures("ready_keys")
def test_a_lost_root_and_its_key_make_all_below_anew(opened: Opener, folder: Path, notices: Notices, pki: Pki) -> None:
    for name in ("client-root", "server-root"):
        (folder / f"authorities/{name}.pem").unlink()
        (folder / f"authorities/{name}-key.pem").unlink()
    again = opened()
    assert again.client_anchors[1].public_key() != pki.client_anchors[1].public_key()
    assert again.server.key_pem == pki.server.key_pem
    assert notices == [
        f"A new certificate was issued in {folder / name}, because {reason}."
        for name, reason in (
            (
                "authorities/server-root.pem",
                f"there was none; relying parties must trust the new {folder / 'ca.pem'}",
            ),
            ("authorities/client-root.pem", "there was none"),
            ("authorities/client-issuing.pem", "another authority had issued the earlier one"),
            ("server/cert.pem", "another authority had issued the earlier one"),
            ("clients/my-client/cert.pem", "another authority had issued the earlier one"),
        )
    ]
    check(again)


def test_a_server_certificate_that_lacks_a_permitted_host_is_issued_anew(
    opened: Opener, folder: Path, notices: Notices, pki: Pki
) -> None:
    before = contents(folder)
    hosts = ["auth.bas.psc.esante.gouv.fr", "127.0.0.2"]
    again = opened(hosts=hosts)
    assert replaced(before, folder) == {"server/cert.pem", "server/chain.pem"}
    assert set(named_hosts(again.server.certificate)) == {*named_hosts(pki.server.certificate), *hosts}
    assert notices == [
        f"A new certificate was issued in {folder / 'server/cert.pem'}, because the earlier one did not name "
        "'auth.bas.psc.esante.gouv.fr', '127.0.0.2'."
    ]
    opened(hosts=["AUTH.bas.psc.esante.gouv.fr"])
    assert len(notices) == 1


def test_a_host_outside_the_constraints_makes_a_new_root_which_must_be_trusted(
    opened: Opener,
    folder: Path,
    notices: Notices,
    pki: Pki,
    handshake: Callable[..., Any],
    server_context: Callable[..., Any],
    client_context: Callable[..., Any],
) -> None:
    before = contents(folder)
    again = opened(hosts=["psc.example", "10.0.0.5"])
    assert replaced(before, folder) == {
        "ca.pem",
        "authorities/server-root.pem",
        "authorities/server-root-key.pem",
        "server/cert.pem",
        "server/chain.pem",
    }
    assert notices == [
        f"A new certificate was issued in {folder / 'authorities/server-root.pem'}, because the name constraints of "
        "the earlier one do not permit 'psc.example', '10.0.0.5'; "
        f"relying parties must trust the new {folder / 'ca.pem'}.",
        f"A new certificate was issued in {folder / 'server/cert.pem'}, "
        "because the earlier one did not name 'psc.example', '10.0.0.5'.",
    ]
    check(again)
    context = server_context(again.server)
    for host in ("psc.example", "10.0.0.5", "localhost"):
        assert handshake(context, client_context((folder / "ca.pem").read_bytes()), host).version == "TLSv1.3"
        assert handshake(context, client_context(before["ca.pem"]), host).client_error


def test_two_mocks_with_hosts_of_their_own_do_not_undo_each_others(
    opened: Opener, folder: Path, notices: Notices
) -> None:
    opened(hosts=["one.example"])
    opened(hosts=["two.example"])
    before = contents(folder)
    notices.clear()
    opened(hosts=["one.example"])
    pki = opened(hosts=["two.example"])
    assert contents(folder) == before
    assert notices == []
    assert {"one.example", "two.example"} < set(named_hosts(pki.server.certificate))


def test_a_server_key_of_another_kind_is_replaced(opened: Opener, folder: Path, notices: Notices) -> None:
    before = contents(folder)
    pki = opened(server_key="rsa")
    assert isinstance(pki.server.key, rsa.RSAPrivateKey)
    assert replaced(before, folder) == {"server/cert.pem", "server/chain.pem", "server/key.pem"}
    assert notices == [
        f"A new certificate was issued in {folder / 'server/cert.pem'}, because the key of the earlier one was not RSA."
    ]
    check(pki)
    opened(server_key="rsa")
    assert len(notices) == 1
    (folder / "server/cert.pem").unlink()
    assert isinstance(opened(server_key="ec").server.key, ec.EllipticCurvePrivateKey)


def test_a_certificate_in_another_clients_folder_is_replaced(opened: Opener, folder: Path, notices: Notices) -> None:
    shutil.copytree(folder / "clients/my-client", folder / "clients/other")
    pki = opened(client_ids=["other"])
    assert common_name(pki.clients["other"].certificate.subject) == "other"
    assert notices == [
        f"A new certificate was issued in {folder / 'clients/other/cert.pem'}, "
        "because the CN of the earlier one was 'my-client'."
    ]


@pytest.mark.parametrize(
    "pair",
    [
        "server/cert server/key",
        "authorities/server-root authorities/server-root-key",
        "provider/signing provider/signing-key",
    ],
)
def test_a_key_that_is_not_its_certificates_is_refused(opened: Opener, folder: Path, pair: str) -> None:
    certificate, key = (folder / f"{name}.pem" for name in pair.split())
    key.write_bytes(key_pem(new_key("ec")))
    with pytest.raises(ConfigurationError) as refusal:
        opened()
    assert str(refusal.value) == (
        f"The key in {key} is not that of the first certificate in {certificate}: "
        "give the two files that were made together."
    )


@pytest.mark.parametrize("name", ["server/cert.pem", "authorities/client-root-key.pem", "provider/encryption.pem"])
def test_a_damaged_file_is_refused(opened: Opener, folder: Path, name: str) -> None:
    (folder / name).write_text("damaged")
    with pytest.raises(ConfigurationError, match=f"{folder / name} holds no "):
        opened()


def test_a_file_in_place_of_the_folder_is_refused(opened: Opener, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError) as refusal:
        opened(tmp_path / "file")
    assert str(refusal.value) == (
        f"The folder {tmp_path / 'file'} cannot be used for certificates: "
        f"[Errno {EEXIST}] File exists: '{tmp_path / 'file'}'."
    )


@POSIX_ONLY
def test_a_good_folder_that_cannot_be_written_is_used_and_any_other_is_refused(opened: Opener, folder: Path) -> None:
    (folder / ".lock").chmod(0o400)
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    for each in folders:
        each.chmod(0o500)
    try:
        if os.access(folder, os.W_OK):
            pytest.skip("root may write anywhere")
        check(opened())
        with pytest.raises(ConfigurationError, match=r"cannot be used for certificates: .*Permission denied"):
            opened(hosts=["psc.test"])
    finally:
        for each in folders:
            each.chmod(0o700)


@pytest.mark.parametrize("crash", range(20))
@pytest.mark.usefixtures("ready_keys")
def test_a_crash_while_making_a_folder_is_mended(
    opened: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crash: int
) -> None:
    with _crash_at(monkeypatch, crash), pytest.raises(KeyboardInterrupt):
        opened(tmp_path / "new")
    check(opened(tmp_path / "new"))
    mended = opened(tmp_path / "new", notice=pytest.fail)
    check(mended)
    check_pkcs12(mended)


@pytest.mark.parametrize("crash", range(6))
@pytest.mark.usefixtures("ready_keys")
def test_a_crash_while_mending_a_folder_is_mended(opened: Opener, monkeypatch: pytest.MonkeyPatch, crash: int) -> None:
    """The server's root and certificate are both made anew, with new keys."""
    with _crash_at(monkeypatch, crash), pytest.raises(KeyboardInterrupt):
        opened(hosts=["psc.example"], server_key="rsa")
    check(opened(hosts=["psc.example"], server_key="rsa"))
    check(opened(hosts=["psc.example"], server_key="rsa", notice=pytest.fail))


@contextmanager
def _crash_at(monkeypatch: pytest.MonkeyPatch, write_number: int) -> Iterator[None]:
    """Be interrupted at a write: the file's draft is there, and its content is not."""
    left = iter(range(write_number))
    replace = Path.replace

    def interrupted(draft: Path, target: Path) -> Path:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return replace(draft, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", interrupted)
        yield


OPEN = """
import sys
from pathlib import Path
from mockpsc.clock import Clock
from mockpsc.pki import open_folder, thumbprint

sys.stdin.readline()
pki = open_folder(Path(sys.argv[1]), client_ids=["my-client"], clock=Clock(), notice=lambda it: print("notice", it))
print(*map(thumbprint, (pki.server_root, *pki.client_anchors, pki.server.certificate, pki.signing.certificate,
                        pki.encryption.certificate, pki.clients["my-client"].certificate)))
"""


def test_processes_that_make_a_folder_at_once_have_the_same(tmp_path: Path, opened: Opener) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN, tmp_path / "new"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for process in processes:  # all have been started: now they begin
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    lines = [line for process in processes for line in process.communicate(timeout=30)[0].splitlines()]
    notices = [line for line in lines if line.startswith("notice ")]
    assert len(notices) == 1
    assert len(lines) == 4
    assert len(set(lines)) == 2
    check(opened(tmp_path / "new", notice=pytest.fail))


@pytest.mark.usefixtures("ready_keys")
def test_threads_that_open_a_folder_at_once_have_the_same(tmp_path: Path, opened: Opener, notices: Notices) -> None:
    with ThreadPoolExecutor(4) as pool:
        pkis = list(pool.map(lambda _: opened(tmp_path / "new"), range(4)))
    assert len(notices) == 1
    assert all(certificates(pki) == certificates(pkis[0]) for pki in pkis)


def test_a_folder_that_another_holds_is_waited_for(opened: Opener, folder: Path) -> None:
    done = threading.Event()

    def open_it() -> None:
        opened()
        done.set()

    with locked(folder):
        thread = threading.Thread(target=open_it)
        thread.start()
        assert not done.wait(0.1)
    thread.join(10)
    assert done.is_set()


def test_openssl_reads_the_files_of_a_client(
    pki: Pki, openssl: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    files = pki.files.client("my-client")
    password = f"pass:{PKCS12_PASSWORD}"
    read = openssl("pkcs12", "-in", files.pkcs12, "-passin", password, "-clcerts", "-nokeys")
    assert files.cert.read_text() in read.stdout
    verified = openssl("verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", pki.files.client_ca, files.cert)
    assert verified.stdout == f"{files.cert}: OK\n"
    refused = openssl("verify", "-no-CApath", "-no-CAstore", "-CAfile", pki.files.ca, files.cert)
    assert "unable to get local issuer certificate" in refused.stderr


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_the_files_shake_hands(pki: Pki, handshake: Callable[..., Any], version: ssl.TLSVersion) -> None:
    """As a relying party's and a server's configurations name them."""
    files = pki.files.client("my-client")
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=pki.files.client_ca)
    server.load_cert_chain(pki.files.server.chain, pki.files.server.key)
    server.verify_mode = ssl.CERT_REQUIRED
    client = ssl.create_default_context(cafile=pki.files.ca)
    client.minimum_version = client.maximum_version = version
    assert "peer did not return a certificate" in handshake(server, client).server_error
    client.load_cert_chain(files.chain, files.key)
    assert handshake(server, client).version == version.name.replace("TLSv1_", "TLSv1.")
