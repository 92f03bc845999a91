"""What a person, or a program, needs to point a relying party at a running mock."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self
from urllib.parse import urlencode

CALLBACK = "/callback"
NOTICE = "a mock for tests, not Pro Sante Connect"


@dataclass(frozen=True, kw_only=True)
class Connection:
    """The settings to paste. The members and their order are those of `mockpsc serve --json`; files are absolute."""

    issuer: str
    discovery_url: str
    wallet_url: str
    admin_url: str
    client_id: str
    ca_file: Path
    client_cert_file: Path
    client_key_file: Path
    login_url: str = ""

    def with_login_url(self, redirect_uri: str, scope: str) -> Self:
        """The same, with a login to try that asks for that scope and comes back to that URI."""
        request = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": redirect_uri,
            "scope": scope,
            "acr_values": "eidas1",
            "state": "try-it",
            "nonce": "try-it",
        }
        return replace(self, login_url=f"{self.wallet_url}?{urlencode(request)}")

    def as_json(self) -> dict[str, str]:
        """The members as text."""
        return {name: str(value) for name, value in asdict(self).items()}
