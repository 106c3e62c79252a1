"""The sites of a synthesis: their estimates on the scale where they are pooled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from studylib.errors import EstimationError
from studylib.risk.logarithms import RATIOS, quantile
from studylib.risk.received import received_ratios
from studylib.tables import ESTIMATES, check

NAME = "Méta-analyse"
KEY = ["analysis", "comparison", "outcome", "measure"]
_DIFFERENCES = ("risk_difference", "rate_difference")


@dataclass(frozen=True)
class Sites:
    """The sites of one question: values and variances on the scale where they are pooled."""

    rows: pd.DataFrame
    values: np.ndarray
    variances: np.ndarray
    excluded: int
    ratio: bool

    def shown(self, *values: float) -> tuple[float, ...]:
        """Values back on the scale of the measure."""
        with np.errstate(over="ignore"):  # a ratio too large to be written is infinite
            return tuple(float(np.exp(value)) if self.ratio else float(value) for value in values)


def questions(sites: pd.DataFrame, level: float) -> Iterator[Sites]:
    """The sites of each question put to them."""
    known = check(sites, ESTIMATES)
    if known.empty:
        raise EstimationError("Méta-analyse : aucune estimation reçue.")
    for _, rows in known.groupby(["analysis", "comparison"], sort=False, observed=True):
        for name in ("outcome", "measure"):
            if rows[name].nunique() > 1:
                raise EstimationError(
                    f"Méta-analyse de {rows['comparison'].iloc[0]} : plusieurs valeurs de {name} "
                    f"({', '.join(sorted(rows[name].unique()))}) ; une seule se combine, les "
                    "libellés des sites doivent être identiques."
                )
        twice = rows.loc[rows["population"].duplicated(), "population"]
        if len(twice):
            raise EstimationError(
                f"Méta-analyse : le site « {twice.iloc[0]} » est donné deux fois ; garder une "
                "seule estimation par site."
            )
        yield _site_values(rows, level)


def _site_values(rows: pd.DataFrame, level: float) -> Sites:
    measure = str(rows["measure"].iloc[0])
    if measure in RATIOS:
        _, values, errors = received_ratios(rows, NAME, level=level)
    elif measure in _DIFFERENCES:
        values, errors = _differences(rows, level)
    else:
        raise EstimationError(
            f"Méta-analyse : la mesure {measure} ne se combine pas ; mesures acceptées : "
            f"{', '.join((*RATIOS, *_DIFFERENCES))}."
        )
    kept = np.isfinite(values) & np.isfinite(errors)
    return Sites(
        rows[kept] if kept.any() else rows,
        values[kept],
        errors[kept] ** 2,
        int((~kept).sum()),
        measure in RATIOS,
    )


def _differences(rows: pd.DataFrame, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Differences and their errors, NaN where there is no finite interval."""
    value, low, high = (rows[n].to_numpy(float) for n in ("estimate", "ci_low", "ci_high"))
    if ((low > high) | (value < low) | (value > high)).any():
        raise EstimationError(
            f"{NAME} : un intervalle est inversé ou ne contient pas l'estimation ; vérifier les "
            "colonnes estimate, ci_low et ci_high."
        )
    known = np.isfinite(value) & np.isfinite(low) & np.isfinite(high) & (low < high)
    errors = np.full(len(value), np.nan)
    errors[known] = (high[known] - low[known]) / (2 * quantile(level))
    return value, errors
