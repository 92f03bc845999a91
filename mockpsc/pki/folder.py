"""The folder that a test PKI lives in, `./certs/` by default: made when missing, reused while good, mended otherwise.

    ca.pem                       relying parties trust it
    client-ca.pem                the mock trusts it
    clients/<client id>/         cert.pem, key.pem, chain.pem, client.p12
    server/                      cert.pem, key.pem, chain.pem
    provider/                    signing, encryption: the keys of the JWKS
    authorities/                 server-root, client-root, client-issuing

What others trust or remember (authorities, the provider's keys) is replaced only when there is no other way, and never
in silence.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from cryptography import x509

from mockpsc.clock import Clock
from mockpsc.errors import ConfigurationError
from mockpsc.pki.authority import Authority, new_client_authority, new_client_root, new_server_authority
from mockpsc.pki.build import CertificateSpec, client_spec, encryption_spec, server_spec, sign, signing_spec
from mockpsc.pki.bundle import Bundle, load_certificates, pem
from mockpsc.pki.disk import locked, write
from mockpsc.pki.files import ClientFiles, PairFiles, PkiFiles, ServerFiles
from mockpsc.pki.hosts import LOCAL_HOSTS, general_name, general_names, named_hosts, permits
from mockpsc.pki.keeper import Copy, Keeper, Kept, age_flaw, issuer_flaw
from mockpsc.pki.keys import KeyKind, PrivateKey, PublicKey, key_kind, keys_ahead, new_key
from mockpsc.pki.names import common_name
from mockpsc.pki.revocation import with_revocation_urls

PKCS12_PASSWORD = "mockpsc"
"""The password of every client.p12. It is no secret: Java and .NET want one."""

_REALM = "esante-wallet"  # Keycloak names the certificates of a realm's keys after the realm
_NEAR_THE_END = timedelta(days=30)


@dataclass(frozen=True, kw_only=True, eq=False)
class Pki:
    """All that the mock needs of a test PKI.

    `authorities` are by the names of their files: `client-issuing`, `client-root`, `server-root`. `client_anchors` is
    what the mock trusts, the issuing authority and its root; `clients` is by client id; `signing` and `encryption` are
    the provider's own keys, for its JWKS.
    """

    authorities: Mapping[str, Authority]

    server: Bundle
    server_root: x509.Certificate
    client_anchors: tuple[x509.Certificate, ...]
    clients: Mapping[str, Bundle]
    signing: Bundle
    encryption: Bundle
    files: PkiFiles


def open_folder(
    path: Path,
    *,
    client_ids: Sequence[str],
    hosts: Sequence[str] = (),
    server_key: KeyKind | None = None,
    admin_url: str | None = None,
    clock: Clock,
    notice: Callable[[str], None],
) -> Pki:
    """The test PKI in a folder, which is made or mended first if need be: `notice` is told each mending in a sentence.

    The server's key is of the kind asked for; if none is, of the one that it has, EC at first. Its certificate names
    the hosts beside `LOCAL_HOSTS`, and each client id has a certificate. What is issued
    now says that `admin_url` tells what was revoked; what is there already stays, since the mock's port may differ from
    start to start. Processes that open one folder at once wait for one another. Raises ConfigurationError when a client
    id or a host cannot be used, when a file cannot be read or written or its key is another certificate's, and when an
    authority has expired.
    """
    files = PkiFiles(path)
    clients = {client_id: files.client(client_id) for client_id in client_ids}
    general_names(hosts)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with locked(path), keys_ahead(_missing_rsa_keys(files, clients.values(), server_key)) as make_key:
            is_new = not files.private_folders[0].exists()
            if is_new:
                notice(f"A new test PKI is made in {path}: relying parties must trust {files.ca}.")
            keeper = Keeper(new_key=make_key, notice=_say_nothing if is_new else notice)
            opening = _Opening(files=files, clock=clock, keeper=keeper, notice=notice, admin_url=admin_url)
            return opening.pki(clients, hosts, server_key)
    except OSError as error:
        raise ConfigurationError(f"The folder {path} cannot be used for certificates: {error}.") from error


def add_client(
    pki: Pki, client_id: str, *, admin_url: str | None = None, clock: Clock, notice: Callable[[str], None]
) -> Bundle:
    """The certificate of one more client of an open folder, made, reused or mended as `open_folder` would.

    Raises ConfigurationError when the client id cannot be used, or a file cannot be read or written."""
    files = pki.files.client(client_id)
    try:
        with locked(pki.files.folder), keys_ahead(int(not files.key.exists())) as make_key:
            keeper = Keeper(new_key=make_key, notice=notice)
            opening = _Opening(files=pki.files, clock=clock, keeper=keeper, notice=notice, admin_url=admin_url)
            return opening.client(pki.authorities["client-issuing"], client_id, files)
    except OSError as error:
        raise ConfigurationError(f"{files.cert.parent} cannot be used for a certificate: {error}.") from error


def _say_nothing(sentence: str) -> None:
    """What is told of the making of a new PKI, piece by piece: it has been told as a whole."""


def _missing_rsa_keys(files: PkiFiles, clients: Iterable[PairFiles], server_key: KeyKind | None) -> int:
    pairs = [
        *map(files.authority, ("client-root", "client-issuing")),
        *map(files.provider, ("signing", "encryption")),
        *clients,
        *([files.server] if server_key == "rsa" else []),
    ]
    return sum(not pair.key.exists() for pair in pairs)


def new_signing_bundle(clock: Clock) -> Bundle:
    """A key to sign tokens with, as a realm's next one, and its certificate. It is kept in no folder."""
    key = new_key("rsa")
    return Bundle(certificate=sign(signing_spec(key.public_key(), common_name=_REALM), key, clock=clock), key=key)


