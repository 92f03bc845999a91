"""Faults of the token response, and of what a refresh changes."""

from collections.abc import Mapping
from dataclasses import replace

from mockpsc.errors import InvalidGrant
from mockpsc.faults.base import ClaimsFault, DocumentFault, RequestFault, ReuseFault, fault
from mockpsc.faults.occasion import Occasion
from mockpsc.faults.refusing import Refusing
from mockpsc.faults.subjects import Asked, Claims, Document, Reuse
from mockpsc.members import member

# What Keycloak says most often with each code, and with which status.
_USUAL: Mapping[str, tuple[str, int]] = {
    "invalid_grant": ("Code not valid", 400),
    "invalid_request": ("Missing parameter: code", 400),
    "invalid_client": ("Invalid client or Invalid client credentials", 401),
    "unauthorized_client": ("Client not allowed to exchange code", 400),
    "unsupported_grant_type": ("Unsupported grant_type", 400),
    "invalid_scope": ("Client no longer has requested consent from user", 400),
    "access_denied": ("Realm not enabled", 403),
    "server_error": ("", 500),
    "temporarily_unavailable": ("", 503),
}
_REFRESH = "refresh_token"


@fault("token.error", "handle", "RFC 6749 §5.2", targets=("token",))
class Error(Refusing):
    """The token request is refused with an error code, and what it would have spent stays good. With description and
    status, every refusal of Keycloak's token endpoint can be had."""

    usual = _USUAL

    error: str = member("invalid_grant", "The error code.", choices=tuple(_USUAL))

    def effect(self, subject: Asked, occasion: Occasion) -> Asked:
        raise self.refusal


@fault("token.id_token_missing", "reject", "OpenID Connect Core §3.1.3.3", targets=("token",))
class IdTokenMissing(DocumentFault):
    """The answer to a code has no `id_token`, though the scope has openid."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject if occasion.grant_type == _REFRESH else subject.without("id_token")


@fault("token.access_token_missing", "reject", "RFC 6749 §5.1", targets=("token",))
class AccessTokenMissing(DocumentFault):
    """The token response has no `access_token`."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.without("access_token")


@fault("token.refresh_token_missing", "accept", "RFC 6749 §5.1 and §6", targets=("token",))
class RefreshTokenMissing(DocumentFault):
    """The token response has no `refresh_token`: there is none after a login, and after a refresh the one before goes
    on being used."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.without("refresh_token")


@fault("token.expires_in_text", "handle", "RFC 6749 §5.1 and appendix A.14", targets=("token",))
class ExpiresInText(DocumentFault):
    """`expires_in` is a text, "120", and not a number."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        expires_in = subject.members.get("expires_in")
        return subject.having(expires_in=str(expires_in)) if isinstance(expires_in, int) else subject


@fault("token.expires_in_negative", "handle", "RFC 6749 §5.1 and appendix A.14", targets=("token",))
class ExpiresInNegative(DocumentFault):
    """`expires_in` is below zero."""

    seconds: int = member(-1, "What it says.", unit="seconds", least=-(10**9), most=-1)

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.having(expires_in=self.seconds)


@fault(
    "token.expires_in_absent",
    "accept",
    "RFC 6749 §5.1",
    modules=("fapi2-security-profile-final-client-test-token-endpoint-response-without-expires_in",),
    targets=("token",),
)
class ExpiresInAbsent(DocumentFault):
    """The token response has no `expires_in`, which is only recommended."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.without("expires_in")


@fault("token.refresh_expires_in_absent", "accept", "RFC 6749 §5.1", targets=("token",))
class RefreshExpiresInAbsent(DocumentFault):
    """The token response has no `refresh_expires_in`, which is Keycloak's own."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.without("refresh_expires_in")


@fault(
    "token.token_type_lower_case",
    "accept",
    "RFC 6749 §5.1",
    modules=("fapi2-security-profile-final-client-test-token-type-case-insensitivity",),
    targets=("token",),
)
class TokenTypeLowerCase(DocumentFault):
    """`token_type` is "bearer", as Keycloak wrote it up to version 9; its case has no meaning."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.having(token_type="bearer")


@fault("token.token_type_unknown", "reject", "RFC 6749 §7.1", targets=("token",))
class TokenTypeUnknown(DocumentFault):
    """`token_type` is one that a relying party of Pro Santé Connect does not know how to use."""

    token_type: str = member("mac", "The token_type.")

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.having(token_type=self.token_type)


@fault("token.token_type_absent", "reject", "RFC 6749 §5.1", targets=("token",))
class TokenTypeAbsent(DocumentFault):
    """The token response has no `token_type`, which is required."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.without("token_type")


