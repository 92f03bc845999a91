"""The keys that tokens are signed with."""

from dataclasses import dataclass
from typing import Any

from mockpsc.admin.api import Operation
from mockpsc.admin.control import Control
from mockpsc.members import member


@dataclass(frozen=True, kw_only=True)
class RotateBody:
    """How to rotate. The three are separate at Pro Santé Connect's Keycloak, too."""

    publish: bool = member(True, "Publish the new key in the JWK Set.")
    use: bool = member(
        True, "Sign with the new key from now on. Without, it is the new one again at the next rotation."
    )
    keep_old: bool = member(True, "Keep the earlier keys in the JWK Set.")


def _keys(control: Control) -> dict[str, Any]:
    keys = control.provider.keys
    return {
        "active": keys.active.kid,
        "published": [key.kid for key in keys.published],
        "encryption": keys.encryption.kid,
    }


def _rotate(control: Control, body: RotateBody) -> dict[str, Any]:
    new = control.provider.keys.rotate(publish=body.publish, use=body.use, keep_old=body.keep_old)
    return {"new": new.kid, **_keys(control)}


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/keys",
        summary="Show which keys sign tokens, and which are published.",
        answer="Key ids: `active` signs, `published` are in the JWK Set, the newest first.",
        function=_keys,
    ),
    Operation(
        method="POST",
        path="/api/keys/rotate",
        summary="Rotate the signing key.",
        answer="The same key ids, and `new`.",
        function=_rotate,
        body=RotateBody,
        example={"use": False},
    ),
)
