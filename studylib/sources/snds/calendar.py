"""The days a raw SNDS tells fully: flows come late, so the last months are left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

from studylib.errors import DataMissing, StudyError, TableError
from studylib.sources.snds.columns import EPOCH
from studylib.sources.snds.findings import Findings
from studylib.sources.snds.flow_cells import flow_cells
from studylib.sources.snds.raw import Raw

LONGEST_GAP_MONTHS = 12  # between two flows; more is a mistake, not a rare table
ENOUGH = 20  # lines in a usual month: chance alone then leaves none in e^-20 of cases
FLOW_LAG_MONTHS = 6  # 99 % of lines have come by then (Cnam)


@dataclass(frozen=True)
class Period:
    """Days observed, ``[start, end)``, and the months of flow they were seen through.

    ``complete_to`` is the first day whose flows are not all there, whatever cut-off was asked.
    """

    start: int
    end: int
    first_flow: date
    last_flow: date
    complete_to: int


def period(raw: Raw, *, cut_off: date | None = None, lag_months: int | None = None) -> Period:
    """The days that the flows at hand tell.

    Care of a month comes from the next month on and takes ``lag_months`` (6 by default) to be
    nearly whole: observation begins a month before the first flow, and ends at the first month
    that lacks a flow, or after the day ``cut_off``. DataMissing without any line; StudyError when
    nothing is left, or when the cut-off asked lies beyond the last flow.
    """
    first, last = _flows(raw)
    complete = month_after(last, 1 - (FLOW_LAG_MONTHS if lag_months is None else lag_months))
    end = observed_until(complete, cut_off)
    start = month_after(first, -1)
    if cut_off is not None and cut_off >= month_after(last, 1):
        raise StudyError(
            f"Source « {raw.name} » : date d'arrêt {cut_off} postérieure au dernier flux reçu "
            f"({last:%Y-%m}) ; la laisser vide, ou choisir au plus tard "
            f"{complete - timedelta(days=1)}."
        )
    if end <= start:
        raise StudyError(
            f"Source « {raw.name} » : avec les flux de {first:%Y-%m} à {last:%Y-%m}, aucun mois de "
            "soins n'est complet ; extraire plus de mois de flux, ou réduire flow_lag_months."
        )
    return Period(days(start), days(end), first, last, days(complete))


def within_hospital_years(raw: Raw, seen: Period, findings: Findings) -> Period:
    """The same days, those without any hospital table left out or refused.

    Days observed in a year that the PMSI lacks would be days without stays. The month that comes
    before the first flow is left out and told; DataMissing when more is lacking.
    """
    years = set(raw.years("T_MCOaaB"))
    first, last = _date(seen.start), _date(seen.end - 1)
    lacking = [year for year in range(first.year, last.year + 1) if year not in years]
    if not years or not lacking:
        return seen
    begins = date(first.year + 1, 1, 1)
    if lacking == [first.year] and begins <= month_after(first, 1):
        findings.notice(
            "T_MCOaaB", f"année {first.year} absente ; l'observation commence le {begins}"
        )
        return replace(seen, start=days(begins))
    raise DataMissing(
        f"Source « {raw.name} », table T_MCOaaB : année {', '.join(map(str, lacking))} absente "
        f"alors que le DCIR observe les soins du {first} au {last} ; la déposer, ou borner la "
        "période : cut_off dans sources.yaml pour la fin, moins d'archives ER_PRS_F pour le début."
    )


def _date(day: int) -> date:
    return EPOCH + timedelta(days=day)


def _flows(raw: Raw) -> tuple[date, date]:
    """First and last flow. One far from all others is a date mistyped, and would move the end."""
    months = flow_cells(raw, "ER_PRS_F").groupby("FLX_DIS_DTD")["lines"].sum()
    flows = sorted(int(day) for day in months.index)
    if not flows:
        raise DataMissing(
            f"Source « {raw.name} », table ER_PRS_F : aucune ligne ; vérifier l'extraction."
        )
    known = [EPOCH + timedelta(days=day) for day in flows]
    for before, after in pairwise(known):
        if after >= month_after(before, LONGEST_GAP_MONTHS):
            raise TableError(
                f"Source « {raw.name} », table ER_PRS_F, colonne FLX_DIS_DTD : aucun flux entre "
                f"{before} et {after} ; date impossible ou mois absents : corriger, ou extraire "
                "les mois qui manquent."
            )
    _check_months(raw, known, int(months.sum()))
    return known[0], known[-1]


def _check_months(raw: Raw, flows: Sequence[date], lines: int) -> None:
    """DataMissing when a month between two flows has none, and the others many lines."""
    had = {(day.year, day.month) for day in flows}
    span = range(flows[0].year * 12 + flows[0].month - 1, flows[-1].year * 12 + flows[-1].month)
    gone = [f"{m // 12}-{m % 12 + 1:02d}" for m in span if (m // 12, m % 12 + 1) not in had]
    if gone and lines / len(had) >= ENOUGH:
        raise DataMissing(
            f"Source « {raw.name} », table ER_PRS_F, colonne FLX_DIS_DTD : aucun flux en "
            f"{', '.join(gone[:6])} ; extraire ces mois."
        )


def observed_until(complete: date, cut_off: date | None) -> date:
    """The first day not observed: after the one asked for, else that of an incomplete month."""
    return complete if cut_off is None else cut_off + timedelta(days=1)


def month_after(day: date, months: int) -> date:
    """First day of the month ``months`` after that of ``day``.

    >>> month_after(date(2023, 6, 1), -5), month_after(date(2023, 12, 15), 1)
    (datetime.date(2023, 1, 1), datetime.date(2024, 1, 1))
    """
    total = day.year * 12 + day.month - 1 + months
    return date(total // 12, total % 12 + 1, 1)


def days(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days
