"""The rules that keep or set aside a hospital stay, each a small function of the raw columns.

Missing values: a rule that excludes keeps the lines where its column is missing, for it was not
collected in every year; a missing valuation or return code is a defect and does not pass.
Sources: documentation of the SNDS (MCO filters, return codes), table descriptions of December 2020.
"""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw

from studylib.sources.snds.raw import Raw

ERROR_GROUP = "90"
OTHER_ESTABLISHMENT = "0"
PROVIDER = "B"
# Sessions whose provider does report them (dialysis, radiotherapy, chemotherapy): the exact list
# of exceptions is to be confirmed against the ATIH's yearly notices.
PROVIDER_KEPT = ("28Z14Z", "28Z15Z", "28Z16Z")
VALUED = ("1", "2", "3", "4", "5")
PRIVATE_SECTOR = "OQN"
DIED = "9"
# ENT_PRV: 5 through the emergency unit; U, since 2020, through that of another establishment.
EMERGENCY = ("5", "U")
RETURN_CODES = (
    "NIR_RET",
    "NAI_RET",
    "SEX_RET",
    "SEJ_RET",
    "FHO_RET",
    "PMS_RET",
    "DAT_RET",
    "COH_NAI_RET",
    "COH_SEX_RET",
)
OUTPATIENT_CODES = ("NIR_RET", "NAI_RET", "SEX_RET", "IAS_RET", "ENT_DAT_RET")
# Supplements of T_MCOaaVALO added to MNT_GHS_AM; MNT_MON, MNT_MED_ATU and MNT_DMI are the drugs
# and devices on the liste en sus, counted from their own tables.
SUPPLEMENTS = (
    "MNT_EXH_AM",
    "MNT_EXINF_AM",
    "MNT_REA_AM",
    "MNT_REP_AM",
    "MNT_SI_AM",
    "MNT_SC_AM",
    "MNT_NN1_AM",
    "MNT_NN2_AM",
    "MNT_NN3_AM",
    "MNT_SUPPHD_AM",
    "MNT_DIP_AM",
    "MNT_CAISSON_AM",
    "MNT_ANT_AM",
)
OVERSEAS = {"9A": "971", "9B": "972", "9C": "973", "9D": "974", "9F": "976"}


def is_error_group() -> nw.Expr:
    """Stays the classification could not group: a GHM that begins with 90, or none at all."""
    return nw.col("GRG_GHM").str.starts_with(ERROR_GROUP).fill_null(True)


def is_duplicate_transmission() -> nw.Expr:
    """Stays of a site that its legal entity sends too (column ``duplicate``, see ``finess``)."""
    return nw.col("duplicate").fill_null(False)


def is_service_elsewhere() -> nw.Expr:
    """Stays done for another establishment, which bills them: entry or exit mode 0."""
    return ((nw.col("ENT_MOD") == OTHER_ESTABLISHMENT).fill_null(False)) | (
        (nw.col("SOR_MOD") == OTHER_ESTABLISHMENT).fill_null(False)
    )


def is_provider() -> nw.Expr:
    """Care given for another establishment (SEJ_TYP B), but for the sessions it reports itself."""
    kept = nw.col("GRG_GHM").is_in(list(PROVIDER_KEPT)).fill_null(False)
    return (nw.col("SEJ_TYP") == PROVIDER).fill_null(False) & ~kept


def is_automatic() -> nw.Expr:
    """Summaries made automatically (TYP_GEN_RSA other than 0, collected from 2015)."""
    return (nw.col("TYP_GEN_RSA") != 0).fill_null(False)


def rejection() -> nw.Expr:
    """Why a stay is set aside, as the key of a reason; null when it is kept."""
    rules = (
        (is_error_group(), "error_group"),
        (is_duplicate_transmission(), "duplicate_finess"),
        (is_service_elsewhere(), "other_establishment"),
        (is_provider(), "inter_establishment"),
        (is_automatic(), "automatic_rsa"),
    )
    reason = nw.lit(None, nw.String())
    for rule, key in reversed(rules):
        reason = nw.when(rule).then(nw.lit(key)).otherwise(reason)
    return reason


def code_is_zero(column: str) -> nw.Expr:
    """A return code that says "no error", stored as text, number or boolean."""
    return nw.col(column).str.to_lowercase().is_in(["0", "00", "0.0", "false", "f"])


def link_is_right(raw: Raw, table: str, codes: Sequence[str] = RETURN_CODES) -> nw.Expr:
    """Whether every return code collected in the stay's year is zero.

    A code other than zero says that the person is not the right one, not that the stay is wrong.
    """
    passed = nw.lit(True)
    for code in codes:
        years = [year for year in raw.years(table) if raw.collected(table, code, year)]
        collected = nw.col("YEAR").is_in(years)
        passed = passed & (~collected | code_is_zero(code).fill_null(False))
    return passed


def public_value() -> nw.Expr:
    """Reimbursed value of a public stay: its GHS and supplements, drugs on the list apart.

    Null when the stay is not valued (VALO other than 1 to 5, or missing).
    """
    value = nw.col("MNT_GHS_AM").fill_null(0.0)
    for supplement in SUPPLEMENTS:
        value = value + nw.col(supplement).fill_null(0.0)
    return nw.when(nw.col("VALO").is_in(list(VALUED))).then(value).otherwise(None)


def department() -> nw.Expr:
    """INSEE department of residence from BDI_DEP, which writes overseas ones 9A to 9F.

    The correspondence of 9A to 9F is to be confirmed with the ATIH.
    """
    found = nw.col("BDI_DEP")
    for written, insee in OVERSEAS.items():
        found = nw.when(nw.col("BDI_DEP") == written).then(nw.lit(insee)).otherwise(found)
    return found


def diagnosis(column: str) -> nw.Expr:
    """An ICD-10 code in capitals, without dot or blank: ``i50.1`` is ``I501``."""
    return nw.col(column).str.to_uppercase().str.replace_all(r"[^A-Z0-9+]", "")
