"""A small application whose users log in with Pro Santé Connect.

Who is logged in is kept in this process, by a random id in a signed cookie: the tokens are too long for a cookie, and
not the browser's business.
"""

import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from html import escape
from secrets import token_urlsafe
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from failures import LoginFailed, LoginOver
from provider import Attempt, Login, Provider, Settings

log = logging.getLogger(__name__)

PAGE = '<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><h1>{title}</h1>{body}</html>'
LOGIN = '<p><a href="/login">Log in with Pro Santé Connect</a></p>'
LOGOUT = '<form method="post" action="/logout"><button>Log out</button></form>'


def home(request: Request) -> Response:
    """What everybody may see."""
    return page("An application", LOGIN)


def login(request: Request) -> Response:
    """Send the browser to the provider."""
    url, request.session["attempt"] = provider_of(request).begin()
    return RedirectResponse(url)


def callback(request: Request) -> Response:
    """Where the provider sends it back to."""
    attempt = request.session.pop("attempt", None)
    if attempt is None:
        raise LoginFailed("The callback was called by a browser that had not begun a login.")
    done = provider_of(request).finish(request.query_params.multi_items(), Attempt(**attempt))
    keep(request, done)
    return RedirectResponse("/me", status_code=303)


def me(request: Request) -> Response:
    """Who is logged in, and where they work."""
    kept = kept_login(request)
    if kept is None:
        return RedirectResponse("/login")
    provider = provider_of(request)
    current = provider.refreshed(kept)
    keep(request, current)
    person = provider.userinfo(current)
    work = "".join(f"<li>{escape(each)}</li>" for each in activities(person))
    name = f"{person.get('given_name') or ''} {person.get('family_name') or ''}".strip() or "Somebody"
    return page(name, f"<ul>{work}</ul>" + LOGOUT)


def logout(request: Request) -> Response:
    """Forget who is logged in, here and at the provider."""
    kept = kept_login(request)
    forget(request)
    if kept is None:
        return RedirectResponse("/", status_code=303)
    url, request.session["goodbye"] = provider_of(request).end(kept)
    return RedirectResponse(url, status_code=303)


def goodbye(request: Request) -> Response:
    """Where the provider sends the browser back to after a logout."""
    state = request.session.pop("goodbye", None)
    is_ours = state is not None and request.query_params.get("state") == state
    return page("You are logged out", LOGIN) if is_ours else RedirectResponse("/")


def failed(request: Request, failure: Exception) -> Response:
    """What the person sees of a failure, of which the reason is in the log."""
    assert isinstance(failure, LoginFailed)
    log.warning("%s: %s", type(failure).__name__, failure)
    if isinstance(failure, LoginOver):
        forget(request)
    return page("The login failed", f"<p>You can try again.</p>{LOGIN}", failure.status)


def activities(person: dict[str, Any]) -> Iterator[str]:
    """The names of the structures where a professional works; not everybody has any."""
    record = person.get("SubjectRefPro")
    for practice in (record or {}).get("exercices") or ():
        for activity in practice.get("activities") or ():
            yield activity.get("raisonSocialeSite") or activity.get("enseigneCommercialeSite") or "without a name"


def page(title: str, body: str, status: int = 200) -> Response:
    """An HTML page; `body` is HTML."""
    return HTMLResponse(PAGE.format(title=escape(title), body=body), status)


def provider_of(request: Request) -> Provider:
    """Pro Santé Connect."""
    provider: Provider = request.app.state.provider
    return provider


def kept_login(request: Request) -> Login | None:
    """Who is logged in, in this browser."""
    kept: Login | None = request.app.state.logins.get(request.session.get("id"))
    return kept


def keep(request: Request, login: Login) -> None:
    """Remember who is logged in. The id is another one each time, so that nobody can have known it before."""
    forget(request)
    request.session["id"] = token_urlsafe()
    request.app.state.logins[request.session["id"]] = login


def forget(request: Request) -> None:
    """Remember it no more."""
    request.app.state.logins.pop(request.session.pop("id", None), None)


def create_app(settings: Settings, now: Callable[[], float] = time.time) -> Starlette:
    """The application; `now` is the clock that it goes by."""
    provider = Provider(settings, now)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        provider.close()

    app = Starlette(
        routes=[
            Route("/", home),
            Route("/login", login),
            Route("/callback", callback),
            Route("/me", me),
            Route("/logout", logout, methods=["POST"]),
            Route("/goodbye", goodbye),
        ],
        middleware=[
            Middleware(SessionMiddleware, secret_key=token_urlsafe(), https_only=settings.app_url.startswith("https:"))
        ],
        exception_handlers={LoginFailed: failed},
        lifespan=lifespan,
    )
    app.state.provider, app.state.logins = provider, {}
    return app


def from_environment() -> Starlette:
    """The application as its environment says: `uvicorn app:from_environment --factory`."""
    return create_app(Settings.from_env(os.environ))
