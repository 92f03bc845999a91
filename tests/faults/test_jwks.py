import gc
import json
from base64 import urlsafe_b64decode
from typing import Any

import jwt
import pytest
from observations import Case, Observations, Scene

observes = Observations()

Keys = list[dict[str, Any]]


def keys(scene: Scene) -> Keys:
    response = scene.get()
    assert response.status_code == 200
    return list(response.json()["keys"])


def meant(scene: Scene) -> Keys:
    """The keys without faults."""
    return list(scene.running.mock.provider.jwks["keys"])


def active(scene: Scene) -> dict[str, Any]:
    """The key that signs."""
    return dict(scene.running.mock.provider.keys.active.jwk)


def without_kid(key: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in key.items() if name != "kid"}


def kid_of(token: str) -> str | None:
    """What the header of a token names."""
    kid: str | None = jwt.get_unverified_header(token).get("kid")
    return kid


def is_verified_by(key: dict[str, Any], token: str) -> bool:
    options: Any = {"verify_aud": False, "verify_exp": False, "verify_iat": False}
    try:
        jwt.decode(token, jwt.PyJWK(key), algorithms=["RS256"], options=options)
    except jwt.InvalidSignatureError:
        return False
    return True


@observes("jwks.empty")
def the_set_is_empty(scene: Scene) -> None:
    assert scene.get().json() == {"keys": []}


@observes("jwks.missing_kid")
def the_only_key_has_no_kid_and_verifies(scene: Scene) -> None:
    token = scene.rp.login()["id_token"]
    [key] = keys(scene)
    assert key == without_kid(active(scene))
    assert kid_of(token) is None
    assert is_verified_by(key, token)


@observes("jwks.several_without_kid")
def one_of_two_keys_without_kid_verifies(scene: Scene) -> None:
    tokens = scene.rp.login()
    first, second = keys(scene)
    assert "kid" not in first
    assert second == without_kid(active(scene))
    for token in (tokens["id_token"], tokens["access_token"]):
        assert kid_of(token) is None
        assert [is_verified_by(key, token) for key in (first, second)] == [False, True]


@observes("jwks.unknown_kty")
def a_key_on_an_edwards_curve_is_there_too(scene: Scene) -> None:
    unknown, *known = keys(scene)
    assert (unknown["kty"], unknown["crv"], unknown["use"]) == ("OKP", "Ed25519", "sig")
    assert jwt.PyJWK(unknown).algorithm_name == "EdDSA"
    assert known == meant(scene)


@observes("jwks.wrong_key")
def another_key_has_the_kid(scene: Scene) -> None:
    token = scene.rp.login()["id_token"]
    [key] = [each for each in keys(scene) if each["kid"] == kid_of(token)]
    assert kid_of(token) == active(scene)["kid"]
    assert key["n"] != active(scene)["n"]
    assert "x5c" not in key
    assert not is_verified_by(key, token)


@observes("jwks.new_key_published")
def a_key_is_announced(scene: Scene) -> None:
    new, *known = keys(scene)
    assert known == meant(scene)
    assert (new["use"], new["alg"]) == ("sig", "RS256")
    assert kid_of(scene.rp.login()["id_token"]) == active(scene)["kid"] != new["kid"]


@observes("jwks.new_key_used")
def a_key_is_published_as_soon_as_it_is_used(scene: Scene) -> None:
    before = {key["kid"] for key in keys(scene)}
    tokens = scene.rp.login()
    kid = kid_of(tokens["id_token"])
    assert kid not in before
    [key] = [each for each in keys(scene) if each["kid"] == kid]
    assert is_verified_by(key, tokens["id_token"])
    assert is_verified_by(key, tokens["access_token"])
    works(scene, tokens)


@observes("jwks.used_not_published")
def the_key_that_signs_is_not_published(scene: Scene) -> None:
    tokens = scene.rp.login()
    assert kid_of(tokens["id_token"]) == kid_of(tokens["access_token"])
    assert kid_of(tokens["id_token"]) not in {key["kid"] for key in keys(scene)}
    works(scene, tokens)


def works(scene: Scene, tokens: dict[str, Any]) -> None:
    """The provider knows its own tokens."""
    assert scene.rp.userinfo(tokens["access_token"]).status_code == 200
    assert scene.rp.introspect(tokens["access_token"])["active"] is True
    assert scene.rp.refresh(tokens["refresh_token"]).status_code == 200


@observes("jwks.old_keys_dropped")
def the_key_that_signs_is_gone(scene: Scene) -> None:
    token = scene.rp.login()["id_token"]
    encryption, new = keys(scene)
    assert encryption == meant(scene)[0]
    assert kid_of(token) == active(scene)["kid"] != new["kid"]


@observes("jwks.private_member")
def a_private_key_is_there_too(scene: Scene) -> None:
    leaked, *known = keys(scene)
    assert known == meant(scene)
    assert jwt.PyJWK(leaked).key.key_size == 2048
    assert {"d", "p", "q", "dp", "dq", "qi"} < set(leaked)
    assert int.from_bytes(decoded(leaked["p"])) * int.from_bytes(decoded(leaked["q"])) == int.from_bytes(
        decoded(leaked["n"])
    )


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@observes("jwks.not_found")
def the_set_is_not_found(scene: Scene) -> None:
    response = scene.get()
    assert (response.status_code, response.json()) == (404, {"error": "HTTP 404 Not Found"})


