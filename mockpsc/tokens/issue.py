"""Signs and verifies tokens: the only module that calls joserfc.

A token is put together here from the exact bytes of its header, which joserfc would print in its own way: every
recorded token of Pro Santé Connect has the odd spaces of Keycloak's serializer.
"""

import hmac
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal, TypeAlias
from weakref import WeakKeyDictionary

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwe, jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, RSAKey

from mockpsc.faults.subjects import Signing
from mockpsc.tokens.keys import KeyRing, ProviderKey, base64url

TokenKind = Literal["id_token", "access_token", "refresh_token", "userinfo", "authorization"]
SigningKey: TypeAlias = ProviderKey | OctKey | ECKey | RSAKey | bytes


class BadToken(Exception):
    """A token that this provider did not sign, in words for a person."""


class _Registry(jws.JWSRegistry):
    """What joserfc reads. Before its version 1.8 it reads less than a token of the mock's can be made to say."""

    max_payload_length = 128_000


class TokenSigner:
    """Signs claims with the provider's keys, and reads back what it signed."""

    def __init__(self, keys: KeyRing) -> None:
        self._ring = keys
        self._mac = OctKey.import_key(keys.mac)
        self._imported: WeakKeyDictionary[ProviderKey, RSAKey] = WeakKeyDictionary()

    def prepare(self, kind: TokenKind, claims: Mapping[str, Any]) -> Signing:
        """How a token is to be signed: RS256, JWS compact serialization; a refresh token, which nobody but the provider
        reads, with HS256."""
        sealed = kind == "refresh_token"
        alg, kid = ("HS256", self._ring.mac_kid) if sealed else ("RS256", self._ring.active.kid)
        payload = json.dumps(claims, ensure_ascii=False, separators=(",", ":")).encode()
        return Signing(header={"alg": alg, "typ": "JWT", "kid": kid}, payload=payload)

    def compact(self, signing: Signing) -> str:
        """The token that is signed in that way."""
        key, header = self._key(signing), dict(signing.header)
        if isinstance(key, ProviderKey) and header.get("kid") == self._ring.active.kid:
            header["kid"] = key.kid
        if signing.key == "embedded" and isinstance(key, RSAKey | ECKey):
            header["jwk"] = key.as_dict(private=False)
        message = f"{base64url(_keycloaks(header))}.{base64url(signing.payload)}"
        token = f"{message}.{base64url(self._signature(signing, key, message.encode()))}"
        return self._encrypted(token) if signing.encrypted else token

    def read(self, token: str) -> dict[str, Any]:
        """The claims of a token of either kind. Raises BadToken; does not look at the time."""
        try:
            registry = _Registry(algorithms=["RS256", "HS256"])
            signature = jws.extract_compact(self._opened(token), registry=registry)
            header = signature.headers()
            algorithm = str(header.get("alg"))
            if algorithm not in ("RS256", "HS256"):
                raise BadToken(f"its header says alg {algorithm!r}; expected RS256 or HS256")
            key = self._mac if algorithm == "HS256" else self._imported_key(self._known(header.get("kid")))
            if not jws.validate_compact(signature, key, registry=registry):
                raise BadToken("its signature is not this provider's")
            claims = json.loads(signature.payload)
        except (JoseError, ValueError, TypeError, RecursionError) as error:  # joserfc has no words for a bad crit
            raise BadToken(f"it is not a JWT ({type(error).__name__})") from None
        if not isinstance(claims, dict):
            raise BadToken("its payload is not a JSON object")
        return claims

    def _known(self, kid: object) -> ProviderKey:
        """The key of a kid; the active one for a kid that is none, whose signature will not verify."""
        return self._ring.known.get(str(kid), self._ring.active)

    def _key(self, signing: Signing) -> SigningKey:
        """The key that makes the signature, which is one for its alg: RSA, ECDSA or a MAC."""
        alg, kid = signing.header["alg"], signing.header.get("kid")
        if alg.startswith("HS"):
            return self._mac if kid == self._ring.mac_kid else self._public
        if signing.key in ("stranger", "embedded") or alg.startswith("ES"):
            return self._stranger_ec if alg.startswith("ES") else self._stranger
        if signing.key in ("new", "next"):
            return self._ring.successor(fresh=signing.key == "new")
        if signing.key == "unpublished":
            return self._ring.unpublished
        return self._ring.active

    def _signature(self, signing: Signing, key: SigningKey, message: bytes) -> bytes:
        alg = signing.header["alg"]
        if signing.signature == "absent" or alg.lower() == "none":
            return b""
        made = self._made(alg, key, message)
        return bytes([made[0] ^ 1, *made[1:]]) if signing.signature == "damaged" else made

    def _made(self, alg: str, key: SigningKey, message: bytes) -> bytes:
        if isinstance(key, bytes):  # joserfc refuses to take a public key for a secret, which is the attack
            return hmac.digest(key, message, "sha256")
        key = self._imported_key(key) if isinstance(key, ProviderKey) else key
        return jws.JWSRegistry(algorithms=[alg]).get_alg(alg).sign(message, key)

    def _imported_key(self, key: ProviderKey) -> RSAKey:
        if key not in self._imported:
            self._imported[key] = RSAKey.import_key(key.key)
        return self._imported[key]

    def _encrypted(self, token: str) -> str:
        """A JWE of the token (OpenID Connect Core §16.14), for the provider's own encryption key."""
        header = {"alg": "RSA-OAEP", "enc": "A256GCM", "cty": "JWT"}
        return jwe.encrypt_compact(header, token, self._imported_key(self._ring.encryption))

    def _opened(self, token: str) -> bytes:
        """The token inside one that was encrypted, which has five parts."""
        if token.count(".") != 4:
            return token.encode()
        opened = jwe.decrypt_compact(token, self._imported_key(self._ring.encryption), ["RSA-OAEP", "A256GCM"])
        return opened.plaintext or b""

    @property
    def _public(self) -> bytes:
        """The public half of the key that signs, as it is in a PEM file."""
        public = self._ring.active.key.public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @cached_property
    def _stranger(self) -> RSAKey:
        return RSAKey.generate_key(2048)

    @cached_property
    def _stranger_ec(self) -> ECKey:
        return ECKey.generate_key("P-256")


def _keycloaks(header: Mapping[str, Any]) -> bytes:
    """A header as Keycloak prints it, with its odd spaces: `{"alg":"RS256","typ" : "JWT","kid" : "…"}`."""
    members = [f"{json.dumps(name)} : {json.dumps(value)}" for name, value in header.items()]
    members[:1] = [member.replace(" : ", ":", 1) for member in members[:1]]
    return f"{{{','.join(members)}}}".encode()
