"""The page about the admin API, made from the table of its operations."""

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from mockpsc.admin.api import Operation
from mockpsc.admin.operations import OPERATIONS
from mockpsc.members import Member, members_of

_PAGE = """\
# The admin API

Made from `mockpsc/admin/operations/` by `make docs`; do not edit.

A running mock is driven over HTTP, at its admin origin: `http://127.0.0.1:8480` unless `--admin-bind` or `--admin-url`
say other. What is sent and answered is JSON; a body has to come with `Content-Type: application/json`. The same as an
OpenAPI 3.1 document is at `/api/openapi.json`. From a shell, the commands do it:

| command | what it drives |
|---|---|
| `mockpsc faults list`, `show NAME` | The catalogue of faults; no mock need run. |
| `mockpsc faults armed`, `arm NAME [PARAM=VALUE]…`, `disarm ID`, `reset` | The armed faults. |
| `mockpsc scenarios list`, `start NAME`, `stop NAME` | Faults one after the other. |
| `mockpsc clock`, `advance 5m`, `freeze`, `resume` | The clock. |
| `mockpsc keys`, `rotate` | The keys that tokens are signed with. |
| `mockpsc journal list`, `tail`, `export`, `clear`, `mockpsc handshakes` | [What happened](journal.md). |
| `mockpsc findings`, `rules` | [What relying parties should not do](findings.md). |
| `mockpsc token PERSONA [CLAIM=VALUE]…` | A token without a flow. |
| `mockpsc certs revoke FILE` | Revocation. |
| `mockpsc reset` | All of it, as it was at the start. |

Each has `--help`, and `--json` for programs; `--admin-url` says which mock is meant.

## Refusals

What cannot be done is refused with problem details (RFC 9457), whose `detail` says what was received, what was expected
and what to do. A member, a parameter or a name that is not known is refused, with the nearest that is:

```console
$ curl http://127.0.0.1:8480/api/faults --json '{{"name": "http.statu"}}'
{{"title": "Bad Request", "status": 400, "detail": "No fault is named 'http.statu' (did you mean 'http.status'?); …"}}
```

## From another machine

From the mock's own machine everybody may drive it. From any other, as from another container, a request has to bring
the token that the mock was started with:

```console
$ MOCKPSC_ADMIN_TOKEN=choose-one-yourself mockpsc serve --admin-bind 0.0.0.0:8480 --expose
$ curl http://mock.test:8480/api/faults -H "Authorization: Bearer choose-one-yourself"
```

The name in the URL must be that of `--admin-url`, `localhost` or an IP address. Without a token, a mock can be driven
from its own machine only. Open to all are `/`, `/healthz`, `/ca.pem`, `/callback`, `/pki/` and `/ocsp`. A page in a
browser can drive the mock only if it is one of the mock's own.

{operations}
"""


def admin_page() -> str:
    """The whole page."""
    grouped = groupby(OPERATIONS, key=lambda operation: operation.group)
    parts = [[f"## {group}", *(_section(operation) for operation in operations)] for group, operations in grouped]
    return _PAGE.format(operations="\n\n".join(part for each in parts for part in each))


def _section(operation: Operation) -> str:
    """One operation."""
    return "\n\n".join([f"### {operation.method} {operation.path}", *_parts(operation)])


def _parts(operation: Operation) -> Iterator[str]:
    yield f"{operation.summary} Answer ({operation.status}): {_uncapitalised(operation.answer)}"
    if operation.parameter:
        yield f"`{operation.placeholder}`: {operation.parameter.help}"
    for title, declaration in (("parameter of the query", operation.query), ("member of the body", operation.body)):
        if declaration:
            yield _table(title, declaration)
    yield f"    {_curl(operation)}"


def _uncapitalised(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _table(title: str, declaration: type[Any]) -> str:
    rows = [_row(each) for each in members_of(declaration).values()]
    return "\n".join([f"| {title} | expected | default | meaning |", "|---|---|---|---|", *rows])


def _row(member: Member) -> str:
    default = "required" if member.required else "" if member.default is None else f"`{json.dumps(member.default)}`"
    cells = [f"`{member.name}`", member.expected, default, member.help]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _curl(operation: Operation) -> str:
    method = "" if operation.method == "GET" or operation.example is not None else f" -X {operation.method}"
    body = f" --json '{json.dumps(operation.example, ensure_ascii=False)}'" if operation.example is not None else ""
    return f"curl{method} http://127.0.0.1:8480{operation.example_path}{body}"
