"""A certificate that was issued, as JSON that a program elsewhere can use."""

from base64 import b64encode
from typing import Any

from mockpsc.pki import PKCS12_PASSWORD, Bundle, ClientFiles, described


def issued(bundle: Bundle, alias: str) -> dict[str, Any]:
    """What it is, and all of it: PEM texts, and PKCS#12 in base64."""
    return {
        **described(bundle.certificate),
        "certificate": bundle.cert_pem.decode(),
        "key": bundle.key_pem.decode(),
        "chain": bundle.chain_pem.decode(),
        "pkcs12": b64encode(bundle.pkcs12(PKCS12_PASSWORD, alias)).decode(),
        "pkcs12_password": PKCS12_PASSWORD,
    }


def with_files(files: ClientFiles) -> dict[str, Any]:
    """Where it lies on the mock's machine, as absolute paths."""
    named = {"certificate": files.cert, "key": files.key, "chain": files.chain, "pkcs12": files.pkcs12}
    return {"files": {name: str(path.absolute()) for name, path in named.items()}}
