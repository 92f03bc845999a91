"""All that a test can say, as the type checker sees it: mypy reads this, nobody runs it."""

import ssl
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, assert_type

import httpx
import pytest

from mockpsc import (
    ArmedFault,
    Browser,
    Certificate,
    Exchange,
    Finding,
    Handshake,
    MockPsc,
    Person,
    Psc,
    RelyingParty,
    Settings,
    psc_fault_matrix,
)


@pytest.mark.psc(persona="899700000013", client="my-client", fault=["http.status", {"name": "token.error", "times": 1}])
def says_where_it_is(psc: Psc) -> None:
    assert_type([psc.issuer, psc.discovery_url, psc.authorization_endpoint, psc.admin_url], list[str])
    assert_type(psc.ca_file, Path)


def has_parties(psc: Psc) -> None:
    party = psc.client("my-client")
    assert_type(party, RelyingParty)
    assert_type((party.id, party.secret, party.cert, party.key), tuple[str, str | None, Path, Path])
    assert_type(party.ssl_context(), ssl.SSLContext)
    assert_type(party.httpx_client(timeout=3), httpx.Client)
    assert_type(party.async_httpx_client(), httpx.AsyncClient)
    assert_type(party.as_env(), dict[str, str])
    assert_type(psc.add_client("x", redirect_uris=["https://rp.example.test/"]), RelyingParty)
    assert_type(psc.personas["899700000013"], Person)
    assert_type(psc.add_persona("1", "ANNE", "ESSAI", acr="eidas1"), Person)


async def logs_in(psc: Psc, application: Any) -> None:
    assert_type(psc.browser(), Browser)
    psc.login("/login", client=application, persona=psc.personas["899700000013"], refuse=True)
    await psc.login_async("/login", client=application)
    psc.browser().logout("/logout", client=application)
    assert_type(psc.token("899700000013", kind="id_token", client="x", lifetime=60, role="doctor"), str)


def goes_wrong(psc: Psc) -> None:
    with psc.fault("http.status", status=503, times=1, endpoint="token", client=psc.client()) as fault:
        assert_type(fault, ArmedFault)
        assert_type((fault.hits, fault.verdict), tuple[int, str])
    expired = psc.certs.expired("my-client")
    assert_type(expired, Certificate)
    assert_type((expired.reason, expired.chain), tuple[str | None, Path])
    assert_type(psc.certs.issue(days=-1), Certificate)
    psc.revoke(expired, reason="keyCompromise")
    psc.revoke(psc.client())
    assert_type(psc.clock.advance(minutes=5), datetime)
    assert_type(psc.keys.rotate(), str)


async def sees(psc: Psc) -> None:
    assert_type(psc.handshakes.last().reason, str | None)
    assert_type(psc.handshakes.where(outcome="refused").one(), Handshake)
    assert_type(psc.exchanges("token", client="x", status=400).one(), Exchange)
    assert_type(psc.exchanges()[1:], Sequence[Exchange])
    assert_type(psc.wait_for("token", timeout=1, error="invalid_grant"), Exchange)
    assert_type(await psc.wait_for_async("token"), Exchange)
    assert_type(psc.findings, list[Finding])
    psc.assert_no_findings(severity="forbidden")
    psc.assert_client_certificate(psc.client())
    assert_type(psc.reset(), list[str])
    psc.exchanges("token", statuss=400)  # type: ignore[call-arg] # a name that there is not
    psc.fault("http.status", times="1")  # type: ignore[arg-type] # a number that is none
    psc.assert_no_findings(severity="bad")  # type: ignore[arg-type] # a severity that there is not


@psc_fault_matrix(layer="id_token", verdict="reject")
def is_tried_with_each(psc: Psc, psc_fault: ArmedFault) -> None:
    assert psc_fault.verdict == "reject"


def runs_alone() -> None:
    with MockPsc(reject_with="keycloak") as psc:
        assert_type(psc, Psc)
    with MockPsc(Settings()) as psc:
        assert_type(psc, Psc)
