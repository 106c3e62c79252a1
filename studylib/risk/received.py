"""Tables given to an estimator: read whole, or refused in one sentence when a column is wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from pandas.api import types as dtypes

from studylib.errors import EstimationError
from studylib.risk.columns import LARGEST, is_number
from studylib.risk.logarithms import on_log_scale
from studylib.risk.rows import LARGEST_DAY, is_flag
from studylib.tables import ESTIMATES, check

UNBOUNDED = "no finite interval"
"""Why an estimate whose interval has no end, or begins at 0, cannot be corrected."""
FEWEST_DRAWS = 100
"""Draws below which the limits of a distribution are those of its extremes."""
LEAST_ERROR = 1e-6
"""Error of a log ratio below which no data are so many: the interval is a point."""


def received(
    table: pd.DataFrame,
    study: str,
    what: str,
    *,
    keys: Sequence[str] = (),
    texts: Sequence[str] = (),
    days: Sequence[str] = (),
    may_lack: Sequence[str] = (),
    flags: Sequence[str] = (),
    numbers: Sequence[str] = (),
) -> pd.DataFrame:
    """``table`` with its rows numbered from 0 and the columns named here in one type of their kind.

    ``keys`` are any values, ``texts`` become text, ``days`` whole numbers (those that ``may_lack``
    a value stay floating), ``flags`` true or false, ``numbers`` finite. EstimationError, which
    names ``study`` and the table (``what``), for an absent or repeated column, a missing value, or
    one of another kind: text or dates where numbers are expected are not converted.

    >>> uses = pd.DataFrame({"person_id": [7], "start": [3.0]}, index=[12])
    >>> received(uses, "Étude", "exposures", keys=["person_id"], days=["start"])
       person_id  start
    0          7      3
    """
    needed = list(dict.fromkeys([*keys, *texts, *days, *may_lack, *flags, *numbers]))
    _refuse_columns(table, study, what, needed)
    _refuse_missing(table, study, what, [name for name in needed if name not in may_lack])
    for name in keys:
        if table[name].dtype == object and not table[name].map(dtypes.is_hashable).all():
            raise EstimationError(
                f"{study} : colonne {name} de la table « {what} » ; une liste n'identifie rien."
            )
    read = table.reset_index(drop=True)
    found = {name: read[name].astype(str) for name in texts}
    for name in (*days, *may_lack, *flags, *numbers):
        values = read[name].infer_objects()
        if values.isna().all():  # or nobody: of no kind yet
            values = pd.Series(np.nan, index=read.index)
        fault = _fault(values, "flag" if name in flags else "number" if name in numbers else "day")
        if fault:
            raise EstimationError(f"{study} : colonne {name} de la table « {what} » ; {fault}.")
        kind = bool if name in flags else np.int64 if name in days else float
        found[name] = pd.Series(_floating(values), index=read.index).astype(kind)
    return read.assign(**found)


def received_ratios(
    table: pd.DataFrame, study: str, *, level: float = 0.95, whole: bool = False
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """An ESTIMATES table of ratios, with the logarithm and the error of each (``on_log_scale``).

    The error is NaN where there is no estimate, or no finite positive interval that has a width.
    EstimationError for another measure, and for an interval that runs backwards or does not hold
    its estimate; with ``whole`` also for one that lacks a limit or has no width.
    """
    known = check(table, ESTIMATES)
    known = known.assign(**{name: _floating(known[name]) for name in _NUMBERS})
    center, error = on_log_scale(known, level=level)
    narrow = (error < LEAST_ERROR) | (known["ci_low"] == known["ci_high"]).to_numpy()
    if whole:
        lacking = known[["estimate", "ci_low", "ci_high"]].isna()
        some = lacking.any(axis=1) & ~lacking.all(axis=1)
        wrong = int((some | (known["estimate"].notna() & (narrow | (known["ci_low"] < 0)))).sum())
        if wrong:
            raise EstimationError(
                f"{study} : {wrong} ligne(s) dont l'intervalle n'a pas de largeur, est négatif ou "
                "incomplet ; vérifier les colonnes ci_low et ci_high."
            )
    return known, center, np.where(narrow, np.nan, error)


_NUMBERS = ("estimate", "ci_low", "ci_high", "p_value", "person_years")


def _refuse_columns(table: pd.DataFrame, study: str, what: str, needed: Sequence[str]) -> None:
    absent = [name for name in needed if name not in table.columns]
    if absent:
        raise EstimationError(
            f"{study} : colonnes {', '.join(map(str, absent))} absentes de la table « {what} » ; "
            f"colonnes présentes : {', '.join(map(str, table.columns))}."
        )
    if not table.columns.is_unique:
        twice = table.columns[table.columns.duplicated()]
        raise EstimationError(
            f"{study} : la table « {what} » a deux colonnes {twice[0]} ; n'en garder qu'une."
        )


def _refuse_missing(table: pd.DataFrame, study: str, what: str, needed: Sequence[str]) -> None:
    empty = [name for name in needed if table[name].isna().any()]
    if empty:
        raise EstimationError(
            f"{study} : valeurs manquantes dans {', '.join(empty)} de la table « {what} » ; "
            "compléter ou écarter ces lignes."
        )


def _fault(values: pd.Series, kind: str) -> str:
    """What is wrong with a column of this kind, empty when nothing is."""
    if kind == "flag":
        return "" if is_flag(values) else "vrai ou faux, ou 1 et 0, attendu sur chaque ligne"
    if kind == "number":
        if not is_number(values):
            return f"des nombres sont attendus, reçu {values.dtype}"
        usable = (np.abs(_floating(values)) <= LARGEST).all()
        return "" if usable else f"des nombres finis, d'au plus {LARGEST:g}, sont attendus"
    if not is_number(values) or dtypes.is_bool_dtype(values):
        return (
            "des jours en nombres entiers, comptés depuis le 1er janvier 1970, sont attendus, reçu "
            f"{values.dtype}"
        )
    known = _floating(values)
    known = known[~np.isnan(known)]
    if (known != np.floor(known)).any() or (np.abs(known) > LARGEST_DAY).any():
        return f"des jours entiers, d'au plus {LARGEST_DAY:.0f}, sont attendus"
    return ""


def _floating(values: pd.Series) -> np.ndarray:
    """Floating numbers, a missing one being NaN."""
    return np.asarray(values.to_numpy(float, na_value=np.nan), float)
