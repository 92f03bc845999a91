"""Every option once: its name, its default, how it is read and what it is for.

Each field of `Settings` is a command line flag (`--auth-bind`), an environment variable (`MOCKPSC_AUTH_BIND`) and a key
of `mockpsc.toml` (`auth_bind`): a flag wins over the environment, the environment over the file, the file over the
default. The flags and the documentation page are made from the same fields. Nothing else reads the environment.
"""

import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from mockpsc.errors import ConfigurationError, nearest, nearest_name

PREFIX = "MOCKPSC_"
FILE = Path("mockpsc.toml")
_OWN_VARIABLES = frozenset({"MOCKPSC_CONFIG"})

Tables = tuple[Mapping[str, Any], ...]
Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class Address:
    """Where a listener binds: a host name or an IP address, and a port (0: any that is free)."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost" or self.host.endswith(".localhost")


@dataclass(frozen=True)
class Kind:
    """How the values of an option are read: `convert(value, folder)` takes text or a TOML value, and raises ValueError
    with what it expected. A relative path is meant from `folder`."""

    metavar: str
    convert: Callable[[Any, Path], Any]
    is_switch: bool = False


def _text(value: Any, folder: Path) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a text that is not empty")
    return value


def _one_of(*choices: str) -> Kind:
    def convert(value: Any, folder: Path) -> str:
        if value not in choices:
            raise ValueError(" or ".join(choices) + nearest(str(value), choices))
        return cast(str, value)

    return Kind("|".join(choices), convert)


def _switch(value: Any, folder: Path) -> bool:
    known = {True: True, False: False, "true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if not isinstance(value, bool | str) or value not in known:
        raise ValueError("true or false")
    return known[value]


def _seconds(value: Any, folder: Path) -> int:
    if isinstance(value, bool) or not str(value).isdecimal() or not 0 < int(value) <= 10**8:
        raise ValueError("a whole number of seconds, such as 120")
    return int(value)


def _address(value: Any, folder: Path) -> Address:
    host, colon, port = str(value).rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError("HOST:PORT, such as 127.0.0.1:8443 or [::1]:0")
    return Address(host, int(port))


def _url(*schemes: str) -> Kind:
    def convert(value: Any, folder: Path) -> str:
        parts = urlsplit(str(value))
        extra = parts.path.strip("/") or parts.query or parts.fragment or parts.username
        if parts.scheme not in schemes or not parts.hostname or extra:
            raise ValueError(f"an origin such as {schemes[0]}://localhost:8443, without path or query")
        return f"{parts.scheme}://{parts.netloc.lower()}"

    return Kind("URL", convert)


def _path(value: Any, folder: Path) -> Path:
    return folder / Path(_text(value, folder)).expanduser()


def _words(value: Any, folder: Path) -> tuple[str, ...]:
    words = value.split(",") if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) and word.strip() for word in words):
        raise ValueError("names separated by commas")
    return tuple(word.strip() for word in words)


def _networks(value: Any, folder: Path) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(word) for word in _words(value, folder))
    except ValueError:
        raise ValueError("IP addresses or networks separated by commas, such as 127.0.0.1,172.16.0.0/12") from None


def _in_table(key: str, value: Any, folder: Path) -> Any:
    """A value of a table; the files that it names are meant from the folder of the table's own file."""
    return str(_path(value, folder)) if key in ("certificate", "jwks") and value else value


def _tables(name: str) -> Kind:
    def convert(value: Any, folder: Path) -> Tables:
        if isinstance(value, str):
            file = _path(value, folder)
            folder, value = file.parent, read_toml(file).get(name)
        if not isinstance(value, list) or not value or not all(isinstance(table, dict) for table in value):
            raise ValueError(f"a TOML file with [[{name}]] tables, or those tables themselves in {FILE}")
        return tuple({key: _in_table(key, each, folder) for key, each in table.items()} for table in value)

    return Kind("FILE", convert)


_TEXT, _SECONDS, _ADDRESS, _PATH = (
    Kind("TEXT", _text),
    Kind("SECONDS", _seconds),
    Kind("HOST:PORT", _address),
    Kind("DIR", _path),
)
_FILE = Kind("FILE", _path)
_SWITCH, _WORDS, _VERSION = Kind("", _switch, is_switch=True), Kind("NAME,…", _words), _one_of("1.2", "1.3")


