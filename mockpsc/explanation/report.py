"""What there is to say about a certificate."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mockpsc.explanation.caveats import Caveat
from mockpsc.explanation.material import Material
from mockpsc.judgement import Verdict


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is seen of a refusal: the number of a TLS alert, or an HTTP answer. `by_choice` is the value of
    `reject_with` when that decides it."""

    alert: int | None = None
    status: int | None = None
    content_type: str | None = None
    body: str | None = None
    by_choice: str | None = None


@dataclass(frozen=True, kw_only=True)
class Owners:
    """Whose a client's certificate is, by its registration: the clients that it matches, of all that are declared and
    use certificates. `asked` is the client that the question was about; `by_secret`, that it uses no certificate."""

    matching: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()
    asked: str | None = None
    by_secret: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """A certificate explained, as of `now`. `key` says whether the key belongs to it, None when there is no key to
    compare; without a verdict it is accepted. A server's certificate has no owners."""

    side: Literal["client", "server"]
    material: Material
    now: datetime
    key: bool | None = None
    verdict: Verdict | None = None
    answer: Answer | None = None
    owners: Owners | None = None
    caveats: tuple[Caveat, ...] = ()
