"""Drug files: the BDPM in the columns of its contracts, ATC labels, DDD."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from studylib.errors import TableError
from studylib.files import layout
from studylib.referentials import bdpm
from studylib.referentials.parsed import Parsed, empty_as_missing, require_form, require_readable

_ATC = r"[A-Z](\d\d([A-Z]([A-Z](\d\d)?)?)?)?"
_NAMES = {
    "code": ("code", "atc_code", "atccode", "atc code", "atc"),
    "label": ("label", "atc_name", "name", "atc level name", "libelle", "substance"),
    "ddd": ("ddd", "dddvalue"),
    "unit": ("uom", "unit", "u", "unittype"),
    "route": ("adm_r", "admcode", "adm.r", "route"),
    "note": ("note", "dddcomment", "comment"),
}


def specialities(path: Path) -> Parsed:
    """Denominations of the BDPM."""
    frame = bdpm.read("bdpm_specialities", path).rename(columns={"brand": "label"})
    require_readable(path, "dénomination", frame["label"])
    return Parsed(frame.drop_duplicates("cis", ignore_index=True))


def presentations(path: Path) -> Parsed:
    """Packs of the BDPM, with price and rate."""
    frame = bdpm.presentations(path).rename(columns={"presentation": "label"})
    require_form(path, "CIP7", frame["cip7"], r"\d{7}", "CIP7")
    require_form(path, "CIP13", frame["cip13"], r"34009\d{8}", "CIP13")
    require_readable(path, "libellé", frame["label"])
    return Parsed(frame)


def compositions(path: Path) -> Parsed:
    """Active substances of each speciality of the BDPM."""
    frame = bdpm.substances(path).rename(columns={"substances": "label"})
    require_readable(path, "substance", frame["label"])
    return Parsed(frame)


def essential_drugs(path: Path) -> Parsed:
    """ATC of the specialities of major therapeutic interest, as many rows as the file."""
    bdpm.essential_atc(path)
    frame = bdpm.read("bdpm_essential_drugs", path)
    require_readable(path, "dénomination", frame["label"])
    return Parsed(frame[["cis", "atc", "label"]])


def generic_groups(path: Path) -> Parsed:
    """Generic group and place of each speciality of the BDPM."""
    frame = bdpm.generic_groups(path)
    labels = bdpm.read("bdpm_generic_groups", path).drop_duplicates("group")
    named = labels.set_index("group")["group_label"]
    return Parsed(frame.assign(label=frame["generic_group"].map(named)))


def atc(path: Path) -> Parsed:
    """ATC labels: the sheets ATC1 to ATC5 of Cnam's descriptor, or a CSV of code and label."""
    if path.suffix.lower() in (".xls", ".xlsx"):
        book = layout.sheets(path)
        levels = [f"ATC{level}" for level in range(1, 6)]
        layout.require_columns(path, list(book), levels)
        rows = [
            (str(row[0]).strip(), str(row[1]).strip())
            for level in levels
            for row in book[level][1:]
            if len(row) > 1 and str(row[0]).strip()
        ]
        frame = pd.DataFrame(rows, columns=["code", "label"])
    else:
        frame = _named(path, ("code", "label"))
    frame = frame[frame["code"].str.fullmatch(_ATC)].drop_duplicates("code", ignore_index=True)
    if frame.empty:
        raise TableError(f"Fichier {path.name} : aucun code ATC dans la colonne des codes.")
    require_readable(path, "label", frame["label"])
    return Parsed(frame)


def ddd(path: Path) -> Parsed:
    """Defined daily doses; substances without one, and groups, are left out."""
    frame = _named(path, ("code", "label", "ddd", "unit"), ("route", "note"))
    frame = frame[~frame["ddd"].isin(["", "NA"])].reset_index(drop=True)
    require_form(path, "code", frame["code"], r"[A-Z]\d\d[A-Z]{2}\d\d", "code ATC de niveau 5")
    comma = bool(frame["ddd"].str.contains(",").any())
    frame["ddd"] = layout.numbers(path, "ddd", frame["ddd"], french=comma)
    for name in ("route", "note"):
        frame[name] = empty_as_missing(frame[name].replace("NA", ""))
    return Parsed(frame)


def _named(path: Path, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> pd.DataFrame:
    """Our columns of a CSV whose header may use any of the usual names, in any separator."""
    first = layout.read_text(path).split("\n", 1)[0]
    separator = max((",", ";", "\t"), key=first.count)
    frame = layout.read_delimited(path, separator=separator, whole_last_line=True)
    given = {column.strip().casefold(): column for column in frame.columns}
    found = {
        name: next((given[other] for other in _NAMES[name] if other in given), None)
        for name in (*required, *optional)
    }
    layout.require_columns(path, [name for name in found if found[name]], required)
    return pd.DataFrame(
        {name: frame[column].str.strip() if column else "" for name, column in found.items()}
    )
