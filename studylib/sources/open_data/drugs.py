"""The drug table: Open Medic's euros joined to what the BDPM knows of each presentation."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from studylib import tables
from studylib.sources.open_data.schemas import DRUGS


@dataclass(frozen=True)
class Bdpm:
    """The BDPM tables that the drug table needs, as ``bdpm`` reads them."""

    specialities: pd.DataFrame
    presentations: pd.DataFrame
    substances: pd.DataFrame
    generic_groups: pd.DataFrame
    essential_atc: pd.DataFrame


def commonest_atc(substances: pd.DataFrame, atc: pd.DataFrame) -> pd.Series:
    """The ATC most specialities of a substance set carry, by set; ties go to the smallest code.

    >>> substances = pd.DataFrame({"cis": ["1", "2", "3"], "substance_set": ["s", "s", "s"]})
    >>> atc = pd.DataFrame({"cis": ["1", "2", "3"], "atc": ["A02BC01", "C10AX09", "C10AX09"]})
    >>> commonest_atc(substances, atc)["s"]
    'C10AX09'
    """
    known = substances.merge(atc, on="cis")
    known = known[known["substance_set"] != ""]
    counted = known.groupby(["substance_set", "atc"], as_index=False).size()
    ordered = counted.sort_values(["substance_set", "size", "atc"], ascending=[True, False, True])
    return ordered.drop_duplicates("substance_set").set_index("substance_set")["atc"]


def drug_table(products: pd.DataFrame, bdpm: Bdpm, labels: pd.DataFrame) -> pd.DataFrame:
    """One line per CIP13 with its speciality, substances, ATC and generic place (``DRUGS``).

    Products are joined by CIP13 → CIS; the label of the file only shows. An empty label is taken
    from the descriptor, then from the BDPM's denomination.
    """
    frame = products.merge(bdpm.presentations[["cip13", "cis"]], on="cip13", how="left")
    for part in (
        bdpm.specialities[["cis", "brand"]].drop_duplicates("cis"),
        bdpm.substances,
        bdpm.generic_groups,
        bdpm.essential_atc.rename(columns={"atc": "atc_direct"}),
    ):
        frame = frame.merge(part, on="cis", how="left")
    spread = commonest_atc(bdpm.substances, bdpm.essential_atc)
    frame["atc_spread"] = frame["atc_direct"].fillna(frame["substance_set"].map(spread))
    frame["substance_count"] = frame["substance_count"].fillna(0).astype("int64")
    text = [column.name for column in DRUGS.columns if column.kind == "text"]
    frame[text] = frame[text].fillna("")
    frame["label"] = _shown_label(frame, labels)
    order = frame.sort_values(["reimbursed", "cip13"], ascending=[False, True])
    return tables.check(order.reset_index(drop=True), DRUGS)[DRUGS.names]


def _shown_label(frame: pd.DataFrame, labels: pd.DataFrame) -> pd.Series:
    described = labels.loc[labels["system"] == "CIP13"].set_index("code")["label"]
    described = described[~described.isin(["", "NA"])]
    label = frame["label"].where(frame["label"] != "", frame["cip13"].map(described).fillna(""))
    label = label.where(label != "", frame["brand"])
    return label.where(label != "", frame["cip13"])
