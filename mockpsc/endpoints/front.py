"""What may stand before Keycloak: a proxy that refuses bad certificates with a page, or hands them on in headers.

Nobody has recorded which of them Pro Santé Connect has, so it is the user's choice (`reject_with`).
"""

from collections.abc import Sequence
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from mockpsc.client_authentication import peer_of
from mockpsc.errors import InvalidRequest, PageError
from mockpsc.forwarded import HEADERS, forwarded_chain
from mockpsc.judgement import Peer
from mockpsc.provider import Provider

_PAGE = """\
<html>\r
<head><title>400 {title}</title></head>\r
<body>\r
<center><h1>400 Bad Request</h1></center>\r
<center>{title}</center>\r
<hr><center>nginx</center>\r
</body>\r
</html>\r
"""
_BAD, _NONE = "The SSL certificate error", "No required SSL certificate was sent"


class Front:
    """Stands before the endpoints of the issuer."""

    def __init__(self, app: ASGIApp, provider: Provider) -> None:
        self._app, self._provider = app, provider

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse in the proxy's place, or let the request through."""
        refused = self._refusal(scope)
        await (refused or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        try:
            self._take_over(scope)
        except InvalidRequest as unreadable:
            return self._answer(scope, _BAD, hint=unreadable.hint, reason="malformed")
        peer = peer_of(Request(scope))
        if peer.refusal is None or self._provider.rejection(peer.certificate) != "nginx":
            return None
        title = _NONE if peer.refusal.reason == "missing" else _BAD
        return self._answer(scope, title, hint=str(peer.refusal), reason=peer.refusal.reason)

    def _answer(self, scope: Scope, title: str, *, hint: str, reason: str) -> Response:
        scope["state"]["refusal"] = PageError(title, hint=hint, reason=reason)
        return HTMLResponse(_PAGE.format(title=title), 400, headers={"Server": "nginx"})

    def _take_over(self, scope: Scope) -> None:
        """Believe a trusted proxy's headers, and take them off everybody's request."""
        headers = Headers(scope=scope)
        if not HEADERS.isdisjoint(headers.keys()):
            if self._is_trusted(scope):
                chain = forwarded_chain(headers)
                id = peer_of(Request(scope)).connection_id
                peer = Peer(chain=chain, refusal=self._provider.judge(chain), connection_id=id)
                scope["extensions"] = {**scope.get("extensions", {}), "mockpsc.tls": peer}
            else:
                self._provider.note("A client certificate came in a header, and not from a trusted proxy: ignored.")
            scope["headers"] = _without(scope["headers"])

    def _is_trusted(self, scope: Scope) -> bool:
        address = ip_address((scope.get("client") or ("::",))[0])
        address = getattr(address, "ipv4_mapped", None) or address  # as a socket for both sees it
        return any(address in network for network in self._provider.settings.trusted_proxies)


def _without(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name.decode("latin-1") not in HEADERS]
