"""Faults of the discovery document (OpenID Connect Discovery §3), at Pro Santé Connect's URL and at Keycloak's own."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import urlsplit

from mockpsc.faults.base import DocumentFault, Fault, RequestFault, fault
from mockpsc.faults.occasion import Occasion
from mockpsc.faults.subjects import Answer, Asked, Document, Redirection
from mockpsc.members import member

_ALIASES = "mtls_endpoint_aliases"
_ENDPOINTS = (
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "end_session_endpoint",
    "introspection_endpoint",
    "revocation_endpoint",
)
_OF_EACH_TYPE = (
    "issuer",
    "token_endpoint",
    "jwks_uri",
    "response_types_supported",
    "scopes_supported",
    "token_endpoint_auth_methods_supported",
    "tls_client_certificate_bound_access_tokens",
    _ALIASES,
)

Members = Mapping[str, Any]


class _DiscoveryFault(DocumentFault):
    targets = ("discovery",)


@fault(
    "discovery.issuer_mismatch",
    "reject",
    "OpenID Connect Discovery §4.3",
    modules=(
        "oidcc-client-test-discovery-issuer-mismatch",
        "fapi1-advanced-final-client-test-discovery-issuer-mismatch",
        "fapi2-security-profile-final-client-test-discovery-issuer-mismatch",
    ),
)
class IssuerMismatch(_DiscoveryFault):
    """The issuer is not the one that the document was asked of. A slash more at the end is another issuer, too."""

    append: str = member("/other", "What is put behind the issuer.")

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.having(issuer=f"{subject.members['issuer']}{self.append}")


@fault("discovery.missing_endpoint", "handle", "OpenID Connect Discovery §3")
class MissingEndpoint(_DiscoveryFault):
    """An endpoint is not in the document, nor among the aliases for mutual TLS."""

    member: str = member("token_endpoint", "The member of the document.", choices=_ENDPOINTS)

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return _everywhere(subject, lambda members: {n: value for n, value in members.items() if n != self.member})


@fault("discovery.relative_endpoint", "reject", "OpenID Connect Discovery §3")
class RelativeEndpoint(_DiscoveryFault):
    """The URL of an endpoint is a path, without scheme and host, also among the aliases for mutual TLS."""

    member: str = member("token_endpoint", "The member of the document.", choices=_ENDPOINTS)

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return _everywhere(subject, self._shortened)

    def _shortened(self, members: Members) -> Members:
        if self.member not in members:
            return members
        return {**members, self.member: urlsplit(members[self.member]).path}


@fault("discovery.no_tls_client_auth", "handle", "RFC 8705 §2.1.1")
class NoTlsClientAuth(_DiscoveryFault):
    """No endpoint says that clients can authenticate with a certificate, so that some relying parties send a secret, or
    nothing."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return _with_methods(subject, lambda methods: [each for each in methods if each != "tls_client_auth"])


@fault("discovery.only_tls_client_auth", "accept", "RFC 8705 §2.1.1")
class OnlyTlsClientAuth(_DiscoveryFault):
    """A certificate is the only way to authenticate that the document lists: no client secrets any more."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return _with_methods(subject, lambda methods: ["tls_client_auth"])


@fault("discovery.no_aliases", "accept", "RFC 8705 §5")
class NoAliases(_DiscoveryFault):
    """There are no aliases for mutual TLS: the relying party presents its certificate at the ordinary endpoints."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.without(_ALIASES)


@fault("discovery.aliases_elsewhere", "accept", "RFC 8705 §5", modules=("oidcc-client-test-mtls-endpoint-aliases",))
class AliasesElsewhere(_DiscoveryFault):
    """The aliases for mutual TLS are on another host, which a relying party with a certificate must use. The mock
    answers there, too, if the name leads to it; the browser's URLs stay where they are."""

    host: str = member("127.0.0.1", "The host, with :port if that is another one, too.")

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        aliases = subject.members.get(_ALIASES)
        if not aliases:
            return subject
        return subject.having(**{_ALIASES: {name: self._moved(url) for name, url in aliases.items()}})

    def _moved(self, url: str) -> str:
        old = urlsplit(url)
        port = f":{old.port}" if old.port and ":" not in self.host else ""
        return old._replace(netloc=self.host + port).geturl()


