"""Good and bad certificates to present, and revocation."""

import ssl

import httpx
import pytest
from psc.applications import party_of

from mockpsc import Certificate, ConfigurationError, Psc, RelyingParty
from mockpsc.pki.recipes import Recipe, recipes

RECIPES = [each for each in recipes().values() if each.side == "client"]
# This one is good, but for the token endpoint.
OF_ANOTHER = "other-client"
# OpenSSL does not load this one.
UNREADABLE = "duplicate-extension"


def visit(psc: Psc, party: Certificate | RelyingParty) -> None:
    with party.httpx_client() as http:
        http.get(psc.discovery_url)


@pytest.mark.parametrize("recipe", [each for each in RECIPES if each.name != UNREADABLE], ids=lambda each: each.name)
def test_each_recipe_is_judged_as_it_says(psc: Psc, recipe: Recipe) -> None:
    certificate = getattr(psc.certs, recipe.name.replace("-", "_"))()
    try:
        visit(psc, certificate)
    except httpx.HTTPError:
        assert psc.handshakes.last().outcome == "refused"
    judged = psc.handshakes.last().reason
    assert certificate.needs or judged == (None if recipe.name == OF_ANOTHER else certificate.reason)


def test_a_certificate_that_cannot_be_read_is_in_files_all_the_same(psc: Psc) -> None:
    certificate = psc.certs.duplicate_extension()
    with pytest.raises(ssl.SSLError):
        certificate.ssl_context()
    assert certificate.chain.read_text().startswith("-----BEGIN CERTIFICATE-----")


def test_a_certificate_is_for_the_client_that_is_meant(psc: Psc) -> None:
    assert psc.certs.expired().subject.startswith(f"CN={psc.default_client},")
    assert psc.certs.expired("somebody").subject.startswith("CN=somebody,")
    assert psc.certs.expired(psc.client("somebody")).subject == psc.client("somebody").certificate.subject


def test_each_call_makes_another(psc: Psc) -> None:
    one, other = psc.certs.good(), psc.certs.good()
    assert one.serial != other.serial
    assert one.cert != other.cert


def test_a_certificate_is_made_to_measure(psc: Psc) -> None:
    party = psc.certs.issue(subject="CN=mockpsc-client,O=Mine", key="ec", days=1)
    assert party.subject == "CN=mockpsc-client,O=Mine"
    visit(psc, party)
    with pytest.raises(httpx.ReadError, match="EXPIRED"):
        visit(psc, psc.certs.issue(days=-1))


def test_an_unknown_certificate_is_refused_with_the_nearest(psc: Psc) -> None:
    with pytest.raises(AttributeError, match=r"No certificate is made by certs\.expird \(did you mean 'expired'\?\)"):
        psc.certs.expird()
    with pytest.raises(ConfigurationError, match=r"is named 'not-yet-vald' \(did you mean 'not-yet-valid'\?\)"):
        psc.certs.made("not-yet-vald")
    assert {"expired", "not_yet_valid", "issue"} <= set(dir(psc.certs))


def test_a_revoked_certificate_is_refused_until_the_next_reset(psc: Psc) -> None:
    party = psc.client()
    visit(psc, party)
    psc.revoke(party, reason="keyCompromise")
    with pytest.raises(httpx.ReadError, match="REVOKED"):
        visit(psc, party)
    assert psc.handshakes.last().reason == "revoked"
    psc.reset()
    visit(psc, party)


def test_a_certificate_that_is_not_the_clients_own_is_revoked_alone(psc: Psc) -> None:
    other = psc.certs.good()
    psc.revoke(other)
    visit(psc, psc.client())
    with pytest.raises(httpx.ReadError, match="REVOKED"):
        visit(psc, other)


def test_a_reason_that_does_not_exist_is_refused_with_the_nearest(psc: Psc) -> None:
    with pytest.raises(ConfigurationError, match=r"'keyCompromised' \(did you mean 'keyCompromise'\?\)"):
        psc.revoke(psc.client(), reason="keyCompromised")


def test_a_client_shows_its_certificate_at_each_token_request(psc: Psc) -> None:
    with pytest.raises(AssertionError, match="Expected at least one exchange with endpoint 'token', client"):
        psc.assert_client_certificate()
    client = psc.client()
    party_of(psc).exchange("a code")
    psc.assert_client_certificate()
    psc.assert_client_certificate(client)
    with httpx.Client(verify=ssl.create_default_context(cafile=str(psc.ca_file))) as http:
        form = {"client_id": client.id, "grant_type": "authorization_code", "code": "x"}
        http.post(f"{psc.issuer}/protocol/openid-connect/token", data=form)
        with pytest.raises(
            AssertionError, match=f"{client.id} came with no certificate; expected that of CN={client.id},"
        ):
            psc.assert_client_certificate()


def test_a_connection_that_is_older_than_the_test_shows_the_certificate_too(psc: Psc) -> None:
    client = psc.client()
    with client.httpx_client() as http:
        http.get(psc.discovery_url)
        psc.reset()
        form = {"client_id": client.id, "grant_type": "authorization_code", "code": "x"}
        http.post(f"{psc.issuer}/protocol/openid-connect/token", data=form)
        psc.handshakes.none()
        psc.assert_client_certificate()
