"""What other programs make of a certificate, whatever the mock makes of it: one rule each, with its sentences."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from mockpsc.explanation.description import Description
from mockpsc.explanation.material import Material
from mockpsc.pki.revocation import LARGEST_SERIAL

_NEAR_THE_END = timedelta(days=30)


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """What the rules look at. `anchors` are trusted, `announced` the names in the mock's certificate request, of which
    an empty list lets clients choose freely; `asked` says whether it has such a request at all."""

    side: Literal["client", "server"]
    material: Material
    described: Description
    now: datetime
    accepted: bool = False
    key: bool | None = None
    anchors: Sequence[x509.Certificate] = ()
    announced: Collection[x509.Name] = ()
    asked: bool = True

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """The certificate, and what is sent with it."""
        return self.material.chain

    def may(self, usage: str) -> bool:
        """Whether the certificate names a usage."""
        named = (*(self.described.key_usage or ()), *(self.described.extended_key_usage or ()))
        return usage in named


@dataclass(frozen=True, kw_only=True)
class Caveat:
    """A rule: the code word, which side's certificates it is about (None: both), when it applies, and what it says."""

    code: str
    side: Literal["client", "server"] | None = "client"
    applies: Callable[[Case], bool]
    sentence: Mapping[Literal["en", "fr"], str]


def caveats_of(case: Case) -> tuple[Caveat, ...]:
    """The rules that apply. Of a certificate that cannot be read in full, none is known to."""
    if case.described.flaw is not None:
        return ()
    return tuple(each for each in CAVEATS if each.side in (None, case.side) and each.applies(case))


def _dropped_by_dotnet(case: Case) -> bool:
    """The rule of dotnet/runtime's CertificateHelper: an extension that is there must have the usage."""
    extended, usage = case.described.extended_key_usage, case.described.key_usage
    return (extended is not None and not case.may("clientAuth")) or (
        usage is not None and not case.may("digitalSignature")
    )


def _is_not_announced(case: Case) -> bool:
    issuers = {each.issuer for each in case.chain}
    return case.asked and bool(case.announced) and issuers.isdisjoint(case.announced)


def _ends_soon(case: Case) -> bool:
    return timedelta() <= case.described.not_after - case.now < _NEAR_THE_END


def _has_small_key(case: Case) -> bool:
    key = case.material.certificate.public_key()
    return isinstance(key, rsa.RSAPublicKey) and key.key_size < 2048


def _lacks_its_intermediate(case: Case) -> bool:
    leaf = case.material.certificate
    issuers = [anchor for anchor in case.anchors if anchor.subject == leaf.issuer]
    return case.accepted and len(case.chain) == 1 and any(each.subject != each.issuer for each in issuers)


def _is_out_of_order(case: Case) -> bool:
    return any(one.issuer != next_one.subject for one, next_one in zip(case.chain, case.chain[1:], strict=False))


def _has_key_of_another(case: Case) -> bool:
    key = case.material.key
    return case.key is False and key is not None and key.public_key() in [each.public_key() for each in case.chain[1:]]


def _has_odd_serial(case: Case) -> bool:
    return not 0 < case.material.certificate.serial_number <= LARGEST_SERIAL


