"""The provider's keys, and the JWK Set as Keycloak prints it: an RS256 key to sign with and an RSA-OAEP key.

Members and their order are Keycloak's (`JWKBuilder`): kid, kty, alg, use, n, e, x5c, x5t, x5t#S256.
"""

from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha1, sha256
from secrets import token_bytes
from typing import Any
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mockpsc.errors import ConfigurationError
from mockpsc.pki import Bundle


@dataclass(frozen=True, kw_only=True, eq=False)
class ProviderKey:
    """An RSA key with its self-signed certificate. `use` is `sig` or `enc` (RFC 7517 §4.2)."""

    key: RSAPrivateKey
    certificate: x509.Certificate
    alg: str
    use: str

    @property
    def kid(self) -> str:
        """Keycloak's key id: base64url of the SHA-256 of the public key's DER, 43 characters."""
        public = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64url(sha256(public).digest())

    def jwk(self) -> dict[str, Any]:
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


@dataclass(frozen=True, kw_only=True, eq=False)
class ProviderKeys:
    """All the provider's keys. `mac` signs refresh tokens, which only the provider reads."""

    signing: ProviderKey
    encryption: ProviderKey
    mac: bytes
    mac_kid: str

    def jwks(self) -> dict[str, Any]:
        """The JWK Set (RFC 7517 §5)."""
        return {"keys": [self.encryption.jwk(), self.signing.jwk()]}


def provider_keys(*, signing: Bundle, encryption: Bundle) -> ProviderKeys:
    """The keys of a provider: two RSA pairs with their certificates, and a fresh MAC key."""
    return ProviderKeys(
        signing=_provider_key(signing, alg="RS256", use="sig"),
        encryption=_provider_key(encryption, alg="RSA-OAEP", use="enc"),
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
