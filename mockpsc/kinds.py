"""How the values of options are read: from the text of a flag or an environment variable, or from a TOML value."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from mockpsc.errors import ConfigurationError, nearest

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
    def reached_locally(self) -> "Address":
        """The address by which this machine reaches it: loopback for one that stands for all."""
        local = {"0.0.0.0": "127.0.0.1", "::": "::1"}
        return Address(local.get(self.host, self.host), self.port)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether a host name or an IP address stands for this machine (RFC 6761 §6.3)."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


@dataclass(frozen=True)
class Kind:
    """How the values of an option are read: `convert(value, folder)` takes text or a TOML value, and raises ValueError
    with what it expected. A relative path is meant from `folder`. What is secret is never shown."""

    metavar: str
    convert: Callable[[Any, Path], Any]
    is_switch: bool = False
    is_secret: bool = False


def _text(value: Any, folder: Path) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a text that is not empty")
    return value


def _token(value: Any, folder: Path) -> str:
    if not isinstance(value, str) or re.fullmatch(r"[!-~]{8,}", value) is None:
        raise ValueError("8 printable ASCII characters or more, without spaces")
    return value


def one_of(*choices: str) -> Kind:
    """One of these words."""

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


def url(*schemes: str) -> Kind:
    """An origin of one of these schemes."""

    def convert(value: Any, folder: Path) -> str:
        try:
            parts = urlsplit(str(value))
            extra = parts.path.strip("/") or parts.query or parts.fragment or parts.username
            usable = parts.scheme in schemes and parts.hostname and not extra and (parts.port or 1)
        except ValueError:
            usable = False
        if not usable:
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
    is_file = key in ("certificate", "jwks") and isinstance(value, str) and "-----BEGIN" not in value
    return str(_path(value, folder)) if is_file and value else value


def tables(name: str) -> Kind:
    """TOML tables of that name, or a file that has them."""

    def convert(value: Any, folder: Path) -> Tables:
        if isinstance(value, str):
            file = _path(value, folder)
            folder, value = file.parent, read_toml(file).get(name)
        if not isinstance(value, list) or not value or not all(isinstance(table, dict) for table in value):
            raise ValueError(f"a TOML file with [[{name}]] tables, or those tables themselves")
        return tuple({key: _in_table(key, each, folder) for key, each in table.items()} for table in value)

    return Kind("FILE", convert)


TEXT, SECONDS, ADDRESS, FOLDER = (
    Kind("TEXT", _text),
    Kind("SECONDS", _seconds),
    Kind("HOST:PORT", _address),
    Kind("DIR", _path),
)
FILE_PATH = Kind("FILE", _path)
TOKEN = Kind("TOKEN", _token, is_secret=True)
NETWORKS = Kind("NETWORK,…", _networks)
SWITCH, WORDS, VERSION = Kind("", _switch, is_switch=True), Kind("NAME,…", _words), one_of("1.2", "1.3")


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file. Raises ConfigurationError when it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not TOML: {error}.") from None
