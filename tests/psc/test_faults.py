"""Faults that a test arms."""

import httpx
import pytest
from psc.applications import party_of

from mockpsc import ConfigurationError, FaultNeverActed, Psc
from mockpsc.faults import Match, Order
from mockpsc.members import members_of


def status(psc: Psc) -> int:
    with psc.client().httpx_client() as http:
        return http.get(psc.discovery_url).status_code


def test_a_fault_acts_as_long_as_its_block(psc: Psc) -> None:
    with psc.fault("http.status", status=503, endpoint="discovery") as fault:
        assert status(psc) == 503
        assert (fault.name, fault.verdict, fault.hits, fault.seen) == ("http.status", "handle", 1, 1)
    assert status(psc) == 200
    assert fault.hits == 1
    assert psc.exchanges(fault="http.status").one().status == 503


def test_a_fault_can_be_armed_without_a_block(psc: Psc) -> None:
    fault = psc.fault("http.status", times=1)
    assert [status(psc), status(psc)] == [503, 200]
    fault.disarm()
    fault.disarm()
    assert psc.never_acted() == []


def test_a_reset_disarms(psc: Psc) -> None:
    with psc.fault("http.status", must_act=False) as fault:
        psc.reset()
        assert status(psc) == 200
    assert fault.hits == 0


def test_what_a_fault_has_done_is_known_after_a_reset(psc: Psc) -> None:
    with psc.fault("http.status") as fault:
        status(psc)
        assert psc.reset() == []
    assert (fault.hits, fault.seen) == (1, 1)
    with psc.fault("http.status") as fault:
        assert psc.reset() == ["http.status"]


def test_a_reset_that_somebody_else_has_made_ends_a_block_in_peace(psc: Psc) -> None:
    with psc.fault("http.status"):
        status(psc)
        psc.admin.reset()
    fault = psc.fault("http.status")
    psc.admin.reset()
    assert psc.never_acted() == []
    fault.disarm()


def test_a_block_whose_fault_never_acted_fails(psc: Psc) -> None:
    with (
        pytest.raises(FaultNeverActed, match=r"token\.error was armed for client 'x', and never acted: nothing came"),
        psc.fault("token.error", client="x"),
    ):
        party_of(psc).exchange("a code")
    with pytest.raises(FaultNeverActed, match="what came was not the time"), psc.fault("http.status", every=2):
        status(psc)
    with psc.fault("token.error", must_act=False):
        pass


def test_a_block_that_fails_says_why_it_failed(psc: Psc) -> None:
    with pytest.raises(ZeroDivisionError), psc.fault("token.error"):
        _ = 1 / 0
    assert psc.admin.armed() == []


def test_a_fault_that_nobody_can_count_need_not_be_counted(psc: Psc) -> None:
    with psc.fault("tcp.refuse", listener="auth"), pytest.raises(httpx.ConnectError, match="refused"):
        status(psc)
    assert status(psc) == 200


def test_what_never_acted_is_told(psc: Psc) -> None:
    psc.fault("token.error")
    psc.fault("id_token.expired", must_act=False)
    psc.fault("http.status")
    status(psc)
    assert psc.never_acted() == ["token.error"]
    assert psc.reset() == ["token.error"]
    assert psc.reset() == []


def test_people_and_clients_are_named_as_they_are(psc: Psc) -> None:
    anne = psc.add_persona("899700099999", "ANNE", "ESSAI")
    party = party_of(psc)
    with psc.fault("authorization.error", persona=anne, client=party.client):
        assert "error=" not in psc.login(party.start())
        assert "error=" in psc.login(party.start(), persona=anne)


def test_an_unknown_name_is_refused_with_the_nearest(psc: Psc) -> None:
    with pytest.raises(ConfigurationError, match=r"No fault is named 'http\.statu' \(did you mean 'http\.status'\?\)"):
        psc.fault("http.statu")
    with pytest.raises(ConfigurationError, match=r"has no parameter 'statu' \(did you mean 'status'\?\)"):
        psc.fault("http.status", statu=503)
    with pytest.raises(
        ConfigurationError,
        match=r"has no parameter 'time' \(did you mean 'times'\?\): its own are ago, and every fault takes client, ",
    ):
        psc.fault("id_token.expired", time=1)
    with pytest.raises(ConfigurationError, match=r"endpoint 'tokens' \(did you mean 'token'\?\)"):
        psc.fault("http.status", endpoint="tokens")


def test_a_parameter_that_is_named_as_a_match_is_given_apart(psc: Psc) -> None:
    with psc.fault("discovery.aliases_elsewhere", params={"host": "elsewhere.test"}) as fault:
        status(psc)
    assert fault.hits == 1


def test_all_that_an_order_can_say_can_be_said_here() -> None:
    known = set(Psc.fault.__annotations__) - {"return", "params", "must_act", "parameters"}
    assert known == {*members_of(Match), *members_of(Order)} - {"params", "match"}
