"""Which of the two languages a person reads: French, unless they ask for English."""

import re
from collections.abc import Iterator
from typing import Literal, get_args

Language = Literal["fr", "en"]

LANGUAGES: tuple[Language, ...] = get_args(Language)

# A language tag and its weight (RFC 9110 §12.5.4). Of the tag only the primary subtag counts; Keycloak writes `fr_FR`.
_RANGE = re.compile(r"([A-Za-z]+)(?:[-_][A-Za-z0-9]+)*(?:\s*;\s*q\s*=\s*([01](?:\.\d*)?))?")


def preferred_language(*wishes: str) -> Language:
    """The language of the first wish that names one of ours, French when none does.

    A wish is Keycloak's `kc_locale`, the space-separated `ui_locales` (OpenID Connect Core §3.1.2.1), or the value of
    an Accept-Language header (RFC 9110 §12.5.4), whose weights are honoured. The first wish goes before the second.
    """
    return next((language for wish in wishes if (language := _best(wish))), "fr")


def _best(wish: str) -> Language | None:
    """The one of our languages that a wish gives the greatest weight, the first of equals."""
    _, language = max(_weighed(wish), key=lambda found: found[0], default=(0.0, None))
    return language


def _weighed(wish: str) -> Iterator[tuple[float, Language]]:
    """Our languages in a wish, with their weights; a weight of 0 refuses a language."""
    for tag, weight in _RANGE.findall(wish):
        for language in LANGUAGES:
            if tag.lower() == language and float(weight or 1):
                yield float(weight or 1), language
