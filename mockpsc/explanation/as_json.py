"""An explained certificate as JSON."""

from dataclasses import asdict
from typing import Any

from mockpsc.explanation.description import Description, describe
from mockpsc.explanation.report import Answer, Owners, Report
from mockpsc.judgement import Explanation, Verdict
from mockpsc.judgement.verdict import Language
from mockpsc.tls.alerts import name_of


def as_json(report: Report, language: Language) -> dict[str, Any]:
    """A report for a machine; the members are stable, and null where there is nothing to say."""
    described, verdict = describe(report.material.certificate), report.verdict
    return {
        "source": report.material.source,
        "side": report.side,
        "form": report.material.form,
        "certificate": _certificate_json(described, report),
        "chain": [each.subject for each in map(describe, report.material.chain)],
        "key_belongs": report.key,
        "accepted": verdict is None,
        "verdict": _verdict_json(verdict, language) if verdict else None,
        "answer": _answer_json(report.answer) if report.answer else None,
        "clients": _owners_json(report.owners) if report.owners else None,
        "warnings": [{"code": each.code, "sentence": each.sentence[language]} for each in report.caveats],
    }


def _certificate_json(described: Description, report: Report) -> dict[str, Any]:
    return {
        "subject": described.subject,
        "issuer": described.issuer,
        "serial": described.serial,
        "not_before": described.not_before.isoformat(),
        "not_after": described.not_after.isoformat(),
        "days_left": (described.not_after - report.now).days,
        "key": described.key,
        "signature": described.signature,
        "key_usage": described.key_usage,
        "extended_key_usage": described.extended_key_usage,
        "alternative_names": described.alternative_names,
        "x5t#S256": described.thumbprint,
        "flaw": described.flaw,
    }


def _verdict_json(verdict: Verdict, language: Language) -> dict[str, str]:
    return {"reason": verdict.reason, **asdict(worded_in(verdict, language))}


def worded_in(verdict: Verdict, language: Language) -> Explanation:
    """A verdict in a language."""
    return {"en": verdict.en, "fr": verdict.fr}[language]


def _answer_json(answer: Answer) -> dict[str, Any]:
    http = {"status": answer.status, "content_type": answer.content_type, "body": answer.body}
    return {
        "reject_with": answer.by_choice,
        "alert": None if answer.alert is None else {"number": answer.alert, "name": name_of(answer.alert)},
        "http": http if answer.status else None,
    }


def _owners_json(owners: Owners) -> dict[str, Any]:
    return {"asked": owners.asked, "declared": owners.declared, "matching": owners.matching}