def option(default: Any, kind: Kind, help: str) -> Any:
    """A field of `Settings`: its default, how it is read and its meaning in a sentence."""
    return field(default=default, metadata={"kind": kind, "help": help})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a mock is made from. Lifetimes are in seconds."""

    profile: str = option("bas", _one_of("bas", "production"), "The environment of Pro Santé Connect to look like.")
    auth_bind: Address | None = option(
        None, _ADDRESS, "Where the issuer listens (default: 127.0.0.1:8443; port 0 takes a free one)."
    )
    auth_url: str | None = option(
        None,
        _url("https"),
        "The issuer's origin as relying parties reach it (default: https://localhost and the port bound).",
    )
    wallet_bind: Address | None = option(
        None,
        _ADDRESS,
        "Where the login page listens (default: 127.0.0.1:8444); the issuer's own address shares its port.",
    )
    wallet_url: str | None = option(
        None,
        _url("https"),
        "The login page's origin as browsers reach it (default: https://localhost and the port bound).",
    )
    admin_bind: Address = option(
        Address("127.0.0.1", 8480), _ADDRESS, "Where health checks and the front page listen, over plain HTTP."
    )
    admin_url: str | None = option(
        None,
        _url("http", "https"),
        "The admin origin as people reach it (default: http, the address and the port bound).",
    )
    impersonate: bool = option(
        False,
        _SWITCH,
        "Answer as the profile's real host names, on one port (443, or that of --auth-bind), told apart by SNI.",
    )
    expose: bool = option(
        False, _SWITCH, "Allow addresses that other machines can reach: the mock lets anybody log in as anybody."
    )
    certs: Path = option(Path("certs"), _PATH, "The folder of the test PKI, made when it is missing.")
    server_key: Literal["ec", "rsa"] = option(
        "ec", _one_of("ec", "rsa"), "The key of the server certificate: EC P-256 or RSA 2048."
    )
    server_cert: Path | None = option(
        None, _FILE, "Your own server certificate with its chain, PEM, instead of one that mockpsc makes."
    )
    server_key_file: Path | None = option(None, _FILE, "The private key of --server-cert, PEM.")
    hosts: tuple[str, ...] = option((), _WORDS, "More host names or IP addresses for the server certificate.")
    tls_min: str = option("1.2", _VERSION, "The oldest TLS version to speak.")
    tls_max: str = option("1.3", _VERSION, "The newest TLS version to speak.")
    client_cert: Literal["none", "request", "require"] = option(
        "request",
        _one_of("none", "request", "require"),
        "Whether the issuer asks for a client certificate: never, without insisting, or insisting on one.",
    )
    client_ca: Path | None = option(
        None, _FILE, "More authorities of client certificates to trust, PEM: your own, or a real IGC-Santé chain."
    )
    known_ca: Path | None = option(
        None, _FILE, "Authorities to know without trusting them, PEM: a chain that lacks one is told to be incomplete."
    )
    announce_ca: str = option(
        "own",
        _one_of("own", "none", "wrong"),
        "Which authorities the certificate request announces; Java, .NET and browsers choose by them.",
    )
    reject_with: str = option(
        "alert",
        _one_of("alert", "nginx", "keycloak"),
        "How a bad client certificate is refused: in the handshake, by a proxy's 400 page, or by Keycloak's 401.",
    )
    revocation: Literal["off", "crl", "stale", "missing"] = option(
        "crl",
        _one_of("off", "crl", "stale", "missing"),
        "Whether revoked certificates are refused: not at all, by a list, or with a list out of date or not there.",
    )
    trusted_proxies: tuple[Network, ...] = option(
        (),
        Kind("NETWORK,…", _networks),
        "Proxies that end TLS before the mock, by address: client certificates in their headers are believed.",
    )
    keycloak: str = option(
        "current",
        _one_of("current", "legacy"),
        "The generation of Keycloak: bad credentials are invalid_client or, in older ones, unauthorized_client.",
    )
    clients: Tables = option(
        (), _tables("clients"), "The declared clients; with none declared, any client id is accepted."
    )
    personas: Tables = option(
        (), _tables("personas"), "The professionals who can log in (default: those that come with mockpsc)."
    )
    login: str = option(
        "page", _one_of("page", "auto"), "Show the login page, or answer every authorization request at once."
    )
    persona: str | None = option(None, _TEXT, "Who logs in with --login auto: a persona's id.")
    bind_tokens: bool = option(
        False,
        _SWITCH,
        "Bind tokens to the client certificate (RFC 8705 §3). Pro Santé Connect's own tokens show no binding.",
    )
    access_token_lifetime: int = option(120, _SECONDS, "How long an access token and an ID token live.")
    refresh_token_lifetime: int = option(1800, _SECONDS, "How long a refresh token lives.")
    session_lifetime: int = option(4 * 3600, _SECONDS, "How long a login session lives at most.")
    session_idle: int = option(1800, _SECONDS, "How long a login session lives without being used.")
    code_lifetime: int = option(60, _SECONDS, "How long an authorization code lives.")

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
        raise ConfigurationError(f"{source} is {value!r}; expected {expected}.") from None


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file. Raises ConfigurationError when it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not TOML: {error}.") from None


def default_of(option: Field[Any]) -> Any:
    """The value that an option has when nobody sets it."""
    assert option.default is not MISSING
    return option.default