@dataclass(frozen=True, kw_only=True)
class _Opening:
    """One opening of a folder, whose lock is held meanwhile: what is kept in it, from the authorities down."""

    files: PkiFiles
    clock: Clock
    keeper: Keeper
    notice: Callable[[str], None]
    admin_url: str | None

    def pki(self, clients: Mapping[str, ClientFiles], hosts: Sequence[str], server_key: KeyKind | None) -> Pki:
        self._make_folders(pair.cert.parent for pair in clients.values())
        hosts = self._with_earlier(hosts)
        server_root = self._server_root(hosts)
        root = self._client_root()
        issuing = self._client_authority(root)
        return Pki(
            authorities={"client-issuing": issuing, "client-root": root, "server-root": server_root},
            server=self._server(server_root, hosts, server_key),
            server_root=server_root.certificate,
            client_anchors=(issuing.certificate, *issuing.parents),
            clients={client_id: self._client(issuing, client_id, each) for client_id, each in clients.items()},
            signing=self._provider("signing", partial(signing_spec, common_name=_REALM)),
            encryption=self._provider("encryption", partial(encryption_spec, common_name=_REALM)),
            files=self.files,
        )

    def client(self, authority: Authority, client_id: str, files: ClientFiles) -> Bundle:
        """The certificate of one client, whose folder need not be there."""
        self._make_folders([files.cert.parent])
        return self._client(authority, client_id, files)

    def _make_folders(self, clients: Iterable[Path]) -> None:
        for folder in (*self.files.private_folders, *clients):
            folder.mkdir(mode=0o700, exist_ok=True)
        if not self.files.gitignore.exists():
            write(self.files.gitignore, b"*\n", private=False)
            self.keeper.notice(f"{self.files.gitignore} was written again, because it was missing.")

    def _with_earlier(self, hosts: Sequence[str]) -> Sequence[str]:
        """The hosts, and those that the server certificate names already.

        Two mocks that share a folder, each with hosts of its own, would otherwise replace each other's for ever.
        """
        cert = self.files.server.cert
        return (*hosts, *named_hosts(load_certificates(cert)[0])) if cert.exists() else hosts

    def _server_root(self, hosts: Sequence[str]) -> Authority:
        def flaw(bundle: Bundle) -> str | None:
            refused = [host for host in (*LOCAL_HOSTS, *hosts) if not permits(bundle.certificate, host)]
            return (
                f"the name constraints of the earlier one do not permit {', '.join(map(repr, refused))}"
                if refused
                else None
            )

        return self._authority(
            Kept(
                files=self.files.authority("server-root"),
                issue=lambda key: new_server_authority(clock=self.clock, hosts=hosts, key=key).bundle,
                flaw=flaw,
                kind="ec",
                copies=(Copy(path=self.files.ca, content=lambda bundle: bundle.cert_pem),),
                authority=True,
                if_key_is_new=f"; relying parties must trust the new {self.files.ca}",
            )
        )

    def _client_root(self) -> Authority:
        return self._authority(
            Kept(
                files=self.files.authority("client-root"),
                issue=lambda key: new_client_root(clock=self.clock, key=key).bundle,
                authority=True,
            )
        )

    def _client_authority(self, root: Authority) -> Authority:
        """The authority that issues the clients' certificates."""
        anchors = Copy(path=self.files.client_ca, content=lambda bundle: pem(root.certificate, bundle.certificate))
        return self._authority(
            Kept(
                files=self.files.authority("client-issuing"),
                issue=lambda key: new_client_authority(clock=self.clock, root=root, key=key).bundle,
                flaw=lambda bundle: issuer_flaw(bundle.certificate, root.certificate),
                copies=(anchors,),
                authority=True,
            ),
            root.certificate,
        )

    def _authority(self, kept: Kept, *parents: x509.Certificate) -> Authority:
        """An authority that is kept; ConfigurationError when it is not valid now, a notice when it soon will not be."""
        bundle = self.keeper.keep(kept)
        now, start = self.clock.today(), bundle.certificate.not_valid_before_utc
        end = bundle.certificate.not_valid_after_utc
        remedy = (
            f"delete the folder {self.files.folder} to make a new PKI; "
            f"relying parties must then trust the new {self.files.ca}"
        )
        if not start <= now <= end:
            flaw = f"is not valid before {start:%Y-%m-%d}" if now < start else f"expired on {end:%Y-%m-%d}"
            raise ConfigurationError(f"The authority certificate {kept.files.cert} {flaw}: {remedy}.")
        if end - now < _NEAR_THE_END:
            self.notice(f"The authority certificate {kept.files.cert} expires on {end:%Y-%m-%d}: by then, {remedy}.")
        return Authority(certificate=bundle.certificate, key=bundle.key, parents=parents)

    def _server(self, root: Authority, hosts: Sequence[str], kind: KeyKind | None) -> Bundle:
        def flaw(bundle: Bundle) -> str | None:
            named = general_names(named_hosts(bundle.certificate))
            unnamed = [host for host in (*LOCAL_HOSTS, *hosts) if general_name(host) not in named]
            if unnamed:
                return f"the earlier one did not name {', '.join(map(repr, unnamed))}"
            if kind is not None and key_kind(bundle.key) != kind:
                return f"the key of the earlier one was not {kind.upper()}"
            return self._leaf_flaw(bundle, root)

        return self.keeper.keep(
            Kept(
                files=self.files.server,
                issue=lambda key: self._issue(root, server_spec(key.public_key(), hosts=hosts), key, "server-root"),
                flaw=flaw,
                kind=kind or "ec",
                issuers=root.issuers,
                copies=(_chain(self.files.server),),
            )
        )

    def _client(self, authority: Authority, client_id: str, files: ClientFiles) -> Bundle:
        def issue(key: PrivateKey) -> Bundle:
            return self._issue(authority, client_spec(key.public_key(), client_id=client_id), key, "client-issuing")

        def flaw(bundle: Bundle) -> str | None:
            name = common_name(bundle.certificate.subject)
            if name != client_id:  # on a disk that ignores case, two client ids can have one folder
                return f"the CN of the earlier one was {name!r}"
            return self._leaf_flaw(bundle, authority)

        pkcs12 = Copy(path=files.pkcs12, content=lambda bundle: bundle.pkcs12(PKCS12_PASSWORD, client_id), secret=True)
        return self.keeper.keep(
            Kept(files=files, issue=issue, flaw=flaw, issuers=authority.issuers, copies=(_chain(files), pkcs12))
        )

    def _issue(self, authority: Authority, spec: CertificateSpec, key: PrivateKey, name: str) -> Bundle:
        if self.admin_url is not None:
            spec = with_revocation_urls(spec, admin_url=self.admin_url, authority=name)
        return authority.issue(spec, key, clock=self.clock)

    def _leaf_flaw(self, bundle: Bundle, authority: Authority) -> str | None:
        return issuer_flaw(bundle.certificate, authority.certificate) or age_flaw(
            bundle.certificate, clock=self.clock, until=authority.certificate.not_valid_after_utc
        )

    def _provider(self, name: str, spec: Callable[[PublicKey], CertificateSpec]) -> Bundle:
        """A key of the provider's own; its certificate is renewed with the same key, which is what others remember."""
        return self.keeper.keep(
            Kept(
                files=self.files.provider(name),
                issue=lambda key: Bundle(certificate=sign(spec(key.public_key()), key, clock=self.clock), key=key),
                flaw=lambda bundle: age_flaw(bundle.certificate, clock=self.clock),
                if_key_is_new="; relying parties that keep the JWKS must fetch it again",
            )
        )


def _chain(files: ServerFiles) -> Copy:
    return Copy(path=files.chain, content=lambda bundle: bundle.chain_pem)
