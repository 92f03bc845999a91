import hashlib
import shutil
import subprocess
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from mockpsc.errors import ConfigurationError
from mockpsc.pki import Authority, Bundle, Pki, load_bundle, load_certificates, new_key, thumbprint
from mockpsc.pki.keys import key_pem

Openssl = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def client(pki: Pki) -> Bundle:
    """A bundle with an issuer."""
    return pki.clients["my-client"]


@pytest.fixture
def paths(client: Bundle, tmp_path: Path) -> tuple[Path, Path]:
    """A good pair of files."""
    certificate, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    certificate.write_bytes(client.chain_pem)
    key.write_bytes(client.key_pem)
    return certificate, key


def test_a_bundle_is_read_back_from_what_it_writes(client: Bundle, paths: tuple[Path, Path]) -> None:
    read = load_bundle(*paths)
    assert read.certificate == client.certificate
    assert read.issuers == client.issuers
    assert len(read.issuers) == 1
    assert read.key_pem == client.key_pem
    assert client.chain_pem == client.cert_pem + read.issuers[0].public_bytes(Encoding.PEM)


def test_the_key_is_pkcs8_without_encryption(client: Bundle) -> None:
    assert client.key_pem.startswith(b"-----BEGIN PRIVATE KEY-----\n")


def test_a_root_in_the_file_is_left_out(client: Bundle, paths: tuple[Path, Path], pki: Pki) -> None:
    root = pki.client_anchors[-1]
    paths[0].write_bytes(client.chain_pem + root.public_bytes(Encoding.PEM))
    assert load_certificates(paths[0]) == (client.certificate, *client.issuers, root)
    assert load_bundle(*paths).issuers == client.issuers


def test_one_file_may_hold_both(client: Bundle, tmp_path: Path) -> None:
    path = tmp_path / "both.pem"
    path.write_bytes(client.chain_pem + client.key_pem)
    assert load_bundle(path, path).certificate == client.certificate


