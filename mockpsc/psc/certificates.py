"""Certificates to present in a test: every client's recipe of the catalogue as a method, and ones made to measure."""

from base64 import b64decode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from mockpsc.client import AdminClient
from mockpsc.errors import Unusable, nearest
from mockpsc.psc.credentials import Certificate, RelyingParty


class Recipe(Protocol):
    """Makes a certificate of a recipe: for the test's client, or for another."""

    def __call__(self, client: str | RelyingParty | None = None) -> Certificate:
        """A new one."""


class Certificates:
    """`psc.certs.expired()` is the recipe `expired`, for the test's client or for another: `expired("my-client")`.

    The names are those of the catalogue (`mockpsc certs list`), with `_` for `-`. Each call makes a new certificate, in
    files of its own. `default_client` tells whom it is for if nobody says. `subjects` are those of all that were made.
    """

    def __init__(self, admin: AdminClient, folder: Path, *, ca_file: Path, default_client: Callable[[], str]) -> None:
        self._admin, self._folder, self.ca_file, self._default_client = admin, folder, ca_file, default_client
        self._recipes: Mapping[str, Mapping[str, Any]] = {}
        self.subjects: set[str] = set()

    def __getattr__(self, name: str) -> Recipe:
        if name.startswith("_"):  # asked by Python's own protocols
            raise AttributeError(name)
        recipe = name.replace("_", "-")
        if recipe not in self.names:
            raise AttributeError(f"No certificate is made by certs.{name}{nearest(name, self._methods)}.")

        def make(client: str | RelyingParty | None = None) -> Certificate:
            return self.made(recipe, client)

        return make

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._methods]

    @property
    def names(self) -> tuple[str, ...]:
        """The recipes for clients' certificates, by name."""
        if not self._recipes:
            told = self._admin.get("/api/certificates/recipes")
            self._recipes = {each["name"]: each for each in told if each["side"] == "client"}
        return tuple(self._recipes)

    def made(self, recipe: str, client: str | RelyingParty | None = None) -> Certificate:
        """A certificate of that recipe; that of `revoked` is revoked, too. Raises Unusable for an unknown name."""
        if recipe not in self.names:
            raise Unusable(f"No client's certificate is named {recipe!r}{nearest(recipe, self.names)}.")
        certificate = self._issued(recipe, client, {"recipe": recipe})
        if self._recipes[recipe]["revoked"]:
            self._admin.post("/api/certificates/revoke", {"certificate": certificate.pem})
        return certificate

    def issue(
        self,
        client: str | RelyingParty | None = None,
        *,
        subject: str | None = None,
        days: int | None = None,
        not_before_days: int | None = None,
        key: str | None = None,
    ) -> Certificate:
        """A certificate made to measure: its `subject` (RFC 4514), in how many `days` it ends and in how many it
        begins (a negative number is in the past), and its `key`: rsa, ec or ed25519."""
        measures = {"subject": subject, "days": days, "not_before_days": not_before_days, "key": key}
        return self._issued("issued", client, measures)

    def kept(self, told: Mapping[str, Any], name: str) -> Certificate:
        """A certificate that the admin API has issued, in files."""
        folder = self._folder / f"{name}-{told['serial']}"
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        contents = {
            "cert.pem": told["certificate"].encode(),
            "key.pem": told["key"].encode(),
            "chain.pem": told["chain"].encode(),
            "client.p12": b64decode(told["pkcs12"]),
        }
        for file, content in contents.items():
            (folder / file).write_bytes(content)
        recipe = told.get("recipe") or {"reason": None, "needs": None, "revoked": False}
        return Certificate(
            name=name,
            subject=told["subject"],
            serial=told["serial"],
            cert=folder / "cert.pem",
            key=folder / "key.pem",
            chain=folder / "chain.pem",
            pkcs12=folder / "client.p12",
            pkcs12_password=told["pkcs12_password"],
            ca_file=self.ca_file,
            reason=recipe["reason"],
            needs=None if recipe["revoked"] else recipe["needs"],
        )

    @property
    def _methods(self) -> list[str]:
        return [name.replace("-", "_") for name in self.names]

    def _issued(self, name: str, client: str | RelyingParty | None, asked: Mapping[str, Any]) -> Certificate:
        client_id = client.id if isinstance(client, RelyingParty) else client or self._default_client()
        given = {key: value for key, value in asked.items() if value is not None}
        certificate = self.kept(self._admin.post("/api/certificates", {"client_id": client_id, **given}), name)
        self.subjects.add(certificate.subject)
        return certificate
