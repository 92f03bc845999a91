import jwt
import pytest
from observations import Case, Observations, Scene
from signatures import observe_signatures
from support import RunningMock, decoded
from tokens import header, is_signed_as_it_says, is_signed_by, repeated, signing_keys

observes = Observations()

CLIENT = "mockpsc-client"
DAY, WEEK = 86400, 7 * 86400


@pytest.fixture(scope="module")
def faulty(faulty: RunningMock) -> RunningMock:
    """Its clock stands still, so that times can be compared to the second."""
    faulty.mock.clock.freeze()
    return faulty


def now(scene: Scene) -> int:
    return int(scene.running.mock.clock.now())


def id_token(scene: Scene) -> str:
    token: str = scene.rp.login()["id_token"]
    return token


@observes("id_token.iss_wrong")
def another_issuer_made_it(scene: Scene) -> None:
    assert scene.claims("id_token")["iss"] == "https://issuer.example.test"


@observes("id_token.iss_wrong", iss="https://evil.example.test")
def the_issuer_that_was_asked_for_made_it(scene: Scene) -> None:
    assert scene.claims("id_token")["iss"] == "https://evil.example.test"


@observes("id_token.iss_with_slash")
def its_issuer_ends_with_a_slash(scene: Scene) -> None:
    assert scene.claims("id_token")["iss"] == scene.running.url("issuer") + "/"


@observes("id_token.aud_wrong")
def it_is_for_another_client(scene: Scene) -> None:
    assert scene.claims("id_token")["aud"] == "another-client"


@observes("id_token.aud_in_a_list")
def its_audience_is_a_list_of_one(scene: Scene) -> None:
    assert scene.claims("id_token")["aud"] == [CLIENT]


@observes("id_token.aud_with_stranger", stranger="somebody")
def its_audience_is_two(scene: Scene) -> None:
    claims = scene.claims("id_token")
    assert claims["aud"] == [CLIENT, "somebody"]
    assert "azp" not in claims


@observes("id_token.azp_wrong")
def it_was_given_to_another_client(scene: Scene) -> None:
    claims = scene.claims("id_token")
    assert (claims["aud"], claims["azp"]) == (CLIENT, "another-client")


def lacks(claim: str) -> None:
    @observes(f"id_token.{claim}_missing")
    def it_lacks_one_claim(scene: Scene) -> None:
        claims = scene.claims("id_token")
        assert {"iss", "sub", "aud", "exp", "iat", "acr", "nonce", "at_hash", "azp", "auth_time"} - {*claims} == {claim}


for claim in ("iss", "sub", "aud", "exp", "iat", "acr", "nonce", "at_hash", "azp", "auth_time"):
    lacks(claim)


@observes("id_token.expired")
def it_expired_a_second_ago(scene: Scene) -> None:
    assert scene.claims("id_token")["exp"] == now(scene) - 1


@observes("id_token.expired", ago=10**8)
def it_expired_years_ago(scene: Scene) -> None:
    assert scene.claims("id_token")["exp"] == now(scene) - 10**8


@observes("id_token.exp_as_text")
def its_exp_is_a_text(scene: Scene) -> None:
    assert scene.claims("id_token")["exp"] == str(now(scene) + 120)


@observes("id_token.iat_in_future")
def it_will_have_been_issued(scene: Scene) -> None:
    assert scene.claims("id_token")["iat"] == now(scene) + 3600


@observes("id_token.iat_old")
def it_is_a_week_old_and_still_good(scene: Scene) -> None:
    claims = scene.claims("id_token")
    assert (claims["iat"], claims["exp"]) == (now(scene) - WEEK, now(scene) + 120)


@observes("id_token.nbf_in_future", ahead=5)
def it_is_good_in_five_seconds(scene: Scene) -> None:
    assert scene.claims("id_token")["nbf"] == now(scene) + 5


@observes("id_token.nonce_wrong")
def its_nonce_is_another_one(scene: Scene) -> None:
    assert scene.claims("id_token")["nonce"] == "another-nonce"


@pytest.mark.parametrize("name", ["id_token.nonce_wrong", "id_token.nonce_missing"])
def test_a_nonce_that_was_not_sent_is_not_changed(scene: Scene, name: str) -> None:
    armed = scene.running.arm(name)
    assert "nonce" not in scene.claims("id_token", nonce=None)
    assert (armed.seen, armed.hits) == (1, 0)


