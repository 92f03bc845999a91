"""Faults of introspection (RFC 7662)."""

from collections.abc import Mapping
from dataclasses import replace

from mockpsc.faults.base import DocumentFault, fault
from mockpsc.faults.occasion import Occasion
from mockpsc.faults.refusing import Refusing
from mockpsc.faults.subjects import Asked, Document
from mockpsc.members import member

# Keycloak's words with each code, and its status.
_USUAL: Mapping[str, tuple[str, int]] = {
    "invalid_request": ("Authentication failed.", 401),
    "invalid_client": ("Invalid client or Invalid client credentials", 401),
    "unauthorized_client": ("Invalid client or Invalid client credentials", 401),
    "access_denied": ("Realm not enabled", 403),
    "server_error": ("Failed to introspect token.", 500),
    "temporarily_unavailable": ("", 503),
}


@fault("introspection.error", "handle", "RFC 7662 §2.3", targets=("introspection",))
class Error(Refusing):
    """The introspection request is refused with an error code; by default as Keycloak refuses a client that it cannot
    authenticate. Of the token nothing is known then."""

    usual = _USUAL

    error: str = member("invalid_request", "The error code.", choices=tuple(_USUAL))

    def effect(self, subject: Asked, occasion: Occasion) -> Asked:
        raise self.refusal


@fault("introspection.inactive", "reject", "RFC 7662 §2.2", targets=("introspection",))
class Inactive(DocumentFault):
    """The token is not active, whatever it is: the answer has nothing but `active`, false."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return replace(subject, members={"active": False}) if subject.members.get("active") else subject


@fault("introspection.active_missing", "reject", "RFC 7662 §2.2", targets=("introspection",))
class ActiveMissing(DocumentFault):
    """The answer has no `active`, which is required."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.without("active")


@fault("introspection.active_text", "reject", "RFC 7662 §2.2", targets=("introspection",))
class ActiveText(DocumentFault):
    """`active` is the text "false", which many languages take for true. All the rest of an active token is there."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.having(active="false")


@fault("introspection.inactive_with_claims", "reject", "RFC 7662 §2.2", targets=("introspection",))
class InactiveWithClaims(DocumentFault):
    """`active` is false, and all the claims of the token are there all the same."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.having(active=False) if subject.members.get("active") else subject


@fault("introspection.client_different", "reject", "RFC 7662 §2.2 and §4", targets=("introspection",))
class ClientDifferent(DocumentFault):
    """The token is active and was given to another client: `client_id` and `azp` name it."""

    client_id: str = member("another-client", "The client that it names.")

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        if "client_id" not in subject.members:
            return subject
        return subject.having(client_id=self.client_id, azp=self.client_id)


@fault("introspection.sub_different", "reject", "RFC 7662 §2.2", targets=("introspection",))
class SubDifferent(DocumentFault):
    """The token is active and stands for another person than the ID token."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.having(sub=f"{subject.members['sub']}0") if "sub" in subject.members else subject


@fault("introspection.expired", "reject", "RFC 7662 §2.2", targets=("introspection",))
class Expired(DocumentFault):
    """The answer says that the token is active, and that it has expired."""

    ago: int = member(1, "How long ago.", unit="seconds", least=1, most=10**9)

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.having(exp=int(occasion.now) - self.ago) if "exp" in subject.members else subject


@fault("introspection.scope_missing", "handle", "RFC 7662 §2.2", targets=("introspection",))
class ScopeMissing(DocumentFault):
    """The answer does not say what the token is good for: it has no `scope`, which is optional."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.without("scope")
