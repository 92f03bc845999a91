import jwt
import pytest
from observations import Case, Observations, Scene
from signatures import observe_signatures
from support import RunningMock, decoded
from tokens import header, is_signed_as_it_says, is_signed_by, repeated

observes = Observations()


@pytest.fixture(scope="module")
def faulty(faulty: RunningMock) -> RunningMock:
    """Its clock stands still, so that times can be compared to the second."""
    faulty.mock.clock.freeze()
    return faulty


def now(scene: Scene) -> int:
    return int(scene.running.mock.clock.now())


def accepted(scene: Scene) -> str:
    """An access token that the mock's userinfo accepts."""
    token: str = scene.rp.login()["access_token"]
    assert scene.rp.userinfo(token).status_code == 200
    return token


def refused(scene: Scene, error: str = "invalid_token") -> str:
    """An access token that the mock's userinfo refuses, and introspection calls dead or good alike."""
    token: str = scene.rp.login()["access_token"]
    answer = scene.rp.userinfo(token)
    assert answer.json()["error"] == error, answer.text
    assert answer.status_code in (401, 403)
    assert "active" in scene.rp.introspect(token)
    return token


@observes("access_token.iss_wrong")
def another_issuer_made_it(scene: Scene) -> None:
    assert decoded(refused(scene))["iss"] == "https://issuer.example.test"


@observes("access_token.aud_wrong")
def it_is_for_another_api(scene: Scene) -> None:
    assert decoded(accepted(scene))["aud"] == "https://api.example.test"


@observes("access_token.azp_wrong")
def it_was_given_to_another_client(scene: Scene) -> None:
    assert decoded(refused(scene, "invalid_request"))["azp"] == "another-client"


@observes("access_token.sub_missing")
def it_does_not_say_whom_it_stands_for(scene: Scene) -> None:
    assert "sub" not in decoded(accepted(scene))


@observes("access_token.acr_missing")
def it_does_not_say_how_the_person_logged_in(scene: Scene) -> None:
    assert "acr" not in decoded(accepted(scene))


@observes("access_token.exp_missing")
def it_does_not_end(scene: Scene) -> None:
    assert "exp" not in decoded(refused(scene))


@observes("access_token.scope_missing")
def it_is_good_for_nothing(scene: Scene) -> None:
    assert "scope" not in decoded(refused(scene, "insufficient_scope"))


@observes("access_token.expired")
def it_expired_a_second_ago(scene: Scene) -> None:
    assert decoded(refused(scene))["exp"] == now(scene) - 1


@observes("access_token.expired", ago=10**8)
def it_expired_years_ago(scene: Scene) -> None:
    assert decoded(refused(scene))["exp"] == now(scene) - 10**8


@observes("access_token.exp_as_text")
def its_exp_is_a_text(scene: Scene) -> None:
    assert decoded(refused(scene))["exp"] == str(now(scene) + 120)


@observes("access_token.nbf_in_future", ahead=5)
def it_is_good_in_five_seconds(scene: Scene) -> None:
    assert decoded(accepted(scene))["nbf"] == now(scene) + 5


def is_a(typ: str) -> None:
    @observes("access_token.typ_wrong", typ=typ)
    def it_says_that_it_is_another_kind_of_token(scene: Scene) -> None:
        assert decoded(refused(scene))["typ"] == typ


for typ in ("ID", "Refresh", "Offline", "Logout"):
    is_a(typ)


@observes("access_token.typ_at_jwt")
def its_header_says_at_jwt(scene: Scene) -> None:
    token = accepted(scene)
    assert header(token)["typ"] == "at+jwt"
    assert is_signed_as_it_says(scene, token)


@observes("access_token.acr_lower")
def its_acr_is_low(scene: Scene) -> None:
    assert decoded(accepted(scene))["acr"] == "0"


@observes("access_token.acr_twice")
def its_acr_is_there_twice_and_the_signature_is_good(scene: Scene) -> None:
    token = accepted(scene)
    assert repeated(token) == ["1", "eidas1"]
    assert is_signed_as_it_says(scene, token)


@observes("access_token.cnf_of_another")
def it_is_bound_to_another_certificate(scene: Scene) -> None:
    assert decoded(refused(scene, "unauthorized_client"))["cnf"] == {"x5t#S256": "A" * 43}


@observes("access_token.unknown_claims")
def it_has_claims_that_nobody_knows(scene: Scene) -> None:
    unknown = [value for name, value in decoded(accepted(scene)).items() if name.startswith("urn:example:")]
    assert {type(value) for value in unknown} == {str, float, bool, type(None), list, dict}


@observes("access_token.large")
def it_is_too_long_for_a_cookie(scene: Scene) -> None:
    assert len(accepted(scene)) > 4096


@observes("access_token.large", size=8192)
def it_is_as_long_as_can_be(scene: Scene) -> None:
    assert len(accepted(scene)) > 8192


observe_signatures(observes, "access_token", refused=refused, accepted=accepted)


@observes("access_token.key_in_header")
def it_brings_the_key_that_verifies_it(scene: Scene) -> None:
    token = refused(scene)
    assert is_signed_by(jwt.PyJWK(header(token)["jwk"], "RS256"), token)


@observes("access_token.crit_unknown")
def it_demands_what_nobody_knows(scene: Scene) -> None:
    token = refused(scene)
    assert header(token)["crit"] == ["urn:example:unknown"]
    assert is_signed_as_it_says(scene, token)


@observes("access_token.encrypted")
def it_is_encrypted_for_the_provider_who_reads_it(scene: Scene) -> None:
    token = accepted(scene)
    assert token.count(".") == 4
    assert header(token) == {"alg": "RSA-OAEP", "enc": "A256GCM", "cty": "JWT"}
    assert scene.rp.introspect(token)["active"] is True


@observes.cases
def test_its_effect_is_on_the_wire_until_it_is_disarmed(scene: Scene, case: Case) -> None:
    case.check(scene)


def test_the_id_token_of_a_changed_access_token_has_the_hash_of_what_was_sent(scene: Scene) -> None:
    scene.running.arm("access_token.encrypted")
    tokens = scene.rp.login()
    digest = jwt.get_algorithm_by_name("RS256").compute_hash_digest(tokens["access_token"].encode())
    assert decoded(tokens["id_token"])["at_hash"] == jwt.utils.base64url_encode(digest[:16]).decode()