CAVEATS: Sequence[Caveat] = (
    Caveat(
        code="not_asked",
        applies=lambda case: not case.asked,
        sentence={
            "en": "The mock is set to ask no client for a certificate (--client-cert none): it will not see this one.",
            "fr": "Le simulateur est réglé pour ne demander aucun certificat client (--client-cert none) : "
            "il ne verra pas celui-ci.",
        },
    ),
    Caveat(
        code="cannot_be_loaded",
        applies=lambda case: case.key is False,
        sentence={
            "en": "Most programs refuse to load a certificate with the key of another: curl says (58) unable to set "
            "private key file, Python KEY_VALUES_MISMATCH, Node key values mismatch.",
            "fr": "La plupart des programmes refusent de charger un certificat avec la clé d’un autre : curl dit (58) "
            "unable to set private key file, Python KEY_VALUES_MISMATCH, Node key values mismatch.",
        },
    ),
    Caveat(
        code="key_of_another",
        applies=_has_key_of_another,
        sentence={
            "en": "The key is that of a later certificate in the file: programs take the first for their own. "
            "Put that one first.",
            "fr": "La clé est celle d’un certificat suivant du fichier : les programmes prennent le premier pour "
            "le leur. Mettez celui-là en tête.",
        },
    ),
    Caveat(
        code="no_private_key",
        applies=lambda case: case.key is None,
        sentence={
            "en": "Whether the private key belongs to it was not checked: none is there (--key). "
            ".NET leaves out a certificate without its key, and says nothing; OpenIddict 7 says ID0514.",
            "fr": "L’appartenance de la clé privée n’a pas été vérifiée : il n’y en a pas (--key). "
            ".NET omet sans rien dire un certificat sans sa clé ; OpenIddict 7 signale ID0514.",
        },
    ),
    Caveat(
        code="dotnet_drops_it",
        applies=_dropped_by_dotnet,
        sentence={
            "en": ".NET leaves it out and says nothing, since its usages are there without clientAuth or "
            "digitalSignature: the mock sees no certificate.",
            "fr": ".NET l’omet sans rien dire, car ses usages sont indiqués sans clientAuth ou digitalSignature : "
            "le simulateur ne voit aucun certificat.",
        },
    ),
    Caveat(
        code="openiddict_ignores_it",
        applies=lambda case: not (case.may("clientAuth") and case.may("digitalSignature")),
        sentence={
            "en": "OpenIddict's client does not choose it, and goes on with a secret or with nothing: it wants both "
            "clientAuth and digitalSignature to be named.",
            "fr": "Le client d’OpenIddict ne le choisit pas, et continue avec un secret ou sans rien : il veut que "
            "clientAuth et digitalSignature soient tous deux indiqués.",
        },
    ),
    Caveat(
        code="not_announced",
        applies=_is_not_announced,
        sentence={
            "en": "Java, browsers and .NET on Windows choose among the authorities that the mock announces, and no "
            "issuer of this chain is one: they send no certificate at all.",
            "fr": "Java, les navigateurs et .NET sous Windows choisissent parmi les autorités que le simulateur "
            "annonce, dont aucun émetteur de cette chaîne : ils n’envoient aucun certificat.",
        },
    ),
    Caveat(
        code="lone_leaf",
        applies=_lacks_its_intermediate,
        sentence={
            "en": "It is alone, without the intermediate that issued it. The mock trusts that one itself; a server "
            "that trusts only the root refuses. Use the chain (chain.pem).",
            "fr": "Il est seul, sans l’intermédiaire qui l’a émis. Le simulateur reconnaît celui-ci ; un serveur qui "
            "ne reconnaît que la racine refuse. Utilisez la chaîne (chain.pem).",
        },
    ),
    Caveat(
        code="out_of_order",
        side=None,
        applies=_is_out_of_order,
        sentence={
            "en": "The chain is not in order, each certificate before its issuer's (RFC 5246 §7.4.2): OpenSSL puts up "
            "with that, others may not.",
            "fr": "La chaîne n’est pas dans l’ordre, chaque certificat avant celui de son émetteur (RFC 5246 §7.4.2) : "
            "OpenSSL s’en accommode, d’autres pas forcément.",
        },
    ),
    Caveat(
        code="expires_soon",
        side=None,
        applies=_ends_soon,
        sentence={
            "en": "It expires in less than 30 days: renew it.",
            "fr": "Il expire dans moins de 30 jours : renouvelez-le.",
        },
    ),
    Caveat(
        code="small_key",
        side=None,
        applies=_has_small_key,
        sentence={
            "en": "Its RSA key has fewer than 2048 bits: OpenSSL 3 and what is built on it (curl, Python, PHP) refuse "
            "to load it (EE_KEY_TOO_SMALL).",
            "fr": "Sa clé RSA a moins de 2048 bits : OpenSSL 3 et ce qui s’appuie dessus (curl, Python, PHP) refusent "
            "de la charger (EE_KEY_TOO_SMALL).",
        },
    ),
    Caveat(
        code="sha1",
        side=None,
        applies=lambda case: case.described.signature in ("SHA1", "MD5"),
        sentence={
            "en": "Its signature has a broken hash: OpenSSL 3 and what is built on it (curl, Python, PHP) may refuse "
            "to load it (CA_MD_TOO_WEAK).",
            "fr": "Sa signature emploie un condensat cassé : OpenSSL 3 et ce qui s’appuie dessus (curl, Python, PHP) "
            "peuvent refuser de le charger (CA_MD_TOO_WEAK).",
        },
    ),
    Caveat(
        code="odd_serial",
        side=None,
        applies=_has_odd_serial,
        sentence={
            "en": "Its serial number is not positive and of 20 octets at most (RFC 5280 §4.1.2.2), which stricter "
            "programs refuse.",
            "fr": "Son numéro de série n’est pas positif et d’au plus 20 octets (RFC 5280 §4.1.2.2), ce que des "
            "programmes plus stricts refusent.",
        },
    ),
    Caveat(
        code="pkcs12_too_new",
        applies=lambda case: case.material.scheme == "PBES2",
        sentence={
            "en": "The file is encrypted with PBES2 (AES), which Java 8 before 8u301 and Windows Server 2016 do not "
            "read; 'openssl pkcs12 -export -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg SHA1' makes one that "
            "they do.",
            "fr": "Le fichier est chiffré par PBES2 (AES), que Java 8 avant 8u301 et Windows Server 2016 ne lisent "
            "pas ; « openssl pkcs12 -export -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg SHA1 » en fait un "
            "qu’ils lisent.",
        },
    ),
    Caveat(
        code="pkcs12_too_old",
        applies=lambda case: case.material.scheme == "RC2",
        sentence={
            "en": "The file is encrypted with RC2, which OpenSSL 3 reads only with -legacy; others may refuse it.",
            "fr": "Le fichier est chiffré par RC2, qu’OpenSSL 3 ne lit qu’avec -legacy ; d’autres peuvent le refuser.",
        },
    ),
)
