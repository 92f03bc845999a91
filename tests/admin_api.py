"""What talks to the admin API of a running mock."""

from typing import Any

import httpx
from support import RunningMock


class Api:
    """Sends requests to the admin API of a running mock."""

    def __init__(self, running: RunningMock) -> None:
        self.running, self.url = running, running.mock.connection.admin_url
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
