"""Two relying parties that go through all of a login and a logout, and say where they stopped.

Both take the same steps, each named before it is taken: discovery, authorization, token (with the ID token and its
keys), userinfo, refresh, introspection, revocation, logout, end. The one on openid-client is
tests/node/against_faults.mjs, the one on Authlib is here.
"""

import errno
import json
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

import httpx
from authlib.common.errors import AuthlibBaseError
from joserfc.errors import ClaimError, JoseError
from relying_parties.authlib_rp import RelyingParty, tls_context
from relying_parties.parties import GOODBYE, open_in
from support import CALLBACK, PERSONA, RunningMock

NODE = Path(__file__).parents[1] / "node"
TIMEOUT = 2.0
"""How many seconds to wait for an answer: openid-client for the whole of it, httpx for each part of it."""


class Walker(Protocol):
    """A relying party at work: `name` is the library, `versions` are those of all that its errors depend on."""

    name: str
    versions: Mapping[str, str]

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...

    def walk(self, psc: RunningMock) -> tuple[str, str]:
        """The step that it reached at that mock, which is `end` after all, and the error that stopped it there."""
        ...


def node_command() -> str:
    """The command, once it is certain that openid-client can run. Raises FileNotFoundError."""
    command = shutil.which("node")
    if command is None:
        raise FileNotFoundError("There is no node on the PATH: install Node 20.18.1 or later.")
    if not (NODE / "node_modules" / "openid-client").is_dir():
        raise FileNotFoundError("openid-client is not in tests/node/node_modules: `make slow` installs it.")
    return command


class OpenIdClient:
    """One process of Node for all walks."""

    name = "openid-client"

    def __init__(self) -> None:
        node = subprocess.run([node_command(), "--version"], capture_output=True, text=True, check=True).stdout
        major = node.removeprefix("v").partition(".")[0]
        packages = {each: _node_package(each) for each in ("openid-client", "undici")}
        self.versions: Mapping[str, str] = packages | {"Node": major}

    def __enter__(self) -> Self:
        command = [node_command(), str(NODE / "against_faults.mjs")]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.communicate()

    def walk(self, psc: RunningMock) -> tuple[str, str]:
        more = {"redirect_uri": CALLBACK, "post_logout_redirect_uri": GOODBYE, "login_hint": PERSONA}
        settings = psc.mock.connection.as_json() | more | {"timeout": TIMEOUT}
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(settings), file=self._process.stdin, flush=True)
        report = json.loads(self._process.stdout.readline())
        return report["step"], report.get("error", "")


def _node_package(name: str) -> str:
    return str(json.loads((NODE / "node_modules" / name / "package.json").read_text(encoding="utf-8"))["version"])


class Authlib:
    """In this process."""

    name = "Authlib"

    def __init__(self) -> None:
        openssl, python = ssl.OPENSSL_VERSION_INFO, sys.version_info
        self.versions: Mapping[str, str] = {
            "Authlib": version("authlib"),
            "joserfc": version("joserfc"),
            "httpx": version("httpx"),
            "Python": f"{python[0]}.{python[1]}",
            "OpenSSL": f"{openssl[0]}.{openssl[1]}",
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def walk(self, psc: RunningMock) -> tuple[str, str]:
        files = psc.mock.pki.files.folder
        rp = RelyingParty(
            discovery_url=psc.mock.connection.discovery_url,
            client_id="rp-one",
            tls=tls_context(files / "ca.pem", files / "clients" / "rp-one"),
            **_OPTIONS,
        )
        step = ""
        with closing(rp.http), psc.client(**_OPTIONS) as browser:
            steps = _steps(rp, browser)
            try:
                while step != "end":
                    step = next(steps)
            except Exception as error:
                return step, _tell(error)
        return step, ""


def _require_here(request: httpx.Request) -> None:
    """Finds this machine only: a fault may name hosts that exist elsewhere."""
    if request.url.host not in ("localhost", "127.0.0.1"):
        raise httpx.ConnectError("unknown host", request=request)


_OPTIONS: Mapping[str, Any] = {"timeout": TIMEOUT, "event_hooks": {"request": [_require_here]}}


def _steps(rp: RelyingParty, browser: httpx.Client) -> Iterator[str]:
    yield "discovery"
    rp.discover()
    yield "authorization"
    callback = _sent(browser, rp.login_url(login_hint=PERSONA), CALLBACK)
    yield "token"
    rp.log_in(callback)
    yield "userinfo"
    rp.userinfo()
    yield "refresh"
    if "refresh_token" in rp.http.token:
        rp.refresh()
    yield "introspection"
    if not rp.introspect(rp.http.token["access_token"])["active"]:
        raise RuntimeError("the token is not active")
    yield "revocation"
    if "revocation_endpoint" in rp.provider:
        rp.revoke(rp.http.token.get("refresh_token", rp.http.token["access_token"]))
    yield "logout"
    _sent(browser, rp.logout_url(), GOODBYE)
    yield "end"


def _sent(browser: httpx.Client, url: str, expected: str) -> str:
    """Where the browser is sent. A browser that is sent to another host does not come back to the application."""
    response = open_in(browser, url)
    if not response.has_redirect_location:
        raise RuntimeError(f"the browser got a page, HTTP {response.status_code}")
    location = response.headers["location"]
    if urlsplit(location).netloc != urlsplit(expected).netloc:
        raise RuntimeError("the browser was sent to another host")
    return str(location)


def _tell(error: Exception) -> str:
    """An error in a line that is the same each time: its class, and what the library or the system has as a code."""
    root = _innermost(error)
    parts = (type(error).__name__, _code(error), _code(root) if isinstance(root, OSError) else "")
    return ", ".join(filter(None, parts))


def _innermost(error: BaseException) -> BaseException:
    cause = error.__cause__ or error.__context__
    return error if cause is None else _innermost(cause)


def _code(error: BaseException) -> str:
    match error:
        case httpx.HTTPStatusError():
            return f"HTTP {error.response.status_code}"
        case ssl.SSLCertVerificationError():
            return error.verify_message
        case ssl.SSLError():
            return str(error.reason)
        case OSError():
            return errno.errorcode.get(error.errno or 0, "")
        case ClaimError():
            return error.claim
        case AuthlibBaseError():
            return str(error.error)
        case httpx.RequestError() | JoseError():  # whose texts have byte counts and key ids
            return ""
        case _:
            return str(error)
