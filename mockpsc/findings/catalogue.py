"""The rules, as `rules.toml` words them and `front_channel` and `back_channel` judge them."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from mockpsc.findings import back_channel, front_channel
from mockpsc.findings.rule import Rule, breaches

__all__ = ["back_channel", "front_channel", "rules"]  # imported, they have declared what breaks each rule


@cache
def rules() -> Mapping[str, Rule]:
    """All rules by their code words, in the order of the documentation."""
    text = resources.files(__package__).joinpath("rules.toml").read_text(encoding="utf-8")
    worded = tomllib.loads(text)
    return {
        code: Rule(code=code, endpoints=breaches[code][0], breach=breaches[code][1], **words)
        for code, words in worded.items()
    }
