"""Drives a caller's own application through a login, by whatever test client its framework has.

httpx, Starlette's TestClient and requests are told not to follow redirects; Flask's and Django's clients do not unless
asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from mockpsc.errors import MockPscError
from mockpsc.vocabulary import FORM

_NOT_FOLLOWING: Mapping[str, dict[str, Any]] = {
    "httpx": {"follow_redirects": False},
    "httpx2": {"follow_redirects": False},
    "starlette": {"follow_redirects": False},
    "requests": {"allow_redirects": False},
}
_OF_THE_NETWORK = frozenset({"httpx", "httpx2", "requests"})


class LoginFailed(MockPscError, AssertionError):
    """A login did not come back to the relying party, or did not begin there: what was answered instead."""


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """Where the mock sends the browser at last: by a redirect to `url`, or, with `response_mode=form_post`, by posting
    `form`."""

    url: str
    form: dict[str, str] | None = None

    @property
    def as_url(self) -> str:
        """The URL alone. Raises LoginFailed when a form belongs to it."""
        if self.form is not None:
            raise LoginFailed(
                f"The answer is a form posted to {self.url} (response_mode=form_post), and no URL: give client=, a "
                "test client of your application."
            )
        return self.url


def location_of(response: Any, url: str) -> str:
    """Where an application's answer sends the browser. Raises LoginFailed for one that is no redirect."""
    location = response.headers.get("Location") or response.headers.get("location")
    if not location:
        raise LoginFailed(
            f"Your application answered {response.status_code} at {url}, and no redirect: give the path of the page "
            "that sends the browser to the mock."
        )
    return str(location)


def not_following(client: Any) -> dict[str, Any]:
    """What keeps a test client from following redirects."""
    known = _packages(client) & _NOT_FOLLOWING.keys()
    return _NOT_FOLLOWING[known.pop()] if known else {}


def answer(client: Any, arrival: Arrival) -> Any:
    """What the application answers at its callback page, or what must be awaited for it."""
    target, options = _target(client, arrival.url), not_following(client)
    if arrival.form is None:
        return client.get(target, **options)
    if "django" in _packages(client):  # which would send another kind of form
        return client.post(target, urlencode(arrival.form), content_type=FORM)
    return client.post(target, data=arrival.form, **options)


def _target(client: Any, url: str) -> str:
    """The callback page as a client knows it: by its path, at the origin of a client that has a base URL; one of the
    network without a base URL is given all of it."""
    parts, base = urlsplit(url), urlsplit(str(getattr(client, "base_url", "")))
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    if base.netloc:
        return f"{base.scheme}://{base.netloc}{path}"
    return url if _packages(client) & _OF_THE_NETWORK else path


def _packages(client: Any) -> set[str]:
    """The packages that a client's class, and those that it is made from, come from."""
    return {each.__module__.partition(".")[0] for each in type(client).__mro__}
