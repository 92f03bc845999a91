"""A relying party built on Authlib, its httpx client: https://docs.authlib.org/en/latest/client/httpx.html

Authlib knows no `tls_client_auth`. It is told `none`, which puts the client id in the form and nothing else: it is the
TLS context that authenticates. It checks `state`; `iss` (RFC 9207) is left to the application, which checks it here.
"""

import ssl
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from authlib.common.security import generate_token
from authlib.common.urls import add_params_to_uri
from authlib.deprecate import AuthlibDeprecationWarning
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError
from joserfc.jwk import KeySet
from relying_parties.parties import GOODBYE
from support import CALLBACK

with warnings.catch_warnings():
    # Since 1.9 Authlib would rather have httpx2, and says so when it is imported where only httpx is installed.
    warnings.filterwarnings("ignore", "The httpx module is deprecated", AuthlibDeprecationWarning)
    from authlib.integrations.httpx_client import OAuth2Client


def tls_context(ca: Path, certificate: Path | None) -> ssl.SSLContext:
    """Trusts a CA and presents a certificate, which is a folder of the mock's PKI, or none."""
    tls = ssl.create_default_context(cafile=ca)
    if certificate is not None:
        tls.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    return tls


class RelyingParty:
    """An application that logs one person in. `options` are those of httpx."""

    def __init__(self, *, discovery_url: str, client_id: str, tls: ssl.SSLContext, **options: Any) -> None:
        self.http = OAuth2Client(
            client_id,
            token_endpoint_auth_method="none",
            redirect_uri=CALLBACK,
            scope="openid scope_all",
            code_challenge_method="S256",
            verify=tls,
            **options,
        )
        self.discovery_url = discovery_url
        self.keys: KeySet | None = None

    def discover(self) -> None:
        self.provider = self._public(self.discovery_url)

    def _public(self, url: str) -> Any:
        """A document for which no token is needed; without a token, Authlib sends only what withholds it."""
        return self.http.request("GET", url, withhold_token=True).raise_for_status().json()

    def login_url(self, **more: str) -> str:
        """Where to send the browser."""
        self.nonce, self.code_verifier = generate_token(), generate_token(48)
        url, self.state = self.http.create_authorization_url(
            self.provider["authorization_endpoint"],
            nonce=self.nonce,
            code_verifier=self.code_verifier,
            acr_values="eidas1",
            **more,
        )
        return str(url)

    def log_in(self, callback: str, **more: str) -> CodeIDToken:
        """The claims of the person who comes back to that URL."""
        self._require_issuer(parse_qs(urlsplit(callback).query).get("iss"))
        form = {"code_verifier": self.code_verifier, **more}
        self.http.fetch_token(
            self.provider["token_endpoint"], authorization_response=callback, state=self.state, **form
        )
        return self.id_token()

    def _require_issuer(self, given: list[str] | None) -> None:
        """RFC 9207 §2.4."""
        promised = self.provider.get("authorization_response_iss_parameter_supported")
        if (given or promised) and given != [self.provider["issuer"]]:
            raise ValueError("the authorization response is another provider's")

    def id_token(self) -> CodeIDToken:
        """The claims of the ID token, validated as `parse_id_token` of Authlib's framework integrations does it, which
        is told here for whom the token must be, too."""
        token, client_id = self.http.token, self.http.client_id
        decoded = self._verified(token["id_token"])
        expected = {"iss": {"value": self.provider["issuer"]}, "aud": {"value": client_id}}
        sent = {"client_id": client_id, "nonce": self.nonce, "access_token": token["access_token"]}
        self.claims = CodeIDToken(decoded.claims, decoded.header, expected, sent)
        self.claims.validate(leeway=120)
        self.hint = token["id_token"]
        return self.claims

    def _verified(self, token: str) -> jwt.Token:
        """A token whose signature is good, by keys that are fetched again when its own is not among them."""
        try:
            return jwt.decode(token, self.keys or self._fetch_keys(), algorithms=["RS256"])
        except InvalidKeyIdError:
            return jwt.decode(token, self._fetch_keys(), algorithms=["RS256"])

    def _fetch_keys(self) -> KeySet:
        self.keys = KeySet.import_key_set(self._public(self.provider["jwks_uri"]))
        return self.keys

    def userinfo(self) -> Any:
        return self.http.get(self.provider["userinfo_endpoint"]).raise_for_status().json()

    def refresh(self) -> CodeIDToken:
        """The claims of the person, which are new if there is a new ID token: it may be left out."""
        self.http.refresh_token(self.provider["token_endpoint"])
        return self.id_token() if "id_token" in self.http.token else self.claims

    def introspect(self, token: str) -> Any:
        url = self.provider["introspection_endpoint"]
        return self.http.introspect_token(url, token=token, token_type_hint="access_token").raise_for_status().json()

    def revoke(self, token: str) -> None:
        self.http.revoke_token(self.provider["revocation_endpoint"], token=token).raise_for_status()

    def logout_url(self) -> str:
        """Where to send the browser so that it logs out."""
        sent = {"id_token_hint": self.hint, "client_id": self.http.client_id}
        sent |= {"post_logout_redirect_uri": GOODBYE, "state": "bye"}
        return str(add_params_to_uri(self.provider["end_session_endpoint"], list(sent.items())))
