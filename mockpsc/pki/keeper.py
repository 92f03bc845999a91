"""Keeping certificates in files: one that is there and good is reused, any other is issued anew, with a notice of why.

A crash leaves nothing that the next start cannot mend. Files are replaced whole. When a key is replaced, its
certificate is removed first and written last, after all that is made from it: so a certificate that is there has its
own key and its copies beside it, and whatever was interrupted looks like a missing certificate.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from mockpsc.clock import Clock
from mockpsc.errors import ConfigurationError
from mockpsc.pki.bundle import Bundle, load_bundle, load_key
from mockpsc.pki.disk import read, write
from mockpsc.pki.files import PairFiles
from mockpsc.pki.keys import KeyKind, PrivateKey, key_kind, key_pem

_NEAR = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A file that is made from a bundle.

    A secret one is for its owner's eyes, and encrypted with a salt: no two are alike, so only its absence is noticed.
    """

    path: Path
    content: Callable[[Bundle], bytes]
    secret: bool = False


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A certificate that is kept in files, and what to do about it.

    `issue` makes the bundle for a key of this `kind`. `flaw` says why a bundle must be issued anew, as the end of a
    sentence, and `if_key_is_new` what that asks of others when the key is another. An `authority` issued anew has a new
    key, lest the two be taken for one, and when its key is lost it is not replaced.
    """

    files: PairFiles
    issue: Callable[[PrivateKey], Bundle]
    flaw: Callable[[Bundle], str | None] = lambda bundle: None
    kind: KeyKind = "rsa"
    issuers: tuple[x509.Certificate, ...] = ()
    copies: tuple[Copy, ...] = ()
    authority: bool = False
    if_key_is_new: str = ""


@dataclass(frozen=True, kw_only=True)
class Keeper:
    """What keeps certificates in files, and says in a sentence to `notice` what it mends."""

    new_key: Callable[[KeyKind], PrivateKey]
    notice: Callable[[str], None]

    def keep(self, kept: Kept) -> Bundle:
        """The bundle in the files, which it has mended; ConfigurationError when they cannot be read or mended."""
        flaw = _absence(kept)
        if flaw:
            return self._issue(kept, flaw)
        bundle = replace(load_bundle(kept.files.cert, kept.files.key), issuers=kept.issuers)
        flaw = kept.flaw(bundle)
        if flaw is None:
            self._mend_copies(kept, bundle)
            return bundle
        if kept.authority:
            kept.files.cert.unlink()
            kept.files.key.unlink()
        return self._issue(kept, flaw)

    def _issue(self, kept: Kept, flaw: str) -> Bundle:
        key, is_new = self._key(kept)
        bundle = kept.issue(key)
        _write_copies(kept, bundle)
        write(kept.files.cert, bundle.cert_pem, private=False)
        demand = kept.if_key_is_new if is_new else ""
        self.notice(f"A new certificate was issued in {kept.files.cert}, because {flaw}{demand}.")
        return bundle

    def _key(self, kept: Kept) -> tuple[PrivateKey, bool]:
        """The key in its file, or a new one if there is none or it is of another kind; and whether it is new."""
        if kept.files.key.exists():
            key = load_key(kept.files.key)
            if key_kind(key) == kept.kind:
                return key, False
        key = self.new_key(kept.kind)
        kept.files.cert.unlink(missing_ok=True)
        write(kept.files.key, key_pem(key), private=True)
        return key, True

    def _mend_copies(self, kept: Kept, bundle: Bundle) -> None:
        """Write all copies again if one is not as it should be: the others may be of the same wrong time."""
        flaws = {copy.path: flaw for copy in kept.copies if (flaw := _copy_flaw(copy, bundle))}
        if flaws:
            _write_copies(kept, bundle)
        for path, flaw in flaws.items():
            self.notice(f"{path} was written again, because {flaw}.")


def _write_copies(kept: Kept, bundle: Bundle) -> None:
    for copy in kept.copies:
        write(copy.path, copy.content(bundle), private=copy.secret)


def _copy_flaw(copy: Copy, bundle: Bundle) -> str | None:
    if not copy.path.exists():
        return "it was missing"
    if not copy.secret and read(copy.path) != copy.content(bundle):
        return "it held something else than what it is made from"
    return None


def _absence(kept: Kept) -> str | None:
    """What is missing of a certificate and its key; ConfigurationError when it is the key of an authority."""
    if not kept.files.cert.exists():
        return "there was none"
    if kept.files.key.exists():
        return None
    if kept.authority:
        raise ConfigurationError(
            f"{kept.files.key} is missing, and without it {kept.files.cert} can issue nothing: put it back, or delete "
            f"the folder {kept.files.key.parents[1]} to make a new PKI; relying parties must then trust the new ca.pem."
        )
    return f"the key of the earlier one, {kept.files.key}, was missing"


def age_flaw(certificate: x509.Certificate, *, clock: Clock, until: datetime | None = None) -> str | None:
    """What is wrong with a certificate's validity: it has not begun, is over, or will be within seven days.

    One that ends at `until`, with its issuer, is good to the end: a new one would last no longer.
    """
    now, end = clock.today(), certificate.not_valid_after_utc
    if now < certificate.not_valid_before_utc:
        return f"the earlier one is not valid before {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
    if now > end:
        return f"the earlier one expired on {end:%Y-%m-%d}"
    if end - now < _NEAR and (until is None or end < until):
        return f"the earlier one expires on {end:%Y-%m-%d}"
    return None


def issuer_flaw(certificate: x509.Certificate, issuer: x509.Certificate) -> str | None:
    """What is wrong with a certificate's signature: another authority made it."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):  # another name, another kind of key, another key
        return "another authority had issued the earlier one"
    return None
