"""How tests look at a token as it is on the wire: its parts, and whose its signature is."""

import hmac
import json
from base64 import urlsafe_b64decode
from hashlib import sha256
from typing import Any

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from observations import Scene


def part(token: str, number: int) -> bytes:
    """A part of a token, decoded."""
    text = token.split(".")[number]
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def header(token: str) -> dict[str, Any]:
    return dict(json.loads(part(token, 0)))


def repeated(token: str) -> list[str]:
    """The values of `acr` in a token's payload, each time that it is there."""
    return [value for name, value in json.loads(part(token, 1), object_pairs_hook=list) if name == "acr"]


def signing_keys(scene: Scene) -> dict[str, jwt.PyJWK]:
    """The keys of the JWK Set that sign, by kid."""
    return {each["kid"]: jwt.PyJWK(each) for each in scene.get().json()["keys"] if each["use"] == "sig"}


def is_signed_by(key: jwt.PyJWK, token: str, alg: str = "RS256") -> bool:
    """Whether the signature is good by that key; nothing else is looked at."""
    message, _, _ = token.rpartition(".")
    return bool(jwt.get_algorithm_by_name(alg).verify(message.encode(), key.key, part(token, 2)))


def is_signed_as_it_says(scene: Scene, token: str) -> bool:
    """Whether the key of the token's kid made its signature."""
    told = header(token)
    return is_signed_by(signing_keys(scene)[told["kid"]], token, told["alg"])


def has_mac_of_public_key(scene: Scene, token: str) -> bool:
    """Whether the signature is a MAC whose secret is the PEM of the public key of the token's kid."""
    public = signing_keys(scene)[header(token)["kid"]].key
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return hmac.compare_digest(hmac.digest(pem, token.rpartition(".")[0].encode(), sha256), part(token, 2))
