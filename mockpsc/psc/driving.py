"""Drives a caller's own application through a login, by whatever test client its framework has.

httpx and Starlette's TestClient are told not to follow redirects; Flask's and Django's clients do not unless asked.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from mockpsc.psc.browser import Arrival, LoginFailed


def location_of(response: Any, url: str) -> str:
    """Where an application's answer sends the browser. Raises LoginFailed for one that is no redirect."""
    headers: Mapping[str, str] = response.headers
    location = headers.get("location") or headers.get("Location")
    if not location:
        raise LoginFailed(
            f"The application answered {response.status_code} at {url}, and no redirect: give the path of the page "
            "that starts its login."
        )
    return str(location)


def not_following(client: Any) -> dict[str, Any]:
    """What keeps a test client from following redirects."""
    made_by = {each.__module__.partition(".")[0] for each in type(client).__mro__}
    if "requests" in made_by:
        return {"allow_redirects": False}
    return {"follow_redirects": False} if made_by & {"httpx", "starlette"} else {}


def answer(client: Any, arrival: Arrival) -> Any:
    """What the application answers at its callback page, or what must be awaited for it."""
    target, options = _target(client, arrival), not_following(client)
    if arrival.form is None:
        return client.get(target, **options)
    return client.post(target, data=arrival.form, **options)


def _target(client: Any, arrival: Arrival) -> str:
    """The callback page: for a client of a network its URL; a test client knows its one application by the path."""
    parts = urlsplit(arrival.url)
    is_of_network = type(client).__module__.startswith(("httpx", "requests")) and not str(
        getattr(client, "base_url", "")
    )
    if is_of_network:
        return arrival.url
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
