"""A person's browser, as far as a login needs one: it follows redirects at the mock, keeps cookies, fills in the pages.

It has no client certificate, and goes nowhere but to the mock: where the mock sends it elsewhere, it stops, and tells,
or goes on in the caller's application (`driving`).
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPException, HTTPSConnection
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.concurrency import run_in_threadpool

from mockpsc.errors import nearest
from mockpsc.psc.driving import Arrival, LoginFailed, answer, location_of, not_following
from mockpsc.psc.pages import Form, Page
from mockpsc.psc.people import Person
from mockpsc.vocabulary import FORM

_MOST_STEPS = 10
_TIMEOUT = 10.0


@dataclass(kw_only=True)
class Browser:
    """A browser for the mock, which it trusts by a CA file. `origins` are the mock's.

    Its cookies are its own: who has logged in with it need not do so again, and with another browser must. `persona` is
    the id of who logs in when nobody says; None is the first one on the login page."""

    ca_file: Path
    origins: frozenset[str]
    persona: str | None = None
    cookies: dict[str, str] = field(default_factory=dict)

    def login(self, url: str, *, persona: str | Person | None = None, client: Any = None, refuse: bool = False) -> Any:
        """Log somebody in, or, with `refuse`, say no at the login page.

        Without `client`, `url` is where the relying party sends the browser, an authorization request; the URL to which
        the mock sends it back is given back. With `client`, a test client of the caller's own application (httpx,
        requests, Starlette, Flask, Django), `url` is the page of it that starts a login; the answer of its callback
        page is given back. Raises LoginFailed when the way does not lead back."""
        if client is not None:
            url = location_of(client.get(url, **not_following(client)), url)
        arrival = self._sent_back(url, persona, refuse=refuse)
        return arrival.as_url if client is None else answer(client, arrival)

    async def login_async(
        self, url: str, *, persona: str | Person | None = None, client: Any = None, refuse: bool = False
    ) -> Any:
        """The same in an event loop, with a test client whose methods are awaited, such as httpx's AsyncClient."""
        if client is not None:
            url = location_of(await client.get(url, **not_following(client)), url)
        arrival = await run_in_threadpool(self._sent_back, url, persona, refuse=refuse)
        return arrival.as_url if client is None else await answer(client, arrival)

    def logout(self, url: str, *, client: Any = None) -> Any:
        """Log out, and say yes if the mock asks. The arguments are those of `login`, and so is what is given back; it
        is None when the mock says goodbye itself, since no `post_logout_redirect_uri` was sent."""
        if client is not None:
            url = location_of(client.get(url, **not_following(client)), url)
        end = self.visit(url)
        if isinstance(end, Page):
            return _said_goodbye(end)
        return end.as_url if client is None else answer(client, end)

    async def logout_async(self, url: str, *, client: Any = None) -> Any:
        """The same in an event loop, as `login_async`."""
        if client is not None:
            url = location_of(await client.get(url, **not_following(client)), url)
        end = await run_in_threadpool(self.visit, url)
        if isinstance(end, Page):
            return _said_goodbye(end)
        return end.as_url if client is None else await answer(client, end)

    def visit(self, url: str, persona: str | Person | None = None, *, refuse: bool = False) -> Page | Arrival:
        """Open a page of the mock's, and go where it leads, until it leads away from the mock, or nowhere."""
        step = partial(self._send, "GET", url)
        for _ in range(_MOST_STEPS):
            page = step()
            form = page.form
            if page.location is not None:
                if not self._is_at_the_mock(page.location):
                    return Arrival(url=page.location)
                step = partial(self._send, "GET", page.location)
            elif form is None:
                return page
            elif not self._is_at_the_mock(form.action):
                return Arrival(url=form.action, form=form.fields)
            else:
                step = partial(self._send, "POST", form.action, self._filled_in(form, persona, refuse=refuse))
        raise LoginFailed(f"The login goes round in circles: after {_MOST_STEPS} steps it is at {page.url}.")

    def _sent_back(self, url: str, persona: str | Person | None, *, refuse: bool) -> Arrival:
        end = self.visit(url, persona, refuse=refuse)
        if isinstance(end, Page):
            raise LoginFailed(f"The login did not come back; the browser was shown {end}")
        return end

    def _filled_in(self, form: Form, persona: str | Person | None, *, refuse: bool) -> Mapping[str, str]:
        """What a person sends: a login form has buttons, any other is confirmed as it is."""
        if not form.is_login:
            return form.fields
        if refuse:
            return {"refuse": "1"}
        chosen = persona.id if isinstance(persona, Person) else persona or self.persona
        if chosen is None and form.personas:
            chosen = next(iter(form.personas))
        if chosen not in form.personas:
            close = nearest(chosen or "", form.personas)
            offered = ", ".join(f"{id} {name}" for id, name in form.personas.items()) or "nobody"
            raise LoginFailed(f"The login page does not offer {chosen!r}{close}; it offers {offered}.")
        return {"persona": chosen}

    def _is_at_the_mock(self, url: str) -> bool:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}" in self.origins

    def _send(self, method: str, url: str, form: Mapping[str, str] | None = None) -> Page:
        if not self._is_at_the_mock(url):
            known = " or ".join(sorted(self.origins))
            raise LoginFailed(
                f"{url} is not a page of the mock's, which is at {known}: give the URL that your application sends the "
                "browser to, or the application itself with client=."
            )
        try:
            page = self._fetched(method, url, form)
        except (OSError, HTTPException) as error:
            raise LoginFailed(f"The browser could not open {url}: {str(error) or type(error).__name__}.") from error
        self._keep_cookies(page)
        return page

    def _fetched(self, method: str, url: str, form: Mapping[str, str] | None) -> Page:
        parts = urlsplit(url)
        context = ssl.create_default_context(cafile=str(self.ca_file))
        connection = HTTPSConnection(parts.hostname or "", parts.port, context=context, timeout=_TIMEOUT)
        target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        headers = {"Accept-Language": "en"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if form is not None:
            headers["Content-Type"] = FORM
        try:
            connection.request(method, target, urlencode(form) if form is not None else None, headers)
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
            return Page(url=url, status=response.status, headers=response.headers, text=text)
        finally:
            connection.close()

    def _keep_cookies(self, page: Page) -> None:
        for line in page.headers.get_all("Set-Cookie") or ():
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value


def _said_goodbye(page: Page) -> None:
    if page.status != 200:
        raise LoginFailed(f"The logout was refused; the browser was shown {page}")
