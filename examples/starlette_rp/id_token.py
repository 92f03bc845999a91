"""What makes an ID token good (OpenID Connect Core §3.1.3.7)."""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from failures import LoginFailed
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

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
        self._kept: KeySet | None = None

    def verified(self, token: Any) -> dict[str, Any]:
        """What a token says, if its signature is good. Raises LoginFailed."""
        try:
            try:
                return jwt.decode(token, self._kept or self._fetched(), algorithms=["RS256"]).claims
            except InvalidKeyIdError:
                return jwt.decode(token, self._fetched(), algorithms=["RS256"]).claims
        except (JoseError, ValueError, TypeError) as error:
            raise LoginFailed(f"The ID token cannot be verified: {error}") from error

    def _fetched(self) -> KeySet:
        keys = self._fetch().get("keys")
        if not isinstance(keys, list) or any("d" in key for key in keys):
            raise LoginFailed("The JWK Set has no list of keys, or a private one.")
        signing = [key for key in keys if key.get("kty") == "RSA" and key.get("use", "sig") == "sig"]
        self._kept = KeySet.import_key_set({"keys": signing})
        return self._kept


def base64url(content: bytes) -> str:
    """Base64 as JWTs have it, RFC 7515 §2."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _is_time(value: Any, *, after: float = 0, before: float = float("inf")) -> bool:
    return isinstance(value, int | float) and after < value <= before
