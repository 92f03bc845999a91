"""The mock's pages as a browser sees them."""

from dataclasses import dataclass
from functools import cached_property
from html.parser import HTMLParser
from http.client import HTTPMessage
from urllib.parse import urljoin


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a server answered to a browser."""

    url: str
    status: int
    headers: HTTPMessage
    text: str

    @property
    def location(self) -> str | None:
        """Where a redirect goes."""
        target = self.headers["Location"]
        return urljoin(self.url, target) if target and 300 <= self.status < 400 else None

    @cached_property
    def form(self) -> "Form | None":
        """Its form, if it has one."""
        reader = _FormReader()
        reader.feed(self.text)
        form = reader.form
        return form and Form(
            action=urljoin(self.url, form.action), fields=form.fields, personas=form.personas, is_login=form.is_login
        )

    def __str__(self) -> str:
        hint = self.headers["Mockpsc-Hint"]
        return f"a page at {self.url}, HTTP {self.status}{f': {hint}' if hint else '.'}"


@dataclass(kw_only=True)
class Form:
    """A form of the mock's: where it is sent, its hidden fields, and on the login page who can be chosen, by id."""

    action: str
    fields: dict[str, str]
    personas: dict[str, str]
    is_login: bool


class _FormReader(HTMLParser):
    """Reads the first form of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.form: Form | None = None
        self._is_in_name = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and self.form is None:
            self.form = Form(action=given.get("action", ""), fields={}, personas={}, is_login=False)
        elif self.form is not None:
            self._fill(self.form, tag, given)
        self._is_in_name = given.get("class") == "name"

    def handle_data(self, data: str) -> None:
        if self._is_in_name and self.form is not None and self.form.personas:
            self.form.personas[next(reversed(self.form.personas))] += data

    def handle_endtag(self, tag: str) -> None:
        self._is_in_name = False

    @staticmethod
    def _fill(form: Form, tag: str, given: dict[str, str]) -> None:
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "button" and name == "persona":
            form.personas[value] = ""
        elif tag == "button" and name == "refuse":
            form.is_login = True
        elif tag == "input" and given.get("type") == "hidden":
            form.fields[name] = value
