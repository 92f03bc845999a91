"""What a relying party needs to call the mock: its id, its certificate in files, the CA to trust; in whatever form its
HTTP library wants it."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A client's certificate in files: itself, its key, its chain (to be sent), and all of it as PKCS#12.

    `reason` is the word of the mock's verdict on it, None when it is accepted; `serial` is in hexadecimal."""

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

    @property
    def pem(self) -> str:
        """The certificate as PEM text."""
        return self.cert.read_text(encoding="ascii")

    @property
    def files(self) -> tuple[str, str]:
        """The chain and the key, as requests takes them in `cert=`."""
        return str(self.chain), str(self.key)

    def ssl_context(self) -> ssl.SSLContext:
        """A context that trusts the mock and presents this certificate; one with a weak key or signature, too."""
        context = ssl.create_default_context(cafile=str(self.ca_file))
        if self.reason in ("weak_key", "weak_signature"):
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.load_cert_chain(self.chain, self.key)
        return context

    def httpx_client(self, **options: Any) -> "httpx.Client":
        """An httpx client with that context; `options` are httpx's. It is the caller's to close."""
        import httpx

        return httpx.Client(verify=self.ssl_context(), **options)

    def async_httpx_client(self, **options: Any) -> "httpx.AsyncClient":
        """The same for asyncio."""
        import httpx

        return httpx.AsyncClient(verify=self.ssl_context(), **options)


@dataclass(frozen=True, kw_only=True)
class RelyingParty:
    """A client of the mock's: its id, its certificate, and its secret if it has one."""

    id: str
    certificate: Certificate
    discovery_url: str
    issuer: str
    secret: str | None = field(default=None, repr=False)

    @property
    def cert(self) -> Path:
        """Its certificate, PEM."""
        return self.certificate.cert

    @property
    def key(self) -> Path:
        """Its private key, PEM."""
        return self.certificate.key

    @property
    def ca_file(self) -> Path:
        """The CA to trust, PEM."""
        return self.certificate.ca_file

    def ssl_context(self, certificate: Certificate | None = None) -> ssl.SSLContext:
        """A context that trusts the mock and presents its certificate, or another one."""
        return (certificate or self.certificate).ssl_context()

    def httpx_client(self, certificate: Certificate | None = None, **options: Any) -> "httpx.Client":
        """An httpx client with that context. It is the caller's to close."""
        return (certificate or self.certificate).httpx_client(**options)

    def async_httpx_client(self, certificate: Certificate | None = None, **options: Any) -> "httpx.AsyncClient":
        """The same for asyncio."""
        return (certificate or self.certificate).async_httpx_client(**options)

    def as_env(self, prefix: str = "PSC_") -> dict[str, str]:
        """The settings as environment variables, for a relying party that runs as a program of its own."""
        settings = {
            "ISSUER": self.issuer,
            "DISCOVERY_URL": self.discovery_url,
            "CLIENT_ID": self.id,
            "CLIENT_SECRET": self.secret,
            "CLIENT_CERT": self.certificate.chain,
            "CLIENT_KEY": self.key,
            "CLIENT_P12": self.certificate.pkcs12,
            "CLIENT_P12_PASSWORD": self.certificate.pkcs12_password,
            "CA_FILE": self.ca_file,
        }
        return {f"{prefix}{name}": str(value) for name, value in settings.items() if value is not None}
