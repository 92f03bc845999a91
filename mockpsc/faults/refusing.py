"""What the faults have in common that refuse a request with an OAuth error."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mockpsc.errors import OAuthError, oauth_error
from mockpsc.faults.base import RequestFault
from mockpsc.members import member


@dataclass(frozen=True, kw_only=True)
class Refusing(RequestFault):
    """Refuses with an error code. `usual` has what Keycloak says most often with each code, and with which status."""

    usual: ClassVar[Mapping[str, tuple[str, int]]]

    error: str = member("", "The error code.")
    description: str | None = member(None, "The error_description, empty for none; by default, Keycloak's usual one.")
    status: int | None = member(None, "The HTTP status; by default, the usual one.", least=200, most=599)

    @property
    def refusal(self) -> OAuthError:
        """What to raise."""
        words, status = self.usual[self.error]
        description = words if self.description is None else self.description
        return oauth_error(self.error)(description or None, status=self.status or status, hint=self.hint)
