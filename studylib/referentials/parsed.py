"""What a producer's file becomes: its table, and the day it describes when it says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from studylib.errors import DataMissing, TableError
from studylib.files import layout

_EPOCH = date(1970, 1, 1)
# UTF-8 read as Latin letters, or characters already lost.
_MANGLED = "Ã©|Ã¨|Ã\u00a0|Ã´|â€™|\ufffd"


@dataclass(frozen=True, eq=False)
class Parsed:
    """The table of a file and its state date, None when the file does not tell it."""

    frame: pd.DataFrame
    state: date | None = None


Parser = Callable[[Path], Parsed]


def days(path: Path, column: str, values: pd.Series, form: str) -> pd.Series:
    """Days since 1970-01-01 of dates written as ``form``; empty ones are missing.

    TableError names the first value that is no such date.
    """
    text = values.fillna("").astype(str).str.strip()
    written = text[text != ""]
    moments = pd.to_datetime(written, format=form, errors="coerce")
    if moments.isna().any():
        raise TableError(
            f"Fichier {path.name}, colonne {column} : « {written[moments.isna()].iloc[0]} » reçu, "
            f"date attendue ; {layout.AGAIN}."
        )
    counted = (moments - pd.Timestamp(_EPOCH)).dt.days
    return counted.astype("Int64").reindex(values.index)


def latest(values: pd.Series) -> date | None:
    """The latest of days since 1970-01-01, as a date; None when there is none.

    >>> latest(pd.Series([0, 31]))
    datetime.date(1970, 2, 1)
    """
    known = values.dropna()
    return _EPOCH + timedelta(days=int(known.max())) if len(known) else None


def as_day(when: date) -> int:
    """Days since 1970-01-01.

    >>> as_day(date(1970, 2, 1))
    31
    """
    return (when - _EPOCH).days


def require_form(path: Path, column: str, values: pd.Series, pattern: str, what: str) -> None:
    """Nothing when every value has the form of its code; TableError names the first wrong one."""
    wrong = values[~values.str.fullmatch(pattern)]
    if len(wrong):
        raise TableError(
            f"Fichier {path.name}, colonne {column} : {len(wrong)} valeur(s) refusée(s), par "
            f"exemple « {wrong.iloc[0]} », {what} attendu ; {layout.AGAIN}."
        )


def require_readable(path: Path, column: str, values: pd.Series) -> None:
    """Nothing when accents were read rightly; TableError for text decoded twice or damaged."""
    wrong = values.dropna()[values.dropna().str.contains(_MANGLED)]
    if len(wrong):
        raise TableError(
            f"Fichier {path.name}, colonne {column} : accents abîmés (« {wrong.iloc[0][:60]} ») ; "
            "reprendre le fichier du producteur sans le convertir."
        )


def records(path: Path, wanted: Sequence[str]) -> pd.DataFrame:
    """Rows of a JSON file of records, absent fields missing; ``wanted`` must each occur once.

    DataMissing when it is cut, TableError when it is not a list of records of these fields.
    """
    try:
        given: Any = json.loads(layout.read_text(path))
    except ValueError as error:
        raise DataMissing(
            f"Fichier {path.name} : JSON illisible ou tronqué ({error}) ; le télécharger à nouveau."
        ) from error
    if not isinstance(given, list) or not all(isinstance(row, dict) for row in given):
        raise TableError(f"Fichier {path.name} : une liste d'enregistrements JSON est attendue.")
    frame = pd.DataFrame(given)
    layout.require_columns(path, list(frame.columns), wanted)
    return frame


def empty_as_missing(values: pd.Series) -> pd.Series:
    """Stripped text, with None where nothing is written.

    >>> empty_as_missing(pd.Series([" a", ""])).tolist()
    ['a', None]
    """
    given = ["" if value is None or value != value else str(value).strip() for value in values]
    return pd.Series([text or None for text in given], index=values.index, dtype="object")
