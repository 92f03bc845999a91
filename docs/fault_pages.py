"""The pages about faults, made from their declarations: the catalogue, and what the conformance suite has of it."""

import json
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from inspect import cleandoc
from itertools import groupby
from pathlib import Path
from typing import Any

from mockpsc.faults import Fault, Match, Trigger, catalogue, find_fault
from mockpsc.faults.arming import hosts
from mockpsc.faults.scenarios import ScenarioTable
from mockpsc.members import Member, members_of

DOCS = Path(__file__).parent

_FAULTS = """\
# Faults on demand

Made from `mockpsc/faults/` by `make docs`; do not edit.

A fault is something that goes wrong at the mock when you ask for it, by name, and no longer than you ask for it: to see
what your relying party does. For each of them it is said what a correct one does:

| verdict | a correct relying party |
|---|---|
| reject | refuses what it was given: nobody is logged in by it |
| accept | goes on as if nothing was, since what came is allowed |
| handle | fails without harm, with a message for the person, or tries again; it does not crash, hang or log in |

{contents}

## Arming

Whatever way a fault is armed, its name, parameters, match and trigger are the same, and what does not exist is refused
with the nearest that does. Without match it acts on all, without trigger each time, until it is disarmed. Armed faults
are asked in the order in which they were armed, and combine: each changes what the one before has left.

**At a running mock, from a shell.** `mockpsc faults list` and `show NAME` say what there is, `armed` what is armed and
how often it acted, `disarm` and `reset` end it.

```console
$ mockpsc faults arm http.status status=503 retry_after=1 --client mockpsc-client --endpoint token --times 2
$ mockpsc faults disarm http.status
```

**Over HTTP**, by [the admin API](admin.md), from a test in any language:

```console
$ curl http://127.0.0.1:8480/api/faults --json '{{"name": "id_token.expired", "params": {{"ago": 60}}, "times": 1}}'
$ curl -X DELETE http://127.0.0.1:8480/api/faults
```

**From the start**, in `mockpsc.toml`; a reset arms these again:

```toml
[[faults]]
name = "http.status"
params = {{ status = 503, retry_after = 1 }}
match = {{ client = "mockpsc-client", endpoint = "token" }}
times = 2
```

**By a person**: whom you log in as selects the failure. `faults` are names, or tables as above:

```toml
[[personas]]
id = "899700000021"
given_name = "JEAN"
family_name = "EXEMPLE"
faults = ["id_token.expired", {{ name = "http.status", match = {{ endpoint = "userinfo" }} }}]
```

**By a header** of the request that is to fail, where `--fault-header` allows it. Several are separated by commas:

```text
X-Mockpsc-Fault: http.status;status=503;retry_after=1, http.delay
```

**By a host name**, as at badssl.com, for what happens in the handshake: `https://expired.fault.localhost:8443/` shows
an expired certificate. Nothing need be armed: it is so on both TLS listeners, and for that connection alone. There are
{hosts}, each before `.fault.localhost`. Parameters have their defaults: `alert` sends {alert}.

The certificates that are shown have that name besides the usual ones, unless the name is what is wrong with them. By a
name that asks for no fault the handshake is refused with alert 112, `unrecognized_name`; the journal has the nearest
name, with the reason `unknown_fault`.

Many programs find `localhost` under any name, and others do not. Those connect to `localhost` and ask for the name, as
with the argument `server_hostname` of Python's ssl, or as here:

```console
$ curl --cacert certs/ca.pem --connect-to ::127.0.0.1: https://expired.fault.localhost:8443/
curl: (60) SSL certificate problem: certificate has expired
```

That the certificate of `revoked` is revoked is told by the stapled OCSP response alone, which few clients look at:
`curl --cert-status` ends with 91, `SSL certificate revocation reason: keyCompromise`.

Where both listeners share a port, each connection counts as one of `auth` until a request is read: there, match faults
of the handshake by `host`. Those of the connection act on both.

A mock logs a fault that was disarmed and had never acted, unless it is one that is not counted, and
[the journal](journal.md) says of each handshake and exchange which faults acted on it.

## Matching

A fault acts on the occasions that have all of the values given. When it acts, not all of them are known yet: before
each table below is what the faults in it can be matched by. A match by which a fault could never act is refused: of
another endpoint than its own, or of a person where a public document is asked for.

{match}

## Triggers

{trigger}

Times are of [the mock's clock](admin.md#clock), which a test can move.

## Scenarios

A scenario is a list of faults, each armed when the one before has acted as often as it was to, which is once unless it
says `times`; one that is not counted cannot be in it. It is declared in `mockpsc.toml` or over the admin API, and
started there, by `mockpsc scenarios start`, or with the mock:

```toml
[[scenarios]]
name = "repair"
match = {{ client = "mockpsc-client", endpoint = "token" }}
start = true

[[scenarios.steps]]
name = "http.status"
params = {{ status = 503, retry_after = 1 }}
times = 2

[[scenarios.steps]]
name = "http.none"

[[scenarios.steps]]
name = "token.error"
params = {{ error = "invalid_grant" }}
```

{scenario}

{layers}
"""

