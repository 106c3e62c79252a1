"""Spending per inhabitant of each zone, standardised on the nation's age and sex structure.

Reference: Breslow NE, Day NE (1987), IARC 82, vol. II, for direct standardisation; Rousseeuw PJ,
Croux C (1993), J Am Stat Assoc 88:1273, for the robust standard deviation of the zones;
Spiegelhalter DJ (2005), Stat Med 24:1185, for limits that hold between-unit dispersion.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from studylib import tables
from studylib.economics.schemas import STANDARDISED
from studylib.errors import EstimationError

Amount = Literal["reimbursed", "paid"]
AMOUNTS: tuple[Amount, ...] = ("reimbursed", "paid")
PERSPECTIVES: dict[str, str] = {"reimbursed": "Assurance maladie", "paid": "all payers"}
_STRATA = ["age_band", "sex"]
_NORMAL_MAD = 1.4826  # median absolute deviation to standard deviation, for a normal law


def standardised_spending(
    spending: pd.DataFrame,
    person_years: pd.DataFrame,
    *,
    amount: Amount = "reimbursed",
    level: float = 0.95,
) -> pd.DataFrame:
    """Standardised spending per inhabitant and year of each zone against the nation.

    Direct standardisation: the zone's spending per person-year in each age and sex stratum,
    weighted by the nation's person-years. The nation is the sum of the zones given.

    **What the limits are.** Amounts of millions of people have no sampling error worth showing.
    ``ci_low``–``ci_high`` say how steady the ratio is: a Student interval of the mean of the
    monthly log ratios, its standard error widened by the lag-1 autocorrelation when positive
    (effective number of months n(1-r)/(1+r)); autocorrelation is given. ``limit_…_2`` and ``_3``
    say how usual the ratio is among zones: the nation times exp(±2τ) and exp(±3τ), τ being 1.4826
    times the median absolute log ratio of the zones: a robust standard deviation of the zones
    around the nation (half of them lie within 0.67τ of it), which an extreme zone hardly moves.
    Neither is a test, neither adjusts for morbidity.

    Args:
        spending: month, zone, age_band, sex and the amount column; bands those of
            ``person_years``; rows of unknown zone, age or sex are left out.
        person_years: zone, age_band, sex, person_years over the same months.
        amount: ``reimbursed`` (perspective of the Assurance maladie) or ``paid`` (all payers).
        level: Level of the interval.

    Returns:
        One row per zone, the highest ratio first, in the columns of ``STANDARDISED``.

    Raises:
        EstimationError: fewer than 3 months or 3 zones, or a stratum without inhabitants.
    """
    known = _known_strata(spending, person_years, amount)
    frame = _against_nation(known, person_years, amount, level)
    ranged = frame.join(_usual_range(frame["ratio"]))
    ordered = ranged.sort_values("ratio", ascending=False, kind="stable")
    return tables.check(ordered.rename_axis("zone").reset_index(), STANDARDISED)


def _against_nation(
    known: pd.DataFrame, person_years: pd.DataFrame, amount: str, level: float
) -> pd.DataFrame:
    """Amounts of each zone, their ratio to the nation and how steady it is over months."""
    monthly = _standardised_by_month(known, person_years, amount)
    nation = known.groupby("month")[amount].sum() / person_years["person_years"].sum()
    ratios = monthly.sum(axis=1) / nation.sum()
    steadiness = _steadiness(np.log(monthly / nation), level)
    lived = person_years.groupby("zone")["person_years"].sum()
    spent = known.groupby("zone")[amount].sum()
    return pd.DataFrame(
        {
            "person_years": lived,
            "amount": spent,
            "crude": spent / lived,
            "standardised": monthly.sum(axis=1),
            "nation": nation.sum(),
            "difference": monthly.sum(axis=1) - nation.sum(),
            "ratio": ratios,
            "ci_low": ratios * np.exp(-steadiness["margin"]),
            "ci_high": ratios * np.exp(steadiness["margin"]),
            "autocorrelation": steadiness["autocorrelation"],
            "perspective": PERSPECTIVES[amount],
            "price_year": f"{nation.index.min()} – {nation.index.max()}",
        }
    )


def _usual_range(ratios: pd.Series) -> pd.DataFrame:
    """Limits at 2 and 3 robust standard deviations of the zones, and where each one stands."""
    logs = np.log(ratios)
    tau = _NORMAL_MAD * float(np.median(np.abs(logs)))
    limits = {
        f"limit_{side}_{width}": np.exp(sign * width * tau)
        for width in (2, 3)
        for side, sign in (("low", -1), ("high", 1))
    }
    return pd.DataFrame({**limits, "position": _position(logs, tau)}, index=ratios.index)


def _standardised_by_month(known: pd.DataFrame, lived: pd.DataFrame, amount: str) -> pd.DataFrame:
    """Zones in rows, months in columns: the month's amount per person-year of the whole period.

    Person-years cover the whole period, so months add up to an amount per inhabitant and year.
    """
    weights = lived.groupby(_STRATA)["person_years"].sum() / lived["person_years"].sum()
    keys = ["month", "zone", *_STRATA]
    rates = known.groupby(keys, as_index=False)[amount].sum().merge(lived, on=["zone", *_STRATA])
    rates = rates.merge(weights.rename("weight").reset_index(), on=_STRATA)
    rates["part"] = rates["weight"] * rates[amount] / rates["person_years"]
    by_month = pd.DataFrame(rates.groupby(["zone", "month"])["part"].sum().unstack())
    lacking = by_month.isna().any(axis=1)
    if lacking.any():
        raise EstimationError(
            f"Standardisation : la zone {lacking.idxmax()} n'a pas de montant pour tous les mois "
            "de la période ; ajouter les fichiers qui manquent."
        )
    return by_month


def _known_strata(spending: pd.DataFrame, person_years: pd.DataFrame, amount: str) -> pd.DataFrame:
    strata = person_years[["zone", *_STRATA]].drop_duplicates()
    if (person_years["person_years"] <= 0).any():
        raise EstimationError("Standardisation impossible : une strate d'âge et de sexe est vide.")
    known = spending.merge(strata, on=["zone", *_STRATA])
    months, zones = known["month"].nunique(), known["zone"].nunique()
    if months < 3 or zones < 3:
        raise EstimationError(
            f"Standardisation : {months} mois et {zones} zones reçus, au moins 3 de chaque "
            "attendus ; vérifier la période et les classes d'âge."
        )
    if known[amount].sum() <= 0:
        raise EstimationError("Standardisation : montant nul ou négatif sur la période.")
    return known


def _steadiness(log_ratios: pd.DataFrame, level: float) -> pd.DataFrame:
    """Half-width of the interval of the mean monthly log ratio, and its autocorrelation."""
    months = log_ratios.shape[1]
    centred = log_ratios.sub(log_ratios.mean(axis=1), axis=0).to_numpy()
    square = (centred**2).sum(axis=1)
    lagged = (centred[:, 1:] * centred[:, :-1]).sum(axis=1)
    autocorrelation = np.divide(lagged, square, out=np.zeros_like(square), where=square > 0)
    positive = np.clip(autocorrelation, 0, 0.9)
    effective = months * (1 - positive) / (1 + positive)
    deviation = np.sqrt(square / (months - 1))
    margin = stats.t.ppf((1 + level) / 2, months - 1) * deviation / np.sqrt(effective)
    return pd.DataFrame(
        {"margin": margin, "autocorrelation": autocorrelation}, index=log_ratios.index
    )


def _position(log_ratios: pd.Series, tau: float) -> np.ndarray:
    distance = np.abs(log_ratios)
    return np.select(
        [distance > 3 * tau, distance > 2 * tau], ["beyond_3", "beyond_2"], default="within_2"
    ).astype(object)


def unknown_share(spending: pd.DataFrame, *, amount: Amount = "reimbursed") -> float:
    """Share of the amount, from 0 to 1, whose zone, age or sex is unknown.

    >>> rows = {"zone": ["11", "11"], "age_band": ["0-19", "unknown"], "sex": ["1", "2"]}
    >>> unknown_share(pd.DataFrame({**rows, "reimbursed": [3.0, 1.0]}))
    0.25
    """
    unknown = (
        spending["zone"].eq("unknown")
        | spending["age_band"].eq("unknown")
        | spending["sex"].eq("9")
    )
    return float(spending.loc[unknown, amount].sum() / spending[amount].sum())
