"""Why a client certificate is refused, in words: one judgement for the handshake, HTTP, the journal and the commands.

* `verdict` has the reasons (data: `reasons.toml`) and a `Verdict`: a code word, and three sentences in two languages.
* `chain` judges what OpenSSL found wrong with a chain, `registration` whose certificate it is.

All of it is pure: it does no TLS, reads no clock, and knows nothing of HTTP.
"""

from mockpsc.judgement.chain import (
    Trust,
    VerificationError,
    describe_key,
    extended_usage,
    judge_chain,
    judge_error,
    key_usage,
    malformed,
    missing,
)
from mockpsc.judgement.peer import Peer
from mockpsc.judgement.registration import Registration, alternative_names, judge_registration
from mockpsc.judgement.verdict import Explanation, Reason, Verdict, reasons, verdict

__all__ = [
    "Explanation",
    "Peer",
    "Reason",
    "Registration",
    "Trust",
    "Verdict",
    "VerificationError",
    "alternative_names",
    "describe_key",
    "extended_usage",
    "judge_chain",
    "judge_error",
    "judge_registration",
    "key_usage",
    "malformed",
    "missing",
    "reasons",
    "verdict",
]
