"""Which language a person reads: Keycloak's `kc_locale`, OpenID Connect's `ui_locales`, then the browser's wish."""

from starlette.requests import Request

from mockpsc.pages import Language, preferred_language
from mockpsc.parameters import Parameters


def language_of(request: Request, parameters: Parameters) -> Language:
    """The language to answer in."""
    wishes = (parameters.get("kc_locale"), parameters.get("ui_locales"), request.headers.get("accept-language"))
    return preferred_language(*(wish or "" for wish in wishes))
