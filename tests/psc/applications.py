"""A small relying party, as an application of each framework that has a test client of its own.

It does as a relying party should, but checks no signature. `/login` sends the browser to the mock and sets a cookie,
without which `/callback` refuses; that page says who has logged in, or the error.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qsl, urlencode

import django
import flask
import httpx
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.test import Client as DjangoClient
from django.urls import path
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from support import decoded

from mockpsc import Psc, RelyingParty

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it would rather have another version of httpx
    from starlette.testclient import TestClient

CALLBACK = "https://rp.example.test/callback"


@dataclass(frozen=True, kw_only=True)
class Party:
    """What is the same in all of them. `changed` are parameters of its authorization request."""

    psc: Psc
    client: RelyingParty
    changed: dict[str, str]

    @property
    def redirect_uri(self) -> str:
        return self.changed.get("redirect_uri", CALLBACK)

    def start(self, state: str = "") -> str:
        """An authorization request."""
        asked = {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid scope_all",
            "state": state or token_urlsafe(),
            "nonce": token_urlsafe(),
            "acr_values": "eidas1",
        }
        return f"{self.psc.authorization_endpoint}?{urlencode({**asked, **self.changed})}"

    def logout_url(self, **parameters: str) -> str:
        """A logout request."""
        asked = {"client_id": self.client.id, **parameters}
        return f"{self.psc.issuer}/protocol/openid-connect/logout?{urlencode(asked)}"

    def end(self, answered: Mapping[str, str], state: str | None) -> str:
        """What the callback page says."""
        if state is None or answered["state"] != state:
            return "another browser"
        if "error" in answered:
            return answered["error"]
        tokens = self.exchange(answered["code"])
        return str(tokens["error"] if "error" in tokens else decoded(tokens["id_token"])["sub"])

    def exchange(self, code: str, **changed: str) -> dict[str, Any]:
        """The token response."""
        form = {
            "grant_type": "authorization_code",
            "client_id": self.client.id,
            "redirect_uri": self.redirect_uri,
            "code": code,
        }
        return self.post("token", {**form, **changed})

    def post(self, endpoint: str, form: Mapping[str, str]) -> dict[str, Any]:
        with self.client.httpx_client() as http:
            answer = http.post(f"{self.psc.issuer}/protocol/openid-connect/{endpoint}", data=dict(form))
        return dict(answer.json()) if answer.content else {}


def party_of(psc: Psc, client: RelyingParty | None = None, **changed: str) -> Party:
    return Party(psc=psc, client=client or psc.client(), changed=changed)


def starlette_application(party: Party) -> Starlette:
    def login(request: Request) -> Response:
        state = token_urlsafe()
        response = RedirectResponse(party.start(state))
        response.set_cookie("state", state, samesite="none", secure=True)
        return response

    async def callback(request: Request) -> Response:
        answered = await request.body() if request.method == "POST" else request.url.query.encode()
        return PlainTextResponse(party.end(dict(parse_qsl(answered.decode())), request.cookies.get("state")))

    def logout(request: Request) -> Response:
        return RedirectResponse(party.logout_url(post_logout_redirect_uri="https://rp.example.test/bye"))

    return Starlette(
        routes=[
            Route("/login", login),
            Route("/callback", callback, methods=["GET", "POST"]),
            Route("/logout", logout),
            Route("/bye", lambda request: PlainTextResponse("bye")),
        ]
    )


def starlette_client(party: Party) -> TestClient:
    return TestClient(starlette_application(party), base_url="https://rp.example.test")


def flask_application(party: Party) -> flask.Flask:
    app = flask.Flask("relying party")

    @app.get("/login")
    def login() -> Any:
        state = token_urlsafe()
        response = flask.redirect(party.start(state))
        response.set_cookie("state", state)
        return response

    @app.route("/callback", methods=["GET", "POST"])
    def callback() -> str:
        return party.end(flask.request.values.to_dict(), flask.request.cookies.get("state"))

    return app


def django_client(party: Party) -> DjangoClient:
    def login(request: HttpRequest) -> HttpResponse:
        state = token_urlsafe()
        response = HttpResponseRedirect(party.start(state))
        response.set_cookie("state", state)
        return response

    def callback(request: HttpRequest) -> HttpResponse:
        answered = request.POST if request.method == "POST" else request.GET
        return HttpResponse(party.end(answered.dict(), request.COOKIES.get("state")))

    if not settings.configured:
        settings.configure(ALLOWED_HOSTS=["testserver"], DEFAULT_CHARSET="utf-8", SECRET_KEY="of a test")
        django.setup()
    settings.ROOT_URLCONF = (path("login", login), path("callback", callback))
    return DjangoClient()


def asgi_client(party: Party) -> httpx.AsyncClient:
    """httpx's own client, on the application without a network."""
    transport = httpx.ASGITransport(app=starlette_application(party))
    return httpx.AsyncClient(transport=transport, base_url="https://rp.example.test")
