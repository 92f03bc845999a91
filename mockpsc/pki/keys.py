"""Private keys: the two kinds that mockpsc makes and reads."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Literal, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey: TypeAlias = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
KeyKind: TypeAlias = Literal["ec", "rsa"]


def new_key(kind: KeyKind) -> PrivateKey:
    """A new key: EC on P-256, or RSA of 2048 bits.

    An RSA key takes some 40 ms. One of 4096 bits would take 280, a second and more of every first start.
    """
    if kind == "ec":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def key_kind(key: PrivateKey) -> KeyKind:
    """Which of the two kinds a key is of."""
    return "rsa" if isinstance(key, rsa.RSAPrivateKey) else "ec"


def key_pem(key: PrivateKey) -> bytes:
    """The key as PKCS#8, not encrypted."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@contextmanager
def keys_ahead(count: int) -> Iterator[Callable[[KeyKind], PrivateKey]]:
    """Something like `new_key`, which begins to make `count` RSA keys at once, in threads.

    OpenSSL makes them with Python's lock released: five take 188 ms one after the other, and 112 ms on two cores.
    """
    with ThreadPoolExecutor() as pool:
        begun = deque(pool.submit(new_key, "rsa") for _ in range(count))
        yield lambda kind: begun.popleft().result() if kind == "rsa" and begun else new_key(kind)
