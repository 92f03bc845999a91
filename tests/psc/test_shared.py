"""One mock that two test processes share, each with a client of its own."""

import re
import threading
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
    with mine.certs.expired().httpx_client() as http, pytest.raises(httpx.ReadError):
        http.get(mine.discovery_url)
    assert mine.handshakes.one().reason == "expired"
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


def test_what_is_waited_for_is_what_is_seen(two: tuple[Psc, Psc]) -> None:
    mine, other = two
    for psc in (other, mine, other):
        with psc.client().httpx_client() as http:
            http.get(psc.discovery_url)
    assert mine.wait_for("discovery") == mine.exchanges("discovery").one()
    added = mine.add_client("added", redirect_uris=["https://rp.example.test/*"])
    later = threading.Timer(0.05, party_of(mine, added).exchange, ["late"])
    later.start()
    party_of(other).exchange("no code")
    came = mine.wait_for("token")
    later.join()
    assert came == mine.exchanges("token").one()
    assert came.client_id == "added"
    with pytest.raises(AssertionError, match=r"Nothing came in 0\.01 s after that one\. Expected one exchange"):
        mine.wait_for("token", after=came, timeout=0.01)


def test_what_is_others_is_told_of(two: tuple[Psc, Psc]) -> None:
    mine, other = two
    assert mine.report() == ""
    with mine.client("my-app").httpx_client() as http:
        http.get(mine.discovery_url)
    log_in(other)
    told = r"of other clients \(my-app, worker-1\) are not shown\."
    with pytest.raises(AssertionError, match=rf"the mock saw none\. Nothing of worker-0; \d+ events {told}"):
        mine.exchanges("token").where(client="my-app").one()
    assert re.fullmatch(rf"Nothing of worker-0; \d+ events {told}", mine.report())
    log_in(mine)
    with pytest.raises(AssertionError, match=rf"  but client is 'worker-0'.*\n(?s:.*)  \d+ events {told}"):
        mine.exchanges("token", client="my-app").one()
    assert "are not shown" not in mine.report()


def test_the_default_client_is_its_own(two: tuple[Psc, Psc]) -> None:
    mine, other = two
    mine.default_client = "my-app"
    with mine.fault("token.error"):
        assert "error" in log_in(mine)
        assert "access_token" in log_in(other)
    assert mine.exchanges("token").one().client_id == "my-app"
    assert {each.client_id for each in mine.findings} == {"my-app"}
    mine.reset()
    log_in(mine)
    assert mine.exchanges("token").one().client_id == "worker-0"


def test_a_certificate_that_was_made_is_its_own(two: tuple[Psc, Psc]) -> None:
    mine, other = two
    with mine.certs.issue(subject="CN=of-a-test", days=-1).httpx_client() as http, pytest.raises(httpx.ReadError):
        http.get(mine.discovery_url)
    assert mine.handshakes.one().reason == "expired"
    other.handshakes.none()


def test_a_reset_does_all_of_it_when_some_is_done_already(two: tuple[Psc, Psc]) -> None:
    mine, _ = two
    added, kept = mine.add_client("added"), mine.add_client("kept")
    fault, _ = mine.fault("token.error"), mine.fault("id_token.expired", must_act=False)
    mine.revoke(mine.client())
    mine.admin.disarm(fault.id)
    mine.admin.delete(f"/api/clients/{added.id}")
    mine.admin.post("/api/certificates/reinstate", {"certificate": mine.client().certificate.pem})
    assert mine.reset() == []
    assert mine.admin.armed() == []
    assert kept.id not in [each["id"] for each in mine.admin.get("/api/clients")["clients"]]


def test_a_reset_that_fails_does_the_rest_and_the_next_one_does_not_fail(
    two: tuple[Psc, Psc], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, _ = two
    anne = mine.add_persona("899700099999", "ANNE", "ESSAI")
    mine.add_client("added")
    delete = mine.admin.delete

    def failing(path: str, **query: Any) -> Any:
        if "clients" in path:
            raise ConfigurationError("The mock is busy")
        return delete(path, **query)

    monkeypatch.setattr(mine.admin, "delete", failing)
    with pytest.raises(ConfigurationError, match="The mock is busy"):
        mine.reset()
    assert anne.id not in mine.personas
    mine.reset()


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
