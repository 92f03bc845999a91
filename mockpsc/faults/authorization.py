"""Faults of the authorization response, and of the way to it."""

from dataclasses import replace

from mockpsc.errors import AccessDenied, PageError, TemporarilyUnavailable, oauth_error
from mockpsc.faults.base import RedirectionFault, RequestFault, fault
from mockpsc.faults.occasion import Occasion
from mockpsc.faults.subjects import Asked, Redirection
from mockpsc.members import member

ERRORS = (
    "invalid_request",
    "unauthorized_client",
    "access_denied",
    "unsupported_response_type",
    "invalid_scope",
    "server_error",
    "temporarily_unavailable",
    "interaction_required",
    "login_required",
    "account_selection_required",
    "consent_required",
    "invalid_request_uri",
    "invalid_request_object",
    "request_not_supported",
    "request_uri_not_supported",
    "registration_not_supported",
)
_REQUEST = ("authorization_request",)
_FAPI = "fapi2-security-profile-final-client-test-"


@fault(
    "authorization.error",
    "handle",
    "RFC 6749 §4.1.2.1; OpenID Connect Core §3.1.2.6",
    modules=("oidcc-client-test-form-post-error",),
    targets=_REQUEST,
)
class Error(RequestFault):
    """The authorization request is refused with an error code, in the response mode that it asked for."""

    error: str = member("server_error", "The error code.", choices=ERRORS)
    description: str = member("", "The error_description; empty for none.")

    def effect(self, subject: Asked, occasion: Occasion) -> Asked:
        raise oauth_error(self.error)(self.description or None, hint=self.hint)


@fault("authorization.cancelled", "handle", "RFC 6749 §4.1.2.1", targets=_REQUEST)
class Cancelled(RequestFault):
    """The person cancels the login: `access_denied` without a description, as Keycloak says it."""

    def effect(self, subject: Asked, occasion: Occasion) -> Asked:
        raise AccessDenied(hint=self.hint)


@fault("authorization.login_timeout", "handle", "RFC 6749 §4.1.2.1; Keycloak", targets=_REQUEST)
class LoginTimeout(RequestFault):
    """The person took too long to log in: `temporarily_unavailable` with `authentication_expired`, as Keycloak says
    it."""

    def effect(self, subject: Asked, occasion: Occasion) -> Asked:
        raise TemporarilyUnavailable("authentication_expired", hint=self.hint)


@fault("authorization.session_expired", "handle", "Keycloak's page of an expired login", targets=_REQUEST)
class SessionExpired(RequestFault):
    """The person sees Keycloak's page "Page has expired" and is not sent back to the relying party."""

    def effect(self, subject: Asked, occasion: Occasion) -> Asked:
        raise PageError("Page has expired", hint=self.hint, status=200)


@fault(
    "authorization.state_missing",
    "reject",
    "RFC 6749 §4.1.2 and §10.12",
    modules=(f"{_FAPI}ensure-authorization-response-with-invalid-missing-state-fails",),
)
class StateMissing(RedirectionFault):
    """The authorization response has no `state`."""

    def effect(self, subject: Redirection, occasion: Occasion) -> Redirection:
        return subject.without("state")


@fault(
    "authorization.state_changed",
    "reject",
    "RFC 6749 §4.1.2 and §10.12",
    modules=(f"{_FAPI}ensure-authorization-response-with-invalid-state-fails",),
)
class StateChanged(RedirectionFault):
    """The authorization response has another `state` than the request."""

    state: str = member("another-state", "The state that comes instead.")

    def effect(self, subject: Redirection, occasion: Occasion) -> Redirection:
        return subject.having("state", self.state)


@fault("authorization.code_missing", "reject", "RFC 6749 §4.1.2")
class CodeMissing(RedirectionFault):
    """The authorization response has neither `code` nor `error`."""

    def effect(self, subject: Redirection, occasion: Occasion) -> Redirection:
        return subject.without("code")


