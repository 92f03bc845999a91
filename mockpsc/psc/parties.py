"""Who takes part in a test: the relying parties of a mock, and the people who log in."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

from mockpsc.client import AdminClient
from mockpsc.errors import Unusable
from mockpsc.psc.certificates import Certificates
from mockpsc.psc.credentials import RelyingParty
from mockpsc.psc.people import People, Person
from mockpsc.psc.undoing import undo
from mockpsc.vocabulary import FILE_NAME, is_file_name

_ANYWHERE = ("http://*", "https://*")


class Parties:
    """The clients and the personas of a mock. `connection` is what a relying party needs to be pointed at it.

    Of a mock that is shared with other test processes, `own_client` is this one's, which is declared if it must be;
    and so is the one that `default_client` tells."""

    def __init__(
        self,
        admin: AdminClient,
        certs: Certificates,
        connection: Mapping[str, str],
        *,
        own_client: str | None,
        default_client: Callable[[], str],
    ) -> None:
        self._admin, self._certs, self._connection = admin, certs, connection
        self._own_client, self._default_client = own_client, default_client
        self._parties: dict[str, RelyingParty] = {}
        self._added: dict[str, list[str]] = {"clients": [], "personas": []}
        if own_client is not None:
            self._declare(own_client)

    @property
    def own_ids(self) -> set[str]:
        """The ids of the clients that are this process's own in a mock that is shared."""
        return {*self._added["clients"], self._default_client(), *([self._own_client] if self._own_client else [])}

    @property
    def own_subjects(self) -> set[str]:
        """The subjects of their certificates, and of those that a test has made."""
        issued = [self.client(id).issued for id in self.own_ids]
        return {*self._certs.subjects, *(each.subject for each in issued if each)}

    def client(self, id: str) -> RelyingParty:
        """What that relying party needs; its certificate is issued when it has none yet."""
        if id not in self._parties:
            if not is_file_name(id):
                raise Unusable(
                    f"The client id {id!r} cannot name the folder of its certificate: it must be {FILE_NAME}."
                )
            told = self._admin.post(f"/api/clients/{quote(id, safe='')}/credentials")
            self._parties[id] = self._party(id, told["certificate"], told["secret"])
        return self._parties[id]

    def add_client(self, id: str, table: Mapping[str, Any]) -> RelyingParty:
        """Declare a client, with the members of a `[[clients]]` table."""
        told = self._admin.post("/api/clients", {"id": id, **table})
        self._added["clients"].append(id)
        self._parties[id] = self._party(id, told["certificate"], table.get("secret"))
        return self._parties[id]

    def people(self) -> People:
        """The people who can log in."""
        return People({each["id"]: Person.of(each) for each in self._admin.get("/api/personas")})

    def add_person(self, table: Mapping[str, Any]) -> Person:
        """Add somebody who can log in, with the members of a `[[personas]]` table."""
        person = Person.of(self._admin.post("/api/personas", table))
        self._added["personas"].append(person.id)
        return person

    def remove(self) -> None:
        """Remove what was added, one by one."""
        paths = [f"/api/{group}/{quote(id, safe='')}" for group, ids in self._added.items() for id in ids]
        self.forget()
        undo(partial(self._admin.delete, path) for path in paths)

    def forget(self) -> None:
        """What was added was removed by a reset."""
        for id in self._added["clients"]:
            self._parties.pop(id, None)
        for ids in self._added.values():
            ids.clear()

    def _declare(self, id: str) -> None:
        """Declare the process's own client, to be sent back to anywhere, at a mock that accepts declared ones only."""
        told = self._admin.get("/api/clients")
        if not told["accept_any"] and id not in [each["id"] for each in told["clients"]]:
            anywhere = {"redirect_uris": _ANYWHERE, "post_logout_redirect_uris": _ANYWHERE}
            self._admin.post("/api/clients", {"id": id, **anywhere})

    def _party(self, id: str, certificate: Mapping[str, Any] | None, secret: str | None) -> RelyingParty:
        return RelyingParty(
            id=id,
            issuer=self._connection["issuer"],
            discovery_url=self._connection["discovery_url"],
            ca_file=self._certs.ca_file,
            issued=self._certs.kept(certificate, id) if certificate else None,
            secret=secret,
        )