def test_keys_in_the_older_formats_are_read(server_authority: Authority, tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.write_bytes(server_authority.bundle.cert_pem)
    key.write_bytes(server_authority.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    assert key.read_bytes().startswith(b"-----BEGIN EC PRIVATE KEY-----")
    assert load_bundle(certificate, key).key_pem == server_authority.bundle.key_pem


def test_a_missing_file_is_named(paths: tuple[Path, Path], tmp_path: Path) -> None:
    for missing in ((tmp_path / "no.pem", paths[1]), (paths[0], tmp_path / "no.pem")):
        with pytest.raises(ConfigurationError) as refusal:
            load_bundle(*missing)
        assert str(refusal.value) == f"{tmp_path / 'no.pem'} cannot be read: No such file or directory."


def test_a_folder_is_no_file(paths: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        load_bundle(tmp_path, paths[1])


def test_der_is_refused_with_the_command_that_converts_it(client: Bundle, paths: tuple[Path, Path]) -> None:
    paths[0].write_bytes(client.certificate.public_bytes(Encoding.DER))
    with pytest.raises(ConfigurationError) as refusal:
        load_bundle(*paths)
    assert str(refusal.value) == (
        f"{paths[0]} holds no certificate: PEM was expected, text with a line '-----BEGIN CERTIFICATE-----'; "
        "'openssl x509 -inform DER' converts DER."
    )


def test_files_given_the_wrong_way_round_are_refused(paths: tuple[Path, Path]) -> None:
    certificate, key = paths
    with pytest.raises(ConfigurationError) as refusal:
        load_bundle(key, certificate)
    assert str(refusal.value) == (
        f"{key} holds no certificate: a PEM block named CERTIFICATE was expected, and none of its blocks is."
    )
    with pytest.raises(ConfigurationError, match=f"{certificate} holds no private key: a PEM block named PRIVATE KEY"):
        load_bundle(certificate, certificate)


def test_a_damaged_certificate_is_refused(paths: tuple[Path, Path]) -> None:
    content = paths[0].read_bytes()
    paths[0].write_bytes(content[:100] + content[200:])
    with pytest.raises(ConfigurationError, match=f"{paths[0]} holds a certificate that cannot be read"):
        load_bundle(*paths)


def test_a_damaged_key_is_refused(paths: tuple[Path, Path]) -> None:
    content = paths[1].read_bytes()
    paths[1].write_bytes(content[:100] + content[200:])
    with pytest.raises(ConfigurationError, match=f"{paths[1]} holds a private key that cannot be read"):
        load_bundle(*paths)


def test_a_key_of_another_certificate_is_refused_with_both_names(paths: tuple[Path, Path]) -> None:
    paths[1].write_bytes(key_pem(new_key("ec")))
    with pytest.raises(ConfigurationError) as refusal:
        load_bundle(*paths)
    assert str(refusal.value) == (
        f"The key in {paths[1]} is not that of the first certificate in {paths[0]}: "
        "give the two files that were made together."
    )


def test_an_encrypted_key_is_refused_with_the_command_that_decrypts_it(
    client: Bundle, paths: tuple[Path, Path]
) -> None:
    encrypted = client.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    paths[1].write_bytes(encrypted)
    with pytest.raises(ConfigurationError) as refusal:
        load_bundle(*paths)
    assert str(refusal.value) == (
        f"The private key in {paths[1]} is encrypted, and mockpsc asks for no password: "
        f"decrypt it with 'openssl pkey -in {paths[1]} -out decrypted.pem'."
    )


def test_a_key_that_is_neither_rsa_nor_ec_is_refused(paths: tuple[Path, Path]) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(ConfigurationError, match="is neither RSA nor EC"):
        load_bundle(*paths)


def test_the_thumbprint_is_base64url_of_the_sha_256_of_the_der(client: Bundle) -> None:
    digest = hashlib.sha256(client.certificate.public_bytes(Encoding.DER)).digest()
    assert thumbprint(client.certificate) == urlsafe_b64encode(digest).decode().removesuffix("=")
    assert len(thumbprint(client.certificate)) == 43


def test_a_pkcs12_holds_the_key_the_certificate_and_its_issuers(client: Bundle) -> None:
    read = pkcs12.load_pkcs12(client.pkcs12("secret", "my-alias"), b"secret")
    assert read.cert is not None
    assert read.cert.friendly_name == b"my-alias"
    assert read.cert.certificate == client.certificate
    assert [each.certificate for each in read.additional_certs] == list(client.issuers)
    assert read.key is not None
    assert read.key.public_key() == client.certificate.public_key()
    with pytest.raises(ValueError, match="Invalid password"):
        pkcs12.load_pkcs12(client.pkcs12("secret", "my-alias"), b"another")


def test_openssl_reads_a_pkcs12_without_its_legacy_provider(client: Bundle, tmp_path: Path, openssl: Openssl) -> None:
    path = tmp_path / "client.p12"
    path.write_bytes(client.pkcs12("secret", "my-alias"))
    read = openssl("pkcs12", "-in", path, "-passin", "pass:secret", "-nodes", "-info")
    assert read.returncode == 0, read.stderr
    assert read.stdout.count("BEGIN CERTIFICATE") == 2
    assert client.key_pem.decode() in read.stdout
    assert "friendlyName: my-alias" in read.stdout
    assert "pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 2048" in read.stderr
    refused = openssl("pkcs12", "-in", path, "-passin", "pass:another", "-nodes")
    assert refused.returncode != 0


@pytest.mark.skipif(shutil.which("keytool") is None, reason="no Java on this machine")
def test_java_reads_a_pkcs12(client: Bundle, tmp_path: Path) -> None:
    path = tmp_path / "client.p12"
    path.write_bytes(client.pkcs12("secret", "my-alias"))
    listed = subprocess.run(
        ["keytool", "-list", "-v", "-keystore", path, "-storepass", "secret"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Entry type: PrivateKeyEntry" in listed.stdout
    assert "Certificate chain length: 2" in listed.stdout
