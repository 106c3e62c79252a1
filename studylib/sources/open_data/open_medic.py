"""Open Medic: reimbursed drugs dispensed in town, one line per presentation (CIP13).

Two layouts give one table: Cnam's complete file (``;``, latin-1, decimal comma, points as
thousands mark in some years: summed by DuckDB) and the aggregate by CIP13. ``NA`` is a label the
producer writes, never a missing value, and products are found by their CIP13, never by label.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from studylib import tables
from studylib.errors import TableError
from studylib.files import layout
from studylib.sources.engine import DuckEngine
from studylib.sources.open_data.schemas import PRODUCTS

UNKNOWN_PRODUCT = "9999999999999"
COMPLETE_COLUMNS = ("ATC5", "CIP13", "L_CIP13", "TOP_GEN", "BEN_REG", "BOITES", "REM", "BSE")
AGGREGATE_COLUMNS = ("cip13", "lib_cip13", "remboursement_total")
_FRENCH_NUMBER = r"^-?(\d+|\d{1,3}([. ]\d{3})+)(,\d+)?$"


def read_aggregate(path: Path) -> pd.DataFrame:
    """The aggregate by CIP13 in the columns of ``PRODUCTS`` (no boxes, no ATC)."""
    raw = layout.read_delimited(path, separator=",", wanted=AGGREGATE_COLUMNS)
    frame = pd.DataFrame(
        {
            "cip13": _cip13(path, "cip13", raw["cip13"]),
            "label": raw["lib_cip13"].str.strip().replace("NA", ""),
            "reimbursed": layout.numbers(path, "remboursement_total", raw["remboursement_total"]),
            "boxes": float("nan"),
            "atc_file": "",
        }
    )
    return tables.check(frame, PRODUCTS)


def check_complete(path: Path) -> None:
    """Nothing when the header is that of Cnam's complete file; else a TableError."""
    header = [name.upper() for name in layout.header_of(path, ";")]
    layout.require_columns(path, header, COMPLETE_COLUMNS)


def read_complete(path: Path) -> pd.DataFrame:
    """Cnam's complete file summed by CIP13, in the columns of ``PRODUCTS``."""
    check_complete(path)
    encoding = "utf-8" if layout.encoding_of(path) == "utf-8-sig" else "latin-1"
    source = (
        f"read_csv(?, delim=';', header=true, all_varchar=true, encoding='{encoding}', "
        "normalize_names=false, quote='')"
    )
    with DuckEngine.start().connection as engine:
        try:
            engine.execute(
                f"CREATE TEMP TABLE lines AS SELECT {_lines()} FROM {source}", [str(path)]
            )
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise TableError(
                f"Fichier {path.name} illisible ({reason}) : 21 colonnes séparées par « ; » "
                "attendues ; le télécharger à nouveau."
            ) from error
        for column in ("boxes", "rem"):
            _require_french_numbers(engine, path, column)
        sums = engine.execute(
            f"SELECT cip13, min(label) AS label, sum({_number('rem')}) AS reimbursed, "
            f"sum({_number('boxes')}) AS boxes, arg_max(atc5, {_number('rem')}) AS atc_file "
            "FROM lines GROUP BY cip13 ORDER BY reimbursed DESC, cip13"
        ).df()
    frame = sums.assign(
        cip13=_cip13(path, "CIP13", sums["cip13"].fillna("")),
        label=sums["label"].fillna("").str.strip().replace("NA", ""),
        atc_file=sums["atc_file"].fillna("").str.strip(),
    )
    return tables.check(frame, PRODUCTS)


def _lines() -> str:
    return (
        "trim(CIP13) AS cip13, L_CIP13 AS label, trim(ATC5) AS atc5, "
        "trim(BOITES) AS boxes, trim(REM) AS rem"
    )


def _number(column: str) -> str:
    bare = f"replace(replace({column}, '.', ''), ' ', '')"
    return f"CAST(replace({bare}, ',', '.') AS DOUBLE)"


def _require_french_numbers(engine: duckdb.DuckDBPyConnection, path: Path, column: str) -> None:
    """A file saved again with decimal points would be multiplied by 100: refused here."""
    found: tuple[Any, ...] | None = engine.execute(
        f"SELECT {column} FROM lines WHERE {column} IS NULL "
        f"OR NOT regexp_matches({column}, '{_FRENCH_NUMBER}') LIMIT 1"
    ).fetchone()
    if found is not None:
        name = {"boxes": "BOITES", "rem": "REM"}[column]
        raise TableError(
            f"Fichier {path.name}, colonne {name} : « {found[0] or ''} » reçu, nombre à virgule "
            f"décimale attendu (milliers par point ou sans marque) ; {layout.AGAIN}."
        )


def _cip13(path: Path, column: str, values: pd.Series) -> pd.Series:
    bare = values.str.strip().str.replace(r"\.0*$", "", regex=True)
    wrong = bare[~bare.str.fullmatch(r"\d{13}")]
    if len(wrong):
        raise TableError(
            f"Fichier {path.name}, colonne {column} : « {wrong.iloc[0]} » reçu, 13 chiffres "
            f"attendus (un tableur écrit 3,4E+12 et perd le code) ; {layout.AGAIN}."
        )
    return bare


def read_descriptor(path: Path) -> pd.DataFrame:
    """Labels of Cnam's descriptor: system (ATC1 … ATC5, CIP13), code, label.

    The CIP13 sheet writes codes as decimal numbers; they come back as 13 digits.
    """
    book = layout.sheets(path)
    systems = ("ATC1", "ATC2", "ATC3", "ATC4", "ATC5", "CIP13")
    layout.require_columns(path, list(book), systems)
    rows = [
        (system, _code_text(row[0]), str(row[1]).strip())
        for system in systems
        for row in book[system][1:]
        if len(row) > 1 and row[0] != ""
    ]
    frame = pd.DataFrame(rows, columns=["system", "code", "label"])
    return frame.drop_duplicates(["system", "code"], ignore_index=True)


def _code_text(value: object) -> str:
    return str(int(value)) if isinstance(value, float) else str(value).strip()