@fault("discovery.iss_not_advertised", "reject", "RFC 9207 §2.4")
class IssNotAdvertised(_DiscoveryFault):
    """The document does not say that authorization responses have `iss`, and they have it. The reverse, `iss`
    advertised and not sent, is authorization.iss_missing."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.without("authorization_response_iss_parameter_supported")


@fault("discovery.stale_bas_hosts", "reject", "OpenID Connect Discovery §4.3; the sandbox's hosts until mid-2022")
class StaleBasHosts(_DiscoveryFault):
    """All URLs, the issuer's too, are at the hosts that the sandbox had until mid-2022, which answer no more: a copy of
    the document that somebody kept."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return replace(subject, members=subject.variants["former_hosts"])


@fault("discovery.not_found", "handle", "RFC 9110 §15.5.5", targets=("discovery",))
class NotFound(RequestFault):
    """The document is not found, as at a Keycloak whose realm has another name."""

    def effect(self, subject: Asked, occasion: Occasion) -> Asked:
        headers = (("Content-Type", "application/json"),)
        return replace(subject, answer=Answer(status=404, headers=headers, body=b'{"error":"Realm does not exist"}'))


@fault("discovery.wrong_types", "reject", "OpenID Connect Discovery §3")
class WrongTypes(_DiscoveryFault):
    """A member is of another JSON type: a text is in a list, a list is one text, true is a text, an object is a
    list."""

    member: str = member("token_endpoint_auth_methods_supported", "The member of the document.", choices=_OF_EACH_TYPE)

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        if self.member not in subject.members:
            return subject
        return subject.having(**{self.member: _of_another_type(subject.members[self.member])})


class _Generation(Fault[Document | Redirection]):
    stage = "document"
    targets = ("discovery", "authorization")
    year: ClassVar[str]

    def effect(self, subject: Document | Redirection, occasion: Occasion) -> Document | Redirection:
        if isinstance(subject, Redirection):
            return subject.without("iss")
        return replace(subject, members=subject.variants[self.year])


@fault("discovery.document_2021", "accept", "the document as LemonLDAP::NG's documentation shows it")
class Document2021(_Generation):
    """The document of 2021, with the mock's URLs: no aliases, no revocation, no authentication methods but those of the
    token endpoint, no claims parameter. Authorization responses have no `iss`, as it was then."""

    year = "2021"


@fault("discovery.document_2023", "accept", "the document recorded in 2023")
class Document2023(_Generation):
    """The document of 2023, with the mock's URLs: no EdDSA, no scope `basic`. Authorization responses have no `iss`, as
    it was then."""

    year = "2023"


@fault("discovery.no_code_challenge_methods", "accept", "RFC 8414 §2")
class NoCodeChallengeMethods(_DiscoveryFault):
    """The document does not say that PKCE is supported, which it is all the same."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.without("code_challenge_methods_supported")


@fault("discovery.no_openid_scope", "accept", "OpenID Connect Discovery §3")
class NoOpenidScope(_DiscoveryFault):
    """The scope `openid` is not listed, which a provider may do, and can be asked for all the same."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        scopes = [each for each in subject.members["scopes_supported"] if each != "openid"]
        return subject.having(scopes_supported=scopes)


@fault("discovery.unknown_members", "accept", "OpenID Connect Discovery §3")
class UnknownMembers(_DiscoveryFault):
    """The document has members of each JSON type that nobody knows."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        values = {"text": "é", "number": 1.5, "truth": True, "nothing": None, "list": [1, "a"], "object": {"a": {}}}
        return subject.having(**{f"unknown_{name}": value for name, value in values.items()})


def _everywhere(subject: Document, change: Callable[[Members], Members]) -> Document:
    """A change of the document and of the aliases in it."""
    members = dict(change(subject.members))
    if isinstance(members.get(_ALIASES), Mapping):
        members[_ALIASES] = change(members[_ALIASES])
    return subject if members == subject.members else replace(subject, members=members)


def _with_methods(subject: Document, change: Callable[[list[str]], list[str]]) -> Document:
    """A change of each list of the ways in which clients can authenticate."""
    listed = {n: value for n, value in subject.members.items() if n.endswith("_endpoint_auth_methods_supported")}
    return subject.having(**{name: change(methods) for name, methods in listed.items()})


def _of_another_type(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return [value]
    return " ".join(value) if isinstance(value, list) else list(value)
