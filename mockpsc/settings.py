"""Every option once: its name, its default, how it is read and what it is for.

Each field of `Settings` is a command line flag (`--auth-bind`), an environment variable (`MOCKPSC_AUTH_BIND`) and a key
of `mockpsc.toml` (`auth_bind`): a flag wins over the environment, the environment over the file, the file over the
default. The flags and the documentation page are made from the same fields. Nothing else reads the environment.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from mockpsc.errors import ConfigurationError, nearest_name
from mockpsc.kinds import (
    ADDRESS,
    FILE_PATH,
    FOLDER,
    NETWORKS,
    SECONDS,
    SWITCH,
    TEXT,
    TOKEN,
    VERSION,
    WORDS,
    Address,
    Kind,
    Network,
    Tables,
    one_of,
    read_toml,
    tables,
    url,
)

PREFIX = "MOCKPSC_"
FILE = Path("mockpsc.toml")
_OWN_VARIABLES = frozenset({"MOCKPSC_CONFIG", "MOCKPSC_URL"})


def option(default: Any, kind: Kind, help: str) -> Any:
    """A field of `Settings`: its default, how it is read and its meaning in a sentence."""
    return field(default=default, repr=not kind.is_secret, metadata={"kind": kind, "help": help})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a mock is made from. Lifetimes are in seconds."""

    profile: str = option("bas", one_of("bas", "production"), "The environment of Pro Santé Connect to look like.")
    auth_bind: Address | None = option(
        None, ADDRESS, "Where the issuer listens (default: 127.0.0.1:8443; port 0 takes a free one)."
    )
    auth_url: str | None = option(
        None,
        url("https"),
        "The issuer's origin as relying parties reach it (default: https://localhost and the port bound).",
    )
    wallet_bind: Address | None = option(
        None,
        ADDRESS,
        "Where the login page listens (default: 127.0.0.1:8444); the issuer's own address shares its port.",
    )
    wallet_url: str | None = option(
        None,
        url("https"),
        "The login page's origin as browsers reach it (default: https://localhost and the port bound).",
    )
    admin_bind: Address = option(
        Address("127.0.0.1", 8480), ADDRESS, "Where health checks and the front page listen, over plain HTTP."
    )
    admin_url: str | None = option(
        None,
        url("http", "https"),
        "The admin origin as people reach it (default: http, the address and the port bound).",
    )
    admin_token: str | None = option(
        None, TOKEN, "What other machines must send to drive the mock: Authorization: Bearer and this token."
    )
    impersonate: bool = option(
        False,
        SWITCH,
        "Answer as the profile's real host names, on one port (443, or that of --auth-bind), told apart by SNI.",
    )
    expose: bool = option(
        False, SWITCH, "Allow addresses that other machines can reach: the mock lets anybody log in as anybody."
    )
    certs: Path = option(Path("certs"), FOLDER, "The folder of the test PKI, made when it is missing.")
    server_key: Literal["ec", "rsa"] = option(
        "ec", one_of("ec", "rsa"), "The key of the server certificate: EC P-256 or RSA 2048."
    )
    server_cert: Path | None = option(
        None, FILE_PATH, "Your own server certificate with its chain, PEM, instead of one that mockpsc makes."
    )
    server_key_file: Path | None = option(None, FILE_PATH, "The private key of --server-cert, PEM.")
    hosts: tuple[str, ...] = option((), WORDS, "More host names or IP addresses for the server certificate.")
    tls_min: str = option("1.2", VERSION, "The oldest TLS version to speak.")
    tls_max: str = option("1.3", VERSION, "The newest TLS version to speak.")
    client_cert: Literal["none", "request", "require"] = option(
        "request",
        one_of("none", "request", "require"),
        "Whether the issuer asks for a client certificate: never, without insisting, or insisting on one.",
    )
    client_ca: Path | None = option(
        None, FILE_PATH, "More authorities of client certificates to trust, PEM: your own, or a real IGC-Santé chain."
    )
    known_ca: Path | None = option(
        None,
        FILE_PATH,
        "Authorities to know without trusting them, PEM: chains that lack one are told to be incomplete.",
    )
    announce_ca: str = option(
        "own",
        one_of("own", "none", "wrong"),
        "Which authorities the certificate request announces; Java, .NET and browsers choose by them.",
    )
    reject_with: str = option(
        "alert",
        one_of("alert", "nginx", "keycloak"),
        "How a bad client certificate is refused: in the handshake, by a proxy's 400 page, or by Keycloak's 401.",
    )
    revocation: Literal["off", "crl", "stale", "missing"] = option(
        "crl",
        one_of("off", "crl", "stale", "missing"),
        "Whether revoked certificates are refused: not at all, by a list, or with a list out of date or not there.",
    )
    trusted_proxies: tuple[Network, ...] = option(
        (),
        NETWORKS,
        "Proxies that end TLS before the mock, by address: client certificates in their headers are believed.",
    )
    keycloak: str = option(
        "current",
        one_of("current", "legacy"),
        "The generation of Keycloak: bad credentials are invalid_client or, in older ones, unauthorized_client.",
    )
    clients: Tables = option(
        (), tables("clients"), "The declared clients; with none declared, any client id is accepted."
    )
    personas: Tables = option(
        (), tables("personas"), "The professionals who can log in (default: those that come with mockpsc)."
    )
    faults: Tables = option((), tables("faults"), "Faults that are armed from the start, and again at each reset.")
    scenarios: Tables = option((), tables("scenarios"), "Scenarios: faults one after the other.")
    fault_header: bool = option(
        False, SWITCH, "Let a request ask for faults of its own, by name, in the header X-Mockpsc-Fault."
    )
    login: str = option(
        "page", one_of("page", "auto"), "Show the login page, or answer every authorization request at once."
    )
    persona: str | None = option(None, TEXT, "Who logs in with --login auto: a persona's id.")
    bind_tokens: bool = option(
        False,
        SWITCH,
        "Bind tokens to the client certificate (RFC 8705 §3). Pro Santé Connect's own tokens show no binding.",
    )
    access_token_lifetime: int = option(120, SECONDS, "How long an access token and an ID token live.")
    refresh_token_lifetime: int = option(1800, SECONDS, "How long a refresh token lives.")
    session_lifetime: int = option(4 * 3600, SECONDS, "How long a login session lives at most.")
    session_idle: int = option(1800, SECONDS, "How long a login session lives without being used.")
    code_lifetime: int = option(60, SECONDS, "How long an authorization code lives.")

    def __post_init__(self) -> None:
        if self.tls_min > self.tls_max:
            raise ConfigurationError(
                f"tls_min is {self.tls_min} and tls_max is {self.tls_max}: no version is left to speak."
            )
        if (self.login == "auto") != (self.persona is not None):
            raise ConfigurationError("login auto and persona go together: --login auto --persona ID says who logs in.")
        if (self.server_cert is None) != (self.server_key_file is None):
            raise ConfigurationError("server_cert and server_key_file go together: a certificate and its own key.")
        for address in (self.auth_address, self.wallet_address, self.admin_bind):
            self._refuse_exposure(address)

    def _refuse_exposure(self, address: Address) -> None:
        if not self.expose and not address.is_loopback:
            raise ConfigurationError(
                f"Other machines can reach {address}, where anybody can log in as anybody. "
                "Bind to 127.0.0.1 or [::1], or allow it with --expose (MOCKPSC_EXPOSE=1)."
            )

    @property
    def auth_address(self) -> Address:
        """Where the issuer listens."""
        return self.auth_bind or Address("127.0.0.1", 443 if self.impersonate else 8443)

    @property
    def wallet_address(self) -> Address:
        """Where the login page listens."""
        return self.wallet_bind or (self.auth_address if self.impersonate else Address("127.0.0.1", 8444))

    @property
    def one_port(self) -> bool:
        """Whether the issuer and the login page share a listener, told apart by host name."""
        same = self.wallet_address == self.auth_address
        return same and (self.auth_address.port != 0 or self.wallet_bind is None)


