"""What a recipe is, and how a certificate is made from it: a good chain, with what the recipe says replaced.

An intermediate here has its issuer's own name and another key, as when an authority signs its next key with its present
one (RFC 4210 §4.4.1). Such a self-issued certificate does not count towards a path length (RFC 5280 §4.2.1.9), so that
a chain can go through it below an authority of path length 0, and only what the recipe replaces is wrong.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal, TypeAlias, cast

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from mockpsc.clock import Clock
from mockpsc.pki.authority import Authority
from mockpsc.pki.build import TEST_ONLY, CertificateSpec, client_spec, issuing_spec, root_spec, server_spec, sign
from mockpsc.pki.bundle import Bundle
from mockpsc.pki.der import Tamper
from mockpsc.pki.keys import PrivateKey, PublicKey, new_key
from mockpsc.pki.names import make_dn

Side: TypeAlias = Literal["client", "server"]
KeyName: TypeAlias = Literal["rsa", "rsa-1024", "rsa-3072", "ec", "ec-p384", "ed25519"]
Chain: TypeAlias = tuple[x509.Certificate, ...]
Change: TypeAlias = Callable[[CertificateSpec], CertificateSpec]

OTHER_ROOT = make_dn(("O", "MOCKPSC TEST"), ("OU", TEST_ONLY), ("CN", "MOCKPSC TEST OTHER ROOT"))
TRUSTED_ROOT = make_dn(("O", "MOCKPSC TEST"), ("OU", TEST_ONLY), ("CN", "MOCKPSC TEST OTHER ROOT THAT IS TRUSTED"))
_USAGE: Mapping[Side, tuple[x509.ObjectIdentifier, ...]] = {
    "client": (ExtendedKeyUsageOID.CLIENT_AUTH,),
    "server": (),
}


def but(**fields: Any) -> Change:
    """The change that replaces these fields of a `CertificateSpec`."""
    return lambda spec: replace(spec, **fields)


def usually(chain: Chain) -> Chain:
    """What is sent of a chain as a rule: all but the root, and a certificate that stands alone."""
    return chain[:-1] or chain


def _untampered(certificate: x509.Certificate, key: PrivateKey) -> x509.Certificate:
    return certificate


@dataclass(frozen=True, kw_only=True)
class Part:
    """One certificate of a chain: how it differs from a good one. `tamper` comes last, after its issuer has signed."""

    change: Change = field(default=but())
    tamper: Tamper = _untampered
    key: KeyName = "ec"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A certificate to test with, named after its symptom.

    `reason` is the word that the verdict on it must have, None when it must be accepted. The chain goes from the leaf
    through `path` (its certificates in the order of issuance, from the top) to `top`: the authority in use, another
    root that `root` describes, an impostor with the authority's name, or nothing, and then the leaf is self-signed.
    `sends` picks what is sent of the whole chain; `besides`, roots that have nothing to do with it, is sent after it.

    With `trusts_root`, the reason is found when that other root is trusted; `revoked`, when the leaf has been revoked.
    `needs` says in a sentence what it takes to see the reason, if it takes something. `alert` is the number of the TLS
    alert that OpenSSL sends, where it is not the one that goes with the reason.
    """

    name: str
    side: Side
    meaning: str
    reason: str | None = None
    leaf: Part = Part()
    path: tuple[Part, ...] = ()
    top: Literal["authority", "other root", "impostor", "itself"] = "authority"
    root: Part = Part()
    besides: tuple[Part, ...] = ()
    sends: Callable[[Chain], Chain] = usually
    trusts_root: bool = False
    revoked: bool = False
    needs: str = ""
    alert: int | None = None

    def as_json(self) -> dict[str, Any]:
        """What it is, for a machine; `reason` is null when the certificate is accepted."""
        return {
            "name": self.name,
            "side": self.side,
            "meaning": self.meaning,
            "needs": self.needs or None,
            "reason": self.reason,
            "revoked": self.revoked,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Baked:
    """A certificate made from a recipe: `certificates` is what is sent, the leaf first.

    For the recipe's reason to be found, `anchors` must be trusted besides the authority. `withheld` are intermediates
    of the chain that are not sent: whoever knows them can tell a chain that lacks one from one that leads elsewhere.
    """

    recipe: Recipe
    certificates: Chain
    key: PrivateKey
    anchors: Chain = ()
    withheld: Chain = ()

    @property
    def bundle(self) -> Bundle:
        """The same in the forms that programs take: PEM, and PKCS#12."""
        return Bundle(certificate=self.certificates[0], key=self.key, issuers=self.certificates[1:])


def make_key(name: KeyName) -> PrivateKey:
    """A new key of that kind and strength. RSA takes 20 ms (1024 bits), 45 (2048) or 150 (3072)."""
    return _MAKERS[name]()


_MAKERS: Mapping[KeyName, Callable[[], PrivateKey]] = {
    "rsa": partial(new_key, "rsa"),
    "rsa-1024": partial(rsa.generate_private_key, public_exponent=65537, key_size=1024),
    "rsa-3072": partial(rsa.generate_private_key, public_exponent=65537, key_size=3072),
    "ec": partial(new_key, "ec"),
    "ec-p384": partial(ec.generate_private_key, ec.SECP384R1()),
    # A leaf's key may be of any kind; the type is of what authorities and files have.
    "ed25519": lambda: cast(PrivateKey, ed25519.Ed25519PrivateKey.generate()),
}


def bake(
    recipe: Recipe,
    authority: Authority,
    *,
    client_id: str = "",
    hosts: Sequence[str] = (),
    clock: Clock,
    leaf_key: Callable[[KeyName], PrivateKey] = make_key,
) -> Baked:
    """The certificate of a recipe, below the issuing authority of clients' certificates or the server root.

    A client's is for `client_id`; a server's names `LOCAL_HOSTS` and the hosts. `leaf_key` can give the same key again:
    the keys are not what the recipes are about.
    """
    key = leaf_key(recipe.leaf.key)
    oven = _Oven(recipe=recipe, authority=authority, clock=clock)
    chain = oven.chain(key, _leaf_spec(recipe, key.public_key(), client_id, hosts))
    sent = recipe.sends(chain)
    return Baked(
        recipe=recipe,
        certificates=(*sent, *(oven.other_root(part).certificate for part in recipe.besides)),
        key=key,
        anchors=chain[-1:] if recipe.trusts_root else (),
        withheld=tuple(each for each in chain[1:-1] if each not in sent),
    )


def _leaf_spec(recipe: Recipe, public_key: PublicKey, client_id: str, hosts: Sequence[str]) -> CertificateSpec:
    if recipe.side == "server":
        return server_spec(public_key, hosts=hosts)
    return client_spec(public_key, client_id=client_id)


@dataclass(frozen=True, kw_only=True)
class _Oven:
    """The baking of one recipe."""

    recipe: Recipe
    authority: Authority
    clock: Clock

    def chain(self, key: PrivateKey, good: CertificateSpec) -> Chain:
        """The whole chain, from the leaf to its root."""
        leaf = self.recipe.leaf
        if self.recipe.top == "itself":
            return (self._sign(leaf, good, key),)
        issuer = self._top()
        for part in self.recipe.path:
            issuer = self._successor(issuer, part)
        return (self._sign(leaf, good, issuer.key, issuer), issuer.certificate, *issuer.parents)

    def other_root(self, part: Part, subject: x509.Name = OTHER_ROOT) -> Authority:
        """A root that nobody trusts."""
        key = make_key(part.key)
        good = root_spec(key.public_key(), subject=subject, path_length=1, extended_key_usage=self._usage)
        return Authority(certificate=self._sign(part, good, key), key=key)

    def _top(self) -> Authority:
        if self.recipe.top == "authority":
            return self.authority
        if self.recipe.top == "impostor":
            return self.other_root(self.recipe.root, self.authority.certificate.subject)
        return self.other_root(self.recipe.root, TRUSTED_ROOT if self.recipe.trusts_root else OTHER_ROOT)

    def _successor(self, issuer: Authority, part: Part) -> Authority:
        key = make_key(part.key)
        good = issuing_spec(key.public_key(), subject=issuer.certificate.subject, extended_key_usage=self._usage)
        certificate = self._sign(part, good, issuer.key, issuer)
        return Authority(certificate=certificate, key=key, parents=(issuer.certificate, *issuer.parents))

    def _sign(
        self, part: Part, good: CertificateSpec, key: PrivateKey, issuer: Authority | None = None
    ) -> x509.Certificate:
        certificate = sign(
            part.change(good),
            key,
            clock=self.clock,
            issuer=issuer.certificate if issuer else None,
            until=self.authority.certificate.not_valid_after_utc,
        )
        return part.tamper(certificate, key)

    @property
    def _usage(self) -> tuple[x509.ObjectIdentifier, ...]:
        return _USAGE[self.recipe.side]
