"""Regions compared at equal age and sex: direct standardisation, and the excess over the whole.

References: Fay MP, Feuer EJ (1997), Stat Med 16:791, for the interval of a standardised rate;
Wilson EB (1927), J Am Stat Assoc 22:209, taken at the effective size of the standardised share;
Breslow NE, Day NE (1987), IARC 82, vol. II, for direct and indirect standardisation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from studylib.errors import EstimationError
from studylib.tables import REGIONAL, check, empty

Measure = Literal["share", "rate"]
MARGIN = ("age_band", "sex")
Values = np.ndarray


def standardised(
    strata: pd.DataFrame,
    *,
    indicator: str,
    measure: Measure,
    whole: str,
    per: int = 1,
    by: str = "region",
    margin: Sequence[str] = MARGIN,
    level: float = 0.95,
) -> pd.DataFrame:
    """Each region's figure at the age and sex structure of all of them, in ``REGIONAL``.

    ``strata`` has the columns ``by`` and ``margin``, then persons, events and, for a rate,
    person_years: one row per stratum. A ``share`` is persons with the event over persons; a
    ``rate`` is events per ``per`` person-years, taken for Poisson (repeated events of one person
    make its interval too narrow). The standard is the sum of the regions given, which is also the
    last row, called ``whole``; ``reference`` repeats its figure on every row.

    ``expected`` is what the region would count at the whole's own figure in each stratum, and
    ``excess`` what it counts beyond that; its interval holds the chance of the region and of the
    others, for the region is a part of the whole. ``estimate`` is missing where the region has
    nobody in a stratum that the standard needs.

    EstimationError when a stratum is repeated, or counts more events than persons for a share.

    >>> made = standardised(pd.DataFrame({"region": ["A", "B"], "age_band": ["75+", "75+"],
    ...     "sex": ["F", "F"], "persons": [100, 100], "events": [30, 10]}),
    ...     indicator="x", measure="share", whole="all")
    >>> made[["population", "estimate", "expected", "excess"]].values.tolist()
    [['A', 0.3, 20.0, 10.0], ['B', 0.1, 20.0, -10.0], ['all', 0.2, 40.0, 0.0]]
    """
    _refuse_level(level)
    checked = _checked(strata, by, margin, measure)
    if checked.empty:
        return empty(REGIONAL)
    base = "persons" if measure == "share" else "person_years"
    events, size = (_wide(checked, by, margin, column) for column in ("events", base))
    rows = _rows(events.to_numpy(), size.to_numpy(), measure, level)
    table = pd.DataFrame(rows).assign(population=[*events.index.astype(str), whole])
    for name, sums in checked.groupby(by)[["persons", "events", "person_years"]].sum().items():
        table[str(name)] = [*sums, sums.sum()]
    for name in ("crude", "estimate", "ci_low", "ci_high", "reference"):
        table[name] *= per
    if measure == "share":
        table["person_years"] = np.nan
    named = table.assign(indicator=indicator, measure=measure, per=per)
    return check(named[REGIONAL.names], REGIONAL)


def avoidable(regional: pd.DataFrame, *, share: float) -> pd.DataFrame:
    """REGIONAL rows with ``share`` of the excess as what could be avoided, never under zero.

    A region at or below the whole has nothing to avoid: 0, with the upper limit of its interval.
    ``share`` is a scenario (1: the region reaches the whole's figure), not an estimate.

    EstimationError when the share is not between 0 and 1.
    """
    if not 0 < share <= 1:
        raise EstimationError(
            f"Cas évitables : part de {share} reçue ; une part du dépassement est attendue, plus "
            "grande que 0 et d'au plus 1."
        )
    columns = ["excess", "excess_low", "excess_high"]
    return regional.assign(**{name: share * regional[name].clip(lower=0) for name in columns})


def with_share(counts: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """``counts`` with the share events / persons and Wilson's interval: estimate, ci_low, ci_high.

    Missing where there is nobody.

    Reference: Wilson EB (1927), J Am Stat Assoc 22:209.

    >>> with_share(pd.DataFrame({"persons": [10], "events": [1]})).round(4).iloc[0].tolist()
    [10.0, 1.0, 0.1, 0.0179, 0.4042]
    """
    _refuse_level(level)
    size = counts["persons"].to_numpy(dtype=float)
    z = float(stats.norm.ppf((1 + level) / 2))
    share = np.divide(
        counts["events"].to_numpy(dtype=float), size, out=np.full(len(size), np.nan), where=size > 0
    )
    safe = np.where(size > 0, size, np.nan)
    centre = share + z**2 / (2 * safe)
    half = z * np.sqrt(share * (1 - share) / safe + z**2 / (4 * safe**2))
    scale = 1 + z**2 / safe
    return counts.assign(
        estimate=share,
        ci_low=np.clip((centre - half) / scale, 0, 1),
        ci_high=np.clip((centre + half) / scale, 0, 1),
    )


def _refuse_level(level: float) -> None:
    if not 0 < level < 1:
        raise EstimationError(f"Niveau {level} : attendu entre 0 et 1 exclus, par exemple 0.95.")


def _checked(
    strata: pd.DataFrame, by: str, margin: Sequence[str], measure: Measure
) -> pd.DataFrame:
    keys = [by, *margin]
    needed = [*keys, "persons", "events", *(["person_years"] if measure == "rate" else [])]
    absent = [name for name in needed if name not in strata.columns]
    if absent:
        raise EstimationError(
            f"Standardisation : colonnes absentes {', '.join(absent)} ; reçu "
            f"{', '.join(map(str, strata.columns))}."
        )
    if strata.duplicated(keys).any():
        raise EstimationError(
            f"Standardisation : une même strate ({', '.join(keys)}) figure deux fois ; sommer "
            "les lignes avant."
        )
    if measure == "share" and (strata["events"] > strata["persons"]).any():
        raise EstimationError(
            "Standardisation : une strate compte plus de cas que de personnes ; pour une part, "
            "compter chaque personne une fois."
        )
    if "person_years" not in strata.columns:
        strata = strata.assign(person_years=np.nan)
    return strata


def _wide(strata: pd.DataFrame, by: str, margin: Sequence[str], column: str) -> pd.DataFrame:
    """Regions in rows, strata in columns, 0 where there is nobody."""
    wide = strata.pivot_table(
        index=by, columns=list(margin), values=column, aggfunc="sum", fill_value=0.0
    )
    return wide.astype(float)


def _rows(events: Values, size: Values, measure: Measure, level: float) -> dict[str, Values]:
    """Figures of every region, then of the whole, before scaling."""
    together, people = events.sum(axis=0), size.sum(axis=0)
    used = people > 0
    events, size = events[:, used], size[:, used]
    whole_rates, weights = together[used] / people[used], people[used] / people.sum()
    all_events = np.vstack([events, together[used]])
    all_size = np.vstack([size, people[used]])
    with np.errstate(divide="ignore", invalid="ignore"):
        crude = all_events.sum(axis=1) / all_size.sum(axis=1)
        interval = _share_interval if measure == "share" else _rate_interval
        estimate, low, high = interval(all_events, all_size, weights, level)
    lacking = (all_size == 0).any(axis=1)
    estimate, low, high = (np.where(lacking, np.nan, v) for v in (estimate, low, high))
    expected = (all_size * whole_rates).sum(axis=1)
    excess = all_events.sum(axis=1) - expected
    excess[-1] = 0.0  # the whole against itself
    half = _excess_error(events, size, people[used], measure) * stats.norm.ppf((1 + level) / 2)
    half = np.append(half, 0.0)
    return {
        "crude": crude,
        "estimate": estimate,
        "ci_low": low,
        "ci_high": high,
        "reference": np.full(len(crude), estimate[-1]),
        "expected": expected,
        "excess": excess,
        "excess_low": excess - half,
        "excess_high": excess + half,
    }


def _rate_interval(
    events: Values, size: Values, weights: Values, level: float
) -> tuple[Values, Values, Values]:
    """Fay and Feuer's gamma interval of a weighted sum of Poisson rates."""
    tail = (1 - level) / 2
    each = weights / size
    rate, variance = (each * events).sum(axis=1), (each**2 * events).sum(axis=1)
    most = each.max(axis=1)
    low = variance / (2 * rate) * stats.chi2.ppf(tail, 2 * rate**2 / variance)
    wider, above = variance + most**2, rate + most
    high = wider / (2 * above) * stats.chi2.ppf(1 - tail, 2 * above**2 / wider)
    return rate, np.where(rate > 0, low, 0.0), high


def _share_interval(
    events: Values, size: Values, weights: Values, level: float
) -> tuple[Values, Values, Values]:
    """Wilson's interval at the size that gives the standardised share its variance."""
    shares = np.where(size > 0, events / size, np.nan)
    share = (weights * shares).sum(axis=1)
    variance = (weights**2 * shares * (1 - shares) / size).sum(axis=1)
    effective = np.where(variance > 0, share * (1 - share) / variance, size.sum(axis=1))
    z = stats.norm.ppf((1 + level) / 2)
    centre = share + z**2 / (2 * effective)
    half = z * np.sqrt(share * (1 - share) / effective + z**2 / (4 * effective**2))
    scale = 1 + z**2 / effective
    return share, np.clip((centre - half) / scale, 0, 1), np.clip((centre + half) / scale, 0, 1)


def _excess_error(events: Values, size: Values, people: Values, measure: Measure) -> Values:
    """Standard error of observed less expected: the region's own events weigh 1 - f, others' f.

    f is the region's part of the stratum, for the whole that gives the expected holds the region.
    """
    part = size / people
    spread = events
    if measure == "share":
        spread = events * (1 - np.divide(events, size, out=np.zeros_like(events), where=size > 0))
    others = spread.sum(axis=0) - spread
    return np.asarray(np.sqrt(((1 - part) ** 2 * spread + part**2 * others).sum(axis=1)))
