"""What is known of the codes of a system: their labels, from every referential at hand."""

from __future__ import annotations

import pandas as pd

from studylib.referentials import all_known, referential, versions

# Where codes of a system stand: referential, column of the code, column of the label. The first
# one that knows a code gives its label.
_WHERE: dict[str, tuple[tuple[str, str, str], ...]] = {
    "ATC": (
        ("atc", "code", "label"),
        ("atc_groups", "code", "label"),
        ("ddd", "code", "label"),
        ("liste_en_sus", "atc", "substance"),
        ("bdpm_essential_drugs", "atc", "label"),
        ("ucd_atc", "atc", "label"),
    ),
    "CIM-10": (("cim10", "code", "label"),),
    "CIP13": (("bdpm_presentations", "cip13", "label"),),
    "CIP7": (("bdpm_presentations", "cip7", "label"),),
    "UCD7": (
        ("ucd", "ucd7", "label"),
        ("ucd_atc", "ucd7", "label"),
        ("liste_en_sus", "ucd7", "label"),
    ),
    "GHM": (("ghs_tariffs", "ghm", "label"),),
    "FINESS": (("finess", "finess", "label"),),
    "region": (("regions", "code", "name"),),
    "department": (("departments", "code", "name"),),
}
# The referential without which nothing can be said of the codes of a system.
MAIN = {"ATC": "atc", "CIM-10": "cim10", "CIP13": "bdpm_presentations", "UCD7": "ucd",
        "CIP7": "bdpm_presentations", "GHM": "ghs_tariffs", "FINESS": "finess",
        "region": "regions", "department": "departments"}  # fmt: skip


def known_codes(system: str) -> pd.DataFrame:
    """Codes of a system known to the referentials at hand.

    Columns (text): code (unique, sorted), label, referential (that gives the label), version.
    Empty when no referential of the system is at hand.

    >>> known_codes("region").query("code == '94'")["label"].item()
    'Corse'
    """
    parts = []
    for name, code, label in _WHERE.get(system, ()):
        present = versions(name)
        if present.empty:
            continue
        table = referential(name)[[code, label]].set_axis(["code", "label"], axis=1)
        version = present["version"].iloc[-1]
        parts.append(table.dropna(subset=["code"]).assign(referential=name, version=version))
    if not parts:
        return pd.DataFrame(columns=["code", "label", "referential", "version"], dtype=object)
    known = pd.concat(parts, ignore_index=True).drop_duplicates("code")
    return known.fillna({"label": ""}).sort_values("code", ignore_index=True)


def absent(system: str | None = None) -> list[str]:
    """Referentials that are not at hand: all of them, or those of one system.

    >>> absent("region")
    []
    """
    names = [name for name, _, _ in _WHERE.get(system, ())] if system else list(all_known())
    return [name for name in names if versions(name).empty]
