"""Raw tables as they are found: types, widths, years, and what is said when they are not right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet
from snds.drawn_town import months, write, write_dispensings, write_persons

from studylib.errors import DataMissing, TableError
from studylib.sources import Engine
from studylib.sources.engine import EngineSettings
from studylib.sources.snds import layout, reading
from studylib.sources.snds.calendar import period
from studylib.sources.snds.raw import Raw

CODE = Path(layout.__file__).parent


@pytest.fixture
def engine() -> Iterator[Engine]:
    """An engine that ends with the test."""
    with Engine.start(EngineSettings(threads=1)) as started:
        yield started


def _written(folder: Path, table: str, columns: dict[str, pa.Array]) -> None:
    """A table with these columns, and every other required one empty."""
    rows = len(next(iter(columns.values())))
    every = {c.name: pa.nulls(rows) for c in layout.table(table).columns} | columns
    target = folder / table / "0.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table(every), target)


def test_numbers_and_times_become_what_the_layout_says(tmp_path: Path, engine: Engine) -> None:
    """Codes kept as numbers get their zeros back, times are cut, small letters are read."""
    care = [datetime(2023, 3, 1, 13, 45), datetime(1600, 1, 1)]
    _written(
        tmp_path,
        "ER_PRS_F",
        {
            "EXE_SOI_DTD": pa.array(care, pa.timestamp("us")),
            "BEN_RES_DPT": pa.array([1, 971], pa.int32()),
            "PFS_PRE_NUM": pa.array([" 12 ", ""]),
            "DPN_QLF": pa.array([71.0, None]),
            "RGO_REM_TAU": pa.array([65, 100], pa.decimal128(9, 2)),
        },
    )
    file = tmp_path / "ER_PRS_F" / "0.parquet"
    table = parquet.read_table(file)
    parquet.write_table(table.rename_columns([name.lower() for name in table.column_names]), file)
    found = engine.collect(Raw("essai", tmp_path, engine).table("ER_PRS_F"))
    assert found["EXE_SOI_DTD"].tolist() == [(date(2023, 3, 1) - date(1970, 1, 1)).days, -135140]
    assert found["BEN_RES_DPT"].tolist() == ["001", "971"]
    assert found["PFS_PRE_NUM"].fillna("-").tolist() == ["12", "-"]
    assert found["DPN_QLF"].fillna(0).tolist() == [71, 0]
    assert found["RGO_REM_TAU"].tolist() == [65.0, 100.0]


def test_years_of_the_pmsi(tmp_path: Path, engine: Engine) -> None:
    """Yearly tables are one table; a column not collected in a year is empty there, and told."""
    for year in (14, 15):
        names = [c.name for c in layout.table("T_MCOaaB").columns]
        kept = [n for n in names if n != "TYP_GEN_RSA"] if year == 14 else names
        folder = tmp_path / f"T_MCO{year}B"
        folder.mkdir()
        one = pa.table(
            {name: pa.array(["1"]) if name == "ETA_NUM" else pa.nulls(1) for name in kept}
        )
        parquet.write_table(one, folder / "0.parquet")
    raw = Raw("essai", tmp_path, engine)
    found = engine.collect(raw.table("T_MCOaaB", ["ETA_NUM", "TYP_GEN_RSA"]))
    assert sorted(found["YEAR"]) == [2014, 2015]
    assert raw.years("T_MCOaaB") == (2014, 2015)
    assert not raw.collected("T_MCOaaB", "TYP_GEN_RSA", 2014)
    told = raw.codings().set_index("column").loc["TYP_GEN_RSA"]
    assert (told["table"], told["year"], told["form"]) == ("T_MCOaaB", 2014, "not_collected")


def test_a_missing_year_stops(tmp_path: Path, engine: Engine) -> None:
    """A year between two others cannot be read as if nothing had happened in it."""
    for name in ("ER_PRS_F_2019", "ER_PRS_F_2021"):
        write(tmp_path, "ER_PRS_F", [{}], name=name)
    with pytest.raises(DataMissing, match=r"table ER_PRS_F : année 2020 absente"):
        Raw("essai", tmp_path, engine).table("ER_PRS_F")


def test_an_absent_table_is_named(tmp_path: Path, engine: Engine) -> None:
    """With the folder that was expected."""
    with pytest.raises(DataMissing, match="la table IR_PHA_R est absente"):
        Raw("essai", tmp_path, engine).table("IR_PHA_R")
    with pytest.raises(DataMissing, match="n'existe pas"):
        Raw("essai", tmp_path / "no", engine).has("IR_PHA_R")


def test_an_absent_column_is_named(tmp_path: Path, engine: Engine) -> None:
    """With its table and file."""
    file = write(tmp_path, "IR_PHA_R", [{}])
    parquet.write_table(parquet.read_table(file).drop_columns(["PHA_ATC_C07"]), file)
    with pytest.raises(TableError, match=r"IR_PHA_R \(0.parquet\) : colonne PHA_ATC_C07 absente"):
        Raw("essai", tmp_path, engine).table("IR_PHA_R")


@pytest.mark.parametrize(
    ("column", "values", "wanted"),
    [
        ("EXE_SOI_DTD", pa.array(["01/03/2023"]), "une date"),
        ("BEN_NIR_PSA", pa.array([date(2023, 1, 1)]), "un texte"),
        ("PRS_NAT_REF", pa.array(["3313"]), "un entier"),
        ("RGO_REM_TAU", pa.array(["65,00"]), "un nombre"),
    ],
)
def test_a_wrong_type_is_named(
    column: str, values: pa.Array, wanted: str, tmp_path: Path, engine: Engine
) -> None:
    """With what was expected, and what to do."""
    _written(tmp_path, "ER_PRS_F", {column: values})
    with pytest.raises(TableError, match=f"colonne {column} : type .*, attendu {wanted}"):
        Raw("essai", tmp_path, engine).table("ER_PRS_F")


def test_a_truncated_file_is_named(tmp_path: Path, engine: Engine) -> None:
    """Whether its end or its middle is damaged."""
    file = write(tmp_path, "IR_PHA_R", [{}])
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(DataMissing, match=r"table IR_PHA_R : le fichier 0.parquet ne se lit pas"):
        Raw("essai", tmp_path, engine).table("IR_PHA_R")


def test_damaged_pages_are_told(tmp_path: Path) -> None:
    """A file whose end is good and whose pages are not stops the reading with a sentence."""
    flows = list(months(date(2023, 4, 1), date(2023, 12, 1)))
    lines = [
        {"psa": f"{n:06d}", "day": date(2023, 3, 1), "boxes": 1, "FLX_DIS_DTD": flows[n % 9]}
        for n in range(3_000)
    ]
    write_dispensings(tmp_path, lines)
    write_persons(tmp_path, *[line["psa"] for line in lines])
    file = tmp_path / "ER_PRS_F" / "0.parquet"
    content = bytearray(file.read_bytes())
    content[200 : len(content) // 2] = bytes(len(content) // 2 - 200)
    file.write_bytes(bytes(content))
    with pytest.raises(DataMissing, match=r"table ER_PRS_F : le fichier 0\.parquet est abîmé"):
        reading.read("essai", tmp_path, tmp_path / "events")


def test_tables_without_lines(tmp_path: Path, engine: Engine) -> None:
    """An empty table of prestations is told; empty tables beside it are read as such."""
    write(tmp_path, "ER_PRS_F", [])
    with pytest.raises(DataMissing, match="table ER_PRS_F : aucune ligne"):
        period(Raw("essai", tmp_path, engine))
    lines = [
        {"psa": "A", "day": date(2023, 3, 1), "boxes": 1},
        {"psa": "A", "day": date(2023, 3, 9), "boxes": 1, "FLX_DIS_DTD": date(2023, 12, 1)},
    ]
    write_dispensings(tmp_path, lines)
    write_persons(tmp_path, "A")
    for table in ("ER_ETE_F", "ER_UCD_F", "IR_IMB_R", "KI_CCI_R"):
        write(tmp_path, table, [])
    reading.read("essai", tmp_path, tmp_path / "events", engine=engine)
    assert len(pd.read_parquet(tmp_path / "events" / "dispensings")) == 2
    assert pd.read_parquet(tmp_path / "events" / "long_term_conditions").empty


# Columns named by the code that reads and of which nothing follows when they are absent.
HARMLESS = {
    ("T_MCOaaE", "REG_ETA"): "the FINESS tells the region too",
    ("T_MCOaaFH", "UCD_UCD_COD"): "COD_UCD is required",
    ("T_MCOaaFHSTC", "UCD_UCD_COD"): "UCD_COD is required",
    ("IR_PHA_R", "PHA_DDD_NBR"): "added by a site; 30 or 90 days a pack otherwise",
    ("IR_PHA_R", "PHA_PRS_IDE"): "read in ER_PHA_F",
    ("T_MCOaaVALO", "GHS_NUM"): "read in T_MCOaaB",
    ("T_MCOaaFB", "GHS_NUM"): "read in T_MCOaaB",
    ("T_MCOaaE", "ETB_EXE_FIN"): "read in ER_ETE_F",
    ("T_MCOaaCSTC", "EXE_SOI_DTF"): "read in T_MCOaaC",
    ("ER_PRS_F", "EXE_SOI_DTF"): "read in T_MCOaaC",
    ("ER_PRS_F", "BEN_CDI_NIR"): "read in IR_BEN_R",
    ("ER_PRS_F", "BEN_SEX_COD"): "read in IR_BEN_R",
    ("ER_PRS_F", "BEN_NAI_ANN"): "read in IR_BEN_R",
}


def test_no_column_that_is_read_can_be_absent_in_silence() -> None:
    """Each one is required, or says in French what follows from its absence."""
    code = "\n".join(file.read_text(encoding="utf-8") for file in CODE.glob("*.py"))
    named = set(re.findall(r'"([A-Z][A-Z0-9_]+)"', code))
    silent = {
        (table.name, column.name)
        for table in layout.tables().values()
        for column in table.columns
        if column.name in named and not column.required and not column.without
    }
    assert silent == set(HARMLESS)
