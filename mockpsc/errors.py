"""Everything that mockpsc refuses, as exceptions: one class per OAuth error, each with what to tell the person.

`error` and `description` are what Pro Santé Connect (a Keycloak) puts on the wire, to the letter. `hint` is mockpsc's
own: what was received, what was expected, what to do. It goes to the log and to the `Mockpsc-Hint` response header,
never into a body that a relying party parses. `reason` is the code word of a verdict on a certificate, if that is why.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class MockPscError(Exception):
    """Never raised itself: what all of mockpsc's own errors have in common."""


class ConfigurationError(MockPscError):
    """The mock cannot start as it was asked to: one sentence for the person who asked. Exit status 2."""


class Unusable(ConfigurationError):
    """A name or a value that somebody gave is not one that can be used, whether at the start or while the mock runs."""


class PageError(MockPscError):
    """A refusal shown to the person in the browser, because there is no URI that could be trusted with it."""

    def __init__(self, message: str, *, hint: str = "", reason: str = "", status: int = 400) -> None:
        super().__init__(message)
        self.message, self.hint, self.reason, self.status = message, hint, reason, status


class OAuthError(MockPscError):
    """Never raised itself: a refusal in the form of RFC 6749 §5.2, whose code is the class attribute `error`."""

    error: str
    status = 400

    def __init__(
        self, description: str | None = None, *, status: int | None = None, hint: str = "", reason: str = ""
    ) -> None:
        super().__init__(description or self.error)
        self.description, self.hint, self.reason = description, hint, reason
        if status is not None:
            self.status = status

    @property
    def body(self) -> dict[str, str]:
        """The JSON members of the answer."""
        return {"error": self.error} | ({"error_description": self.description} if self.description else {})


class InvalidRequest(OAuthError):
    """RFC 6749 §5.2."""

    error = "invalid_request"


class InvalidClient(OAuthError):
    """RFC 6749 §5.2: no, or no valid, client authentication."""

    error = "invalid_client"
    status = 401


class InvalidGrant(OAuthError):
    """RFC 6749 §5.2: the code or the refresh token is not good, or not for this client."""

    error = "invalid_grant"


class UnauthorizedClient(OAuthError):
    """RFC 6749 §5.2; Keycloak also says it of a certificate that a token is not bound to."""

    error = "unauthorized_client"


def bad_credentials(keycloak: str, *, hint: str = "", reason: str = "") -> OAuthError:
    """One answer for all that is wrong with who a client says it is; a `legacy` Keycloak, before its version 25, gave
    it another code."""
    refusal = UnauthorizedClient if keycloak == "legacy" else InvalidClient
    return refusal("Invalid client or Invalid client credentials", status=401, hint=hint, reason=reason)


class UnsupportedGrantType(OAuthError):
    """RFC 6749 §5.2."""

    error = "unsupported_grant_type"


class InvalidScope(OAuthError):
    """RFC 6749 §4.1.2.1 and §5.2."""

    error = "invalid_scope"


class UnsupportedResponseType(OAuthError):
    """RFC 6749 §4.1.2.1."""

    error = "unsupported_response_type"


class AccessDenied(OAuthError):
    """RFC 6749 §4.1.2.1: the person said no."""

    error = "access_denied"


class LoginRequired(OAuthError):
    """OpenID Connect Core §3.1.2.6: `prompt=none`, and nobody is logged in."""

    error = "login_required"


class RequestNotSupported(OAuthError):
    """OpenID Connect Core §3.1.2.6: a request object was passed by value."""

    error = "request_not_supported"


class RequestUriNotSupported(OAuthError):
    """OpenID Connect Core §3.1.2.6: a request object was passed by reference."""

    error = "request_uri_not_supported"


class ServerError(OAuthError):
    """RFC 6749 §4.1.2.1: the provider met with something that it did not expect."""

    error = "server_error"
    status = 500


class TemporarilyUnavailable(OAuthError):
    """RFC 6749 §4.1.2.1: the provider is overloaded, or under maintenance."""

    error = "temporarily_unavailable"
    status = 503


class InteractionRequired(OAuthError):
    """OpenID Connect Core §3.1.2.6."""

    error = "interaction_required"


class AccountSelectionRequired(OAuthError):
    """OpenID Connect Core §3.1.2.6."""

    error = "account_selection_required"


class ConsentRequired(OAuthError):
    """OpenID Connect Core §3.1.2.6."""

    error = "consent_required"


class InvalidRequestUri(OAuthError):
    """OpenID Connect Core §3.1.2.6."""

    error = "invalid_request_uri"


class InvalidRequestObject(OAuthError):
    """OpenID Connect Core §3.1.2.6."""

    error = "invalid_request_object"


class RegistrationNotSupported(OAuthError):
    """OpenID Connect Core §3.1.2.6."""

    error = "registration_not_supported"


class UnsupportedTokenType(OAuthError):
    """RFC 7009 §2.2.1."""

    error = "unsupported_token_type"


class InvalidToken(OAuthError):
    """RFC 6750 §3.1."""

    error = "invalid_token"
    status = 401


class InsufficientScope(OAuthError):
    """RFC 6750 §3.1."""

    error = "insufficient_scope"
    status = 403


class BearerRefusal(MockPscError):
    """A bearer token that is refused (RFC 6750 §3): `WWW-Authenticate` repeats the cause. Without a cause, no token
    came at all, and Keycloak answers with the bare challenge."""

    def __init__(self, cause: OAuthError | None, *, hint: str = "") -> None:
        super().__init__(str(cause or "no token"))
        self.cause, self.hint, self.reason = cause, cause.hint if cause else hint, cause.reason if cause else ""


def oauth_error(code: str) -> type[OAuthError]:
    """The class of an error code. Raises KeyError for a code that has none."""
    return {each.error: each for each in OAuthError.__subclasses__()}[code]


def in_a_clause(error: Exception) -> str:
    """The first line of what a library says, as the end of a sentence, before its full stop."""
    return str(error).split("\n")[0].rstrip(". ")


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that an unknown one was probably meant to be."""
    return next(iter(get_close_matches(name, list(known), n=1, cutoff=0.5)), None)


def nearest(name: str, known: Iterable[str]) -> str:
    """` (did you mean …?)` with the nearest known name, or nothing: for the end of a sentence, before its full stop."""
    close = nearest_name(name, known)
    return f" (did you mean {close!r}?)" if close else ""
