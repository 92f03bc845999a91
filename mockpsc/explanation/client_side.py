"""A client's certificate as the mock would judge it, which need not run: by its settings and the PKI in its folder."""

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import x448, x25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning

from mockpsc.client_tables import read_clients
from mockpsc.clients import Client, Clients
from mockpsc.clock import Clock
from mockpsc.errors import ConfigurationError, bad_credentials, nearest_name
from mockpsc.explanation.as_json import as_json
from mockpsc.explanation.caveats import Case, caveats_of
from mockpsc.explanation.description import describe, flaw, public_key
from mockpsc.explanation.material import Material, material_of
from mockpsc.explanation.pki_at_hand import has_pki, read_pki, stand_in
from mockpsc.explanation.report import Answer, Owners, Report
from mockpsc.judgement import Verdict, VerificationError, judge_chain, judge_registration, malformed, reasons
from mockpsc.judgement import verdict as worded
from mockpsc.judgement.verdict import Language
from mockpsc.pki import Pki, common_name
from mockpsc.profiles import load_profile
from mockpsc.settings import Settings
from mockpsc.tls import TlsProfile, examine
from mockpsc.trust import issuer_profile, revocation_service

_LONGEST_CHAIN = 100 * 1024  # octets: OpenSSL's servers hang up on more (SSL_CTX_set_max_cert_list)
_DECRYPT_ERROR, _CERTIFICATE_UNKNOWN = 51, 46


def explain_client(
    material: Material,
    settings: Settings,
    *,
    client_id: str | None = None,
    clients: Clients | None = None,
    clock: Clock,
) -> Report:
    """What the mock with these settings would make of a client's certificate, when `client_id` sends it if that is
    given; `clients` are those that it knows, if they are others by now. The clock has to stand still, for all of it to
    be of one moment. Raises ConfigurationError when there is nothing to judge it by, or it is no client's
    certificate."""
    known = read_clients(settings.clients, load_profile(settings.profile)) if clients is None else clients
    return _Hearing(material=material, settings=settings, clients=known, clock=clock).report(client_id)


def explain_text(
    text: str, client_id: str | None, language: Language, *, settings: Settings, clients: Clients, clock: Clock
) -> dict[str, Any]:
    """The same of a certificate in PEM, as JSON, for a mock that runs."""
    with warnings.catch_warnings(action="ignore", category=CryptographyDeprecationWarning):  # the report says it
        material = material_of(text.encode(), "what was sent")
        report = explain_client(material, settings, client_id=client_id, clients=clients, clock=clock.standing())
        return as_json(report, language)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Hearing:
    """One explanation, and what it goes by."""

    material: Material
    settings: Settings
    clients: Clients
    clock: Clock

    def report(self, client_id: str | None) -> Report:
        _refuse_what_no_client_sends(self.material)
        clients = self.clients
        owners = _owners(self.material.certificate, clients, client_id)
        profile = self._profile(clients)
        errors = examine(self.material.chain, profile, now=self.clock.now())
        key = _belongs(self.material)
        refused = self._refusal_of_the_key(key) or self._refusal_of_the_chain(errors, profile)
        found = refused or _refusal_of_a_stranger(self.material.certificate, clients, owners)
        return Report(
            side="client",
            material=self.material,
            now=self.clock.today(),
            key=key,
            verdict=found,
            answer=None if found is None else self._answer(found, errors, clients),
            owners=owners,
            caveats=caveats_of(self._case(profile, key, accepted=found is None)),
        )

    def _profile(self, clients: Clients) -> TlsProfile:
        pki = self._pki(clients)
        revocation = revocation_service(pki, clock=self.clock, mode=self.settings.revocation)
        # A server certificate of the user's own plays no part, and might be one that OpenSSL takes for no server.
        plain = replace(self.settings, server_cert=None, server_key_file=None)
        return issuer_profile(plain, pki, clients, revocation=revocation, enforce=lambda _: False)

    def _pki(self, clients: Clients) -> Pki:
        folder = self.settings.certs
        if has_pki(folder):
            return read_pki(folder)
        if self.settings.client_ca or any(client.registration.certificates for client in clients):
            return stand_in(folder, clock=self.clock)
        raise ConfigurationError(
            f"There is no test PKI in {folder} to judge by: start 'mockpsc serve' once, which makes it, or name its "
            "folder with --certs DIR, or your own authorities with --client-ca FILE."
        )

    def _refusal_of_the_key(self, key: bool | None) -> Verdict | None:
        """Without its key a certificate does not get as far as being judged."""
        if key is not False:
            return None
        facts = {"subject": describe(self.material.certificate).subject}
        return worded("key_mismatch", en=facts, fr=facts)

    def _refusal_of_the_chain(self, errors: Sequence[VerificationError], profile: TlsProfile) -> Verdict | None:
        unreadable = flaw(self.material.certificate)
        return judge_chain(errors, profile.trust(self.clock.today())) or (malformed(unreadable) if unreadable else None)

    def _answer(self, found: Verdict, errors: Sequence[VerificationError], clients: Clients) -> Answer:
        if found.reason == "key_mismatch":
            return Answer(alert=_DECRYPT_ERROR)
        if found.reason == "subject_mismatch":
            return self._unauthorised()
        choice = clients.rejection(self.material.certificate) or self.settings.reject_with
        if choice == "alert":
            return Answer(alert=_alert(found, errors), by_choice=choice)
        return self._unauthorised(choice) if choice == "keycloak" else _nginx(choice)

    def _unauthorised(self, choice: str | None = None) -> Answer:
        refusal = bad_credentials(self.settings.keycloak)
        body = json.dumps(refusal.body)
        return Answer(status=refusal.status, content_type="application/json", body=body, by_choice=choice)

    def _case(self, profile: TlsProfile, key: bool | None, *, accepted: bool) -> Case:
        announced = profile.anchors if profile.announce is None else profile.announce
        return Case(
            side="client",
            material=self.material,
            described=describe(self.material.certificate),
            now=self.clock.today(),
            accepted=accepted,
            key=key,
            anchors=profile.anchors,
            announced={each.subject for each in announced},
            asked=profile.client_auth != "none",
        )


