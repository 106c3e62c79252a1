"""The guard against incomplete last months.

Reimbursements reach the data months after the care (the flow lag), so the last months of a series
by month of care fall, and every trend that runs into them finds a false decrease.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from studylib import tables
from studylib.economics.schemas import MONTHS_JUDGED
from studylib.errors import EstimationError
from studylib.tables import CheckResult

JUDGED = 6
"""How many last months may be found incomplete: bills keep arriving for about six months."""
NAME = "Mois complets"
MINIMUM_PAIRS = 6
"""Months with the same month a year before that are needed to know the growth."""


class CompleteMonths(NamedTuple):
    """The last month to keep (YYYY-MM) and the check that says why."""

    last: str
    check: CheckResult


def complete_months(monthly: pd.Series, *, tolerance: float = 0.10) -> CompleteMonths:
    """The last complete month of a monthly series, and the check that found it.

    Each of the last six months is compared with what earlier years say: the same month of an
    earlier year times the growth since, the growth being the median, over the twelve months before
    those six, of the month over the same month that year. Of two expectations, last year's alone
    and the median of all earlier years, the **smaller** is kept, so that a past shock does not
    make an ordinary month look low. A month is incomplete when it is more than ``tolerance`` below
    and every later month is incomplete too: a fall inside the series (spring 2020) is never
    excluded. A true fall that lasts to the end of the series cannot be told from a flow lag.

    Args:
        monthly: Amounts indexed by month (YYYY-MM), one row per month, no gap.
        tolerance: Share by which a complete month may fall short, strictly between 0 and 1.

    Returns:
        ``last``, and a ``check`` whose table has the columns of ``MONTHS_JUDGED``. ``passed`` is
        True when nothing is excluded, None when last months are (the study goes on without them)
        or when history is too short to judge, False when all six are low.

    >>> months = pd.period_range("2021-01", "2023-12", freq="M").astype(str)
    >>> amounts = pd.Series(100.0, index=months)
    >>> amounts["2023-12"] = 60.0
    >>> complete_months(amounts).last
    '2023-11'
    """
    if not 0 < tolerance < 1:
        raise EstimationError(f"Tolérance {tolerance} : un nombre entre 0 et 1 est attendu.")
    series = by_month(monthly)
    judged = pd.PeriodIndex(series.index)[-JUDGED:]
    expected = _expected(series, judged)
    if expected is None:
        return _not_judged(series)
    return _verdict(_judged(series[judged], expected, tolerance), series, tolerance)


def months_ending(last: str, *, count: int = 12) -> tuple[str, str]:
    """First and last month (YYYY-MM) of the ``count`` months that end with ``last``.

    >>> months_ending("2024-10")
    ('2023-11', '2024-10')
    """
    return str(pd.Period(last, freq="M") - (count - 1)), last


def comparison_months(last: str, *, asked: tuple[str, str] | None = None) -> tuple[str, str]:
    """First and last month compared: those asked, or the twelve that end with ``last``.

    EstimationError when the months asked go beyond ``last``, the last complete one.

    >>> comparison_months("2024-10", asked=("2023-10", "2024-09"))
    ('2023-10', '2024-09')
    """
    if asked is None:
        return months_ending(last)
    if asked[1] > last:
        raise EstimationError(
            f"Période comparée de {asked[0]} à {asked[1]} : les mois après {last} sont "
            f"incomplets ; terminer la période en {last} au plus tard."
        )
    return asked


def by_month(monthly: pd.Series) -> pd.Series:
    """The series sorted and indexed by monthly periods; EstimationError when a month is absent."""
    series = monthly.sort_index().astype(float)
    series.index = pd.PeriodIndex(series.index, freq="M")
    whole = pd.period_range(series.index[0], series.index[-1], freq="M")
    if len(whole) != len(series) or series.isna().any():
        lacking = [str(month) for month in whole if month not in series.index]
        raise EstimationError(
            f"Série mensuelle avec des mois absents ou répétés ({', '.join(lacking[:6])}) : "
            "ajouter les fichiers qui manquent."
        )
    return series


def _judged(observed: pd.Series, expected: pd.Series, tolerance: float) -> pd.DataFrame:
    """The last months beside what is expected of them: a ``MONTHS_JUDGED`` table."""
    low = observed < (1 - tolerance) * expected
    trailing = low[::-1].cummin()[::-1]
    table = pd.DataFrame(
        {
            "month": observed.index.astype(str),
            "observed": observed.to_numpy(),
            "expected": expected.to_numpy(),
            "ratio": (observed / expected).to_numpy(),
            "complete": ~trailing.to_numpy(),
        }
    )
    return tables.check(table, MONTHS_JUDGED)


def _expected(series: pd.Series, judged: pd.PeriodIndex) -> pd.Series | None:
    before = pd.PeriodIndex(series.index)[-JUDGED - 12 : -JUDGED]
    by_year: dict[int, pd.Series] = {}
    for years in range(1, len(series) // 12 + 1):
        lag = 12 * years
        pairs = before[before - lag >= series.index[0]]
        if judged[0] - lag < series.index[0] or len(pairs) < MINIMUM_PAIRS:
            break
        growth = series[pairs].to_numpy() / series[pairs - lag].to_numpy()
        by_year[years] = pd.Series(
            series[judged - lag].to_numpy() * float(np.median(growth)), index=judged
        )
    if not by_year:
        return None
    candidates = pd.DataFrame(by_year)
    return pd.concat([candidates[1], candidates.median(axis=1)], axis=1).min(axis=1)


def _verdict(table: pd.DataFrame, series: pd.Series, tolerance: float) -> CompleteMonths:
    excluded = table.loc[~table["complete"]]
    first_judged = pd.Period(table["month"].iloc[0], freq="M")
    percent = f"{100 * tolerance:.0f} %"
    if excluded.empty:
        text = f"Aucun des {JUDGED} derniers mois n'est à plus de {percent} sous l'attendu."
        return CompleteMonths(str(series.index[-1]), CheckResult(NAME, True, table, text))
    named = ", ".join(
        f"{month} ({100 * ratio:.0f} % de l'attendu)"
        for month, ratio in zip(excluded["month"], excluded["ratio"], strict=True)
    )
    if len(excluded) == len(table):
        text = f"Les {JUDGED} derniers mois sont tous sous l'attendu : {named} ; série à vérifier."
        last, passed = str(first_judged - 1), False
    else:
        text = f"mois incomplets exclus de l'étude, à plus de {percent} sous l'attendu : {named}."
        last, passed = str(table.loc[table["complete"], "month"].iloc[-1]), None
    return CompleteMonths(last, CheckResult(NAME, passed, table, text))


def _not_judged(series: pd.Series) -> CompleteMonths:
    text = (
        "Derniers mois non jugés : il faut au moins deux ans d'historique ; les derniers mois "
        "peuvent être incomplets."
    )
    check = CheckResult(NAME, None, tables.empty(MONTHS_JUDGED), text)
    return CompleteMonths(str(series.index[-1]), check)
