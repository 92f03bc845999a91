"""How a broken header or signature is seen, on whichever token: ID and access tokens have these faults in common."""

from collections.abc import Callable
from typing import Any

from observations import Observations, Scene
from tokens import has_mac_of_public_key, header, is_signed_as_it_says, is_signed_by, part, signing_keys

Obtain = Callable[[Scene], str]


def observe_signatures(observes: Observations, layer: str, *, refused: Obtain, accepted: Obtain) -> None:
    """Declare the cases of a layer. Two ways of obtaining its token: when the mock is to refuse it, and when not."""

    def observe(name: str, look: Callable[..., None], obtain: Obtain = refused, **params: Any) -> None:
        observes(f"{layer}.{name}", **params)(lambda scene: look(scene, obtain(scene), **params))

    observe("signature_broken", its_signature_does_not_verify)
    observe("signature_missing", it_has_no_signature_and_says_rs256)
    for alg in ("none", "None", "NONE", "nOnE"):
        observe("alg_none", it_says_that_it_is_not_signed, alg=alg)
    observe("hs256_with_public_key", its_mac_is_made_with_the_public_key)
    observe("es256", it_is_signed_on_a_curve_under_the_kid_of_an_rsa_key)
    for alg in ("PS256", "PS384", "PS512", "RS384", "RS512"):
        observe("alg_unexpected", it_is_well_signed_with_another_algorithm, alg=alg)
    observe("kid_unknown", its_kid_is_not_in_the_jwk_set, accepted)
    observe("kid_absent", it_does_not_name_its_key, accepted)
    observe("signed_by_stranger", another_key_than_it_names_signed_it)


def its_signature_does_not_verify(scene: Scene, token: str) -> None:
    assert len(part(token, 2)) == 256
    assert not is_signed_as_it_says(scene, token)


def it_has_no_signature_and_says_rs256(_: Scene, token: str) -> None:
    assert header(token)["alg"] == "RS256"
    assert token.endswith(".")


def it_says_that_it_is_not_signed(_: Scene, token: str, alg: str) -> None:
    assert header(token) == {"alg": alg, "typ": "JWT"}
    assert token.endswith(".")


def its_mac_is_made_with_the_public_key(scene: Scene, token: str) -> None:
    assert header(token)["alg"] == "HS256"
    assert has_mac_of_public_key(scene, token)


def it_is_signed_on_a_curve_under_the_kid_of_an_rsa_key(scene: Scene, token: str) -> None:
    assert header(token)["alg"] == "ES256"
    assert len(part(token, 2)) == 64
    assert signing_keys(scene)[header(token)["kid"]].key_type == "RSA"


def it_is_well_signed_with_another_algorithm(scene: Scene, token: str, alg: str) -> None:
    assert header(token)["alg"] == alg
    assert is_signed_as_it_says(scene, token)


def its_kid_is_not_in_the_jwk_set(scene: Scene, token: str) -> None:
    keys = signing_keys(scene)
    assert header(token)["kid"] not in keys
    assert any(is_signed_by(key, token) for key in keys.values())


def it_does_not_name_its_key(scene: Scene, token: str) -> None:
    assert "kid" not in header(token)
    assert any(is_signed_by(key, token) for key in signing_keys(scene).values())


def another_key_than_it_names_signed_it(scene: Scene, token: str) -> None:
    assert header(token)["alg"] == "RS256"
    assert len(part(token, 2)) == 256
    assert not is_signed_as_it_says(scene, token)
