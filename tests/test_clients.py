import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from mockpsc.client_tables import read_clients
from mockpsc.clients import Client, Clients
from mockpsc.clock import Clock
from mockpsc.errors import ConfigurationError
from mockpsc.judgement import Registration
from mockpsc.pki import open_folder
from mockpsc.profiles import load_profile

BAS = load_profile("bas")


@pytest.mark.parametrize(
    ("uri", "accepted"),
    [
        ("https://rp.test/cb", True),
        ("https://rp.test/cb/", False),
        ("https://rp.test/cb?x=1", False),
        ("https://rp.test/cb#x", False),
        ("https://rp.test/CB", False),
        ("https://RP.test/cb", False),
        ("HTTPS://rp.test/cb", False),
        ("https://rp.test/a/../cb", False),
        ("https://rp.test/c%62", False),
        ("http://rp.test/cb", False),
        ("http://localhost/cb", True),
        ("http://127.0.0.1/cb", False),
        ("https://app.test/anything/at/all?and=this", True),
        ("https://app.test/a/../../etc", False),
        ("https://app.test/x#fragment", False),
        ("https://app.test.evil.example/", False),
        ("https://fix.test/?a=*", True),
        ("https://fix.test/?a=b", False),
        ("", False),
    ],
)
def test_a_redirect_uri_matches_as_in_keycloak(uri: str, accepted: bool) -> None:
    registered = ("https://rp.test/cb", "http://localhost/cb", "https://app.test/*", "https://fix.test/?a=*")
    assert Client(id="a", redirect_uris=registered).accepts_redirect_uri(uri) is accepted


@pytest.mark.parametrize(
    ("uri", "accepted"),
    [
        ("https://anything.test/cb?x=1", True),
        ("http://localhost:5000/cb", True),
        ("http://127.0.0.1:5000/cb", True),
        ("http://[::1]:5000/cb", True),
        ("http://app.localhost/cb", True),
        ("http://rp.test/cb", False),
        ("https://rp.test/cb#", False),
        ("https://rp.test/c b", False),
        ("https://rp.test/\r\nSet-Cookie:x", False),
        ("javascript:alert(1)", False),
        ("https:///cb", False),
        ("https://[broken/cb", False),
        ("https://rp.test:port/cb", False),
        ("/cb", False),
        ("", False),
    ],
)
def test_an_undeclared_client_may_use_any_secure_or_loopback_uri(uri: str, accepted: bool) -> None:
    client = Clients().get("anything")
    assert client is not None
    assert client.accepts_redirect_uri(uri) is accepted
    assert client.accepts_post_logout_redirect_uri(uri) is accepted


def test_declared_clients_shut_the_others_out() -> None:
    clients = read_clients([{"id": "one", "redirect_uris": ["https://rp.test/cb"], "scopes": ["scope_all"]}], BAS)
    one = clients.get("one")
    assert one is not None
    assert one.declared
    assert one.allows_scope("openid")
    assert one.allows_scope("scope_all")
    assert not one.allows_scope("profile")
    assert clients.get("on") is None
    assert clients.hint("on") == "No client 'on' is declared (did you mean 'one'?). Declared: one."
    assert not one.accepts_post_logout_redirect_uri("https://rp.test/cb")


def test_only_clients_that_need_one_get_a_certificate() -> None:
    secret = {"id": "two", "authentication": "secret", "secret": "s"}
    assert read_clients([{"id": "one"}, secret], BAS).certificate_ids == ["one"]
    assert read_clients([secret], BAS).certificate_ids == ["mockpsc-client"]
    assert Clients().certificate_ids == ["mockpsc-client"]


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"id": "a", "redirect_uri": "x"}, "'redirect_uri', which is unknown (did you mean 'redirect_uris'?)"),
        ({"id": "a", "redirect_uris": "https://rp.test"}, "expected a list of texts"),
        ({"id": "a", "secret": 3}, "expected a text"),
        ({"id": "a", "declared": False}, "'declared', which is unknown"),
        ({}, "The client '(without id)' has no usable id"),
        ({"id": "../a"}, "has no usable id"),
        ({"id": "a", "authentication": "mtsl"}, "(did you mean 'mtls'?); expected one of mtls, secret, either."),
        ({"id": "a", "authentication": "secret"}, "authenticates by secret but has none"),
        ({"id": "a", "authentication": "secret", "secret": "s", "subject_dn": "CN=a"}, "use mtls or either"),
        ({"id": "a", "subject_dn": "not a name"}, "not a name"),
        ({"id": "a", "scopes": ["scope_al"]}, "'scope_al', which is unknown"),
        ({"id": "a", "subject_dn": "CN=a", "san_dns": "a"}, "has subject_dn and san_dns; only one can say"),
        ({"id": "a", "san_ip": "x"}, "san_ip is 'x'; expected an IP address."),
        ({"id": "a", "issuer_dn": "x"}, "The distinguished name 'x' cannot be read"),
        ({"id": "a", "certificate": "/nowhere.pem"}, "/nowhere.pem"),
        ({"id": "a", "jwks": "/nowhere.json"}, "the jwks /nowhere.json, which cannot be used"),
        ({"id": "a", "reject_with": "alarm"}, "(did you mean 'alert'?); expected one of alert, nginx, keycloak."),
        (
            {"id": "a", "authentication": "secret", "secret": "s", "reject_with": "nginx"},
            "has a reject_with but authenticates by secret only",
        ),
    ],
)
def test_a_client_that_makes_no_sense_is_refused(table: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_clients([table], BAS)
    assert sentence in str(refused.value)


def test_a_client_is_registered_by_its_id_unless_it_says_otherwise() -> None:
    for table, registration in (
        ({"id": "a"}, Registration(common_name="a")),
        ({"id": "a", "issuer_dn": "CN=x"}, Registration(common_name="a", issuer_dn="CN=x")),
        ({"id": "a", "san_uri": "https://a"}, Registration(san_uri="https://a")),
    ):
        client = read_clients([table], BAS).get("a")
        assert client
        assert client.registration == registration


def test_a_client_is_registered_with_certificates_of_a_file_or_of_a_jwk_set(certs: Path, tmp_path: Path) -> None:
    certificate = open_folder(certs, client_ids=["a"], clock=Clock(), notice=print).clients["a"].certificate
    (tmp_path / "a.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    x5c = b64encode(certificate.public_bytes(Encoding.DER)).decode()
    (tmp_path / "a.json").write_text(json.dumps({"keys": [{"kty": "RSA", "x5c": [x5c]}]}))
    for table in ({"id": "a", "certificate": str(tmp_path / "a.pem")}, {"id": "a", "jwks": str(tmp_path / "a.json")}):
        client = read_clients([table], BAS).get("a")
        assert client
        assert client.registration.certificates == (certificate,)


def test_two_clients_cannot_share_an_id() -> None:
    with pytest.raises(ConfigurationError, match="Two clients have the id 'a'"):
        read_clients([{"id": "a"}, {"id": "a"}], BAS)
