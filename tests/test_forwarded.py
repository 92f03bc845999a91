from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from mockpsc.clock import Clock
from mockpsc.errors import InvalidRequest
from mockpsc.forwarded import HEADERS, forwarded_chain
from mockpsc.pki import open_folder

Chain = tuple[x509.Certificate, ...]


@pytest.fixture(scope="module")
def chain(certs: Path) -> Chain:
    bundle = open_folder(certs, client_ids=["mockpsc-client"], clock=Clock(), notice=print).clients["mockpsc-client"]
    return (bundle.certificate, *bundle.issuers)


def der(certificate: x509.Certificate) -> str:
    return b64encode(certificate.public_bytes(Encoding.DER)).decode()


def pem(*certificates: x509.Certificate) -> str:
    return quote(b"".join(each.public_bytes(Encoding.PEM) for each in certificates), safe="")


WAYS: dict[str, Callable[[Chain], Mapping[str, str]]] = {
    "rfc9440": lambda c: {"client-cert": f":{der(c[0])}:", "client-cert-chain": f":{der(c[1])}:"},
    "nginx": lambda c: {"ssl-client-cert": pem(*c)},
    "envoy": lambda c: {
        "x-forwarded-client-cert": f'Hash=00;Cert="{pem(c[0])}";Chain="{pem(*c)}";Subject="CN=a\\"b,O=c;d,C=FR"'
    },
    "traefik": lambda c: {"x-forwarded-tls-client-cert": quote(",".join(map(der, c)), safe=",")},
}


@pytest.mark.parametrize("way", WAYS)
def test_a_chain_is_read_as_each_proxy_writes_it(way: str, chain: Chain) -> None:
    assert forwarded_chain(WAYS[way](chain)) == chain


def test_of_several_envoys_the_last_is_believed(chain: Chain) -> None:
    value = f'Cert="{pem(chain[1])}",By=x;Cert="{pem(chain[0])}"'
    assert forwarded_chain({"x-forwarded-client-cert": value}) == chain[:1]


def test_without_a_header_there_is_no_chain() -> None:
    assert forwarded_chain({}) == ()
    assert forwarded_chain({"client-cert": " ", "host": "x"}) == ()


def test_two_headers_at_once_are_refused(chain: Chain) -> None:
    headers = {**WAYS["rfc9440"](chain), **WAYS["nginx"](chain)}
    with pytest.raises(InvalidRequest) as refused:
        forwarded_chain(headers)
    assert "client-cert and ssl-client-cert came" in refused.value.hint


@given(name=st.sampled_from(sorted(HEADERS)), value=st.text() | st.binary().map(lambda b: f":{b64encode(b).decode()}:"))
def test_whatever_is_in_a_header_it_is_read_or_refused(name: str, value: str) -> None:
    with suppress(InvalidRequest):
        assert forwarded_chain({name: value}) == ()
