import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from observations import Case, Observations, Scene
from support import RunningMock, answer

observes = Observations()

MEMBERS = ["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint"]


def asked(scene: Scene) -> httpx.Response:
    with scene.fresh_client() as client:
        return client.get(scene.running.mock.connection.discovery_url)


def document(scene: Scene) -> dict[str, Any]:
    response = asked(scene)
    assert response.status_code == 200
    return dict(response.json())


def meant(scene: Scene) -> dict[str, Any]:
    """The document without faults."""
    return dict(scene.running.mock.provider.discovery_document)


def without(members: dict[str, Any], name: str) -> dict[str, Any]:
    return {each: value for each, value in members.items() if each != name}


@observes("discovery.issuer_mismatch")
def the_issuer_is_another(scene: Scene) -> None:
    assert document(scene) == {**meant(scene), "issuer": f"{scene.running.mock.connection.issuer}/other"}


@observes("discovery.issuer_mismatch", append="/")
def the_issuer_has_a_slash_more(scene: Scene) -> None:
    assert document(scene) == {**meant(scene), "issuer": f"{scene.running.mock.connection.issuer}/"}


def observe_endpoint(member: str) -> None:
    """Of both faults that one of the endpoints has."""

    @observes("discovery.missing_endpoint", member=member)
    def it_is_missing(scene: Scene) -> None:
        whole = meant(scene)
        whole["mtls_endpoint_aliases"] = without(whole["mtls_endpoint_aliases"], member)
        assert document(scene) == without(whole, member)

    @observes("discovery.relative_endpoint", member=member)
    def it_is_relative(scene: Scene) -> None:
        whole, found = meant(scene), document(scene)
        path = urlsplit(whole[member]).path
        assert path.startswith("/")
        assert found[member] == path
        assert found["mtls_endpoint_aliases"].get(member, path) == path
        assert without(without(found, member), "mtls_endpoint_aliases") == without(
            without(whole, member), "mtls_endpoint_aliases"
        )


for each in [*MEMBERS, "introspection_endpoint", "revocation_endpoint"]:
    observe_endpoint(each)


def methods(scene: Scene) -> list[list[str]]:
    """How clients can authenticate at the endpoints of the token, the introspection and the revocation."""
    found = document(scene)
    return [found[f"{each}_endpoint_auth_methods_supported"] for each in ("token", "introspection", "revocation")]


@observes("discovery.no_tls_client_auth")
def no_certificate_is_asked_for(scene: Scene) -> None:
    others = ["private_key_jwt", "client_secret_basic", "client_secret_post", "client_secret_jwt"]
    assert methods(scene) == [others] * 3


@observes("discovery.only_tls_client_auth")
def only_a_certificate_is_asked_for(scene: Scene) -> None:
    assert methods(scene) == [["tls_client_auth"]] * 3


@observes("discovery.no_aliases")
def there_are_no_aliases(scene: Scene) -> None:
    assert document(scene) == without(meant(scene), "mtls_endpoint_aliases")


