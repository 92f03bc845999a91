"""The journal keeps what happened, and says it in lines that nothing foreign can break."""

import asyncio
import logging
import threading
from typing import Any

import pytest

from mockpsc.clock import Clock
from mockpsc.journal import Exchange, Filter, Handshake, Journal


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


def test_events_are_numbered_whatever_is_cleared() -> None:
    journal = Journal(Clock())
    for _ in range(3):
        journal.record(make_exchange())
    assert journal.clear(Filter(after=1)) == 2
    assert journal.clear() == 1
    journal.record(make_exchange())
    assert [event.number for event in journal.find()] == [4]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [1, 2, 3, 4]),
        ({"kind": "handshake"}, [1, 2]),
        ({"kind": "exchange"}, [3, 4]),
        ({"after": 2}, [3, 4]),
        ({"listener": "wallet"}, [4]),
        ({"connection": "auth-1"}, [1, 3]),
        ({"client": "me"}, [3]),
        ({"persona": "somebody"}, [3]),
        ({"endpoint": "token"}, [3]),
        ({"status": 400}, [3]),
        ({"error": "invalid_grant"}, [3]),
        ({"error": "invalid_grant: Code not valid"}, [3]),
        ({"error": "invalid"}, []),
        ({"reason": "expired"}, [2]),
        ({"outcome": "refused"}, [2]),
        ({"failed": True}, [2, 3]),
        ({"failed": False}, [1, 4]),
        ({"fault": "http.delay"}, [3]),
        ({"fault": "tls.alert"}, [2]),
        ({"client": "me", "status": 200}, []),
    ],
)
def test_events_are_found_by_what_they_have(wanted: dict[str, Any], found: list[int]) -> None:
    journal = Journal(Clock())
    journal.record(make_handshake(connection_id="auth-1"))
    journal.record(make_handshake(connection_id="auth-2", outcome="refused", reason="expired", faults=("tls.alert",)))
    asked = {"connection_id": "auth-1", "endpoint": "token", "client_id": "me", "persona_id": "somebody"}
    refused = {"status": 400, "error": "invalid_grant: Code not valid", "faults": ("http.drip", "http.delay")}
    journal.record(make_exchange(**asked, **refused))
    journal.record(make_exchange(listener="wallet"))
    assert [event.number for event in journal.find(Filter(**wanted))] == found
    assert journal.count(Filter(**wanted)) == len(found)


def test_what_is_taken_is_gone() -> None:
    async def take() -> None:
        journal = Journal(Clock())
        for status in (200, 404, 404):
            journal.record(make_exchange(status=status))
        taken = [await journal.take(Filter(status=404), timeout=0) for _ in range(3)]
        assert [event and event.number for event in taken] == [2, 3, None]
        assert [event.number for event in journal.find()] == [1]

    asyncio.run(take())


def test_each_of_those_who_wait_to_take_gets_another_event() -> None:
    async def take() -> None:
        journal = Journal(Clock())
        taking = [asyncio.ensure_future(journal.take(Filter(client="me"), timeout=60)) for _ in range(2)]
        looking = asyncio.ensure_future(journal.wait(timeout=60))
        await asyncio.sleep(0)
        for client in ("you", "me", "me", "me"):
            journal.record(make_exchange(client_id=client))
        taken = [await each for each in taking]
        assert [event and event.number for event in taken] == [2, 3]
        looked = await looking
        assert looked is not None
        assert looked.number == 1
        assert [event.number for event in journal.find()] == [1, 4]
        assert not journal.has_waiting

    asyncio.run(take())


def test_who_waits_is_let_go_when_it_is_closed() -> None:
    async def take() -> None:
        journal = Journal(Clock())
        taking = asyncio.ensure_future(journal.take(timeout=60))
        await asyncio.sleep(0)
        journal.close()
        assert await taking is None

    asyncio.run(take())


def test_who_follows_can_begin_with_what_is_kept() -> None:
    async def follow() -> None:
        journal = Journal(Clock())
        for status in (200, 200, 404):
            journal.record(make_exchange(status=status))
        following = journal.follow(Filter(after=1, status=200))
        seen = [(await anext(following)).number]
        for status in (404, 200):
            journal.record(make_exchange(status=status))
        seen.append((await anext(following)).number)
        await following.aclose()
        assert seen == [2, 5]
        assert not journal.has_followers

    asyncio.run(follow())


def test_faults_are_in_the_line_and_what_they_broke_has_failed() -> None:
    broken = make_handshake(outcome="broken", faults=("tls.bad_record",))
    assert broken.failed
    assert broken.line == "auth: handshake broken from 127.0.0.1:50000, faults tls.bad_record, 4 ms"
    cut = make_exchange(status=0, faults=("http.drip", "tcp.reset"))
    assert cut.failed
    assert cut.line == "auth: POST /token without an answer, faults http.drip tcp.reset, 12 ms"
