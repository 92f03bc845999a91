from observations import Case, Observations, Scene

observes = Observations()


@observes("id_token.expired", ago=5)
def it_has_expired(scene: Scene) -> None:
    claims = scene.claims("id_token")
    assert claims["exp"] < claims["iat"]


@observes.cases
def test_its_effect_is_on_the_wire_until_it_is_disarmed(scene: Scene, case: Case) -> None:
    case.check(scene)
