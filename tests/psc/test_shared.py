"""One mock that two test processes share, each with a client of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from psc.applications import party_of

from mockpsc import ConfigurationError, MockPsc, Psc

Share = Callable[[Psc], tuple[Psc, Psc]]


@pytest.fixture
def share(tmp_path: Path) -> Share:
    """Two that drive one mock."""

    def attach(mock: Psc, id: str) -> Psc:
        return Psc(mock.admin_url, folder=tmp_path / id, own_client=id)

    return lambda mock: (attach(mock, "worker-0"), attach(mock, "worker-1"))


@pytest.fixture
def two(psc: Psc, share: Share) -> tuple[Psc, Psc]:
    return share(psc)


def log_in(psc: Psc) -> dict[str, Any]:
    party = party_of(psc)
    return party.exchange(psc.login(party.start()).partition("code=")[2])


def test_each_sees_what_is_its_own(two: tuple[Psc, Psc]) -> None:
    for psc in two:
        log_in(psc)
    for psc in two:
        assert {each.client_id for each in psc.exchanges()} == {psc.own_client}
        assert psc.exchanges("token").one().client_id == psc.client().id == psc.own_client
        assert {each.listener for each in psc.handshakes} == {"auth", "wallet"}
        assert {each.connection_id for each in psc.handshakes} == {each.connection_id for each in psc.exchanges()}
        assert {each.client_id for each in psc.findings} == {psc.own_client}
        assert psc.wait_for("token").client_id == psc.own_client
        psc.assert_client_certificate()


def test_a_refused_handshake_is_told_by_the_certificate_that_was_presented(two: tuple[Psc, Psc]) -> None:
    mine, other = two
    mine.client()
    with mine.certs.expired().httpx_client() as http, pytest.raises(httpx.ReadError):
        http.get(mine.discovery_url)
    assert mine.handshakes.one().reason == "expired"
    other.client()
    other.handshakes.none()


def test_a_request_that_names_nobody_is_told_by_its_certificate(two: tuple[Psc, Psc]) -> None:
    mine, other = two
    with mine.client().httpx_client() as http:
        http.get(mine.discovery_url)
    assert mine.exchanges("discovery").one().client_id is None
    other.exchanges().none()


def test_a_fault_acts_on_its_own_client_alone(two: tuple[Psc, Psc]) -> None:
    mine, other = two
    with mine.fault("token.error", error="invalid_grant") as fault:
        assert "access_token" in log_in(other)
        assert fault.hits == 0
        assert log_in(mine)["error"] == "invalid_grant"
    with pytest.raises(
        ConfigurationError, match=r"tcp\.close acts on everybody, and several test processes share this"
    ):
        mine.fault("tcp.close")


def test_a_reset_takes_back_what_was_its_own(two: tuple[Psc, Psc]) -> None:
    mine, other = two
    mine.fault("token.error")
    other.fault("token.error")
    mine.add_client("added")
    anne = mine.add_persona("899700099999", "ANNE", "ESSAI")
    mine.revoke(mine.client())
    mine.revoke(mine.client())
    log_in(other)
    assert mine.reset() == ["token.error"]
    assert [each["match"] for each in mine.admin.armed()] == [{"client": "worker-1"}]
    assert anne.id not in mine.personas
    assert [each["id"] for each in mine.admin.get("/api/clients")["clients"]] == []
    assert "access_token" in log_in(mine)
    assert other.exchanges("token").one().error
    other.reset()
    assert list(other.exchanges()) == []
    assert len(mine.exchanges("token")) == 1


def test_a_client_that_was_added_is_its_own(two: tuple[Psc, Psc]) -> None:
    mine, other = two
    added = mine.add_client("added", redirect_uris=["https://rp.example.test/*"])
    party_of(mine, added).exchange("no code")
    assert mine.exchanges("token").one().client_id == "added"
    other.exchanges().none()


def test_what_is_everybodys_cannot_be_moved(two: tuple[Psc, Psc]) -> None:
    for move in (two[0].clock.freeze, two[0].clock.resume, two[0].clock.advance, two[0].keys.rotate):
        with pytest.raises(ConfigurationError, match=r"of this mock cannot be moved: several test processes share it"):
            move()


@pytest.fixture
def strict() -> Iterator[Psc]:
    with MockPsc(clients=[{"id": "declared"}]) as psc:
        yield psc


def test_at_a_mock_that_accepts_declared_clients_alone_each_is_declared(strict: Psc, share: Share) -> None:
    for psc in (*share(strict), *share(strict)):
        assert "access_token" in log_in(psc)
