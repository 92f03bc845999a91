"""How a fault is tested: by a function that looks at the mock from outside, and fails unless it sees the fault.

Each is run twice: while the fault is armed, when it must pass, and after it was disarmed, when it must fail.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from support import RelyingParty, RunningMock, decoded

from mockpsc.faults import find_fault

Look = Callable[["Scene"], None]


@dataclass
class Scene:
    """A mock, with a browser and a relying party, "mockpsc-client"."""

    running: RunningMock
    rp: RelyingParty = field(init=False)

    def __post_init__(self) -> None:
        self.rp = self.running.relying_party()

    def fresh_client(self, **options: Any) -> httpx.Client:
        """A client with the relying party's certificate and no connection yet."""
        return self.running.client("mockpsc-client", **options)

    def get(self, member: str = "jwks_uri", **options: Any) -> httpx.Response:
        """A public document, by a connection of its own."""
        with self.running.client(**options) as client:
            return client.get(self.running.url(member))

    def claims(self, kind: str, **changes: str | None) -> dict[str, Any]:
        """What a token says after a login: "id_token" or "access_token"."""
        return decoded(self.rp.login(**changes)[kind])

    def is_well(self) -> None:
        """A login and all that follows it succeed."""
        rp = self.running.relying_party()
        tokens = rp.login()
        assert rp.userinfo(tokens["access_token"]).status_code == 200
        assert rp.introspect(tokens["access_token"])["active"] is True
        assert rp.refresh(tokens["refresh_token"]).status_code == 200


@dataclass(frozen=True)
class Case:
    """A fault with parameters, and how it is seen."""

    name: str
    params: dict[str, Any]
    order: dict[str, Any]
    look: Look

    def check(self, scene: Scene) -> None:
        armed = scene.running.arm(self.name, self.params, **self.order)
        self.look(scene)
        assert armed.hits > 0
        if find_fault(self.name).counted:
            assert self.name in scene.running.event(fault=self.name).faults
        scene.running.disarm_all()
        assert not _passes(self.look, scene), "it is seen when the fault is not armed, too"
        scene.is_well()


def _passes(look: Look, scene: Scene) -> bool:
    try:
        look(scene)
    except (Exception, pytest.fail.Exception):
        return False
    return True


class Observations:
    """The cases of a module: `@observes("id_token.expired", ago=5)` before a function of a scene."""

    def __init__(self) -> None:
        self._cases: list[Case] = []

    def __call__(self, name: str, *, order: dict[str, Any] | None = None, **params: Any) -> Callable[[Look], Look]:
        def declare(look: Look) -> Look:
            self._cases.append(Case(name=name, params=params, order=order or {}, look=look))
            return look

        return declare

    @property
    def cases(self) -> pytest.MarkDecorator:
        """Parametrises a test with `case`."""
        ids = [f"{case.name}{case.params or ''}" for case in self._cases]
        return pytest.mark.parametrize("case", self._cases, ids=ids)
