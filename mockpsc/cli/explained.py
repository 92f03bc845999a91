"""An explained certificate in words."""

import shutil
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import click
from cryptography import x509

from mockpsc.explanation import Answer, Description, Owners, Report, describe, worded_in
from mockpsc.judgement.verdict import Language
from mockpsc.pki import common_name
from mockpsc.tls.alerts import name_of

_WIDEST, _NARROWEST = 120, 60
_MARGIN, _GAP = "  ", "  "
_Row: TypeAlias = tuple[str, str]

_WORDS: Mapping[str, tuple[str, str]] = {
    "subject": ("subject", "sujet"),
    "issuer": ("issuer", "émetteur"),
    "valid": ("valid", "validité"),
    "key": ("key", "clé"),
    "usages": ("usages", "usages"),
    "names": ("names", "noms"),
    "serial": ("serial", "n° de série"),
    "chain": ("chain", "chaîne"),
    "client": ("client", "client"),
    "flaw": ("flaw", "défaut"),
    "received": ("received", "reçu"),
    "expected": ("expected", "attendu"),
    "remedy": ("to do", "à faire"),
    "answer": ("answer", "réponse"),
    "accepted": ("ACCEPTED", "ACCEPTÉ"),
    "refused": ("REFUSED: {reason}", "REFUSÉ : {reason}"),
    "caveats": ("What else to know", "À savoir aussi"),
    "absent": ("(absent)", "(absent)"),
    "is": ("{source}: {form}, {count}", "{source} : {form}, {count}"),
    "one": ("a certificate alone", "un certificat seul"),
    "several": ("a chain of {count} certificates", "une chaîne de {count} certificats"),
    "signed": ("{key}, signed with {hash}", "{key}, signé avec {hash}"),
    "key_is_its_own": ("{told}; the private key belongs to it", "{told} ; la clé privée est la sienne"),
    "key_is_not": ("{told}; the private key is NOT its own", "{told} ; la clé privée n’est PAS la sienne"),
    "key_unknown": ("{told}; no private key to compare", "{told} ; pas de clé privée à comparer"),
    "dates": ("{since} to {until}", "du {since} au {until}"),
    "begins": ("begins in {span}", "commence dans {span}"),
    "ends": ("ends in {span}", "finit dans {span}"),
    "ended": ("ended {span} ago", "fini depuis {span}"),
    "days": ("{count} days", "{count} jours"),
    "day": ("1 day", "1 jour"),
    "no_day": ("less than a day", "moins d’un jour"),
    "of_any": (
        "any client id: none is declared, and any certificate that verifies will do",
        "tout client : aucun n’est déclaré, et tout certificat vérifié convient",
    ),
    "of_clients": ("{matching}, by its registration", "{matching}, selon son enregistrement"),
    "of_another": ("{matching}, and not {asked}", "{matching}, et non {asked}"),
    "of_nobody": ("none of those declared ({declared})", "aucun de ceux déclarés ({declared})"),
    "by_secret": (
        "{asked} authenticates by secret: its certificate is not looked at",
        "{asked} s’authentifie par secret : son certificat n’est pas regardé",
    ),
    "alert": ("TLS alert {alert}, {name}", "alerte TLS {alert}, {name}"),
    "their_alert": (
        "TLS alert {alert}, {name}, from a client that is built on OpenSSL",
        "alerte TLS {alert}, {name}, d’un client fondé sur OpenSSL",
    ),
    "http": ("HTTP {status}, {body}", "HTTP {status}, {body}"),
    "choice": ("{answer} (--reject-with {choice})", "{answer} (--reject-with {choice})"),
}


class _Words:
    """The words of a language."""

    def __init__(self, language: Language) -> None:
        self._index = {"en": 0, "fr": 1}[language]

    def __call__(self, word: str, **facts: Any) -> str:
        return _WORDS[word][self._index].format_map(facts)


def for_people(report: Report, language: Language) -> str:
    """A report as a screenful of text, as wide as the terminal within bounds."""
    words = _Words(language)
    rows, verdict = [*_facts(report, words)], [*_verdict(report, words, language)]
    caveats = [(each.code, each.sentence[language]) for each in report.caveats]
    column = max(len(name) for name, _ in (*rows, *verdict))
    blocks = [_title(report, words), *_table(rows, column), "", _headline(report, words), *_table(verdict, column)]
    if caveats:
        blocks += ["", words("caveats"), *_table(caveats, max(len(code) for code, _ in caveats))]
    return "\n".join(blocks)


