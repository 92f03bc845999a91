"""What breaks the rules on the requests that a relying party sends itself: for tokens, and with them."""

from mockpsc.findings.request import BACK, Request, claims_of
from mockpsc.findings.rule import rule

# What belongs into the body. Other parameters of a URL may be anybody's.
_OF_THE_FORM = (
    "grant_type",
    "code",
    "code_verifier",
    "refresh_token",
    "token",
    "client_secret",
    "client_assertion",
    "password",
)
_NO_CERTIFICATE = "no certificate"


@rule("code_reused", "token")
def _code_reused(request: Request) -> str | None:
    earlier = request.spent_by
    return f"the code that exchange {earlier.exchange.number} had got tokens for" if earlier else None


@rule("verifier_missing", "token")
def _verifier_missing(request: Request) -> str | None:
    is_challenged = request.login is not None and request.login.get("code_challenge")
    return "no code_verifier" if is_challenged and not request.get("code_verifier") else None


@rule("redirect_uri_changed", "token")
def _redirect_uri_changed(request: Request) -> str | None:
    if request.login is None or request.get("redirect_uri") == request.login.get("redirect_uri"):
        return None
    received = request.get("redirect_uri")
    said = f"redirect_uri={received}" if received else "no redirect_uri"
    return f"{said}, after {request.login.get('redirect_uri')} in the authorization request"


@rule("nonce_reused", "token")
def _nonce_reused(request: Request) -> str | None:
    return _reused(request, "nonce")


@rule("challenge_reused", "token")
def _challenge_reused(request: Request) -> str | None:
    return _reused(request, "code_challenge")


@rule("state_reused", "token")
def _state_reused(request: Request) -> str | None:
    return _reused(request, "state")


def _reused(request: Request, name: str) -> str | None:
    earlier = request.repeated.get(name)
    if earlier is None or request.login is None:
        return None
    return f"a code of {name}={request.login.get(name)}, as in exchange {earlier.exchange.number}"


@rule("scope_widened", "token")
def _scope_widened(request: Request) -> str | None:
    granted = claims_of(request.get("refresh_token")).get("scope")
    asked = request.get("scope")
    if not isinstance(granted, str) or set(asked.split()) <= set(granted.split()):
        return None
    return f"scope={asked}, after a grant of {granted}"


@rule("password_grant", "token")
def _password_grant(request: Request) -> str | None:
    return "grant_type=password" if request.get("grant_type") == "password" else None


@rule("client_id_missing", *BACK)
def _client_id_missing(request: Request) -> str | None:
    says_who = request.get("client_id") or request.has_basic or request.get("client_assertion")
    return "no client_id" if request.form and not says_who else None


@rule("form_expected", *BACK)
def _form_expected(request: Request) -> str | None:
    if request.exchange.method == "GET":
        return "a GET request"
    misplaced = [name for name in _OF_THE_FORM if name in request.query]
    return f"{' and '.join(misplaced)} in the query" if misplaced else None


@rule("credentials_twice", *BACK)
def _credentials_twice(request: Request) -> str | None:
    beside = next((name for name in ("client_secret", "client_assertion") if request.get(name)), None)
    return f"HTTP Basic and {beside}" if request.has_basic and beside else None


@rule("certificate_missing", *BACK, "userinfo")
def _certificate_missing(request: Request) -> str | None:
    reason, presented = request.exchange.reason, request.has_certificate
    refused = (reason == "missing" and not presented) or (reason == "unbound" and presented is False)
    return _NO_CERTIFICATE if refused else None


@rule("certificate_dropped", "userinfo")
def _certificate_dropped(request: Request) -> str | None:
    dropped = request.knows_certificates and request.has_certificate is False and not request.exchange.reason
    return _NO_CERTIFICATE if dropped else None


@rule("secret_without_certificate", *BACK)
def _secret_without_certificate(request: Request) -> str | None:
    secret = request.get("client_secret") or request.has_basic
    alone = secret and request.has_certificate is False and request.exchange.reason != "missing"
    return f"a secret, and {_NO_CERTIFICATE}" if alone else None


@rule("secret_beside_certificate", *BACK)
def _secret_beside_certificate(request: Request) -> str | None:
    beside = request.get("client_secret") and request.has_certificate
    return "client_secret and a certificate" if beside else None


@rule("basic_beside_certificate", *BACK)
def _basic_beside_certificate(request: Request) -> str | None:
    return "HTTP Basic and a certificate" if request.has_basic and request.has_certificate else None


@rule("token_in_query", *BACK, "userinfo")
def _token_in_query(request: Request) -> str | None:
    return "access_token in the query" if request.query.get("access_token") else None
