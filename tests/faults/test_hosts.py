"""Host names that ask for a fault, as those of badssl.com: `expired.fault.localhost`."""

import ssl

import pytest
from observations import Scene
from support import RunningMock
from wire import TLS1_2, TLS1_3, connect, converse, hello, read_all, shake_hands, trusting, witness

from mockpsc.faults.arming import hosts
from mockpsc.pki.hosts import named_hosts

# What a client whose library has its usual settings says.
REFUSED = {
    "expired": "certificate has expired",
    "not-yet-valid": "certificate is not yet valid",
    "self-signed": "self-signed certificate",
    "untrusted-root": "unable to get local issuer certificate",
    "wrong-host": "Hostname mismatch",
    "common-name-only": "Hostname mismatch",
    "wrong-usage": "unsuitable certificate purpose",
    "incomplete-chain": "unable to get local issuer certificate",
    "expired-intermediate": "certificate has expired",
    "weak-key": "EE certificate key too weak",
    "sha1": "CA signature digest algorithm too weak",
    "tls1-0-only": "TLSV1_ALERT_PROTOCOL_VERSION",
    "tls1-1-only": "TLSV1_ALERT_PROTOCOL_VERSION",
    "no-common-cipher": "SSLV3_ALERT_HANDSHAKE_FAILURE",
    "alert": "SSLV3_ALERT_HANDSHAKE_FAILURE",
    "plain-http": "WRONG_VERSION_NUMBER",
    "client-certificate-demanded": "TLSV13_ALERT_CERTIFICATE_REQUIRED",
}
ACCEPTED = {
    "reversed-chain",
    "revoked",  # by clients that look for no staple, as nearly all
    "tls1-2-only",
    "tls1-3-only",
    "client-certificate-ignored",
    "ca-list-wrong",
    "ca-list-empty",
}
SILENT = {"half-flight"}
NAMELESS = {"wrong-host", "common-name-only"}
CERTIFICATES = set(REFUSED) - {"alert", "plain-http", "no-common-cipher", "client-certificate-demanded"}


def _host(label: str) -> str:
    return f"{label}.fault.localhost"


def _strict(running: RunningMock) -> ssl.SSLContext:
    context = trusting(running)
    context.hostname_checks_common_name = False
    return context


def _acted_last(scene: Scene) -> tuple[str, ...]:
    return scene.running.mock.journal.handshakes()[-1].faults


def test_every_fault_of_the_hello_has_a_host_name() -> None:
    assert set(hosts()) == {*REFUSED, *ACCEPTED, *SILENT}


@pytest.mark.parametrize(("label", "said"), REFUSED.items())
def test_a_client_that_connects_to_it_refuses(scene: Scene, label: str, said: str) -> None:
    with pytest.raises(ssl.SSLError, match=said):
        converse(scene.running, _strict(scene.running), name=_host(label))
    assert _acted_last(scene) == (hosts()[label],)
    assert shake_hands(scene.running)  # by another name, nothing is wrong


@pytest.mark.parametrize("label", sorted(ACCEPTED))
def test_a_client_that_connects_to_it_goes_on(scene: Scene, label: str) -> None:
    assert b"HTTP/1.1 404" in converse(scene.running, name=_host(label))
    assert _acted_last(scene) == (hosts()[label],)


@pytest.mark.parametrize("label", sorted(SILENT))
def test_a_client_that_connects_to_it_waits(scene: Scene, label: str) -> None:
    with connect(scene.running) as raw:
        raw.sendall(hello(_host(label)))
        assert raw.recv(1) == b"\x16"
        raw.settimeout(0.1)
        with pytest.raises(TimeoutError):
            read_all(raw)
    assert _acted_last(scene) == (hosts()[label],)


@pytest.mark.parametrize("label", sorted((CERTIFICATES | ACCEPTED) - NAMELESS))
def test_the_certificate_names_the_host(scene: Scene, label: str) -> None:
    (leaf, *_) = witness(scene.running, name=_host(label)).chain
    assert _host(label) in named_hosts(leaf)
    assert "localhost" in named_hosts(leaf)


@pytest.mark.parametrize("listener", ["auth", "wallet"])
def test_it_is_so_on_both_listeners(scene: Scene, listener: str) -> None:
    with pytest.raises(ssl.SSLError, match="certificate has expired"):
        shake_hands(scene.running, listener=listener, name=_host("expired"))


def test_a_name_in_capitals_is_the_same(scene: Scene) -> None:
    with pytest.raises(ssl.SSLError, match="certificate has expired"):
        shake_hands(scene.running, name="EXPIRED.Fault.Localhost")


def test_a_name_that_asks_for_no_fault_is_refused_with_the_nearest(scene: Scene) -> None:
    with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
        shake_hands(scene.running, name=_host("expird"))
    handshake = scene.running.mock.journal.handshakes()[-1]
    assert (handshake.outcome, handshake.reason, handshake.alerts_sent) == ("refused", "unknown_fault", (112,))
    assert handshake.faults == ()
    assert "expird.fault.localhost asks for no fault (did you mean 'expired'?); known are " in handshake.line


def test_what_is_armed_acts_as_well(scene: Scene) -> None:
    scene.running.arm("tls.tls1_2_only")
    shown = witness(scene.running, name=_host("self-signed"))
    assert shown.version == TLS1_2
    assert shown.errors == ((18, 0),)
    assert set(_acted_last(scene)) == {"tls.tls1_2_only", "tls.self_signed"}
    assert witness(scene.running, name=_host("tls1-3-only")).version == TLS1_3  # the name comes last


def test_a_fault_can_be_for_one_name(scene: Scene) -> None:
    scene.running.arm("tls.expired", match={"host": "mockpsc"})
    assert shake_hands(scene.running)
    with pytest.raises(ssl.SSLError, match="certificate has expired"):
        shake_hands(scene.running, name="mockpsc")
