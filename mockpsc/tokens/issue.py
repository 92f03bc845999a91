"""Signs and verifies tokens: the only module that calls joserfc.

A token is put together here from the exact bytes of its header, which joserfc would print in its own way: every
recorded token of Pro Santé Connect has the odd spaces of Keycloak's serializer.
"""

import json
from collections.abc import Mapping
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey, RSAKey

from mockpsc.tokens.keys import ProviderKeys, base64url


class BadToken(Exception):
    """A token that this provider did not sign, in words for a person."""


class TokenSigner:
    """Signs claims with the provider's keys, and reads back what it signed."""

    def __init__(self, keys: ProviderKeys) -> None:
        rsa, mac = RSAKey.import_key(keys.signing.key), OctKey.import_key(keys.mac)
        self._keys: dict[str, RSAKey | OctKey] = {"RS256": rsa, "HS256": mac}
        self._headers = {"RS256": _header("RS256", keys.signing.kid), "HS256": _header("HS256", keys.mac_kid)}

    def sign(self, claims: Mapping[str, Any]) -> str:
        """An access token or an ID token: RS256, JWS compact serialization."""
        return self._compact(claims, "RS256")

    def seal(self, claims: Mapping[str, Any]) -> str:
        """A refresh token: HS256, since nobody but the provider verifies it."""
        return self._compact(claims, "HS256")

    def read(self, token: str) -> dict[str, Any]:
        """The claims of a token of either kind. Raises BadToken; does not look at the time."""
        try:
            signature = jws.extract_compact(token.encode())
            algorithm = str(signature.headers().get("alg"))
            if algorithm not in self._keys:
                raise BadToken(f"its header says alg {algorithm!r}; expected {' or '.join(self._keys)}")
            if not jws.validate_compact(signature, self._keys[algorithm], algorithms=[algorithm]):
                raise BadToken("its signature is not this provider's")
            claims = json.loads(signature.payload)
        except (JoseError, ValueError, TypeError, RecursionError) as error:  # joserfc has no words for a bad crit
            raise BadToken(f"it is not a JWT ({type(error).__name__})") from None
        if not isinstance(claims, dict):
            raise BadToken("its payload is not a JSON object")
        return claims

    def _compact(self, claims: Mapping[str, Any], alg: str) -> str:
        payload = json.dumps(claims, ensure_ascii=False, separators=(",", ":")).encode()
        message = f"{self._headers[alg]}.{base64url(payload)}"
        algorithm = jws.JWSRegistry(algorithms=[alg]).get_alg(alg)
        return f"{message}.{base64url(algorithm.sign(message.encode(), self._keys[alg]))}"


def _header(alg: str, kid: str) -> str:
    return base64url(f'{{"alg":"{alg}","typ" : "JWT","kid" : "{kid}"}}'.encode())