@observes("discovery.aliases_elsewhere")
def the_aliases_are_elsewhere_and_work(scene: Scene) -> None:
    found, port = document(scene), urlsplit(scene.running.mock.connection.issuer).port
    aliases = found["mtls_endpoint_aliases"]
    assert {urlsplit(url).netloc for url in aliases.values()} == {f"127.0.0.1:{port}"}
    assert {urlsplit(url).path for url in aliases.values()} == paths(meant(scene)["mtls_endpoint_aliases"])
    assert without(found, "mtls_endpoint_aliases") == without(meant(scene), "mtls_endpoint_aliases")
    tokens = scene.rp.login()
    form = {"client_id": "mockpsc-client", "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert scene.rp.http.post(aliases["token_endpoint"], data=form).status_code == 200


@observes("discovery.aliases_elsewhere", host="mtls.psc.test:9443")
def the_aliases_are_on_a_host_and_a_port(scene: Scene) -> None:
    aliases = document(scene)["mtls_endpoint_aliases"]
    assert {urlsplit(url).netloc for url in aliases.values()} == {"mtls.psc.test:9443"}


def paths(urls: dict[str, str]) -> set[str]:
    return {urlsplit(url).path for url in urls.values()}


@observes("discovery.iss_not_advertised")
def iss_is_sent_and_not_advertised(scene: Scene) -> None:
    assert document(scene) == without(meant(scene), "authorization_response_iss_parameter_supported")
    assert answer(scene.running.browser().authorize())["iss"] == scene.running.mock.connection.issuer


@observes("discovery.stale_bas_hosts")
def all_urls_are_at_the_former_hosts(scene: Scene) -> None:
    found, whole = document(scene), meant(scene)
    assert found["issuer"] == "https://auth.bas.esw.esante.gouv.fr/auth/realms/esante-wallet"
    assert found["authorization_endpoint"] == "https://wallet.bas.esw.esante.gouv.fr/auth"
    hosts = {urlsplit(url).netloc for url in urls_in(found)}
    assert hosts == {"auth.bas.esw.esante.gouv.fr", "wallet.bas.esw.esante.gouv.fr"}
    assert list(found) == list(whole)
    assert [urlsplit(url).path for url in urls_in(found)] == [urlsplit(url).path for url in urls_in(whole)]


def urls_in(members: dict[str, Any]) -> list[str]:
    values = [*members.values(), *members["mtls_endpoint_aliases"].values()]
    return [value for value in values if isinstance(value, str)]


@observes("discovery.not_found")
def the_document_is_not_found(scene: Scene) -> None:
    response = asked(scene)
    assert (response.status_code, response.json()) == (404, {"error": "Realm does not exist"})


@observes("discovery.wrong_types")
@observes("discovery.wrong_types", member="scopes_supported")
@observes("discovery.wrong_types", member="response_types_supported")
def a_list_is_a_text(scene: Scene) -> None:
    [(name, value)] = differing(scene)
    assert value == " ".join(meant(scene)[name])


@observes("discovery.wrong_types", member="issuer")
@observes("discovery.wrong_types", member="token_endpoint")
@observes("discovery.wrong_types", member="jwks_uri")
def a_text_is_in_a_list(scene: Scene) -> None:
    [(name, value)] = differing(scene)
    assert value == [meant(scene)[name]]


@observes("discovery.wrong_types", member="tls_client_certificate_bound_access_tokens")
def true_is_a_text(scene: Scene) -> None:
    assert differing(scene) == [("tls_client_certificate_bound_access_tokens", "true")]


@observes("discovery.wrong_types", member="mtls_endpoint_aliases")
def an_object_is_a_list(scene: Scene) -> None:
    assert differing(scene) == [("mtls_endpoint_aliases", list(meant(scene)["mtls_endpoint_aliases"]))]


def differing(scene: Scene) -> list[tuple[str, Any]]:
    whole = meant(scene)
    return [(name, value) for name, value in document(scene).items() if value != whole[name]]


@observes("discovery.document_2021")
def the_document_is_that_of_2021(scene: Scene) -> None:
    found = document(scene)
    assert found["claims_parameter_supported"] is False
    assert found["response_modes_supported"] == ["query", "fragment", "form_post"]
    assert {"mtls_endpoint_aliases", "revocation_endpoint", "acr_values_supported"}.isdisjoint(found)
    assert not [name for name in found if "backchannel" in name or "introspection_endpoint_auth" in name]
    assert found["scopes_supported"][-1] == "eidas2"
    assert found["token_endpoint"] == meant(scene)["token_endpoint"]
    assert "iss" not in answer(scene.running.browser().authorize())


@observes("discovery.document_2023")
def the_document_is_that_of_2023(scene: Scene) -> None:
    found = document(scene)
    assert "authorization_response_iss_parameter_supported" not in found
    assert not [name for name, value in found.items() if isinstance(value, list) and "EdDSA" in value]
    assert "basic" not in found["scopes_supported"]
    assert found["mtls_endpoint_aliases"] == meant(scene)["mtls_endpoint_aliases"]
    assert "iss" not in answer(scene.running.browser().authorize())


@observes("discovery.no_code_challenge_methods")
def pkce_is_not_mentioned(scene: Scene) -> None:
    assert document(scene) == without(meant(scene), "code_challenge_methods_supported")


@observes("discovery.no_openid_scope")
def openid_is_not_listed(scene: Scene) -> None:
    [(name, value)] = differing(scene)
    assert (name, ["openid", *value]) == ("scopes_supported", meant(scene)["scopes_supported"])


@observes("discovery.unknown_members")
def there_are_members_that_nobody_knows(scene: Scene) -> None:
    found = document(scene)
    new = {name: value for name, value in found.items() if name not in meant(scene)}
    assert {type(value) for value in new.values()} == {str, float, bool, type(None), list, dict}
    assert {name: value for name, value in found.items() if name not in new} == meant(scene)


@observes.cases
def test_its_effect_is_on_the_wire_until_it_is_disarmed(scene: Scene, case: Case) -> None:
    case.check(scene)


def test_the_document_of_2023_is_the_recorded_one(
    run: Callable[..., RunningMock], golden: Callable[[str], Any]
) -> None:
    scene = Scene(run(impersonate=True, wallet_bind=None))
    variants = scene.running.mock.provider.discovery_variants
    assert json.dumps(variants["2023"]) == json.dumps(golden("discovery-bas-2023"))


@pytest.mark.parametrize("year", ["2021", "2023"])
def test_keycloaks_own_document_was_another_then_too(scene: Scene, year: str) -> None:
    issuer = scene.running.mock.connection.issuer
    scene.running.arm(f"discovery.document_{year}")
    with scene.fresh_client() as client:
        own = client.get(f"{issuer}/.well-known/openid-configuration").json()
    own_url = f"{issuer}/protocol/openid-connect/auth"
    assert own == {**document(scene), "authorization_endpoint": own_url}


def test_faults_of_the_same_document_combine(scene: Scene) -> None:
    scene.running.arm("discovery.no_aliases")
    scene.running.arm("discovery.aliases_elsewhere")
    scene.running.arm("discovery.wrong_types", {"member": "mtls_endpoint_aliases"})
    scene.running.arm("discovery.missing_endpoint")
    found = document(scene)
    assert "mtls_endpoint_aliases" not in found
    assert "token_endpoint" not in found
    assert [each.hits for each in scene.running.mock.faults.armed()] == [1, 0, 0, 1]
