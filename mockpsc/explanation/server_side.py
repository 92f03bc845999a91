"""A server's certificate as a relying party would judge it that trusts some authorities: the chain that the server
sends is heard to the end, then judged (RFC 5280 §6), and the name compared with the URL's (RFC 9525 §6.3)."""

import socket
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import resources
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from OpenSSL import SSL, crypto

from mockpsc.clock import Clock
from mockpsc.errors import ConfigurationError
from mockpsc.explanation.caveats import Case, caveats_of
from mockpsc.explanation.description import describe, flaw
from mockpsc.explanation.material import Material
from mockpsc.explanation.report import Answer, Report
from mockpsc.judgement import Explanation, Trust, Verdict, VerificationError, judge_chain, malformed, reasons
from mockpsc.judgement.verdict import Language
from mockpsc.pki import load_certificates, show_dn
from mockpsc.pki.hosts import named_hosts
from mockpsc.tls.contexts import reasons_of
from mockpsc.tls.verify import readable

_PATIENCE = 10.0  # seconds, for each answer of the server's
_CHUNK = 16 * 1024


@dataclass(frozen=True, kw_only=True)
class _Origin:
    """Where a server is: `host` as the URL has it, in ASCII."""

    url: str
    host: str
    port: int


@dataclass(frozen=True, kw_only=True, eq=False)
class _Heard:
    """What came of a handshake: the chain as it was sent, and what OpenSSL found wrong with it."""

    chain: tuple[x509.Certificate, ...]
    errors: Sequence[VerificationError]


def explain_server(url: str, ca_file: Path, *, known: Sequence[x509.Certificate] = (), clock: Clock) -> Report:
    """What a relying party that trusts the authorities in a file would make of the certificate of an https URL's host;
    `known` authorities are not trusted. Only that host is connected to, and nothing but a handshake is sent. Raises
    ConfigurationError when there is no certificate to judge."""
    origin, anchors = _origin(url), load_certificates(ca_file)
    trust = Trust(now=clock.today(), anchors=anchors, known=known)
    heard = _listen(origin, trust)
    material = Material(source=url, form="TLS", chain=heard.chain)
    found = _judge(heard, trust, origin, ca_file)
    case = Case(side="server", material=material, described=describe(heard.chain[0]), now=clock.today())
    return Report(
        side="server",
        material=material,
        now=clock.today(),
        verdict=found,
        answer=Answer(alert=found.alert) if found else None,
        caveats=caveats_of(case),
    )


def _origin(url: str) -> _Origin:
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode()
        port = parts.port or 443
    except ValueError as error:
        raise ConfigurationError(f"{url!r} is not a URL: {error}; expected https://host:port.") from error
    if parts.scheme != "https" or not host or parts.username is not None:
        raise ConfigurationError(f"{url!r} is not the URL of a TLS server: expected https://host:port.")
    return _Origin(url=url, host=host, port=port)


def _listen(origin: _Origin, trust: Trust) -> _Heard:
    errors: list[VerificationError] = []
    connection = _client(origin, trust, errors)
    try:
        with socket.create_connection((origin.host, origin.port), timeout=_PATIENCE) as channel:
            failure = _shake_hands(connection, channel)
    except OSError as error:
        raise ConfigurationError(f"{origin.url} cannot be reached: {error.strerror or error}.") from error
    sent = connection.get_peer_cert_chain() or []
    chain = tuple(filter(None, (readable(each) for each in sent)))
    if not chain or not sent or readable(sent[0]) is None:
        raise ConfigurationError(
            f"{origin.url} sent no certificate that can be read ({failure or 'the handshake ended'}): "
            "expected a server that speaks TLS 1.2 or 1.3 there."
        )
    return _Heard(chain=chain, errors=errors)


def _client(origin: _Origin, trust: Trust, errors: list[VerificationError]) -> SSL.Connection:
    """A client that hears of every error, and goes on."""

    def note(_: SSL.Connection, certificate: crypto.X509, code: int, depth: int, ok: int) -> bool:
        if not ok:
            errors.append(VerificationError(code=code, depth=depth, certificate=readable(certificate)))
        return True

    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    store = context.get_cert_store()
    assert store is not None  # every SSL_CTX is made with one
    for anchor in trust.anchors:
        store.add_cert(crypto.X509.from_cryptography(anchor))
    store.set_time(trust.now)
    context.set_verify(SSL.VERIFY_PEER, note)
    connection = SSL.Connection(context, None)
    if _address(origin.host) is None:
        connection.set_tlsext_host_name(origin.host.encode())
    connection.set_connect_state()
    return connection


