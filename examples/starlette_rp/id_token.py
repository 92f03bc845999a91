"""What makes an ID token good (OpenID Connect Core §3.1.3.7)."""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import Key, KeySet

from failures import LoginFailed

ACR = "eidas1"  # the only level that Pro Santé Connect can be asked for
GOOD_ACRS = (ACR, "eidas2", "eidas3")
LEEWAY = 60  # seconds that the provider's clock may differ from ours; what has expired has expired all the same
MAX_AGE = 12 * 3600  # seconds since the person logged in at the provider


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What an ID token must say. `same` are claims that are known before, `since` when it was asked for."""

    issuer: str
    client_id: str
    access_token: str
    now: float
    since: float
    same: Mapping[str, Any]


def judge(claims: Mapping[str, Any], expected: Expected) -> None:
    """Raises LoginFailed, naming all the claims that are not good."""
    at_hash = base64url(sha256(expected.access_token.encode()).digest()[:16])
    latest = expected.now + LEEWAY
    good = {
        "iss": claims.get("iss") == expected.issuer,
        "aud": claims.get("aud") in (expected.client_id, [expected.client_id]),
        "azp": claims.get("azp", expected.client_id) == expected.client_id,
        "sub": isinstance(claims.get("sub"), str) and claims["sub"] != "",
        "exp": _is_time(claims.get("exp"), after=expected.now),
        "iat": _is_time(claims.get("iat"), after=expected.since - LEEWAY, before=latest),
        "nbf": "nbf" not in claims or _is_time(claims["nbf"], before=latest),
        "auth_time": _is_time(claims.get("auth_time"), after=expected.now - MAX_AGE - LEEWAY, before=latest),
        "acr": claims.get("acr") in GOOD_ACRS,
        "at_hash": claims.get("at_hash", at_hash) == at_hash,
    }
    wrong = [name for name, is_good in good.items() if not is_good]
    wrong += [name for name, value in expected.same.items() if claims.get(name) != value]
    if wrong:
        raise LoginFailed(f"The ID token is not good: {', '.join(f'{name}={claims.get(name)!r}' for name in wrong)}.")


class Keys:
    """The provider's keys, kept until a token names one that is not among them. `fetch` gives the JWK Set."""

    def __init__(self, fetch: Callable[[], Mapping[str, Any]]) -> None:
        self._fetch = fetch
        self._kept: list[Key] = []

    def verified(self, token: Any) -> dict[str, Any]:
        """What a token says, if its signature is good. Raises LoginFailed."""
        try:
            kid = jws.extract_compact(str(token).encode()).headers().get("kid")
            for key in self._named(kid) or self._named(kid, fetch=True):
                with suppress(BadSignatureError):
                    return jwt.decode(token, key, algorithms=["RS256"]).claims
        except (JoseError, ValueError) as error:
            raise LoginFailed(f"The ID token cannot be verified: {error}") from error
        raise LoginFailed(f"The ID token is signed by no key that the provider publishes as {kid!r}.")

    def _named(self, kid: Any, *, fetch: bool = False) -> list[Key]:
        """The keys that may have signed: one that has this id, or any of them for a token that names none."""
        if fetch:
            self._kept = self._fetched()
        return [key for key in self._kept if kid in (None, key.kid)]

    def _fetched(self) -> list[Key]:
        keys = self._fetch().get("keys")
        if not isinstance(keys, list) or any("d" in key for key in keys):
            raise LoginFailed("The JWK Set has no list of keys, or a private one.")
        signing = [key for key in keys if key.get("kty") == "RSA" and key.get("use", "sig") == "sig"]
        return KeySet.import_key_set({"keys": signing}).keys


def base64url(content: bytes) -> str:
    """Base64 as JWTs have it, RFC 7515 §2."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _is_time(value: Any, *, after: float = 0, before: float = float("inf")) -> bool:
    return isinstance(value, int | float) and after < value <= before
