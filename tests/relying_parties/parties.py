"""The two clients that the mock declares here, and a person's browser."""

import re
from html import unescape
from urllib.parse import urljoin

import httpx
from support import CALLBACK, PERSONA

GOODBYE = "https://rp.example.test/goodbye"
CLIENTS = tuple(
    {"id": id, "redirect_uris": [CALLBACK], "post_logout_redirect_uris": [GOODBYE]} for id in ("rp-one", "rp-two")
)
_LOGIN_FORM = re.compile(r'<form method="post" action="([^"]+)">')


def open_in(browser: httpx.Client, url: str) -> httpx.Response:
    """Opens a URL in a browser, and fills in the login page if that is what comes.

    The answer is a redirection to the relying party, which is not followed, or a page that says why there is none.
    """
    response = browser.get(url)
    form = _LOGIN_FORM.search(response.text) if response.status_code == 200 else None
    return browser.post(urljoin(url, unescape(form[1])), data={"persona": PERSONA}) if form else response
