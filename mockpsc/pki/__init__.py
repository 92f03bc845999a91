"""Certificates: a test PKI that is made at start, kept in a folder, and good for nothing but tests. A tour, upwards:

* `names` and `hosts` say what is in a certificate: distinguished names; host names, addresses and name constraints.
* `keys` makes private keys. `bundle` is a certificate with its key and chain, read from PEM or given as PKCS#12.
* `build` makes a certificate from a `CertificateSpec`, a value: a broken one is a good spec with a field replaced.
* `authority` has the two authorities: mockpsc's server root, and the one that issues clients' certificates.
* `files`, `disk`, `keeper` and `folder` keep all of it on disk: `open_folder` makes, reuses or mends a whole `Pki`.

The package needs the `cryptography` library and can be used alone.
"""

from mockpsc.pki.authority import Authority, new_client_authority, new_client_root, new_server_authority
from mockpsc.pki.build import (
    CertificateSpec,
    KeyUsage,
    client_spec,
    encryption_spec,
    issuing_spec,
    root_spec,
    server_spec,
    sign,
    signing_spec,
)
from mockpsc.pki.bundle import UNREADABLE, Bundle, described, load_bundle, load_certificates, thumbprint
from mockpsc.pki.files import ClientFiles, PkiFiles
from mockpsc.pki.folder import PKCS12_PASSWORD, Pki, add_client, new_signing_bundle, open_folder
from mockpsc.pki.keys import KeyKind, PrivateKey, PublicKey, new_key
from mockpsc.pki.names import attribute_name, common_name, make_dn, parse_dn, same_dn, show_dn

__all__ = [
    "PKCS12_PASSWORD",
    "UNREADABLE",
    "Authority",
    "Bundle",
    "CertificateSpec",
    "ClientFiles",
    "KeyKind",
    "KeyUsage",
    "Pki",
    "PkiFiles",
    "PrivateKey",
    "PublicKey",
    "add_client",
    "attribute_name",
    "client_spec",
    "common_name",
    "described",
    "encryption_spec",
    "issuing_spec",
    "load_bundle",
    "load_certificates",
    "make_dn",
    "new_client_authority",
    "new_client_root",
    "new_key",
    "new_server_authority",
    "new_signing_bundle",
    "open_folder",
    "parse_dn",
    "root_spec",
    "same_dn",
    "server_spec",
    "show_dn",
    "sign",
    "signing_spec",
    "thumbprint",
]
