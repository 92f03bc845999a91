"""A person's browser, as far as a login needs one: it follows redirects at the mock, keeps cookies, fills in the page.

It has no client certificate, and goes nowhere but to the mock: where the mock sends it elsewhere, it stops, and tells.
"""

import ssl
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.client import HTTPMessage, HTTPSConnection
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from mockpsc.errors import MockPscError

_MOST_STEPS = 10
_TIMEOUT = 10.0
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class LoginFailed(MockPscError, AssertionError):
    """A login did not come back to the relying party: what the browser was shown instead."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a server answered."""

    url: str
    status: int
    headers: HTTPMessage
    text: str

    @property
    def location(self) -> str | None:
        """Where a redirect goes."""
        target = self.headers["Location"]
        return urljoin(self.url, target) if target and 300 <= self.status < 400 else None


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """Where the browser is sent at last: by a redirect to `url`, or, with `response_mode=form_post`, by posting `form`."""

    url: str
    form: dict[str, str] | None = None


@dataclass(kw_only=True)
class Browser:
    """A browser for the mock at `origins`, which it trusts by a CA file."""

    ca_file: str
    origins: frozenset[str]
    cookies: dict[str, str] = field(default_factory=dict)

    def log_in(self, url: str, *, persona: str | None, refuse: bool = False) -> Arrival:
        """Where an authorization request ends up. `persona` is who logs in at the page (None: the first one there).

        Raises LoginFailed for a page that is not the login page."""
        page = self.get(url)
        for _ in range(_MOST_STEPS):
            if page.location is not None:
                if not self._is_at_the_mock(page.location):
                    return Arrival(url=page.location)
                page = self.get(page.location)
                continue
            forms = _Forms.in_page(page.text)
            if forms.is_login:
                page = self._choose(page, forms, persona, refuse=refuse)
            elif forms.action and not self._is_at_the_mock(forms.action):
                return Arrival(url=forms.action, form=forms.fields)
            else:
                raise LoginFailed(_shown(page))
        raise LoginFailed(f"The login goes round in circles: after {_MOST_STEPS} steps it is at {page.url}.")

    def get(self, url: str) -> Page:
        """Open a page of the mock's."""
        return self._send("GET", url)

    def post(self, url: str, form: dict[str, str]) -> Page:
        """Send a form to the mock."""
        return self._send("POST", url, urlencode(form), _FORM)

    def _choose(self, page: Page, forms: "_Forms", persona: str | None, *, refuse: bool) -> Page:
        if refuse:
            return self.post(urljoin(page.url, forms.action), {"refuse": "1"})
        chosen = persona or next(iter(forms.personas), "")
        if chosen not in forms.personas:
            raise LoginFailed(f"The login page does not offer {chosen!r}; it offers {', '.join(forms.personas)}.")
        return self.post(urljoin(page.url, forms.action), {"persona": chosen})

    def _is_at_the_mock(self, url: str) -> bool:
        parts = urlsplit(urljoin(next(iter(self.origins)), url))
        return f"{parts.scheme}://{parts.netloc}" in self.origins

    def _send(self, method: str, url: str, body: str | None = None, headers: dict[str, str] | None = None) -> Page:
        parts = urlsplit(url)
        if not self._is_at_the_mock(url) or not parts.hostname:
            known = " or ".join(sorted(self.origins))
            raise LoginFailed(
                f"{url} is not a page of the mock's, which is at {known}: give the URL that your app "
                "sends the browser to, or the app itself with client=."
            )
        connection = HTTPSConnection(
            parts.hostname, parts.port, context=ssl.create_default_context(cafile=self.ca_file), timeout=_TIMEOUT
        )
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        cookies = (
            {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}
        )
        try:
            connection.request(method, target, body, {**(headers or {}), **cookies, "Accept-Language": "en"})
            response = connection.getresponse()
            page = Page(url=url, status=response.status, headers=response.headers, text=response.read().decode())
        finally:
            connection.close()
        self._keep_cookies(page)
        return page

    def _keep_cookies(self, page: Page) -> None:
        for line in page.headers.get_all("Set-Cookie") or ():
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value


class _Forms(HTMLParser):
    """The form of a page: where it is sent, who can be chosen, and its hidden fields."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.personas: list[str] = []
        self.fields: dict[str, str] = {}

    @classmethod
    def in_page(cls, text: str) -> "_Forms":
        forms = cls()
        forms.feed(text)
        return forms

    @property
    def is_login(self) -> bool:
        return bool(self.personas)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given: dict[str, Any] = {name: value or "" for name, value in attrs}
        if tag == "form" and not self.action:
            self.action = given.get("action", "")
        elif given.get("name") == "persona":
            self.personas.append(given.get("value", ""))
        elif tag == "input" and given.get("type") == "hidden":
            self.fields[given.get("name", "")] = given.get("value", "")


def _shown(page: Page) -> str:
    hint = page.headers["Mockpsc-Hint"]
    why = f": {hint}" if hint else "."
    return f"The login did not come back; the browser was shown a page, HTTP {page.status}, at {page.url}{why}"