@observes("id_token.at_hash_wrong")
def its_at_hash_is_another_one(scene: Scene) -> None:
    assert scene.claims("id_token")["at_hash"] == "A" * 22


@observes("id_token.acr_lower")
def its_acr_is_low(scene: Scene) -> None:
    assert scene.claims("id_token")["acr"] == "0"


@observes("id_token.acr_higher")
def its_acr_is_high(scene: Scene) -> None:
    assert scene.claims("id_token")["acr"] == "eidas3"


@observes("id_token.acr_in_a_list")
def its_acr_is_a_list(scene: Scene) -> None:
    assert scene.claims("id_token")["acr"] == ["eidas1"]


@observes("id_token.acr_twice")
def its_acr_is_there_twice_and_the_signature_is_good(scene: Scene) -> None:
    token = id_token(scene)
    assert repeated(token) == ["1", "eidas1"]
    assert is_signed_as_it_says(scene, token)


@observes("id_token.auth_time_old")
def the_person_logged_in_a_day_ago(scene: Scene) -> None:
    assert scene.claims("id_token")["auth_time"] == now(scene) - DAY


@observes("id_token.auth_time_as_text")
def its_auth_time_is_a_text(scene: Scene) -> None:
    assert scene.claims("id_token")["auth_time"] == str(now(scene))


@observes("id_token.amr_as_number")
def its_amr_is_a_number(scene: Scene) -> None:
    assert scene.claims("id_token")["amr"] == 1


@observes("id_token.unknown_claims")
def it_has_claims_that_nobody_knows(scene: Scene) -> None:
    unknown = [value for name, value in scene.claims("id_token").items() if name.startswith("urn:example:")]
    assert {type(value) for value in unknown} == {str, float, bool, type(None), list, dict}


observe_signatures(observes, "id_token", refused=id_token, accepted=id_token)


@observes("id_token.kid_absent_among_several")
def it_does_not_name_its_key_of_several(scene: Scene) -> None:
    token = id_token(scene)
    keys = signing_keys(scene).values()
    assert "kid" not in header(token)
    assert len(keys) > 1
    assert [is_signed_by(key, token) for key in keys].count(True) == 1


@observes("id_token.key_in_header")
def it_brings_the_key_that_verifies_it(scene: Scene) -> None:
    token = id_token(scene)
    told = header(token)
    assert {*told} == {"alg", "typ", "jwk"}
    assert {*told["jwk"]} == {"kty", "n", "e"}
    assert is_signed_by(jwt.PyJWK(told["jwk"], "RS256"), token)
    assert not any(is_signed_by(key, token) for key in signing_keys(scene).values())


@observes("id_token.crit_unknown")
def it_demands_what_nobody_knows(scene: Scene) -> None:
    token = id_token(scene)
    assert header(token)["crit"] == ["urn:example:unknown"]
    assert is_signed_as_it_says(scene, token)


@observes("id_token.encrypted")
def it_is_encrypted(scene: Scene) -> None:
    token = id_token(scene)
    assert token.count(".") == 4
    assert header(token) == {"alg": "RSA-OAEP", "enc": "A256GCM", "cty": "JWT"}


@observes.cases
def test_its_effect_is_on_the_wire_until_it_is_disarmed(scene: Scene, case: Case) -> None:
    case.check(scene)


@pytest.mark.parametrize("name", ["id_token.encrypted", "id_token.azp_missing", "id_token.acr_twice"])
def test_an_id_token_that_the_mock_can_read_is_a_hint_to_log_out(scene: Scene, name: str) -> None:
    scene.running.arm(name)
    hint = id_token(scene)
    assert scene.rp.http.get(scene.running.url("end_session_endpoint"), params={"id_token_hint": hint}).is_success


def test_faults_of_one_token_combine(scene: Scene) -> None:
    for name in ("id_token.es256", "id_token.kid_unknown", "id_token.iss_wrong", "id_token.signature_broken"):
        scene.running.arm(name)
    token = id_token(scene)
    assert header(token) == {"alg": "ES256", "typ": "JWT", "kid": "a-key-that-nobody-published"}
    assert decoded(token)["iss"] == "https://issuer.example.test"
