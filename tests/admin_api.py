"""What talks to the admin API of a running mock."""

from typing import Any

import httpx
from support import RunningMock


def admin_url(running: RunningMock) -> str:
    import asyncio
    from functools import partial

    from mockpsc import admin
    from mockpsc.explanation import explain_text
    from mockpsc.listener import Listener

    mock = running.mock
    control = admin.Control(
        provider=mock.provider,
        connection=mock.connection,
        pki=mock.pki,
        revocation=mock.revocation,
        explain=partial(explain_text, settings=mock.settings, clients=mock.provider.clients, clock=mock.clock),
    )

    async def go() -> str:
        listener = Listener("admin", mock.settings.admin_bind)
        await listener.start(admin.application(control))
        running._closers.append(lambda: asyncio.run_coroutine_threadsafe(listener.stop(), running._loop).result())
        return f"http://{listener.address}"

    return asyncio.run_coroutine_threadsafe(go(), running._loop).result()


class Api:
    """Sends requests to the admin API of a running mock."""

    def __init__(self, running: RunningMock) -> None:
        self.running, self.url = running, admin_url(running)
        self.http = httpx.Client(base_url=self.url)

    def get(self, path: str, **query: Any) -> Any:
        return self._told(self.http.get(path, params=query), 200)

    def post(self, path: str, document: Any = None, status: int = 200) -> Any:
        return self._told(self.http.post(path, json=document), status)

    def delete(self, path: str) -> Any:
        return self._told(self.http.delete(path), 200)

    def refused(self, method: str, path: str, status: int, document: Any = None) -> str:
        """What a refusal tells the person (RFC 9457)."""
        return detail(self.http.request(method, path, json=document), status)

    @staticmethod
    def _told(response: httpx.Response, status: int) -> Any:
        assert response.status_code == status, response.text
        return response.json()


def detail(response: httpx.Response, status: int) -> str:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert problem["title"]
    return str(problem["detail"])
