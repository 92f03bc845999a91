"""The page about what relying parties detect, made from what was measured and from the catalogue's verdicts."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from mockpsc.faults import catalogue, find_fault

_DATA = Path(__file__).parent / "relying_parties.toml"

_PAGE = """\
# What relying parties detect

Made from `docs/relying_parties.toml` by `make docs`; do not edit. `make relying-parties` measures it again.

Two relying parties were sent through a login and a logout, once for each fault of the catalogue: discovery,
authorization, token, userinfo, refresh, introspection, revocation, logout. The tables say where they stopped, with
which error, and what that is worth by the fault's verdict. They were built on:

{libraries}

Both are applications as a careful developer writes them by the library's documentation. Beyond what is said here, they
check nothing by hand that the library does not check: a fault that is not detected is yours to detect.

- With openid-client, `enableNonRepudiationChecks` is on, which verifies the signatures of ID tokens; the library does
  not do it otherwise. It allows times in an ID token to be wrong by 30 seconds. It is given the URL of the discovery
  document, whose name is not the usual one, and so does not compare `issuer` with it; `iss` comes to light later.
- With Authlib, the ID token is validated as its framework integrations do it, which allow 120 seconds; the application
  also says for whom the token must be (`aud`), and compares `iss` in the authorization response, as RFC 9207 wants. The
  library does neither by itself. It does not know `mtls_endpoint_aliases`, and calls the other URLs. When there is no
  code in the authorization response, its httpx client does not read the error: it asks for a token with client
  credentials, which the mock refuses.
- Both applications read `active` in an introspection response, and refresh and revoke only what they were given.
- Neither compares `acr` with what it had asked for, nor reads more of the userinfo than `sub`.

A fault acts with its default parameters unless the table says others, those of `tcp` and `tls` at the issuer's origin,
and those of `http` at the token endpoint. Both wait two seconds for an answer: openid-client for all of it, Authlib's
httpx for each part of it.

| must | what the relying party did | the table says |
|---|---|---|
| reject | It stopped by itself. | detects |
| reject | It went on, to the end or until the mock refused what it went on with. | **does not detect** |
| accept | It went on to the end. | accepts |
| accept | It stopped. | **refuses** |
| handle | It stopped with an error. | fails |
| handle | It went on to the end. | carries on |

"Not met" means that such a login does not come to where the fault acts. An access token is an opaque text to a relying
party: its verdicts are those of a resource server, and here it has only to be handled.

## In numbers

{summary}

## What they do not detect

{undetected}

{layers}
"""


@dataclass(frozen=True, kw_only=True)
class _Row:
    """A fault as it was tried, `name;param=value`, and what became of a relying party on each library."""

    text: str
    outcomes: Mapping[str, Mapping[str, Any] | None]

    @property
    def name(self) -> str:
        return self.text.partition(";")[0]

    @property
    def layer(self) -> str:
        return find_fault(self.name).layer()

    @property
    def verdict(self) -> str:
        return "handle" if self.layer == "access_token" else find_fault(self.name).verdict

    def grade(self, library: str) -> str:
        """One of the words in the last column of the reading guide."""
        outcome = self.outcomes[library]
        if outcome is None:
            return "not measured"
        if not outcome.get("met", True):
            return "not met"
        went_on = outcome["step"] == "end"
        match self.verdict:
            case "reject":
                return "does not detect" if went_on or outcome.get("refused") else "detects"
            case "accept":
                return "accepts" if went_on else "refuses"
            case _:
                return "carries on" if went_on else "fails"

    def cell(self, library: str) -> str:
        """The grade, and where and with which error it stopped."""
        grade, outcome = self.grade(library), self.outcomes[library]
        shown = f"**{grade}**" if grade in ("does not detect", "refuses", "not measured") else grade
        if outcome is None or outcome["step"] == "end":
            return shown
        who = " by the mock" if outcome.get("refused") else ""
        return f"{shown}; stopped{who} at {outcome['step']}: `{outcome['error'].replace('|', chr(92) + '|')}`"


def relying_parties_page() -> str:
    """The whole page."""
    data = tomllib.loads(_DATA.read_text(encoding="utf-8"))
    rows = list(_rows(data))
    layers = groupby(rows, key=lambda row: row.layer)
    return _PAGE.format(
        libraries="\n".join(f"- {_versions(data[library]['versions'])}" for library in data),
        summary=_summary(rows, data),
        undetected=_undetected(rows, data),
        layers="\n\n".join(f"## {layer}\n\n{_table(list(each), data)}" for layer, each in layers),
    )


def _rows(data: Mapping[str, Any]) -> Iterator[_Row]:
    """The faults in the order of the catalogue, those with parameters behind the fault without."""
    tried = {text: None for library in data.values() for text in library["outcomes"]}
    for name in catalogue():
        for text in (name, *(each for each in tried if each.startswith(f"{name};"))):
            yield _Row(text=text, outcomes={library: each["outcomes"].get(text) for library, each in data.items()})


def _versions(versions: Mapping[str, str]) -> str:
    first, *others = [f"{name} {version}" for name, version in versions.items()]
    return f"{first} ({', '.join(others)})"


def _summary(rows: list[_Row], data: Mapping[str, Any]) -> str:
    """How many of each grade, by verdict."""
    grades = {
        "reject": ("detects", "does not detect"),
        "accept": ("accepts", "refuses"),
        "handle": ("fails", "carries on"),
    }
    lines = [f"| must | the table says | {' | '.join(data)} |", f"|---|---|{'---|' * len(data)}"]
    for verdict, words in grades.items():
        for word in (*words, "not met"):
            counts = [_count(rows, library, verdict, word) for library in data]
            lines += [f"| {verdict} | {word} | {' | '.join(map(str, counts))} |"] if any(counts) else []
    return "\n".join(lines)


def _count(rows: list[_Row], library: str, verdict: str, grade: str) -> int:
    return sum(row.verdict == verdict and row.grade(library) == grade for row in rows)


def _undetected(rows: list[_Row], data: Mapping[str, Any]) -> str:
    """What each of the faults is that somebody does not detect."""
    lines = ["| fault | what happens | not detected by |", "|---|---|---|"]
    for row in rows:
        who = [library for library in data if row.grade(library) == "does not detect"]
        lines += [f"| `{row.text}` | {find_fault(row.name).meaning()} | {', '.join(who)} |"] if who else []
    return "\n".join(lines)


def _table(rows: list[_Row], data: Mapping[str, Any]) -> str:
    """The table of a layer."""
    lines = [f"| fault | must | {' | '.join(data)} |", f"|---|---|{'---|' * len(data)}"]
    for row in rows:
        cells = [row.cell(library) for library in data]
        lines.append(f"| `{row.text}` | {row.verdict} | {' | '.join(cells)} |")
    return "\n".join(lines)
