"""From measures to verdicts: each check against its range, then all of them together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from studylib import tables
from studylib.sources.quality_checks.measuring import Measure
from studylib.sources.quality_checks.ranges import Range, range_of
from studylib.sources.quality_checks.schemas import CHECKS, SUMMARY
from studylib.tables import CheckResult

CATEGORIES = ("conformance", "completeness", "plausibility")


def judged(measures: Iterable[Measure], own: Mapping[str, Range] | None = None) -> pd.DataFrame:
    """Every measure with its range and its verdict (``CHECKS``), failures first."""
    rows = [_row(measure, own or {}) for measure in measures]
    frame = pd.DataFrame(rows, columns=CHECKS.names)
    for name in ("lines", "of_lines"):
        frame[name] = frame[name].astype("Int64")
    for name in ("value", "low", "high"):
        frame[name] = frame[name].astype("float64")
    order = {"fail": 0, "pass": 1, "informs": 2, "not_applicable": 3}
    severity = {"blocking": 0, "reserve": 1, "informs": 2}
    frame = frame.assign(a=frame["verdict"].map(order), b=frame["severity"].map(severity))
    frame = frame.sort_values(["a", "b", "category", "check", "table", "column"], kind="stable")
    return tables.check(frame.drop(columns=["a", "b"]).reset_index(drop=True), CHECKS)


def _row(measure: Measure, own: Mapping[str, Range]) -> tuple[object, ...]:
    wanted = range_of(measure.check, measure.table, measure.column, own)
    if measure.value is None:
        verdict = "not_applicable"
    elif wanted.severity == "informs":
        verdict = "informs"
    else:
        verdict = "pass" if wanted.holds(measure.value) else "fail"
    return (
        wanted.category,
        measure.check,
        measure.table,
        measure.column,
        measure.lines,
        measure.of_lines,
        measure.value,
        wanted.low,
        wanted.high,
        wanted.unit,
        verdict,
        wanted.severity,
        _sentence(wanted),
        wanted.source,
    )


def _sentence(wanted: Range) -> str:
    """What is expected, in French.

    >>> _sentence(Range("", 0, 5, "%", "reserve", "Cnam"))
    'de 0 à 5 %'
    >>> _sentence(Range("", 0, 0, "ans", "blocking", "aucune année sans événement"))
    '0 an'
    """
    low, high = (
        "" if limit is None else f"{limit:g}".replace(".", ",")
        for limit in (wanted.low, wanted.high)
    )
    if low and high:
        unit = "an" if wanted.unit == "ans" and high in ("0", "1") else wanted.unit
        return f"{low} {unit}" if low == high else f"de {low} à {high} {unit}"
    if low or high:
        return f"au moins {low} {wanted.unit}" if low else f"au plus {high} {wanted.unit}"
    return f"sans attendu, en {wanted.unit}"


def summary(checks: pd.DataFrame) -> pd.DataFrame:
    """Checks passed and failed by category (``SUMMARY``)."""
    rows = []
    for category in CATEGORIES:
        part = checks[checks["category"] == category]
        passed, failed = ((part["verdict"] == v).sum() for v in ("pass", "fail"))
        blocking = ((part["verdict"] == "fail") & (part["severity"] == "blocking")).sum()
        told, absent = ((part["verdict"] == v).sum() for v in ("informs", "not_applicable"))
        share = passed / (passed + failed) if passed + failed else None
        rows.append((category, len(part), passed, failed, blocking, told, absent, share))
    frame = pd.DataFrame(rows, columns=SUMMARY.names).astype({"share": "float64"})
    return tables.check(frame, SUMMARY)


def failures(checks: pd.DataFrame) -> pd.DataFrame:
    """The checks that are outside their range, blocking ones first (``CHECKS``)."""
    return checks[checks["verdict"] == "fail"].reset_index(drop=True)


def overall(checks: pd.DataFrame) -> CheckResult:
    """Whether the data may be used: no blocking check fails; reserves are told."""
    failed = failures(checks)
    blocking = int((failed["severity"] == "blocking").sum())
    reserves = len(failed) - blocking
    judged_checks = int(checks["verdict"].isin(["pass", "fail"]).sum())
    passed = judged_checks - len(failed)
    if blocking:
        said = "à ne pas employer avant d'avoir compris les échecs bloquants"
    elif reserves:
        said = "utilisables, avec les réserves listées"
    else:
        said = "utilisables, sans réserve"
    text = (
        f"{_plural(passed, 'contrôle conforme', 'contrôles conformes')} sur {judged_checks} jugés, "
        f"{_plural(blocking, 'échec bloquant', 'échecs bloquants')}, "
        f"{_plural(reserves, 'réserve', 'réserves')} ; données {said}."
    )
    return CheckResult("Qualité des données", not blocking, failed, text)


def _plural(count: int, one: str, many: str) -> str:
    return f"{count}\u00a0{one if count < 2 else many}"