@observes("jwks.not_a_set")
def a_key_comes_alone(scene: Scene) -> None:
    assert scene.get().json() == active(scene)


@observes("jwks.wrong_use")
def the_key_is_for_encryption(scene: Scene) -> None:
    assert differences(scene) == [("use", "enc")]


@observes("jwks.wrong_alg")
@observes("jwks.wrong_alg", alg="PS256")
def the_key_is_for_pss(scene: Scene) -> None:
    assert differences(scene) == [("alg", "PS256")]


@observes("jwks.wrong_alg", alg="RS384")
def the_key_is_for_another_hash(scene: Scene) -> None:
    assert differences(scene) == [("alg", "RS384")]


@observes("jwks.wrong_alg", alg="RS512")
def the_key_is_for_a_longer_hash(scene: Scene) -> None:
    assert differences(scene) == [("alg", "RS512")]


@observes("jwks.wrong_alg", alg="RSA-OAEP")
def the_key_is_for_an_algorithm_of_encryption(scene: Scene) -> None:
    assert differences(scene) == [("alg", "RSA-OAEP")]


def differences(scene: Scene) -> list[tuple[str, str]]:
    """What the key that signs has other than it should."""
    [key] = [each for each in keys(scene) if each["kid"] == active(scene)["kid"]]
    return [(name, value) for name, value in key.items() if value != active(scene)[name]]


@observes("jwks.bare_keys")
def keys_have_only_what_they_must(scene: Scene) -> None:
    found = keys(scene)
    assert [list(key) for key in found] == [["kid", "kty", "n", "e"]] * len(meant(scene))
    token = scene.rp.login()["id_token"]
    [key] = [each for each in found if each["kid"] == kid_of(token)]
    assert is_verified_by(key, token)


@observes.cases
def test_its_effect_is_on_the_wire_until_it_is_disarmed(scene: Scene, case: Case) -> None:
    case.check(scene)


def test_a_new_key_is_used_each_time_that_the_fault_is_armed_and_few_stay_published(scene: Scene) -> None:
    before = {key["kid"] for key in keys(scene)}
    used = []
    for _ in range(12):
        scene.running.arm("jwks.new_key_used", match={"endpoint": "token"})
        used.append(kid_of(scene.rp.login()["id_token"]))
        assert kid_of(scene.rp.login()["id_token"]) == used[-1]
        scene.running.disarm_all()
    assert len(set(used)) == 12
    after = {key["kid"] for key in keys(scene)}
    assert set(used[-10:]) <= after
    assert len(after - before) <= 10
    assert kid_of(scene.rp.login()["id_token"]) == active(scene)["kid"]


def test_a_token_is_good_as_long_as_its_key_is_published_and_no_key_is_kept_for_ever(scene: Scene) -> None:
    provider = scene.running.mock.provider
    ordinary, known = scene.rp.login()["access_token"], len(provider.keys.known)
    tokens = []
    for _ in range(23):
        scene.running.arm("jwks.new_key_used", match={"endpoint": "token"})
        tokens.append(scene.rp.login()["access_token"])
        scene.running.disarm_all()
    published = {key["kid"] for key in keys(scene)}
    good = [token for token in tokens if scene.rp.userinfo(token).status_code == 200]
    assert good == tokens[-10:] == [token for token in tokens if kid_of(token) in published]
    assert scene.rp.userinfo(ordinary).status_code == 200
    assert len(provider.keys.known) <= known + 10
    gc.collect()
    assert len(provider.signer._imported) <= len(provider.keys.known) + 1


def test_a_key_that_a_fault_made_does_not_take_the_place_of_an_announced_one(scene: Scene) -> None:
    ring = scene.running.mock.provider.keys
    announced = scene.running.call(lambda: ring.rotate(use=False))
    scene.running.arm("jwks.new_key_used")
    assert kid_of(scene.rp.login()["id_token"]) != announced.kid
    scene.running.disarm_all()
    assert scene.running.call(ring.rotate) is announced
    assert kid_of(scene.rp.login()["id_token"]) == announced.kid


def test_a_new_key_is_used_for_the_client_that_it_is_armed_for_alone(scene: Scene) -> None:
    scene.running.arm("jwks.new_key_used", match={"client": "another"})
    assert kid_of(scene.rp.login()["id_token"]) == active(scene)["kid"]


def test_no_private_key_of_the_provider_is_ever_published(scene: Scene) -> None:
    ring = scene.running.mock.provider.keys
    own = {str(key.key.private_numbers().d) for key in (*ring.known.values(), ring.encryption)}
    scene.running.arm("jwks.private_member")
    leaked = {str(int.from_bytes(decoded(key["d"]))) for key in keys(scene) if "d" in key}
    assert len(leaked) == 1
    assert own.isdisjoint(leaked)


@pytest.mark.parametrize("name", ["jwks.missing_kid", "jwks.several_without_kid"])
def test_only_the_set_is_changed_when_it_is_matched_alone(scene: Scene, name: str) -> None:
    scene.running.arm(name, match={"endpoint": "jwks"})
    assert kid_of(scene.rp.login()["id_token"]) == active(scene)["kid"]
    assert json.dumps(keys(scene)).count('"kid"') == 0