@fault(
    "token.scope_absent",
    "accept",
    "RFC 6749 §5.1",
    modules=("fapi1-advanced-final-client-test-no-scope-in-token-endpoint-response",),
    targets=("token",),
)
class ScopeAbsent(DocumentFault):
    """The token response has no `scope`: what was asked for was granted."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.without("scope")


@fault("token.unknown_member", "accept", "RFC 6749 §5.1", targets=("token",))
class UnknownMember(DocumentFault):
    """The token response has a member `extension`, an object, which no specification knows."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.having(extension={"unknown": True})


@fault("token.refresh_refused", "handle", "RFC 6749 §5.2 and §6", targets=("token",))
class RefreshRefused(RequestFault):
    """A refresh is refused with `invalid_grant`: the person has to log in again."""

    description: str = member("Token is not active", "Keycloak's reason.")

    def effect(self, subject: Asked, occasion: Occasion) -> Asked:
        if occasion.grant_type != _REFRESH:
            return subject
        raise InvalidGrant(self.description, hint=self.hint)


@fault("token.refresh_reuse_refused", "handle", "RFC 9700 §4.14.2; RFC 6749 §10.4")
class RefreshReuseRefused(ReuseFault):
    """Refresh tokens are rotated: each can be used once and is replaced by the next. One that comes again is refused
    with `invalid_grant`, and all that was issued in that login is dead."""

    more: int = member(0, "How often it can be used again.", least=0, most=10**6)
    description: str = member(
        "Maximum allowed refresh token reuse exceeded",
        "Keycloak's reason.",
        choices=("Maximum allowed refresh token reuse exceeded", "Stale token"),
    )

    def effect(self, subject: Reuse, occasion: Occasion) -> Reuse:
        return replace(subject, refusal=self.description) if subject.before > self.more else subject


@fault("token.refresh_without_id_token", "accept", "OpenID Connect Core §12.2", targets=("token",))
class RefreshWithoutIdToken(DocumentFault):
    """The answer to a refresh has no `id_token`, which it need not have."""

    def effect(self, subject: Document, occasion: Occasion) -> Document:
        return subject.without("id_token") if occasion.grant_type == _REFRESH else subject


@fault(
    "token.refresh_changes_sub",
    "reject",
    "OpenID Connect Core §12.2",
    modules=("oidcc-client-test-refresh-token-invalid-sub",),
    targets=("id_token",),
)
class RefreshChangesSub(ClaimsFault):
    """The ID token of a refresh is about another person: its `sub` is not that of the login."""

    def effect(self, subject: Claims, occasion: Occasion) -> Claims:
        return {**subject, "sub": f"{subject.get('sub', '')}0"} if occasion.grant_type == _REFRESH else subject


@fault(
    "token.refresh_changes_iss",
    "reject",
    "OpenID Connect Core §12.2",
    modules=("oidcc-client-test-refresh-token-invalid-issuer",),
    targets=("id_token",),
)
class RefreshChangesIss(ClaimsFault):
    """The ID token of a refresh has another `iss` than that of the login."""

    iss: str = member("https://another-provider.example.test", "The issuer that it names.")

    def effect(self, subject: Claims, occasion: Occasion) -> Claims:
        return {**subject, "iss": self.iss} if occasion.grant_type == _REFRESH else subject


@fault("token.refresh_changes_aud", "reject", "OpenID Connect Core §12.2", targets=("id_token",))
class RefreshChangesAud(ClaimsFault):
    """The ID token of a refresh is for another relying party than that of the login."""

    aud: str = member("another-client", "The audience that it names.")

    def effect(self, subject: Claims, occasion: Occasion) -> Claims:
        return {**subject, "aud": self.aud} if occasion.grant_type == _REFRESH else subject


@fault("token.refresh_changes_auth_time", "reject", "OpenID Connect Core §12.2", targets=("id_token",))
class RefreshChangesAuthTime(ClaimsFault):
    """The ID token of a refresh says that the person logged in at another time than that of the login says."""

    by: int = member(60, "How much later.", unit="seconds", least=1, most=10**9)

    def effect(self, subject: Claims, occasion: Occasion) -> Claims:
        if occasion.grant_type != _REFRESH or "auth_time" not in subject:
            return subject
        return {**subject, "auth_time": subject["auth_time"] + self.by}
