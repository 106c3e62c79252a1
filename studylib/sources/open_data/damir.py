"""Open DAMIR: all reimbursed care by month of care, zone, age and sex.

Two layouts give one table: Cnam's monthly files (55 columns, one line per combination, several
gigabytes: summed by DuckDB) and the aggregate by month, region, age and sex (8 columns, codes
written as decimal numbers). Months are months of **care**: the last ones lack the bills still to
come (``economics.complete_months``).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb
import pandas as pd

from studylib import tables
from studylib.errors import TableError
from studylib.files import layout
from studylib.sources.engine import DuckEngine
from studylib.sources.open_data.schemas import SPENDING

AGE_BANDS = {
    "0": "0-19",
    "20": "20-29",
    "30": "30-39",
    "40": "40-49",
    "50": "50-59",
    "60": "60-69",
    "70": "70-79",
    "80": "80+",
    "99": "unknown",
}
SEXES = {"0": "9", "1": "1", "2": "2", "9": "9"}
ZONES = {"5": "5", "93": "93", "0": "unknown", "99": "unknown"} | {
    code: code for code in ("11", "24", "27", "28", "32", "44", "52", "53", "75", "76", "84")
}
CODED = ("SOI_ANN", "SOI_MOI", "BEN_SEX_COD", "AGE_BEN_SNDS", "BEN_RES_REG")
AMOUNTS = ("FLT_PAI_MNT", "FLT_REM_MNT")
WANTED = (*CODED, *AMOUNTS)
MONTHLY_COLUMNS = 55


def read_aggregate(path: Path) -> pd.DataFrame:
    """The aggregate file in the columns of ``SPENDING``."""
    raw = layout.read_delimited(path, separator=",", wanted=WANTED)
    coded = {name: layout.codes(path, name, raw[name]) for name in CODED}
    amounts = {name: layout.numbers(path, name, raw[name]) for name in AMOUNTS}
    return _in_our_columns(path, pd.DataFrame({**coded, **amounts}))


def read_monthly(paths: Iterable[Path]) -> pd.DataFrame:
    """Cnam's monthly files, summed over all of them, in the columns of ``SPENDING``.

    A month of care is spread over the files of several months of payment: give consecutive ones.
    """
    parts = [_sums_of_one_month(path) for path in paths]
    both = pd.concat(parts, ignore_index=True)
    keys = ["month", "zone", "age_band", "sex"]
    return tables.check(both.groupby(keys, as_index=False).sum(), SPENDING)


def check_monthly(path: Path) -> None:
    """Nothing when the file has the 55 columns of Cnam's layout; else a TableError."""
    header = layout.header_of(path, ";")
    layout.require_columns(path, header, WANTED)
    if len(header) != MONTHLY_COLUMNS:
        raise TableError(
            f"Fichier {path.name} : {len(header)} colonnes trouvées, {MONTHLY_COLUMNS} attendues "
            "(format en vigueur depuis 2015) ; les fichiers antérieurs ne sont pas lus."
        )


def _sums_of_one_month(path: Path) -> pd.DataFrame:
    check_monthly(path)
    amounts = ", ".join(f"sum(CAST({name} AS DOUBLE)) AS {name}" for name in AMOUNTS)
    query = (
        f"SELECT {', '.join(CODED)}, {amounts} FROM read_csv(?, delim=';', header=true, "
        f"all_varchar=true, null_padding=true, quote='') GROUP BY {', '.join(CODED)}"
    )
    with DuckEngine.start().connection as engine:
        try:
            sums = engine.execute(query, [str(path)]).df()
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise TableError(
                f"Fichier {path.name} illisible ({reason}) : montants à point décimal et lignes "
                "de 55 colonnes attendus ; le télécharger à nouveau."
            ) from error
    coded = {name: layout.codes(path, name, sums[name].fillna("")) for name in CODED}
    return _in_our_columns(path, sums.assign(**coded))


def _translated(path: Path, column: str, values: pd.Series, known: dict[str, str]) -> pd.Series:
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise TableError(
            f"Fichier {path.name}, colonne {column} : code « {unknown[0]} » reçu, "
            f"{', '.join(known)} attendus ; vérifier la version du fichier (studylib data list)."
        )
    return values.map(known)


def _in_our_columns(path: Path, raw: pd.DataFrame) -> pd.DataFrame:
    months = {str(number): f"{number:02d}" for number in range(1, 13)}
    years = {str(year): str(year) for year in range(2009, 2100)}
    frame = pd.DataFrame(
        {
            "month": _translated(path, "SOI_ANN", raw["SOI_ANN"], years)
            + "-"
            + _translated(path, "SOI_MOI", raw["SOI_MOI"], months),
            "zone": _translated(path, "BEN_RES_REG", raw["BEN_RES_REG"], ZONES),
            "age_band": _translated(path, "AGE_BEN_SNDS", raw["AGE_BEN_SNDS"], AGE_BANDS),
            "sex": _translated(path, "BEN_SEX_COD", raw["BEN_SEX_COD"], SEXES),
            "paid": raw["FLT_PAI_MNT"],
            "reimbursed": raw["FLT_REM_MNT"],
        }
    )
    keys = ["month", "zone", "age_band", "sex"]
    summed = frame.groupby(keys, as_index=False)[["paid", "reimbursed"]].sum()
    return tables.check(summed, SPENDING)
