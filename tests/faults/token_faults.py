"""How the tests of ID tokens and access tokens look at one: its parts, and whether its signature is good."""

import hmac
import json
from base64 import urlsafe_b64decode
from hashlib import sha256
from typing import Any

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from observations import Scene


def part(token: str, number: int) -> bytes:
    """A part of a JWT, decoded."""
    text = token.split(".")[number]
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def header(token: str) -> dict[str, Any]:
    return dict(json.loads(part(token, 0)))


def signing_keys(scene: Scene) -> dict[str, jwt.PyJWK]:
    """The keys of the JWK Set that sign, by kid."""
    return {each["kid"]: jwt.PyJWK(each) for each in scene.get().json()["keys"] if each["use"] == "sig"}


def is_signed_by(key: Any, token: str, alg: str = "RS256") -> bool:
    """Whether the signature is good by that key; nothing else is looked at."""
    try:
        jwt.api_jws.decode(token, key, algorithms=[alg])
    except jwt.InvalidSignatureError:
        return False
    return True


def is_signed_as_it_says(scene: Scene, token: str) -> bool:
    """Whether the key of the token's kid made its RS256 signature."""
    return is_signed_by(signing_keys(scene)[header(token)["kid"]], token)


def has_mac_of_public_key(scene: Scene, token: str) -> bool:
    """Whether the signature is an HMAC under the PEM of the public key of the token's kid."""
    public = signing_keys(scene)[header(token)["kid"]].key
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    message = token.rpartition(".")[0].encode()
    return hmac.compare_digest(hmac.digest(pem, message, sha256), part(token, 2))
