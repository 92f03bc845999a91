"""The provider's keys, and the JWK Set as Keycloak prints it: RS256 keys to sign with and an RSA-OAEP key.

Members and their order are Keycloak's (`JWKBuilder`): kid, kty, alg, use, n, e, x5c, x5t, x5t#S256.
"""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha1, sha256
from secrets import token_bytes
from typing import Any
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mockpsc.errors import ConfigurationError
from mockpsc.pki import Bundle

_SUCCESSORS = 10
"""So many of them are kept, so that neither the JWK Set nor the memory grows each time that somebody arms a fault."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ProviderKey:
    """An RSA key with its self-signed certificate. `use` is `sig` or `enc` (RFC 7517 §4.2)."""

    key: RSAPrivateKey
    certificate: x509.Certificate
    alg: str
    use: str

    @cached_property
    def kid(self) -> str:
        """Keycloak's key id: base64url of the SHA-256 of the public key's DER, 43 characters."""
        public = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64url(sha256(public).digest())

    @cached_property
    def jwk(self) -> Mapping[str, Any]:
        """The public part as a member of a JWK Set."""
        der = self.certificate.public_bytes(Encoding.DER)
        numbers = self.key.public_key().public_numbers()
        return {
            "kid": self.kid,
            "kty": "RSA",
            "alg": self.alg,
            "use": self.use,
            "n": base64url(numbers.n.to_bytes(256)),
            "e": base64url(numbers.e.to_bytes(3)),
            "x5c": [b64encode(der).decode()],
            "x5t": base64url(sha1(der, usedforsecurity=False).digest()),
            "x5t#S256": base64url(sha256(der).digest()),
        }


class KeyRing:
    """All the provider's keys, which can be rotated. `mac` signs refresh tokens, which only the provider reads.

    `active` is the key that tokens are signed with, and `published` the signing keys of the JWK Set, the newest first.
    A token is read with any key that was ever `active` or the next, published or not, and with the last successors. One
    that an older successor has signed is read no more: that key is in the JWK Set no more, either, and forgotten.
    `new_bundle` makes a signing key with its certificate; that takes some 50 ms.
    """

    def __init__(
        self,
        *,
        signing: ProviderKey,
        encryption: ProviderKey,
        new_bundle: Callable[[], Bundle],
        mac: bytes,
        mac_kid: str,
    ) -> None:
        self.active, self.encryption, self.mac, self.mac_kid = signing, encryption, mac, mac_kid
        self.published: tuple[ProviderKey, ...] = (signing,)
        self.known: dict[str, ProviderKey] = {signing.kid: signing}
        self._new_bundle = new_bundle
        self._waiting: ProviderKey | None = None
        self._successors: tuple[ProviderKey, ...] = ()

    def jwks(self) -> dict[str, Any]:
        """The JWK Set (RFC 7517 §5)."""
        return {"keys": [dict(key.jwk) for key in (self.encryption, *self.published)]}

    def rotate(self, *, publish: bool = True, use: bool = True, keep_old: bool = True) -> ProviderKey:
        """Make a new signing key: publish it in the JWK Set, sign with it from now on, keep the earlier ones published,
        each or not. One that was made and not used yet is the new one again, so that it can be published first and used
        later."""
        new = self.next
        if publish and new not in self.published:
            self.published = (new, *self.published)
        if use:
            self.active, self._waiting = new, None
        if not keep_old:
            self.published = tuple(key for key in self.published if key is new)
        return new

    def publish_active(self) -> None:
        """Publish the key that signs, if a rotation has left it out."""
        if self.active not in self.published:
            self.published = (self.active, *self.published)

    @property
    def next(self) -> ProviderKey:
        """The key that the next rotation will use, made when it is first asked for."""
        if self._waiting is None:
            self._waiting = self._made()
        return self._waiting

    def successor(self, *, fresh: bool) -> ProviderKey:
        """A published key that signs some tokens in the place of the active one: the last that was made for that, or a
        fresh one."""
        if fresh or not self._successors:
            made = (self._made(), *self._successors)
            self._successors, late = made[:_SUCCESSORS], made[_SUCCESSORS:]
            self.published = tuple(key for key in self.published if key not in late)
            self.known = {kid: key for kid, key in self.known.items() if key not in late}
        newest = self._successors[0]
        if newest not in self.published:
            self.published = (newest, *self.published)
        return newest

    @cached_property
    def unpublished(self) -> ProviderKey:
        """A key that is never in the JWK Set."""
        return self._made()

    def _made(self) -> ProviderKey:
        key = _provider_key(self._new_bundle(), alg="RS256", use="sig")
        self.known[key.kid] = key
        return key


def provider_keys(*, signing: Bundle, encryption: Bundle, new_bundle: Callable[[], Bundle]) -> KeyRing:
    """The keys of a provider: two RSA pairs with their certificates, and a fresh MAC key."""
    return KeyRing(
        signing=_provider_key(signing, alg="RS256", use="sig"),
        encryption=_provider_key(encryption, alg="RSA-OAEP", use="enc"),
        new_bundle=new_bundle,
        mac=token_bytes(32),
        mac_kid=str(uuid4()),
    )


def _provider_key(bundle: Bundle, *, alg: str, use: str) -> ProviderKey:
    if not isinstance(bundle.key, RSAPrivateKey):
        raise ConfigurationError(f"The provider's {use} key is not RSA; Pro Santé Connect signs with {alg}.")
    return ProviderKey(key=bundle.key, certificate=bundle.certificate, alg=alg, use=use)


def base64url(data: bytes) -> str:
    """base64url without padding (RFC 7515 §2)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()
