"""What a judgement says: a stable reason code and, in two languages, what was received, expected, and what to do."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

Language = Literal["en", "fr"]
Wording = Mapping[Language, str]


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a certificate is refused, in general. `codes` are OpenSSL's verification errors that have this reason,
    `alert` is the number of the TLS alert that goes with it (RFC 8446 §6), if it shows in a handshake. The wordings
    hold facts in braces."""

    code: str
    meaning: Wording
    received: Wording
    expected: Wording
    remedy: Wording
    codes: tuple[int, ...] = ()
    alert: int | None = None


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A verdict in one language, three sentences."""

    received: str
    expected: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.received} {self.expected} {self.remedy}"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A refusal: `reason` is one of `reasons()`, `alert` the number of the TLS alert that says it in a handshake."""

    reason: str
    alert: int | None
    en: Explanation
    fr: Explanation

    def __str__(self) -> str:
        return str(self.en)


@cache
def reasons() -> Mapping[str, Reason]:
    """All reasons by their code words, in the order of the documentation."""
    text = resources.files(__package__).joinpath("reasons.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    return {
        code: Reason(code=code, **{**entry, "codes": tuple(entry.get("codes", ()))}) for code, entry in table.items()
    }


def verdict(reason: str, *, en: Mapping[str, object], fr: Mapping[str, object]) -> Verdict:
    """The verdict of that reason, with the facts of the case as each language names them."""
    general = reasons()[reason]
    return Verdict(
        reason=reason, alert=general.alert, en=_explanation(general, "en", en), fr=_explanation(general, "fr", fr)
    )


def _explanation(reason: Reason, language: Language, facts: Mapping[str, object]) -> Explanation:
    return Explanation(
        received=reason.received[language].format_map(facts),
        expected=reason.expected[language].format_map(facts),
        remedy=reason.remedy[language].format_map(facts),
    )
