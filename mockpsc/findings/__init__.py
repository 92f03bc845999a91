"""What a relying party did that Pro Santé Connect's rules or good practice forbid, as the journal shows it.

`catalogue` has the rules (their words: `rules.toml`), `request` what they look at: a request, in the light of those
before it. `front_channel` and `back_channel` say what breaks each rule, `query` which findings somebody wants. What a
provider cannot see is no rule: whether a signature, a `nonce` or an `iss` was checked, say. All of it is pure: it reads
events, and asks nobody.
"""

from mockpsc.findings.catalogue import rules
from mockpsc.findings.finding import Finding, find
from mockpsc.findings.query import FindingsQuery
from mockpsc.findings.rule import Rule

__all__ = ["Finding", "FindingsQuery", "Rule", "find", "rules"]
