"""What may be asked of a token without a flow, declared once for the JSON body and the command."""

from dataclasses import dataclass

from mockpsc.members import member

_LONGEST = 10**8


@dataclass(frozen=True, kw_only=True)
class TokenAsked:
    """What kind of token."""

    client: str | None = member(None, "To whom it is given (default: the client of the printed settings).")
    kind: str = member("access_token", "What it is.", choices=("access_token", "id_token"))
    scope: str = member("openid scope_all", "What is granted.")
    lifetime: int | None = member(
        None,
        "How long it lives, but no longer than the login; a negative number is in the past (default: as in a login).",
        unit="seconds",
        least=-_LONGEST,
        most=_LONGEST,
    )
