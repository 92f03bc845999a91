"""Certificates to present in a test: every client's recipe of the catalogue as a method, and ones made to measure."""

from base64 import b64decode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mockpsc.client import AdminClient
from mockpsc.errors import Unusable, nearest
from mockpsc.psc.credentials import Certificate


class Certificates:
    """`psc.certs.expired()` is the recipe `expired`, for the test's client or for another: `expired("my-client")`.

    The names are those of `mockpsc certs list`, with `_` for `-`. Each call makes a new certificate, in files."""

    def __init__(self, admin: AdminClient, folder: Path, *, ca_file: Path, default_client: Callable[[], str]) -> None:
        self._admin, self._folder, self._ca_file, self._default_client = admin, folder, ca_file, default_client
        self._names: tuple[str, ...] = ()
        self._made = 0

    def __getattr__(self, name: str) -> Callable[..., Certificate]:
        recipe = name.replace("_", "-")
        if name.startswith("_") or recipe not in self.names:
            known = [each.replace("-", "_") for each in ([] if name.startswith("_") else self.names)]
            raise AttributeError(f"No certificate is made by certs.{name}{nearest(name, known)}.")
        return lambda client_id=None: self.made(recipe, client_id)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(name.replace("-", "_") for name in self.names)]

    @property
    def names(self) -> tuple[str, ...]:
        """The recipes for clients' certificates, by name."""
        if not self._names:
            told = self._admin.get("/api/certificates/recipes")
            self._names = tuple(str(each["name"]) for each in told if each["side"] == "client")
        return self._names

    def made(self, recipe: str, client_id: str | None = None) -> Certificate:
        """A certificate of that recipe. Raises Unusable for a name that there is not."""
        if recipe not in self.names:
            raise Unusable(f"No client's certificate is named {recipe!r}{nearest(recipe, self.names)}.")
        told = self._admin.post(
            "/api/certificates", {"recipe": recipe, "client_id": client_id or self._default_client()}
        )
        certificate = self.kept(told, recipe, reason=told["recipe"]["reason"])
        if recipe == "revoked":
            self._admin.post("/api/certificates/revoke", {"certificate": certificate.pem})
        return certificate

    def issue(self, client_id: str | None = None, **measures: Any) -> Certificate:
        """A good certificate made to measure: `subject` (RFC 4514), `days`, `not_before_days`, `key`."""
        told = self._admin.post("/api/certificates", {"client_id": client_id or self._default_client(), **measures})
        return self.kept(told, "issued")

    def kept(self, told: Mapping[str, Any], name: str, *, reason: str | None = None) -> Certificate:
        """A certificate that the admin API has issued, in files of its own."""
        self._made += 1
        folder = self._folder / f"{self._made:03}-{name}"
        folder.mkdir(parents=True, mode=0o700)
        contents = {
            "cert.pem": told["certificate"].encode(),
            "key.pem": told["key"].encode(),
            "chain.pem": told["chain"].encode(),
            "client.p12": b64decode(told["pkcs12"]),
        }
        for file, content in contents.items():
            (folder / file).write_bytes(content)
        return Certificate(
            name=name,
            subject=told["subject"],
            serial=told["serial"],
            cert=folder / "cert.pem",
            key=folder / "key.pem",
            chain=folder / "chain.pem",
            pkcs12=folder / "client.p12",
            pkcs12_password=told["pkcs12_password"],
            ca_file=self._ca_file,
            reason=reason,
        )