_CONFORMANCE = """\
# Faults and the OpenID conformance suite

Made from `mockpsc/faults/` and `docs/conformance.toml` by `make docs`; do not edit.

The OpenID Foundation's conformance suite tests relying parties, too, with the modules below (version {version}). These
are the [faults](faults.md) of the mock that do the same to a relying party of Pro Santé Connect, which uses the code
flow, or the reason why there is none. A fault is not the whole test: the suite also looks at what the relying party
sends. Of the FAPI profiles and of CIBA, the faults have what an ID token, a token response or an authorization response
can say.

{families}
"""


def faults_page() -> str:
    """The catalogue of faults, and how to arm one."""
    layers = [(layer, [*kinds]) for layer, kinds in groupby(catalogue().values(), lambda kind: kind.layer())]
    return _FAULTS.format(
        contents=_contents(layers),
        hosts=", ".join(f"`{host}`" for host in hosts()),
        alert=members_of(find_fault("tls.alert"))["number"].default,
        match=_members(Match, "match"),
        trigger=_members(Trigger, "trigger"),
        scenario=_members(ScenarioTable, "member"),
        layers="\n\n".join(_layer(layer, kinds) for layer, kinds in layers),
    )


def _contents(layers: Iterable[tuple[str, list[type[Fault[Any]]]]]) -> str:
    """Where the faults of a layer are."""
    links = [f"[{layer}](#{layer}) ({len(kinds)})" for layer, kinds in layers]
    return f"By layer: {', '.join(links)}. Of all: [what two common relying parties make of them](relying_parties.md)."


def _members(declaration: type[Any], heading: str) -> str:
    """The table of the members of a declaration."""
    rows = [
        (f"`{name}`", _cell(each.help), each.expected, _default(each) if each.required or each.default else "")
        for name, each in members_of(declaration).items()
    ]
    return _table((heading, "meaning", "expected", "default"), rows)


def _layer(layer: str, kinds: list[type[Fault[Any]]]) -> str:
    """A layer: what its module says of it, and its faults."""
    about = cleandoc(sys.modules[kinds[0].__module__].__doc__ or "")
    rows = [
        (f"`{kind.name}`", _cell(kind.meaning()), kind.verdict, _parameters(kind), _cell(kind.reference))
        for kind in kinds
    ]
    table = _table(("fault", "what happens", "verdict", "parameters", "reference"), rows)
    return f"## {layer}\n\n{about}\n\n{_matched_by(kinds)}\n\n{table}"


def _parameters(kind: type[Fault[Any]]) -> str:
    """Each parameter on a line of a cell."""
    return "<br>".join(
        _cell(f"`{name}`: {each.help} {each.expected[0].upper()}{each.expected[1:]}; {_default_in_words(each)}.")
        for name, each in members_of(kind).items()
    )


def _default_in_words(declared: Member) -> str:
    if declared.required:
        return "required"
    return "none by default" if declared.default in (None, "") else f"{_default(declared)} by default"


def _default(declared: Member) -> str:
    """A default as a person would write it."""
    value = declared.default
    if declared.required:
        return "required"
    if isinstance(value, float):
        return f"`{value:g}`"
    return f"`{value if isinstance(value, str) and value.isprintable() else json.dumps(value)}`"


def _matched_by(kinds: list[type[Fault[Any]]]) -> str:
    """By what the faults of a layer can be matched, those that differ by name."""
    ways: dict[tuple[frozenset[str], bool], list[str]] = {}
    for kind in kinds:
        ways.setdefault((kind.knows, kind.counted), []).append(kind.name)
    usual = max(ways, key=lambda way: len(ways[way]))
    told = [f"Matched by {_way(*usual)}."]
    told += [f"{_listed(names)} by {_way(*way)}." for way, names in ways.items() if way != usual]
    return " ".join(told)


def _way(knows: frozenset[str], counted: bool) -> str:
    by = _listed(name for name in members_of(Match) if name in knows)
    return by if counted else f"{by}, and not counted: of the triggers, `delay` and `ttl` alone apply"


def _listed(names: Iterable[str]) -> str:
    *most, last = [f"`{name}`" for name in names]
    return f"{', '.join(most)} and {last}" if most else last


def conformance_page() -> str:
    """The modules of the conformance suite, each with its faults or the reason why it has none."""
    data = tomllib.loads((DOCS / "conformance.toml").read_text(encoding="utf-8"))
    families = [f"## {each['title']}\n\n{_modules(each['modules'], data)}" for each in data["families"]]
    return _CONFORMANCE.format(version=data["version"], families="\n\n".join(families))


def _modules(modules: Iterable[str], data: Mapping[str, Any]) -> str:
    why = {module: each["why"] for each in data["reasons"] for module in each["modules"]}
    rows = [(f"`{module}`", ", ".join(_doing(module)) or why.get(module, "")) for module in modules]
    return _table(("module", "fault, or why there is none"), rows)


def _doing(module: str) -> Iterator[str]:
    """The faults that do the same as a module."""
    for kind in catalogue().values():
        if module in kind.modules:
            yield f"`{kind.name}` ({kind.verdict})"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _table(headings: tuple[str, ...], rows: Iterable[Iterable[str]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in (headings, *rows)]
    return "\n".join([lines[0], f"|{'---|' * len(headings)}", *lines[1:]])
