"""What a column must hold before anything is estimated from it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd
from pandas.api import types as dtypes

from studylib.errors import EstimationError

LARGEST = 1e100
"""Beyond it, the square of a number is no longer one."""


def is_number(values: pd.Series) -> bool:
    """Whether a column holds real numbers, or true and false; a category of numbers does not.

    >>> is_number(pd.Series([1, 2])), is_number(pd.Series(["1"])), is_number(pd.Series([1j]))
    (True, False, False)
    """
    kind = values.dtype
    if isinstance(kind, pd.CategoricalDtype) or dtypes.is_complex_dtype(kind):
        return False
    return bool(dtypes.is_numeric_dtype(kind) or dtypes.is_bool_dtype(kind))


def check_present(frame: pd.DataFrame, names: Sequence[str]) -> None:
    """EstimationError when a column is absent, or is there twice."""
    absent = [name for name in names if name not in frame]
    if absent:
        raise EstimationError(
            f"Estimation : colonne {', '.join(map(str, absent))} absente ; colonnes présentes : "
            f"{', '.join(map(str, frame.columns))}."
        )
    twice = [name for name in names if isinstance(frame[name], pd.DataFrame)]
    if twice:
        raise EstimationError(
            f"Estimation : plusieurs colonnes nommées {', '.join(twice)} ; une seule est attendue."
        )


def check_columns(frame: pd.DataFrame, names: Sequence[str]) -> None:
    """EstimationError when a column is absent, is there twice, or has missing values."""
    check_present(frame, names)
    missing = [name for name in names if frame[name].isna().any()]
    if missing:
        raise EstimationError(
            f"Estimation : valeurs manquantes dans {', '.join(missing)} ; écarter ces personnes "
            "par une étape du diagramme de flux, ou compléter."
        )
    for name in names:
        if not all(dtypes.is_hashable(value) for value in frame[name].iloc[:1]):
            raise EstimationError(
                f"Estimation : la colonne {name} contient des listes ; une valeur simple par ligne "
                "est attendue."
            )


def check_numbers(frame: pd.DataFrame, names: Sequence[str]) -> None:
    """EstimationError when a column is not made of finite numbers of a usable size."""
    check_columns(frame, names)
    for name in names:
        if not is_number(frame[name]):
            raise EstimationError(
                f"Estimation : la colonne {name} n'est pas un nombre ({frame[name].dtype}) ; une "
                "date ou un texte est à mettre en nombre ou en indicatrices."
            )
        if not (frame[name].astype(float).abs() <= LARGEST).all():
            raise EstimationError(
                f"Estimation : la colonne {name} a une valeur infinie ou démesurée ; des nombres "
                f"d'au plus {LARGEST:g} sont attendus."
            )


def check_weights(frame: pd.DataFrame, weights: str) -> None:
    """EstimationError for weights that are negative, infinite or all zero."""
    check_numbers(frame, [weights])
    values = frame[weights].to_numpy(float)
    if not ((values >= 0).all() and 1e-9 < values.max(initial=0.0) < 1e9):
        raise EstimationError(
            f"Estimation : la colonne de poids {weights} va de {values.min(initial=0.0):g} à "
            f"{values.max(initial=0.0):g} ; des poids positifs ou nuls, non tous nuls et de taille "
            "ordinaire sont attendus."
        )


def levels_of(values: pd.Series, *, named: bool = False) -> list[Any]:
    """The categories of a column, in order; EstimationError when it is not one of categories.

    Dates are no categories, nor are values that differ from person to person; unless categories
    were asked for (``named``), nor are numbers written as text (« 70.1 »; codes without a decimal
    mark are).

    >>> levels_of(pd.Series(["84", "11", "84"]))
    ['11', '84']
    """
    kind, name = values.dtype, values.name
    if dtypes.is_datetime64_any_dtype(kind) or dtypes.is_timedelta64_dtype(kind):
        raise EstimationError(
            f"Estimation : la colonne {name} contient des dates ; la mettre en nombre (des jours, "
            "un âge) ou en classes."
        )
    found = values.unique()
    texts = [value for value in found if isinstance(value, str)]
    if not named and texts and all(_DECIMAL.fullmatch(value) for value in texts):
        raise EstimationError(
            f"Estimation : la colonne {name} contient des nombres écrits en texte (« {texts[0]} ») "
            "; la convertir en nombres."
        )
    if len(found) > max(FEW_LEVELS, len(values) / 2):
        raise EstimationError(
            f"Estimation : {len(found)} catégories dans la colonne {name} pour {len(values)} "
            "personnes ; un nombre, ou des classes de plusieurs personnes, sont attendus."
        )
    try:
        return sorted(found)
    except TypeError as mixed:
        raise EstimationError(
            f"Estimation : la colonne {name} mêle des valeurs de plusieurs types ; un seul est "
            "attendu."
        ) from mixed


FEW_LEVELS = 10
"""Categories that any column may have, however few the persons."""
_DECIMAL = re.compile(r"[-+]?\d+[.,]\d+")
