"""Base de données publique des médicaments: specialities, packs, substances, generics, ATC.

Five tab-separated files without header, in mixed encodings, whose labels hold stray quotes. The
BDPM is a picture of the day: a withdrawn presentation is no longer in it.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from studylib.errors import TableError
from studylib.files import layout
from studylib.referentials.parsed import require_form

COLUMNS: dict[str, tuple[str, ...]] = {
    "bdpm_specialities": (
        "cis", "brand", "form", "routes", "status", "procedure", "commercial_state",
        "authorised_on", "bdm_status", "eu_number", "holders", "reinforced_surveillance",
    ),
    "bdpm_presentations": (
        "cis", "cip7", "presentation", "status", "commercialisation", "declared_on", "cip13",
        "collectivities", "rate", "price", "price_with_fee", "fee", "indications",
    ),
    "bdpm_compositions": (
        "cis", "element", "substance_code", "substance", "dose", "reference", "nature", "link",
    ),
    "bdpm_generic_groups": ("group", "group_label", "cis", "type", "order"),
    "bdpm_essential_drugs": ("cis", "atc", "label", "url"),
}  # fmt: skip
GENERIC_TYPES = {"0": "originator", "1": "generic", "2": "generic", "4": "generic"}


def read(name: str, path: Path) -> pd.DataFrame:
    """One BDPM file as text columns, stripped; ``name`` is its name in the catalogue."""
    columns = COLUMNS[name]
    frame = layout.read_delimited(path, separator="\t", names=columns, whole_last_line=True)
    for column in columns:
        frame[column] = frame[column].str.strip()
    require_form(path, "CIS", frame["cis"], r"\d{8}", "code CIS de 8 chiffres")
    return frame


def presentations(path: Path) -> pd.DataFrame:
    """Packs: cis, cip7, cip13, presentation, rate (share of 1), price (euros), price_with_fee.

    ``1,466,29`` is 1466.29: the last comma is the decimal one, the others mark thousands.
    """
    frame = read("bdpm_presentations", path)
    if frame["cip13"].duplicated().any():
        twice = frame.loc[frame["cip13"].duplicated(), "cip13"].iloc[0]
        raise TableError(f"Fichier {path.name}, colonne CIP13 : {twice} présent deux fois.")
    return frame.assign(
        rate=_rate(path, frame["rate"]),
        price=_price(path, "prix", frame["price"]),
        price_with_fee=_price(path, "prix avec honoraire", frame["price_with_fee"]),
    )[["cis", "cip7", "cip13", "presentation", "rate", "price", "price_with_fee"]]


def _price(path: Path, column: str, values: pd.Series) -> pd.Series:
    written = values[values != ""]
    wrong = written[~written.str.fullmatch(r"\d{1,3}(,?\d{3})*(,\d{1,2})?")]
    if len(wrong):
        raise TableError(
            f"Fichier {path.name}, colonne {column} : « {wrong.iloc[0]} » reçu, prix en euros "
            f"attendu (1,466,29 vaut 1466,29) ; {layout.AGAIN}."
        )
    whole = written.str.replace(r",(\d{1,2})$", r".\1", regex=True).str.replace(",", "")
    return whole.astype(float).reindex(values.index)


def _rate(path: Path, values: pd.Series) -> pd.Series:
    bare = values.str.replace(r"[\s\u00a0\u202f%]", "", regex=True)
    written = bare[bare != ""]
    wrong = written[~written.str.fullmatch(r"\d{1,3}")]
    if len(wrong):
        raise TableError(
            f"Fichier {path.name}, colonne taux : « {wrong.iloc[0]} » reçu, taux comme 65 % "
            "attendu."
        )
    return (written.astype(float) / 100).reindex(values.index)


def substances(path: Path) -> pd.DataFrame:
    """Active substances of each speciality: cis, substances, substance_set, substance_count.

    A salt (SA) and its base (FT) share a link number and are **one** substance: both names are
    kept, so that either finds the speciality, and the salt's code alone makes the set.
    """
    frame = read("bdpm_compositions", path)
    wrong = frame.loc[~frame["nature"].isin(["SA", "FT"]), "nature"]
    if len(wrong):
        raise TableError(
            f"Fichier {path.name}, colonne nature : « {wrong.iloc[0]} » reçu, SA ou FT attendus."
        )
    names = frame.groupby("cis")["substance"].agg(lambda found: " + ".join(sorted(set(found))))
    active = frame[frame["nature"] == "SA"].groupby("cis")["substance_code"]
    out = pd.DataFrame(
        {
            "substances": names,
            "substance_set": active.agg(lambda found: "+".join(sorted(set(found)))),
            "substance_count": active.nunique(),
        }
    )
    out = out.fillna({"substance_set": "", "substance_count": 0})
    return out.astype({"substance_count": "int64"}).rename_axis("cis").reset_index()


def generic_groups(path: Path) -> pd.DataFrame:
    """Place of each speciality in the generic groups: cis, generic_type, generic_group.

    A speciality in several groups keeps the first (lowest number).
    """
    frame = read("bdpm_generic_groups", path)
    unknown = sorted(set(frame["type"]) - set(GENERIC_TYPES))
    if unknown:
        raise TableError(
            f"Fichier {path.name}, colonne type : « {unknown[0]} » reçu, 0, 1, 2 ou 4 attendus."
        )
    frame = frame.assign(
        generic_type=frame["type"].map(GENERIC_TYPES),
        rank=layout.codes(path, "groupe", frame["group"]).astype(int),
    )
    first = frame.sort_values(["rank", "type"]).drop_duplicates("cis")
    return first.rename(columns={"group": "generic_group"})[
        ["cis", "generic_type", "generic_group"]
    ].reset_index(drop=True)


def essential_atc(path: Path) -> pd.DataFrame:
    """ATC of essential drugs: cis, atc (level 5, sometimes level 4)."""
    frame = read("bdpm_essential_drugs", path)
    wrong = frame.loc[~frame["atc"].str.fullmatch(r"[A-V]\d\d[A-Z]{2}(\d\d)?"), "atc"]
    if len(wrong):
        raise TableError(
            f"Fichier {path.name}, colonne ATC : « {wrong.iloc[0]} » reçu, code ATC de 5 ou 7 "
            "caractères attendu."
        )
    return frame.drop_duplicates("cis")[["cis", "atc"]].reset_index(drop=True)
