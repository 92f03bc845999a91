"""Certificates that no library signs: a good one is taken apart, altered in its DER, and signed again (RFC 5280 §4.1).

Each function takes a certificate and the key that signed it, and gives the altered certificate, which the same key has
signed; `with_altered_signature` alone leaves the signature a false one.
"""

from collections.abc import Callable, Iterator, Sequence

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID

from mockpsc.pki.keys import PrivateKey

Tamper = Callable[[x509.Certificate, PrivateKey], x509.Certificate]

_INTEGER, _BIT_STRING, _UTF8_STRING, _PRINTABLE_STRING, _SEQUENCE = 0x02, 0x03, 0x0C, 0x13, 0x30
_VERSION, _EXTENSIONS = 0xA0, 0xA3
_SERIAL, _SUBJECT = 1, 5  # where they are in the fields of a v3 certificate
_PRINTABLE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?")


def as_v1(certificate: x509.Certificate, key: PrivateKey) -> x509.Certificate:
    """The certificate as of 1988, which has no version and no extensions."""
    return _signed(
        [field for field in _fields(certificate) if field[0] not in (_VERSION, _EXTENSIONS)], certificate, key
    )


def with_long_serial(certificate: x509.Certificate, key: PrivateKey) -> x509.Certificate:
    """The certificate with a serial number of 32 octets, where RFC 5280 §4.1.2.2 allows 20."""
    fields = _fields(certificate)
    fields[_SERIAL] = _wrapped(_INTEGER, b"\x4d" * 32)
    return _signed(fields, certificate, key)


def with_printable_subject(certificate: x509.Certificate, key: PrivateKey) -> x509.Certificate:
    """The certificate with its subject as PrintableStrings instead of UTF8Strings, where the characters allow it."""
    fields = _fields(certificate)
    fields[_SUBJECT] = _printable(fields[_SUBJECT])
    return _signed(fields, certificate, key)


def without_basic_constraints(certificate: x509.Certificate, key: PrivateKey) -> x509.Certificate:
    """The certificate without the extension that says whether it is an authority's."""
    extensions = _extensions(certificate)
    del extensions[_place(certificate, ExtensionOID.BASIC_CONSTRAINTS)]
    return _signed([*_fields(certificate)[:-1], _wrapped_extensions(extensions)], certificate, key)


def with_key_usage_twice(certificate: x509.Certificate, key: PrivateKey) -> x509.Certificate:
    """The certificate with one extension twice, which RFC 5280 §4.2 forbids."""
    extensions = _extensions(certificate)
    extensions.append(extensions[_place(certificate, ExtensionOID.KEY_USAGE)])
    return _signed([*_fields(certificate)[:-1], _wrapped_extensions(extensions)], certificate, key)


def with_altered_signature(certificate: x509.Certificate, key: PrivateKey) -> x509.Certificate:
    """The certificate with one bit of its signature changed, the last."""
    der = certificate.public_bytes(Encoding.DER)
    return x509.load_der_x509_certificate(der[:-1] + bytes([der[-1] ^ 1]))


def _fields(certificate: x509.Certificate) -> list[bytes]:
    """Version, serial number, algorithm, issuer, validity, subject, public key, extensions: of what is signed."""
    return list(_elements(certificate.tbs_certificate_bytes))


def _extensions(certificate: x509.Certificate) -> list[bytes]:
    (extensions,) = _elements(_fields(certificate)[-1])
    return list(_elements(extensions))


def _place(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> int:
    return [extension.oid for extension in certificate.extensions].index(oid)


def _wrapped_extensions(extensions: Sequence[bytes]) -> bytes:
    return _wrapped(_EXTENSIONS, _wrapped(_SEQUENCE, *extensions))


def _signed(fields: Sequence[bytes], certificate: x509.Certificate, key: PrivateKey) -> x509.Certificate:
    """A certificate of these fields, signed as the given one was."""
    _, algorithm, _ = _elements(certificate.public_bytes(Encoding.DER))
    to_sign = _wrapped(_SEQUENCE, *fields)
    signature = _wrapped(_BIT_STRING, b"\0", _signature(to_sign, certificate, key))
    return x509.load_der_x509_certificate(_wrapped(_SEQUENCE, to_sign, algorithm, signature))


def _signature(to_sign: bytes, certificate: x509.Certificate, key: PrivateKey) -> bytes:
    digest = certificate.signature_hash_algorithm
    assert digest is not None  # no authority here signs with Ed25519
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(to_sign, padding.PKCS1v15(), digest)
    return key.sign(to_sign, ec.ECDSA(digest))


def _printable(name: bytes) -> bytes:
    """An element with every UTF8String in it that can be a PrintableString made one."""
    tag, content = name[0], name[_header(name) :]
    if tag & 0x20:  # constructed of other elements
        return _wrapped(tag, *map(_printable, _elements(name)))
    return _wrapped(_PRINTABLE_STRING, content) if tag == _UTF8_STRING and _PRINTABLE.issuperset(content) else name


def _elements(element: bytes) -> Iterator[bytes]:
    """What an element is constructed of, each with its own tag and length (X.690 §8.1)."""
    content = element[_header(element) :]
    while content:
        end = _header(content) + _length(content)
        yield content[:end]
        content = content[end:]


def _header(element: bytes) -> int:
    """How many octets come before an element's content: its tag and its length."""
    return 2 + (element[1] & 0x7F if element[1] & 0x80 else 0)


def _length(element: bytes) -> int:
    return int.from_bytes(element[2 : _header(element)]) if element[1] & 0x80 else element[1]


def _wrapped(tag: int, *content: bytes) -> bytes:
    """An element of that content, its length in as few octets as DER wants."""
    joined = b"".join(content)
    size = len(joined)
    if size < 0x80:
        return bytes([tag, size]) + joined
    octets = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(octets)]) + octets + joined
