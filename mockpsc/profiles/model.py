"""What an environment of Pro Santé Connect looks like on the wire: hosts, discovery document, claims and their order.

The values are data (`bas.toml`, and `production.toml` with only what differs); this module gives them types.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, kw_only=True)
class UserInfoShape:
    """One generation of the userinfo document: which members it has, where, and in which order."""

    members: tuple[str, ...]
    subject_ref_pro: tuple[str, ...]
    activity: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class UserInfoLayout:
    """What all generations of the userinfo document share, and the generations by name."""

    unaffiliated: tuple[str, ...]
    exercice: tuple[str, ...]
    constants: Mapping[str, Any]
    code_systems: Mapping[str, str]
    shapes: Mapping[str, UserInfoShape]
    default_shape: str


@dataclass(frozen=True, kw_only=True)
class Profile:
    """An environment. In the discovery documents `{issuer}` and `{wallet}` stand for the mock's own URLs.
    `generations` are the members of earlier discovery documents, by the year in which they were recorded."""

    name: str
    auth_host: str
    wallet_host: str
    realm: str
    realm_path: str
    subject_prefix: str
    default_scopes: tuple[str, ...]
    well_known: Mapping[str, str]
    discovery: Mapping[str, Any]
    keycloak_discovery: Mapping[str, Any]
    former_hosts: Mapping[str, str]
    generations: Mapping[str, Mapping[str, Any]]
    claims: Mapping[str, tuple[str, ...]]
    userinfo: UserInfoLayout

    def document(self, *, issuer: str, wallet: str) -> dict[str, Any]:
        """The discovery document for an issuer URL and the origin of the wallet, in Pro Santé Connect's order."""
        return _document(self.discovery, issuer=issuer, wallet=wallet)

    def keycloak_document(self, *, issuer: str, wallet: str) -> dict[str, Any]:
        """The document at Keycloak's own discovery URL."""
        return _document({**self.discovery, **self.keycloak_discovery}, issuer=issuer, wallet=wallet)

    def variants(self, *, issuer: str, wallet: str, of_keycloak: bool = False) -> dict[str, dict[str, Any]]:
        """The same documents as they were: by the year, with the mock's own URLs, and today's with its
        `former_hosts`."""
        own = self.keycloak_discovery if of_keycloak else {}
        former = {name: f"https://{host}" for name, host in self.former_hosts.items()}
        then = {"issuer": former["auth"] + self.realm_path, "wallet": former["wallet"]}
        earlier = {
            year: _document({**members, **own}, issuer=issuer, wallet=wallet)
            for year, members in self.generations.items()
        }
        return {**earlier, "former_hosts": _document({**self.discovery, **own}, **then)}

    def path(self, member: str, *, of_keycloak: bool = False) -> str:
        """The path of an endpoint, by its member of a discovery document, such as `token_endpoint`."""
        template: str = ({**self.discovery, **self.keycloak_discovery} if of_keycloak else self.discovery)[member]
        return urlsplit(template.format(issuer=f"https://auth{self.realm_path}", wallet="https://wallet")).path

    def with_default_scopes(self, asked: Iterable[str]) -> str:
        """The scope of a token: what was asked for, and what is added to it."""
        return " ".join(dict.fromkeys([*asked, *self.default_scopes]))

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes that a client can ask for."""
        return frozenset(self.discovery["scopes_supported"])

    @property
    def iss_in_authorization_response(self) -> bool:
        """Whether authorization responses carry `iss` (RFC 9207): as the discovery document says."""
        return bool(self.discovery.get("authorization_response_iss_parameter_supported"))


def _document(members: Mapping[str, Any], **origins: str) -> dict[str, Any]:
    return {name: _filled(value, **origins) for name, value in members.items()}


def _filled(value: Any, **origins: str) -> Any:
    if isinstance(value, str):
        return value.format(**origins) if value.startswith("{") else value
    return _document(value, **origins) if isinstance(value, dict) else value


@cache
def load_profile(name: str) -> Profile:
    """The profile of that name, `bas` or `production`."""
    data = _read("bas") | ({} if name == "bas" else _read(name))
    typed: dict[str, Any] = {
        "default_scopes": tuple(data["default_scopes"]),
        "claims": {token: tuple(members) for token, members in data["claims"].items()},
        "generations": _generations(data),
        "userinfo": _layout(data["userinfo"]),
    }
    return Profile(**{**data, **typed})


def _generations(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The discovery documents by the year: each is the one before it in the file, with what differs."""
    members, generations = data["discovery"], {}
    for year, differing in data["generations"].items():
        changed = {**members, **differing["members"]}
        members = generations[year] = {
            name: value for name, value in changed.items() if name not in differing["without"]
        }
    return generations


def _layout(data: dict[str, Any]) -> UserInfoLayout:
    activity = data.pop("activity")
    shapes = {
        name: UserInfoShape(
            members=tuple(shape["members"]),
            subject_ref_pro=tuple(shape["subject_ref_pro"]),
            activity=tuple(member for member in activity if member not in shape.get("activity_without", ())),
        )
        for name, shape in data.pop("shapes").items()
    }
    return UserInfoLayout(**data | {"shapes": shapes})


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8"))
