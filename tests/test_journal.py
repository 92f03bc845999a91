"""The journal keeps what happened, and says it in lines that nothing foreign can break."""

import logging
import threading
from typing import Any

import pytest

from mockpsc.clock import Clock
from mockpsc.journal import Exchange, Handshake, Journal


def make_handshake(**differences: Any) -> Handshake:
    usual: dict[str, Any] = {
        "time": 1000.0,
        "listener": "auth",
        "peer": "127.0.0.1:50000",
        "outcome": "accepted",
        "duration": 0.0042,
    }
    return Handshake(**(usual | differences))


def make_exchange(**differences: Any) -> Exchange:
    usual: dict[str, Any] = {
        "time": 1000.0,
        "listener": "auth",
        "method": "POST",
        "path": "/token",
        "status": 200,
        "duration": 0.0123,
    }
    return Exchange(**(usual | differences))


def test_an_accepted_handshake_is_one_line() -> None:
    handshake = make_handshake(server_name="localhost", version=0x0304, subject="CN=me")
    expected = "auth: handshake accepted from 127.0.0.1:50000, for localhost, TLS 1.3, certificate CN=me, 4 ms"
    assert handshake.line == expected


def test_a_refused_handshake_names_the_reason_and_the_subject() -> None:
    handshake = make_handshake(
        outcome="refused", reason="expired", sentence="It expired.", subject="CN=me,C=FR", alerts_sent=(45,)
    )
    assert handshake.line == (
        "auth: handshake refused (expired) from 127.0.0.1:50000, certificate CN=me,C=FR, alert sent 45, 4 ms: "
        "It expired."
    )


def test_a_rejected_handshake_names_the_alert() -> None:
    handshake = make_handshake(
        outcome="rejected", reason="unknown_ca", sentence="Give it ca.pem.", alerts_received=(48,)
    )
    assert handshake.line == (
        "auth: handshake rejected (unknown_ca) from 127.0.0.1:50000, alert received 48, 4 ms: Give it ca.pem."
    )


def test_an_exchange_is_one_line() -> None:
    assert make_exchange().line == "auth: POST /token 200, 12 ms"
    refused = make_exchange(status=400, error="invalid_grant", hint="The code was used.", client_id="me")
    assert refused.line == "auth: POST /token 400 invalid_grant, client me, 12 ms: The code was used."


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("CN=a\nb", r"CN=a\nb"),
        ("CN=a\r\x00\x1b[2Jb", r"CN=a\r\x00\x1b[2Jb"),
        ("CN=\u2028\u202e\x85\x7f", r"CN=\u2028\u202e\x85\x7f"),
        ("CN=Zo\u00eb \u4e2d", "CN=Zo\u00eb \u4e2d"),
    ],
)
def test_nothing_foreign_breaks_a_line(foreign: str, shown: str) -> None:
    lines = [
        make_handshake(subject=foreign).line,
        make_handshake(server_name=foreign).line,
        make_handshake(sentence=foreign).line,
        make_exchange(path=foreign).line,
        make_exchange(method=foreign).line,
        make_exchange(client_id=foreign).line,
        make_exchange(hint=foreign).line,
    ]
    for line in lines:
        assert shown in line
        assert line.isprintable()
        assert line.splitlines() == [line]


def test_it_keeps_both_kinds_in_their_order() -> None:
    journal = Journal(Clock())
    first, second, exchange = make_handshake(time=1.0), make_handshake(time=2.0), make_exchange()
    for event in (first, exchange, second):
        journal.record(event)
    assert journal.handshakes() == (first, second)
    assert journal.exchanges() == (exchange,)


def test_it_keeps_no_more_than_its_size() -> None:
    journal = Journal(Clock(), size=3)
    for number in range(5):
        journal.record(make_handshake(time=float(number)))
    assert [handshake.time for handshake in journal.handshakes()] == [2.0, 3.0, 4.0]


@pytest.mark.parametrize(
    ("event", "logger", "level"),
    [
        (make_handshake(), "mockpsc.tls", logging.INFO),
        (make_handshake(outcome="refused"), "mockpsc.tls", logging.WARNING),
        (make_handshake(outcome="rejected"), "mockpsc.tls", logging.WARNING),
        (make_handshake(outcome="abandoned"), "mockpsc.tls", logging.INFO),
        (make_exchange(), "mockpsc.http", logging.INFO),
        (make_exchange(status=302), "mockpsc.http", logging.INFO),
        (make_exchange(status=302, error="login_required"), "mockpsc.http", logging.WARNING),
        (make_exchange(status=404), "mockpsc.http", logging.WARNING),
    ],
)
def test_every_event_is_logged_and_failures_as_warnings(
    caplog: pytest.LogCaptureFixture, event: Handshake | Exchange, logger: str, level: int
) -> None:
    caplog.set_level(logging.INFO)
    Journal(Clock()).record(event)
    assert caplog.record_tuples == [(logger, level, event.line)]


def test_a_percent_sign_is_no_format(caplog: pytest.LogCaptureFixture) -> None:
    Journal(Clock()).record(make_exchange(status=404, path="/%s%d"))
    assert "/%s%d" in caplog.text


def test_it_can_be_read_while_it_is_written() -> None:
    journal = Journal(Clock(), size=100)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            journal.record(make_handshake())

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert all(len(journal.handshakes()) <= 100 for _ in range(1000))
    finally:
        stop.set()
        writer.join()
