"""Hospital files: CIM-10 with ALD, UCD, liste en sus, GHS tariffs, duplicate FINESS."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from studylib.errors import TableError
from studylib.files import layout
from studylib.referentials.finess import NUMBER as FINESS_NUMBER
from studylib.referentials.parsed import (
    Parsed,
    days,
    empty_as_missing,
    latest,
    records,
    require_form,
    require_readable,
)


def cim10(path: Path) -> Parsed:
    """CIM-10 codes with label and ALD, from IR_CIM_V.csv, with its fillers III, XXX and ZZZ."""
    wanted = ("CIM_COD", "CIM_LIB", "ALD_030_COD")
    frame = layout.read_delimited(path, separator=";", wanted=wanted, whole_last_line=True)
    out = pd.DataFrame(
        {
            "code": frame["CIM_COD"].str.strip(),
            "label": frame["CIM_LIB"].str.strip(),
            "ald": frame["ALD_030_COD"].str.strip(),
        }
    )
    require_form(path, "CIM_COD", out["code"], r"[A-Z][0-9A-Z+]{2,5}", "code CIM-10 sans point")
    require_form(path, "ALD_030_COD", out["ald"], r"\d{1,2}", "numéro d'ALD")
    require_readable(path, "CIM_LIB", out["label"])
    return Parsed(out)


def ucd(path: Path) -> Parsed:
    """UCD7 and labels, from NU_UCD_R.csv; the codes are cut from six zeros and the UCD7."""
    wanted = ("UCD_UCD_COD", "UCD_LAB_NOM", "UCD_DSN_LIB", "UCD_CND_LIB", "UCD_DER_MAJ")
    frame = layout.read_delimited(path, separator=";", wanted=wanted, whole_last_line=True)
    require_form(path, "UCD_UCD_COD", frame["UCD_UCD_COD"], r"0{6}9\d{6}", "six zéros puis l'UCD7")
    changed = days(path, "UCD_DER_MAJ", frame["UCD_DER_MAJ"].str[:9], "%d%b%Y")
    out = pd.DataFrame(
        {
            "ucd7": frame["UCD_UCD_COD"].str[6:],
            "label": frame["UCD_DSN_LIB"].str.strip(),
            "packaging": empty_as_missing(frame["UCD_CND_LIB"]),
            "laboratory": empty_as_missing(frame["UCD_LAB_NOM"]),
        }
    )
    require_readable(path, "UCD_DSN_LIB", out["label"])
    return Parsed(out, latest(changed))


def ucd_atc(path: Path) -> Parsed:
    """UCD7 with label and ATC, from ucd_tot_table.json."""
    frame = records(path, ("code_ucd", "libelle_long_ucd", "code_atc"))
    require_form(path, "code_ucd", frame["code_ucd"].astype(str), r"9\d{6}", "UCD7")
    out = pd.DataFrame(
        {
            "ucd7": frame["code_ucd"],
            "label": frame["libelle_long_ucd"].fillna("").str.strip(),
            "atc": empty_as_missing(frame["code_atc"]),
        }
    ).drop_duplicates("ucd7", ignore_index=True)
    changed = frame.get("date_maj", pd.Series(dtype=object))
    return Parsed(out, latest(days(path, "date_maj", changed, "%Y-%m-%d")))


def liste_en_sus(path: Path) -> Parsed:
    """The history of the liste en sus, one row per event, in the producer's order."""
    wanted = ("ucd7", "libelleucd", "evenement", "datepublication", "dateeffet", "prix", "prixttc")
    frame = records(path, wanted)
    require_form(path, "ucd7", frame["ucd7"].astype(str), r"9\d{6}", "UCD7")
    out = pd.DataFrame(
        {
            "ucd7": frame["ucd7"],
            "label": frame["libelleucd"].fillna("").str.split().str.join(" "),
            "substance": empty_as_missing(frame["denominationcommuneinternationale"]),
            "atc": empty_as_missing(frame["codeatc"]),
            "event": empty_as_missing(frame["evenement"]),
            "published": days(path, "datepublication", frame["datepublication"], "%d/%m/%Y"),
            "effective": days(path, "dateeffet", frame["dateeffet"], "%d/%m/%Y"),
            "price": frame["prix"].astype(float),
            "price_with_tax": frame["prixttc"].astype(float),
            "comment": empty_as_missing(frame["commentaire"]),
        }
    )
    return Parsed(out, latest(out["published"]))


def ghs_tariffs(path: Path) -> Parsed:
    """Tariffs of the public sector, one row per GHS, GHM and year."""
    amounts = ("tarif_base", "forfait_exb", "tarif_exb", "tarif_exh", "borne_basse", "borne_haute")
    frame = records(path, ("ghs", "ghm", "libelle_ghm", "date_effet", "anseqta", *amounts))
    require_form(path, "ghs", frame["ghs"].astype(str), r"\d{4}", "GHS de 4 chiffres")
    require_form(path, "ghm", frame["ghm"].astype(str), r"\d\d[A-Z]\d\d\w", "GHM de 6 caractères")
    require_form(path, "anseqta", frame["anseqta"].astype(str), r"20\d\d", "année")
    out = pd.DataFrame(
        {
            "year": frame["anseqta"].astype("int64"),
            "ghs": frame["ghs"],
            "ghm": frame["ghm"],
            "label": frame["libelle_ghm"].str.strip(),
            "low_bound": frame["borne_basse"].astype("int64"),
            "high_bound": frame["borne_haute"].astype("int64"),
            "tariff": frame["tarif_base"].astype(float),
            "short_flat": frame["forfait_exb"].astype(float),
            "short_daily": frame["tarif_exb"].astype(float),
            "long_daily": frame["tarif_exh"].astype(float),
        }
    )
    return Parsed(out, latest(days(path, "date_effet", frame["date_effet"], "%d/%m/%Y")))


def finess_duplicates(path: Path) -> Parsed:
    """Numbers whose stays are sent twice, with the years to leave out."""
    wanted = ("finess", "first_year", "last_year", "group")
    text = layout.read_text(path)
    separator = ";" if ";" in text.split("\n", 1)[0] else ","
    frame = layout.read_delimited(path, separator=separator, wanted=wanted, whole_last_line=True)
    require_form(path, "finess", frame["finess"], FINESS_NUMBER, "numéro FINESS de 9 caractères")
    for name in ("first_year", "last_year"):
        require_form(path, name, frame[name], r"20\d\d", "année")
        frame[name] = frame[name].astype("int64")
    reversed_years = frame[frame["first_year"] > frame["last_year"]]
    if len(reversed_years):
        raise TableError(
            f"Fichier {path.name}, FINESS {reversed_years['finess'].iloc[0]} : la première année "
            "suit la dernière."
        )
    label = frame["label"] if "label" in frame else pd.Series("", index=frame.index)
    return Parsed(frame.assign(label=empty_as_missing(label)))
