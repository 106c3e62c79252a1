"""Insee population by open-data zone, age and sex, on 1 January.

Insee's tables list regions *and* three sub-totals that would double the population if summed;
regions are added up into open-data zones (93: Provence-Alpes-Côte d'Azur and Corse; 5: the five
DOM). Age classes of the yearly table and of the spending file share only 0-19, 20-39, 40-59 and
60+: finer bands are obtained by giving each class the shape of the latest five-year table.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from studylib import referentials, tables
from studylib.errors import CodeError, TableError
from studylib.files import layout
from studylib.sources.open_data.schemas import INHABITANTS

SUBTOTALS = ("france metropolitaine", "dom", "france metropolitaine et dom")
WHOLE = "france metropolitaine et dom"
BLOCKS = {"ensemble": "all", "hommes": "1", "femmes": "2"}
YEARLY_BANDS = ("0-19", "20-39", "40-59", "60-74", "75+")
ZONES_EXPECTED = 13


def read_yearly(path: Path, *, year_end: int) -> pd.DataFrame:
    """Population of Insee's yearly csv (31 December of ``year_end``), in ``INHABITANTS``.

    31 December of a year is 1 January of the next, which ``year`` holds.
    """
    rows = [line.split(";") for line in layout.read_text(path).splitlines()]
    first = next((row for row in rows if any(cell.strip() for cell in row)), [""])
    if len(first) == 1:
        layout.read_delimited(path, separator=";")  # says which separator was found
    frame = _long(path, rows, year=year_end + 1)
    found = set(frame["age_band"])
    if found != set(YEARLY_BANDS):
        raise TableError(
            f"Fichier {path.name} : classes d'âge {', '.join(sorted(found))} reçues, "
            f"{', '.join(YEARLY_BANDS)} attendues."
        )
    return frame


def read_five_year(path: Path) -> pd.DataFrame:
    """Population by five-year group on 1 January of the latest year of Insee's workbook."""
    book = layout.sheets(path)
    years = sorted((name for name in book if re.fullmatch(r"\d{4}", name.strip())), key=int)
    if not years:
        raise TableError(
            f"Fichier {path.name} : aucune feuille nommée par une année ; feuilles trouvées : "
            f"{', '.join(list(book)[:5])}."
        )
    return _long(path, book[years[-1]], year=int(years[-1]))


def folded(name: object) -> str:
    """A name without accents, case or doubled spaces.

    >>> folded("France  métropolitaine ")
    'france metropolitaine'
    """
    flat = unicodedata.normalize("NFKD", str(name)).encode("ascii", "ignore").decode()
    return " ".join(flat.lower().split())


def _zone(path: Path, name: object) -> str:
    try:
        return referentials.zone_code(str(name).strip())
    except CodeError as error:
        raise TableError(f"Fichier {path.name} : région « {name} » inconnue.") from error


def _band(label: object) -> str:
    """``0 à 19 ans`` is ``0-19``; ``75 ans et plus`` is ``75+``; Total is empty."""
    ages = re.findall(r"\d+", str(label))
    if len(ages) == 2:
        return f"{int(ages[0])}-{int(ages[1])}"
    return f"{int(ages[0])}+" if ages else ""


def _header_row(path: Path, rows: Sequence[Sequence[Any]]) -> int:
    for number, row in enumerate(rows):
        if row and folded(row[0]) in ("regions", "region"):
            return number
    raise TableError(
        f"Fichier {path.name} : ligne de titre « Régions, Ensemble, Hommes, Femmes » absente ; "
        f"{layout.AGAIN}."
    )


def _cells(rows: Sequence[Sequence[Any]], header: int) -> list[tuple[int, str, str]]:
    """Columns to read: their place, sex and age band, totals and « Ensemble » left out."""
    sex = ""
    cells = []
    for place, block in enumerate(rows[header]):
        sex = BLOCKS.get(folded(block), sex) if str(block).strip() else sex
        band = _band(rows[header + 1][place]) if place < len(rows[header + 1]) else ""
        if sex in ("1", "2") and band:
            cells.append((place, sex, band))
    return cells


def _long(path: Path, rows: Sequence[Sequence[Any]], *, year: int) -> pd.DataFrame:
    header = _header_row(path, rows)
    cells = _cells(rows, header)
    if not cells or {sex for _, sex, _ in cells} != {"1", "2"}:
        raise TableError(
            f"Fichier {path.name} : blocs Hommes et Femmes par âge absents sous la ligne de titre."
        )
    regional: list[tuple[str, str, str, float]] = []
    whole = 0.0
    for row in rows[header + 2 :]:
        name = folded(row[0]) if row else ""
        if not name or all(str(cell).strip() == "" for cell in row[1:]):
            continue
        values = [(sex, band, _inhabitants(path, row, place)) for place, sex, band in cells]
        if name in SUBTOTALS:
            whole = sum(value for *_, value in values) if name == WHOLE else whole
            continue
        zone = _zone(path, row[0])
        regional.extend((zone, band, sex, value) for sex, band, value in values)
    return _summed(path, regional, year=year, whole=whole)


def _inhabitants(path: Path, row: Sequence[Any], place: int) -> float:
    written = re.sub(r"\s", "", str(row[place])) if place < len(row) else ""
    try:
        return float(written)
    except ValueError:
        raise TableError(
            f"Fichier {path.name}, région « {row[0]} », colonne {place + 1} : « {written} » reçu, "
            "nombre d'habitants attendu."
        ) from None


def _summed(
    path: Path, regional: list[tuple[str, str, str, float]], *, year: int, whole: float
) -> pd.DataFrame:
    frame = pd.DataFrame(regional, columns=["zone", "age_band", "sex", "population"])
    total = float(frame["population"].sum())
    if frame["zone"].nunique() != ZONES_EXPECTED:
        raise TableError(
            f"Fichier {path.name} : {frame['zone'].nunique()} zones trouvées, {ZONES_EXPECTED} "
            "attendues ; une région manque."
        )
    if whole and abs(total - whole) > 0.0005 * whole:
        raise TableError(
            f"Fichier {path.name} : les régions font {total:.0f} habitants et la ligne « France "
            f"métropolitaine et DOM » {whole:.0f} ; une région manque ou se répète."
        )
    keys = ["year", "zone", "age_band", "sex"]
    summed = frame.assign(year=year).groupby(keys)["population"].sum().reset_index()
    return tables.check(summed, INHABITANTS)