def _title(report: Report, words: _Words) -> str:
    material = report.material
    count = words("one") if len(material.chain) == 1 else words("several", count=len(material.chain))
    return _printable(words("is", source=material.source, form=material.form, count=count)) + "\n"


def _facts(report: Report, words: _Words) -> Iterator[_Row]:
    described = describe(report.material.certificate)
    names = [f"{kind} {name}" for kind, each in described.alternative_names.items() for name in each]
    usages = [", ".join(each or ()) for each in (described.key_usage, described.extended_key_usage)]
    yield words("subject"), described.subject
    yield words("issuer"), described.issuer
    yield words("valid"), _validity(described, report, words)
    yield words("key"), _key(described, report, words)
    if not described.flaw:
        yield words("usages"), " / ".join(filter(None, usages)) or words("absent")
    if names:
        yield words("names"), ", ".join(names)
    yield words("serial"), described.serial
    yield "x5t#S256", described.thumbprint
    if report.material.chain[1:]:
        yield words("chain"), " < ".join(map(_short, report.material.chain))
    if described.flaw:
        yield words("flaw"), described.flaw


def _short(certificate: x509.Certificate) -> str:
    """A certificate's CN, or all of its subject when it has none or cannot be read."""
    described = describe(certificate)
    return described.subject if described.flaw else common_name(certificate.subject) or described.subject


def _validity(described: Description, report: Report, words: _Words) -> str:
    dates = words("dates", since=f"{described.not_before:%Y-%m-%d}", until=f"{described.not_after:%Y-%m-%d}")
    return f"{dates}, {_left(described, report, words)}"


def _left(described: Description, report: Report, words: _Words) -> str:
    if report.now < described.not_before:
        return words("begins", span=_span((described.not_before - report.now).days, words))
    if report.now > described.not_after:
        return words("ended", span=_span((report.now - described.not_after).days, words))
    return words("ends", span=_span((described.not_after - report.now).days, words))


def _span(days: int, words: _Words) -> str:
    return words("days", count=days) if days > 1 else words("day" if days else "no_day")


def _key(described: Description, report: Report, words: _Words) -> str:
    told = words("signed", key=described.key, hash=described.signature)
    if report.side == "server":
        return told
    belongs = {True: "key_is_its_own", False: "key_is_not", None: "key_unknown"}[report.key]
    return words(belongs, told=told)


def _headline(report: Report, words: _Words) -> str:
    if report.verdict is None:
        return click.style(words("accepted"), fg="green", bold=True)
    return click.style(words("refused", reason=report.verdict.reason), fg="red", bold=True)


def _verdict(report: Report, words: _Words, language: Language) -> Iterator[_Row]:
    if report.verdict:
        explained = worded_in(report.verdict, language)
        yield words("received"), explained.received
        yield words("expected"), explained.expected
        yield words("remedy"), explained.remedy
    if report.answer:
        yield words("answer"), _answer(report, report.answer, words)
    if report.owners:
        yield words("client"), _owners(report.owners, words)


def _answer(report: Report, answer: Answer, words: _Words) -> str:
    if answer.alert is None:
        told = words("http", status=answer.status, body=answer.body)
    else:
        word = "their_alert" if report.side == "server" else "alert"
        told = words(word, alert=answer.alert, name=name_of(answer.alert))
    return words("choice", answer=told, choice=answer.by_choice) if answer.by_choice else told


def _owners(owners: Owners, words: _Words) -> str:
    matching, declared = ", ".join(owners.matching), ", ".join(owners.declared)
    if owners.by_secret:
        return words("by_secret", asked=owners.asked)
    if not owners.declared:
        return words("of_any")
    if not owners.matching:
        return words("of_nobody", declared=declared)
    if owners.asked and owners.asked not in owners.matching:
        return words("of_another", matching=matching, asked=owners.asked)
    return words("of_clients", matching=matching)


def _table(rows: list[_Row], column: int) -> Iterator[str]:
    """Two columns, of which the second is wrapped; a name that comes again is not repeated."""
    width = max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size().columns))
    previous = ""
    for name, text in rows:
        shown = "" if name == previous else name
        previous = name
        yield textwrap.fill(
            _printable(text),
            width,
            initial_indent=f"{_MARGIN}{shown:{column}}{_GAP}",
            subsequent_indent=" " * (len(_MARGIN + _GAP) + column),
            break_long_words=False,
            break_on_hyphens=False,
        )


def _printable(text: str) -> str:
    """Without what would move the terminal's cursor, or turn its text around."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