@fault("authorization.code_twice", "reject", "RFC 6749 §3.1 and §4.1.2")
class CodeTwice(RedirectionFault):
    """The authorization response has two codes: another one before the good one."""

    def effect(self, subject: Redirection, occasion: Occasion) -> Redirection:
        if "code" not in dict(subject.parameters):
            return subject
        return replace(subject, parameters=(("code", _CODE_OF_ANOTHER), *subject.parameters))


@fault(
    "authorization.iss_wrong",
    "reject",
    "RFC 9207 §2.4",
    modules=(f"{_FAPI}invalid-authorization-response-iss",),
)
class IssWrong(RedirectionFault):
    """The authorization response has an `iss` that is not the issuer, to the letter."""

    how: str = member(
        "another",
        "The issuer of another provider, or the right one with a slash at its end, or with http.",
        choices=("another", "slash", "http"),
    )

    def effect(self, subject: Redirection, occasion: Occasion) -> Redirection:
        issuer = dict(subject.parameters).get("iss", "")
        wrong = {
            "another": _ANOTHER_ISSUER,
            "slash": f"{issuer}/",
            "http": f"http:{issuer.partition(':')[2]}",
        }
        return subject.having("iss", wrong[self.how])


@fault(
    "authorization.iss_missing",
    "reject",
    "RFC 9207 §2.4",
    modules=(f"{_FAPI}remove-authorization-response-iss",),
)
class IssMissing(RedirectionFault):
    """The authorization response has no `iss`, though the discovery document announces it."""

    def effect(self, subject: Redirection, occasion: Occasion) -> Redirection:
        return subject.without("iss")


@fault("authorization.mixed_up", "reject", "RFC 9207 §1; RFC 9700 §4.4")
class MixedUp(RedirectionFault):
    """The authorization response is that of another provider: its `iss` and its `code`, with the right `state`."""

    def effect(self, subject: Redirection, occasion: Occasion) -> Redirection:
        return subject.having("code", _CODE_OF_ANOTHER).having("iss", _ANOTHER_ISSUER)


@fault("authorization.parameters_duplicated", "reject", "RFC 6749 §3.1")
class ParametersDuplicated(RedirectionFault):
    """Every parameter of the authorization response comes twice, with the same value."""

    def effect(self, subject: Redirection, occasion: Occasion) -> Redirection:
        return replace(subject, parameters=(*subject.parameters, *subject.parameters))


@fault("authorization.unknown_parameter", "accept", "RFC 6749 §4.1.2")
class UnknownParameter(RedirectionFault):
    """The authorization response has a parameter `extension`, which no specification knows."""

    def effect(self, subject: Redirection, occasion: Occasion) -> Redirection:
        return replace(subject, parameters=(*subject.parameters, ("extension", "unknown")))


@fault("authorization.session_state_missing", "accept", "OpenID Connect Session Management §2")
class SessionStateMissing(RedirectionFault):
    """The authorization response has no `session_state`, which Keycloak adds and OAuth does not ask for."""

    def effect(self, subject: Redirection, occasion: Occasion) -> Redirection:
        return subject.without("session_state")


@fault("authorization.callback_over_http", "reject", "RFC 9700 §2.6; OpenID Connect Core §3.1.2.1")
class CallbackOverHttp(RedirectionFault):
    """The person is sent back to the redirect URI over http, with the code for everybody on the way to read."""

    def effect(self, subject: Redirection, occasion: Occasion) -> Redirection:
        scheme, _, rest = subject.uri.partition(":")
        return replace(subject, uri=f"http:{rest}") if scheme == "https" else subject


_ANOTHER_ISSUER = "https://another-provider.example.test/auth/realms/another"
_CODE_OF_ANOTHER = "0f1e2d3c-4b5a-4978-8a69-5b4c3d2e1f00.another-login.another-client"
