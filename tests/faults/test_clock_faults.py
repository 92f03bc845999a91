from collections.abc import Iterator

import pytest
from observations import Case, Observations, Scene
from support import RunningMock, decoded

observes = Observations()


@pytest.fixture(scope="module")
def faulty(faulty: RunningMock) -> RunningMock:
    """Its clock stands still, so that times can be compared to the second."""
    faulty.mock.clock.freeze()
    return faulty


@pytest.fixture
def scene(scene: Scene) -> Iterator[Scene]:
    """Its clock is where it was when the test is over."""
    began = scene.running.mock.clock.now()
    yield scene
    scene.running.advance(began - scene.running.mock.clock.now())


def skews(scene: Scene, kind: str) -> set[int]:
    """How far the times of a token are from those that they should be."""
    now = int(scene.running.mock.clock.now())
    claims = decoded(scene.rp.login()[kind])
    right = {"exp": now + 120, "iat": now, "auth_time": now}
    return {claims[name] - right[name] for name in right}


def both(scene: Scene) -> set[int]:
    return skews(scene, "id_token") | skews(scene, "access_token")


@observes("clock.skewed")
def the_id_token_is_ten_seconds_ahead(scene: Scene) -> None:
    assert skews(scene, "id_token") == {10}
    assert skews(scene, "access_token") == {0}


@observes("clock.skewed", seconds=-60)
def the_id_token_is_a_minute_behind_and_userinfo_answers(scene: Scene) -> None:
    assert skews(scene, "id_token") == {-60}
    assert scene.rp.userinfo(scene.rp.login()["access_token"]).status_code == 200


@observes("clock.wrong")
def all_times_are_a_day_behind(scene: Scene) -> None:
    assert both(scene) == {-86400}


@observes("clock.wrong", seconds=31 * 86400)
def all_times_are_a_month_ahead(scene: Scene) -> None:
    assert both(scene) == {31 * 86400}


@observes("clock.frozen")
def times_stay_as_they_were_at_first(scene: Scene) -> None:
    assert both(scene) == {0}
    scene.running.advance(300)
    assert both(scene) == {-300}


@observes.cases
def test_its_effect_is_on_the_wire_until_it_is_disarmed(scene: Scene, case: Case) -> None:
    case.check(scene)


def test_a_refresh_token_and_the_rest_of_the_response_keep_the_right_time(scene: Scene) -> None:
    scene.running.arm("clock.wrong")
    tokens = scene.rp.login()
    assert (tokens["expires_in"], tokens["refresh_expires_in"]) == (120, 1800)
    assert scene.rp.refresh(tokens["refresh_token"]).status_code == 200
