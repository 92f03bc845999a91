"""What a relying party needs to call the mock: its id, its certificate in files, the CA to trust; in whatever form its
HTTP library wants it."""

import ssl
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockpsc.errors import Unusable

if TYPE_CHECKING:
    import httpx

# OpenSSL does not present such certificates by itself.
_WEAK = ("weak_key", "weak_signature")


class _Presenting(ABC):
    """What calls the mock over TLS."""

    @abstractmethod
    def ssl_context(self) -> ssl.SSLContext:
        """A context that trusts the mock."""

    def httpx_client(self, **options: Any) -> "httpx.Client":
        """An httpx client with that context; `options` are httpx's. It is the caller's to close."""
        import httpx

        return httpx.Client(verify=self.ssl_context(), **options)

    def async_httpx_client(self, **options: Any) -> "httpx.AsyncClient":
        """The same for asyncio."""
        import httpx

        return httpx.AsyncClient(verify=self.ssl_context(), **options)


@dataclass(frozen=True, kw_only=True)
class Certificate(_Presenting):
    """A client's certificate in files: itself, its key, its chain (to be sent), and all of it as PKCS#12.

    `name` is the recipe's, or what it is. `reason` is the code word of the mock's verdict on it, None when it is
    accepted; `needs` says on which condition, if there is one. `serial` is in hexadecimal."""

    name: str
    subject: str
    serial: str
    cert: Path
    key: Path
    chain: Path
    pkcs12: Path
    pkcs12_password: str
    ca_file: Path
    reason: str | None = None
    needs: str | None = None

    @property
    def pem(self) -> str:
        """The certificate as PEM text."""
        return self.cert.read_text(encoding="ascii")

    @property
    def files(self) -> tuple[str, str]:
        """The chain and the key, as requests takes them in `cert=`."""
        return str(self.chain), str(self.key)

    def ssl_context(self) -> ssl.SSLContext:
        """A context that trusts the mock and presents this certificate, a weak one, too."""
        context = ssl.create_default_context(cafile=str(self.ca_file))
        if self.reason in _WEAK:
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.load_cert_chain(*self.files)
        return context


@dataclass(frozen=True, kw_only=True)
class RelyingParty(_Presenting):
    """A client of the mock's: its id, its secret if it has one, and what else its settings need.

    `issued` is the certificate that the mock has issued for it: None for a client that proves itself by its secret
    alone, or is known by a certificate whose key the mock has not."""

    id: str
    issuer: str
    discovery_url: str
    ca_file: Path
    issued: Certificate | None
    secret: str | None = field(default=None, repr=False)

    @property
    def certificate(self) -> Certificate:
        """Its certificate. Raises Unusable when the mock has issued none."""
        if self.issued is None:
            raise Unusable(f"The mock has issued no certificate for {self.id}: it proves itself in another way.")
        return self.issued

    @property
    def cert(self) -> Path:
        """Its certificate, PEM."""
        return self.certificate.cert

    @property
    def key(self) -> Path:
        """Its private key, PEM."""
        return self.certificate.key

    def ssl_context(self) -> ssl.SSLContext:
        """A context that trusts the mock and presents its certificate, if it has one. For another certificate, see
        `Certificate.ssl_context`."""
        return self.issued.ssl_context() if self.issued else ssl.create_default_context(cafile=str(self.ca_file))

    def as_env(self, prefix: str = "PSC_") -> dict[str, str]:
        """Its settings as environment variables, for a relying party that runs as a program of its own."""
        settings = {
            "ISSUER": self.issuer,
            "DISCOVERY_URL": self.discovery_url,
            "CLIENT_ID": self.id,
            "CLIENT_SECRET": self.secret,
            "CA_FILE": self.ca_file,
        }
        if self.issued is not None:
            settings |= {
                "CLIENT_CERT": self.issued.chain,
                "CLIENT_KEY": self.issued.key,
                "CLIENT_P12": self.issued.pkcs12,
                "CLIENT_P12_PASSWORD": self.issued.pkcs12_password,
            }
        return {f"{prefix}{name}": str(value) for name, value in settings.items() if value is not None}
