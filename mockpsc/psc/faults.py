"""The faults that a test arms."""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from mockpsc.client import AdminClient, NotThere
from mockpsc.errors import Unusable, nearest
from mockpsc.psc.undoing import undo


class FaultNeverActed(AssertionError):
    """A fault was armed for a block of a test, and the relying party never met it."""


class ArmedFault:
    """An armed fault: leave the `with` block, or call `disarm`, and it is armed no more.

    `verdict` is what a correct relying party does: `reject` what it was given, `accept` it all the same, or `handle`
    it, which is to fail without harm or to try again."""

    def __init__(self, admin: AdminClient, told: Mapping[str, Any], *, must_act: bool) -> None:
        self._admin, self._told = admin, told
        self.id, self.name, self.verdict = str(told["id"]), str(told["name"]), str(told["verdict"])
        self.must_act = must_act and bool(told["counted"])
        self.is_armed = True

    def __repr__(self) -> str:
        return f"<fault {self.name} ({self.id}), which a relying party must {self.verdict}>"

    @property
    def hits(self) -> int:
        """How often it has acted; 0 of what acts without the mock seeing it, as a port that is closed."""
        return int(self._now["hits"] or 0)

    @property
    def seen(self) -> int:
        """How many occasions matched; 0 of what acts without the mock seeing it."""
        return int(self._now["seen"] or 0)

    def disarm(self) -> None:
        """Disarm it, if it still is armed."""
        if not self.is_armed:
            return
        self.is_armed = False
        try:
            self._told = self._admin.disarm(self.id)[0]
        except NotThere:
            self.forget()

    def see(self, told: Mapping[str, Any]) -> None:
        """This is what has become of it by now."""
        self._told = told

    def forget(self) -> None:
        """A reset has disarmed it, whose maker was told whether it had acted: it need not act any more."""
        self.is_armed = self.must_act = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.disarm()
        if error is None and self.must_act and not self.hits:
            raise FaultNeverActed(self._why_idle())

    @property
    def _now(self) -> Mapping[str, Any]:
        return self._admin.get(f"/api/faults/{self.id}") if self.is_armed else self._told

    def _why_idle(self) -> str:
        match = ", ".join(f"{name} {value!r}" for name, value in self._told["match"].items())
        met = "what came was not the time, or there was nothing to do" if self.seen else "nothing came that matched"
        return (
            f"The fault {self.name} was armed{f' for {match}' if match else ''}, and never acted: {met}. "
            "Give must_act=False if that is meant."
        )


class Faults:
    """What a test has armed. With `own_client` the mock is shared, and only the client that it tells meets it."""

    def __init__(self, admin: AdminClient, *, own_client: Callable[[], str] | None) -> None:
        self._admin, self._own_client = admin, own_client
        self._armed: list[ArmedFault] = []

    def arm(
        self,
        name: str,
        params: Mapping[str, Any],
        match: Mapping[str, Any],
        trigger: Mapping[str, Any],
        *,
        must_act: bool,
    ) -> ArmedFault:
        """Arm one; what is None was not said."""
        kind = self._admin.get(f"/api/faults/catalogue/{quote(name, safe='')}")
        _require_known(kind, params, [*match, *trigger])
        told = self._admin.arm(name, params, match=self._own(kind, _said(match)), **_said(trigger))
        armed = ArmedFault(self._admin, told, must_act=must_act)
        self._armed.append(armed)
        return armed

    def never_acted(self) -> list[str]:
        """The names of those that are armed, should have acted, and have not."""
        armed = {each.id: each for each in self._armed if each.is_armed}
        now = {told["id"]: told for told in self._admin.armed()} if armed else {}
        for id in armed.keys() & now.keys():
            armed[id].see(now[id])
        return [each.name for id, each in armed.items() if each.must_act and id in now and not now[id]["hits"]]

    def disarm(self) -> None:
        """Disarm all, one by one."""
        armed, self._armed = self._armed, []
        undo(each.disarm for each in armed)

    def forget(self) -> None:
        """All were disarmed by a reset."""
        for each in self._armed:
            each.forget()
        self._armed.clear()

    def _own(self, kind: Mapping[str, Any], match: dict[str, Any]) -> dict[str, Any]:
        if self._own_client is None or "client" in match:
            return match
        if "client" not in kind["matched_by"]:
            raise Unusable(
                f"The fault {kind['name']} acts on everybody, and several test processes share this mock. Run the test "
                "without pytest-xdist, or without MOCKPSC_URL, so that each process has a mock of its own."
            )
        return {"client": self._own_client(), **match}


def _require_known(kind: Mapping[str, Any], params: Mapping[str, Any], arguments: list[str]) -> None:
    """Names among the fault's parameters, or else those that `psc.fault` has for every fault."""
    own = kind["parameters"]["properties"]
    for name in params:
        if name not in own and name not in arguments:
            close = nearest(name, [*own, *arguments])
            raise Unusable(
                f"The fault {kind['name']} has no parameter {name!r}{close}: its own are {', '.join(own) or 'none'}, "
                f"and every fault takes {', '.join(arguments)}."
            )


def _said(given: Mapping[str, Any]) -> dict[str, Any]:
    """What was said of it, people and relying parties by their ids."""
    return {name: getattr(value, "id", value) for name, value in given.items() if value is not None}