def _refuse_what_no_client_sends(material: Material) -> None:
    size = sum(len(each.public_bytes(Encoding.DER)) for each in material.chain)
    if size > _LONGEST_CHAIN:
        raise ConfigurationError(
            f"{material.source} holds {len(material.chain)} certificates, {size // 1024} kB, and a server takes no "
            "chain of more than 100 kB: give a client's certificate and its issuers, not a bundle of authorities."
        )
    if isinstance(public_key(material.certificate), x25519.X25519PublicKey | x448.X448PublicKey):
        raise ConfigurationError(
            f"The certificate in {material.source} has the key {describe(material.certificate).key}, which cannot "
            "sign, as a client's must in TLS: RSA, EC or Ed25519 was expected."
        )


def _belongs(material: Material) -> bool | None:
    """Whether the key is the certificate's, None when there is none to compare."""
    own = public_key(material.certificate)
    return None if material.key is None or own is None else material.key.public_key() == own


def _owners(certificate: x509.Certificate, clients: Clients, client_id: str | None) -> Owners:
    """Whose it is. Raises ConfigurationError when the client asked about is not declared, and others are."""
    asked = clients.get(client_id) if client_id else None
    if client_id and asked is None:
        raise ConfigurationError(clients.hint(client_id))
    by_certificate = [client for client in clients if client.authentication != "secret" and not clients.accept_any]
    matching = [client.id for client in by_certificate if _is_of(certificate, client)]
    return Owners(
        matching=tuple(matching),
        declared=tuple(client.id for client in by_certificate),
        asked=client_id,
        by_secret=asked is not None and asked.authentication == "secret",
    )


def _is_of(certificate: x509.Certificate, client: Client) -> bool:
    return judge_registration(certificate, client.registration, client.id) is None


def _refusal_of_a_stranger(certificate: x509.Certificate, clients: Clients, owners: Owners) -> Verdict | None:
    """The verdict on a certificate that is not that of the client asked about, or else of no client at all."""
    if not owners.declared or owners.by_secret or (owners.asked is None and owners.matching):
        return None
    nearest = nearest_name(common_name(certificate.subject) or "", owners.declared)
    client = clients.get(owners.asked or nearest or owners.declared[0])
    return judge_registration(certificate, client.registration, client.id) if client else None


def _alert(found: Verdict, errors: Sequence[VerificationError]) -> int | None:
    """The alert that OpenSSL sends for the first error, whatever else the judgement has made of it."""
    if not errors:
        return found.alert
    known = (reason.alert for reason in reasons().values() if errors[0].code in reason.codes)
    return next(known, _CERTIFICATE_UNKNOWN)


def _nginx(choice: str) -> Answer:
    return Answer(status=400, content_type="text/html", body="The SSL certificate error", by_choice=choice)