def options() -> Iterator[Field[Any]]:
    """The table: one dataclass field per option, with `metadata["kind"]` and `metadata["help"]`."""
    yield from fields(Settings)


def load(
    flags: Mapping[str, Any], *, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> Settings:
    """Settings from the command line, the environment (this process's by default) and `mockpsc.toml` in `folder`.

    The file is `flags["config"]`, else `MOCKPSC_CONFIG`, else `mockpsc.toml` when there is one.
    Raises ConfigurationError for a name that does not exist (with the nearest that does) and for a value that cannot be
    read, naming where it came from.
    """
    environment = os.environ if environment is None else environment
    folder = folder or Path()
    given = {name: value for name, value in flags.items() if value is not None}
    file = given.pop("config", None) or environment.get("MOCKPSC_CONFIG")
    values = _from_file(folder / (file or FILE), required=file is not None)
    values |= _from_environment(environment, folder)
    values |= _converted(given, lambda name: "--" + name.replace("_", "-"), folder)
    return Settings(**values)


def made_from(options: Mapping[str, Any], folder: Path | None = None) -> Settings:
    """Settings from options by name, as Python values or as text. Raises ConfigurationError."""
    given = {name: _as_toml(value) for name, value in options.items() if value is not None}
    return Settings(**_converted(given, str, folder or Path()))


def attached_to(environment: Mapping[str, str] | None = None) -> tuple[str | None, str | None]:
    """The admin origin of a mock that runs already, for the tests of a relying party, and the token that it wants:
    MOCKPSC_URL and MOCKPSC_ADMIN_TOKEN of the environment (this process's by default)."""
    environment = os.environ if environment is None else environment
    return environment.get("MOCKPSC_URL") or None, environment.get("MOCKPSC_ADMIN_TOKEN") or None


def _as_toml(value: Any) -> Any:
    """A Python value as a TOML file would have it."""
    if isinstance(value, Path | Address):
        return str(value)
    return [_as_toml(each) for each in value] if isinstance(value, tuple | list) else value


def _from_file(path: Path, *, required: bool) -> dict[str, Any]:
    if not required and not path.exists():
        return {}
    return _converted(read_toml(path), lambda name: f"{name} in {path}", path.parent)


def _from_environment(environment: Mapping[str, str], folder: Path) -> dict[str, Any]:
    names = [name for name in environment if name.startswith(PREFIX) and name not in _OWN_VARIABLES]
    given = {name.removeprefix(PREFIX).lower(): environment[name] for name in names}
    return _converted(given, lambda name: PREFIX + name.upper(), folder)


def _converted(given: Mapping[str, Any], source: Callable[[str], str], folder: Path) -> dict[str, Any]:
    known = {option.name: option for option in options()}
    for name in given:
        if name not in known:
            close = nearest_name(name, known)
            raise ConfigurationError(
                f"{source(name)} is no option" + (f": did you mean {source(close)}?" if close else ".")
            )
    return {name: _convert(known[name], value, source(name), folder) for name, value in given.items()}


def _convert(option: Field[Any], value: Any, source: str, folder: Path) -> Any:
    try:
        return option.metadata["kind"].convert(value, folder)
    except ValueError as expected:
        received = "not usable" if option.metadata["kind"].is_secret else repr(value)
        raise ConfigurationError(f"{source} is {received}; expected {expected}.") from None


def default_of(option: Field[Any]) -> Any:
    """The value that an option has when nobody sets it."""
    assert option.default is not MISSING
    return option.default
