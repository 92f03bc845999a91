"""What all operations of the admin API have in common: refusals, and the document that describes them."""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from admin_api import Api, detail
from starlette.applications import Starlette

from mockpsc.admin.api import Operation
from mockpsc.admin.api.openapi import document
from mockpsc.admin.api.problems import HANDLERS
from mockpsc.admin.api.reading import LARGEST_BODY
from mockpsc.admin.api.routing import routes
from mockpsc.admin.operations import OPERATIONS

JSON = {"Content-Type": "application/json"}


class Still:
    """Nothing to act upon."""

    async def settle(self) -> None:
        pass


def posted(api: Api, content: bytes | Iterator[bytes], headers: dict[str, str], status: int) -> str:
    return detail(api.http.post("/api/faults", content=content, headers=headers), status)


# --- refusals ---


def test_a_path_that_does_not_exist_is_refused_with_the_nearest(steady: Api) -> None:
    for path in ("/api/fault", "/api/faults/"):
        assert "did you mean '/api/faults'?" in steady.refused("GET", path, 404)
    assert "GET /api/openapi.json says what there is" in steady.refused("GET", "/nowhere/at/all", 404)


def test_a_method_that_a_path_does_not_have_is_refused_with_those_that_it_has(steady: Api) -> None:
    response = steady.http.put("/api/faults")
    assert "cannot be asked with PUT" in detail(response, 405)
    assert {each.strip() for each in response.headers["allow"].split(",")} == {"GET", "HEAD", "POST", "DELETE"}


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
def test_what_is_not_sent_as_json_is_refused(steady: Api, kind: str | None) -> None:
    headers = {"Content-Type": kind} if kind else {}
    assert "send application/json" in posted(steady, b'{"name": "http.status"}', headers, 415)


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"3",
        b"\xff",
        b"[" * 100_000,
        b'{"name":',
        b'{"ttl": NaN}',
        b'{"ttl": 1e999}',
        b'{"ttl": Infinity}',
        b'{"name": "\\ud800"}',
        b'{"name": "token.token_type_unknown", "params": {"token_type": "\\udfff"}}',
    ],
)
def test_a_body_that_is_no_json_object_is_refused(steady: Api, body: bytes) -> None:
    assert posted(steady, body, JSON, 400)
    assert steady.get("/api/faults") == []


def test_a_path_with_a_parameter_is_not_suggested(steady: Api) -> None:
    assert "did you mean '/api/scenarios'?" in steady.refused("GET", "/api/scenarios/a%2Fb", 404)
    assert "{" not in steady.refused("POST", "/api/scenarios/a%2Fb/start", 404)


def test_a_member_that_is_not_there_is_asked_for_with_an_example(steady: Api) -> None:
    assert steady.refused("POST", "/api/scenarios", 400, {"steps": []}) == (
        'The body has no name: give a text, such as "repair" (what it is called).'
    )
    assert steady.refused("POST", "/api/faults", 400, {}) == (
        'The body has no name: give a text, such as "http.status" (the fault, by its name in the catalogue).'
    )


def test_a_body_that_is_too_large_is_refused_whether_its_length_is_said_or_not(steady: Api) -> None:
    piece = b" " * (LARGEST_BODY // 2)
    assert "the most that is read" in posted(steady, piece * 3, JSON, 413)
    assert "the most that is read" in posted(steady, iter([piece] * 3), JSON, 413)


def test_a_body_where_none_is_expected_is_refused(steady: Api) -> None:
    assert "it has none" in detail(steady.http.request("DELETE", "/api/sessions", json={"all": True}), 400)
    assert steady.http.request("DELETE", "/api/sessions", json={}).status_code == 200


def test_parameters_of_the_query_are_checked(steady: Api) -> None:
    assert "'verbose', which is unknown: it has none" in steady.refused("GET", "/api/faults?verbose=1", 400)
    assert "kind 2 times; give it once" in steady.refused("GET", "/api/journal?kind=exchange&kind=handshake", 400)


def test_a_page_of_another_origin_cannot_drive_the_mock(steady: Api) -> None:
    for origin in ("https://evil.example", "null", "http://localhost:1", "http://[bad"):
        response = steady.http.post("/api/reset", headers={"Origin": origin})
        assert "only the mock's own pages may drive it" in detail(response, 403)
        assert steady.http.get("/api/health", headers={"Origin": origin}).status_code == 200
    assert steady.http.post("/api/clock/freeze", headers={"Origin": steady.url}).status_code == 200


def test_a_bug_is_told_as_a_problem_too() -> None:
    def broken(control: None) -> None:
        raise RuntimeError("something is amiss")

    operation = Operation(method="GET", path="/api/broken", summary="", answer="", function=broken)
    app = Starlette(routes=[*routes([operation], Still())], exception_handlers=dict(HANDLERS))

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get("/api/broken")

    assert "RuntimeError: something is amiss" in detail(asyncio.run(ask()), 500)


# --- the document ---


@pytest.fixture(scope="module")
def described(steady: Api) -> dict[str, Any]:
    return dict(steady.get("/api/openapi.json"))


def test_the_document_has_every_route_and_no_other(steady: Api, described: dict[str, Any]) -> None:
    assert described["openapi"] == "3.1.0"
    assert described == json.loads(json.dumps(document(OPERATIONS)))
    for path, methods in described["paths"].items():
        allowed = steady.http.request("PATCH", re.sub(r"\{.*?\}", "x", path)).headers["allow"]
        assert {each.lower() for each in allowed.split(", ")} - {"head"} == set(methods)
    told = {(path, method) for path, methods in described["paths"].items() for method in methods}
    assert told == {(each.path, each.method.lower()) for each in OPERATIONS}


def test_every_reference_in_the_document_resolves(described: dict[str, Any]) -> None:
    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            yield from [value["$ref"]] if "$ref" in value else []
            for each in value.values():
                yield from references(each)
        elif isinstance(value, list):
            for each in value:
                yield from references(each)

    found = set(references(described))
    assert len(found) > 5
    for reference in found:
        place: Any = described
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
        assert place


def test_every_operation_is_described_in_full(described: dict[str, Any]) -> None:
    operations = [each for methods in described["paths"].values() for each in methods.values()]
    assert len({each["operationId"] for each in operations}) == len(operations)
    tags = {each["name"] for each in described["tags"]}
    for path, methods in described["paths"].items():
        for operation in methods.values():
            assert operation["summary"].endswith(".")
            assert set(operation["tags"]) <= tags
            in_path = [each["name"] for each in operation["parameters"] if each["in"] == "path"]
            assert in_path == re.findall(r"\{(.*?)\}", path)
            assert all(each["description"] and "schema" in each for each in operation["parameters"])
            assert "default" in operation["responses"]
            assert all(
                each.get("description") for status, each in operation["responses"].items() if status != "default"
            )


def test_every_body_has_an_example_of_its_own_members(described: dict[str, Any]) -> None:
    for methods in described["paths"].values():
        for operation in methods.values():
            if "requestBody" not in operation:
                continue
            content = operation["requestBody"]["content"]["application/json"]
            schema = described["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
            assert set(schema["required"]) <= set(content["example"]) <= set(schema["properties"])
            assert all(each["description"] for each in schema["properties"].values())
