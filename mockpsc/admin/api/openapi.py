"""The OpenAPI 3.1 document of a table of operations."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from mockpsc import __version__
from mockpsc.admin.api.operation import Operation
from mockpsc.admin.api.problems import MEDIA_TYPE
from mockpsc.members import members_of, schema_of

_PROBLEM = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "properties": {
        "title": {"type": "string", "description": "The phrase of the status."},
        "status": {"type": "integer", "description": "The status of the answer."},
        "detail": {"type": "string", "description": "What was received, what was expected, and what to do."},
    },
    "required": ["title", "status", "detail"],
}
_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "description": "The option admin_token, demanded of all who do not ask from the mock's own machine.",
}


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """The document, its paths in the order of the table."""
    paths: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for operation in operations:
        paths[operation.path][operation.method.lower()] = _operation(operation)
    bodies = {each.body.__name__: schema_of(each.body) for each in operations if each.body}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mockpsc",
            "version": __version__,
            "description": "Drives a running mock of Pro Santé Connect. For tests, never for production.",
        },
        "security": [{}, {"token": []}],
        "tags": [{"name": group} for group in dict.fromkeys(each.group for each in operations)],
        "paths": dict(paths),
        "components": {
            "schemas": {"Problem": _PROBLEM, **bodies},
            "responses": {
                "Problem": {
                    "description": "It was refused, and why.",
                    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
            },
            "securitySchemes": {"token": _TOKEN},
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.group],
        "summary": operation.summary,
        "parameters": [*_in_path(operation), *_in_query(operation)],
        "responses": {
            str(operation.status): {
                "description": operation.answer,
                "content": {kind: {} for kind in operation.media_types},
            },
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }
    return described | ({"requestBody": _body(operation, operation.body)} if operation.body else {})


def _in_path(operation: Operation) -> Iterator[dict[str, Any]]:
    if operation.placeholder and operation.parameter:
        yield {
            "name": operation.placeholder,
            "in": "path",
            "required": True,
            "description": operation.parameter.help,
            "schema": {"type": "string"},
            "example": operation.parameter.example,
        }


def _in_query(operation: Operation) -> Iterator[dict[str, Any]]:
    declared = members_of(operation.query) if operation.query else {}
    for name, each in declared.items():
        yield {"name": name, "in": "query", "required": each.required, "description": each.help, "schema": each.schema}


def _body(operation: Operation, declaration: type[Any]) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{declaration.__name__}"}}
    content |= {"example": dict(operation.example)} if operation.example is not None else {}
    required = any(each.required for each in members_of(declaration).values())
    return {"required": required, "content": {"application/json": content}}
