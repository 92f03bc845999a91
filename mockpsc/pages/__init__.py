"""Every HTML page, as a function from what it shows to its text. Who calls sends it, as text/html in UTF-8.

The pages need nothing from elsewhere: one inline stylesheet, no font, no image, no script but that of `form_post`.
Every value is escaped. Titles and element ids are Keycloak's where Keycloak has them: people search for the ones, and
browser tests look for the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial

from jinja2 import Environment, PackageLoader, StrictUndefined

from mockpsc.pages.language import Language, preferred_language
from mockpsc.pages.texts import profession, text

__all__ = [
    "Language",
    "PersonaChoice",
    "callback",
    "error",
    "form_post",
    "index",
    "logged_out",
    "login",
    "logout_confirm",
    "preferred_language",
]


@dataclass(frozen=True, kw_only=True)
class PersonaChoice:
    """A person as the login page offers them. `profession` is a code of TRE_G15, or empty; `what` is in the page's
    language and may be empty; `auth_mode` is CARD or MOBILE."""

    id: str
    name: str
    profession: str
    what: str
    auth_mode: str
    acr: str


def login(
    *,
    language: Language,
    application: str,
    destination: str,
    personas: Sequence[PersonaChoice],
    action: str,
    switch_url: str,
    notice: str = "",
) -> str:
    """The login page: who asks (`application` is a client id), where the person will be sent back, whom one can be.

    Its form posts `persona=<id>` or `refuse=1` to `action`. `switch_url` is this page in the other language.
    """
    return _page(
        "login",
        language,
        application=application,
        destination=destination,
        personas=personas,
        action=action,
        switch_url=switch_url,
        notice=notice,
    )


def error(*, language: Language, message: str, hint: str) -> str:
    """Keycloak's error page with its message to the letter, and mockpsc's explanation of it, which may be empty."""
    return _page("error", language, message=message, hint=hint)


def logout_confirm(*, language: Language, action: str, switch_url: str, fields: Mapping[str, str]) -> str:
    """The question that Keycloak asks at a logout without `id_token_hint`. A yes posts `fields` to `action`."""
    return _page("logout_confirm", language, action=action, switch_url=switch_url, fields=fields)


def logged_out(*, language: Language) -> str:
    """What is left to say after a logout that names no URI to go to."""
    return _page("logged_out", language)


def form_post(*, language: Language, action: str, fields: Sequence[tuple[str, str]]) -> str:
    """An authorization response in the body of a POST (OAuth 2.0 Form Post Response Mode): it submits itself.

    A Content-Security-Policy that forbids its inline script leaves the button.
    """
    return _page("form_post", language, action=action, fields=fields)


def callback(*, language: Language, parameters: Mapping[str, str], command: str) -> str:
    """Where a login without a relying party ends: the authorization response, and a command that exchanges its code.

    `command` may be empty, as after a refusal.
    """
    return _page("callback", language, parameters=parameters, command=command)


def index(*, language: Language, rows: Sequence[tuple[str, str]], login_url: str) -> str:
    """The front page of the admin listener: settings for a relying party, as label and value, and a login to try."""
    return _page("index", language, rows=rows, login_url=login_url)


def _page(template: str, language: Language, **values: object) -> str:
    words = {"t": partial(text, language=language), "profession": partial(profession, language=language)}
    return _environment().get_template(f"{template}.html").render(language=language, **words, **values)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("mockpsc.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