def _shake_hands(connection: SSL.Connection, channel: socket.socket) -> str | None:
    """Let OpenSSL shake hands over a socket; what went wrong, if it came to nothing. Raises OSError."""
    while True:
        try:
            connection.do_handshake()
        except SSL.WantReadError:
            _send(connection, channel)
        except SSL.Error as error:
            return reasons_of(error, otherwise="the server ended the handshake")
        else:
            _send(connection, channel)
            return None
        data = channel.recv(_CHUNK)
        if not data:
            return "the server closed the connection"
        connection.bio_write(data)


def _send(connection: SSL.Connection, channel: socket.socket) -> None:
    with suppress(SSL.WantReadError):
        while True:
            channel.sendall(connection.bio_read(_CHUNK))


def _judge(heard: _Heard, trust: Trust, origin: _Origin, ca_file: Path) -> Verdict | None:
    leaf = heard.chain[0]
    unreadable = flaw(leaf)
    found = judge_chain(heard.errors, trust) or (malformed(unreadable) if unreadable else None)
    if found is None:
        return None if _names(leaf, origin.host) else _wrong_host(leaf, origin)
    certificate = heard.errors[0].certificate if heard.errors else leaf
    if found.reason == "malformed" or certificate is None:
        return found
    return _for_servers(found, certificate, trust, ca_file)


def _wrong_host(leaf: x509.Certificate, origin: _Origin) -> Verdict:
    named = ", ".join(named_hosts(leaf))
    return _worded(
        "wrong_host",
        en={"subject": show_dn(leaf.subject), "named": named or "no host", "host": origin.host},
        fr={"subject": show_dn(leaf.subject), "named": named or "aucun hôte", "host": origin.host},
    )


def _for_servers(found: Verdict, certificate: x509.Certificate, trust: Trust, ca_file: Path) -> Verdict:
    """A verdict of `judge_chain`, which speaks of clients, in the words for servers."""
    anchors = " or ".join(dict.fromkeys(show_dn(anchor.subject) for anchor in trust.anchors))
    facts = {
        "subject": show_dn(certificate.subject),
        "issuer": show_dn(certificate.issuer),
        "since": f"{certificate.not_valid_before_utc:%Y-%m-%d %H:%M:%S} UTC",
        "until": f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M:%S} UTC",
        "now": f"{trust.now:%Y-%m-%d %H:%M:%S} UTC",
        "extended_usage": ", ".join(describe(certificate).extended_key_usage or ("(absent)",)),
        "ca_file": ca_file,
    }
    general = reasons()[found.reason].meaning
    return _worded(
        found.reason,
        en={**facts, "trusted": anchors, "meaning": general["en"]},
        fr={**facts, "trusted": anchors.replace(" or ", " ou "), "meaning": general["fr"]},
    )


def _worded(reason: str, *, en: Mapping[str, Any], fr: Mapping[str, Any]) -> Verdict:
    wording = _wordings().get(reason) or _wordings()["otherwise"]

    def said(language: Language, facts: Mapping[str, Any]) -> Explanation:
        return Explanation(
            received=wording["received"][language].format_map(facts),
            expected=wording["expected"][language].format_map(facts),
            remedy=wording["remedy"][language].format_map(facts),
        )

    alert = wording["alert"] if "alert" in wording else reasons()[reason].alert
    return Verdict(reason=reason, alert=alert, en=said("en", en), fr=said("fr", fr))


@cache
def _wordings() -> Mapping[str, Mapping[str, Any]]:
    text = resources.files(__package__).joinpath("server_reasons.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _names(certificate: x509.Certificate, host: str) -> bool:
    """Whether a certificate is for a host: an address as such, a name in any case, a wildcard for one label."""
    address = _address(host)
    if address is not None:
        return address in {_address(name) for name in named_hosts(certificate)}
    wanted = host.lower().removesuffix(".")
    acceptable = {wanted, "*." + wanted.partition(".")[2]}
    return not acceptable.isdisjoint(name.lower() for name in named_hosts(certificate))


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
