"""The page about findings, made from the rules."""

from collections.abc import Iterator

from mockpsc.findings import rules

_PAGE = """\
# What your relying party should not do

Made from `mockpsc/findings/` by `make docs`; do not edit.

The mock answers as Pro Santé Connect would, and lets much pass that its rules or good practice forbid. What it saw of
that is in its findings, each with the rule, the client, the exchange in [the journal](journal.md), what was received,
where the rule comes from, and what to do:

```console
$ mockpsc findings
forbidden pkce_plain: my-client at authorization, exchange 12 on wallet-3
    The PKCE challenge is the verifier itself, which whoever reads the request then knows.
    (code_challenge_method=plain)
    Send code_challenge_method=S256, and the SHA-256 of the verifier as the challenge; without a method,
    plain is meant. [RFC 7636 §4.2; RFC 9700 §2.1.1]
```

`--lang fr` shows them in French, `--client`, `--severity`, `--rule` and `--after` some of them, and `--json` is for
programs, as is [`GET /api/findings`](admin.md#findings). `mockpsc findings rules` lists the rules.

Findings are read from the journal: what is no longer in it is not found, and `mockpsc reset` forgets them. Armed faults
do not matter, since it is the requests that are judged.

**Forbidden** is what a text forbids with a MUST, a MUST NOT or a requirement. **Discouraged** is what a text advises
against, and what is at times right: a client that is registered with a secret may present a certificate beside it.

A provider does not see everything. Whether a relying party compares `state`, `nonce` and `iss`, verifies signatures, or
keeps its keys, [faults](faults.md) tell. And where the mock does not see enough, it says nothing: an authorization
request with a request object is not judged by what may stand in it, nor is a body of more than 64 KiB; that a value was
used twice is said only when the codes of both requests were exchanged, so that a page that is loaded again is no
finding.

The numbers of Pro Santé Connect's requirements (EXI PSC) are given where they are known, which is for one of them.

## The rules

| rule | severity | what the relying party did | source | what to do |
|---|---|---|---|---|
{rows}

## Les règles, en français

| règle | ce que l’application a fait | que faire |
|---|---|---|
{french}
"""


def findings_page() -> str:
    """The whole page."""
    return _PAGE.format(rows="\n".join(_rows()), french="\n".join(_french_rows()))


def _rows() -> Iterator[str]:
    for rule in rules().values():
        yield _row(f"`{rule.code}`", rule.severity, rule.what["en"], rule.source, rule.remedy["en"])


def _french_rows() -> Iterator[str]:
    for rule in rules().values():
        yield _row(f"`{rule.code}`", rule.what["fr"], rule.remedy["fr"])


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
