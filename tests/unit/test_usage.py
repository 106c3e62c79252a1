"""Panorama, groups and mapping of drugs on tables of a few rows."""

from __future__ import annotations

import pandas as pd
import pytest

from studylib import tables, usage
from studylib.errors import EstimationError


def drugs(**changes: list[object]) -> pd.DataFrame:
    """Originator, two biosimilars, another strength, a look-alike name, a combination."""
    table = {
        "cip13": ["1", "2", "3", "4", "5", "6"],
        "label": ["A", "NA", "B", "C", "D", "E"],
        "reimbursed": [40.0, 50.0, 10.0, 100.0, 7.0, 5.0],
        "boxes": [4.0, 10.0, 2.0, 10.0, 1.0, 1.0],
        "cis": ["1", "2", "3", "4", "5", ""],
        "brand": [
            "LANTUS 100 unités/ml, solution", "ABASAGLAR 100 unités/mL", "COPIE 100 unités/mL",
            "TOUJEO 300 unités/ml", "AUTRE 5 mg", "",
        ],
        "substances": ["INSULINE GLARGINE"] * 4 + ["LINSULINE GLARGINE", ""],
        "substance_count": [1, 1, 1, 1, 1, 0],
        "atc_direct": ["A10AE04", "", "", "A10AE04", "L01", ""],
        "atc_spread": ["A10AE04"] * 4 + ["L01", ""],
        "atc_file": [""] * 6,
        "generic_type": ["originator", "generic", "", "", "generic", ""],
        "generic_group": ["1", "1", "", "", "2", ""],
    }  # fmt: skip
    return pd.DataFrame(table | changes)


GLARGINE = {"substance": "Insuline glargine", "kind": "biosimilar", "originators": ["LANTUS"]}


def test_biosimilars_are_what_the_substance_holds_beside_the_originator() -> None:
    row = usage.share_of_group(drugs(), group="g", excluded=["TOUJEO"], **GLARGINE).iloc[0]
    assert (row["reimbursed"], row["followers"]) == (100.0, 60.0)
    assert row["share"] == 0.6
    assert row["share_boxes"] == 12 / 16
    # left in, the other strength of the originator's maker counts among the originators
    assert row["share_with_excluded"] == 60 / 200


def test_a_product_without_label_counts() -> None:
    row = usage.share_of_group(drugs(), group="g", excluded=["TOUJEO"], **GLARGINE).iloc[0]
    unlabelled = usage.share_of_group(
        drugs(label=[""] * 6), group="g", excluded=["TOUJEO"], **GLARGINE
    ).iloc[0]
    assert row["share"] == unlabelled["share"]


def test_fixed_combinations_are_left_out_of_a_group() -> None:
    combined = drugs(substance_count=[1, 1, 2, 1, 1, 0])
    row = usage.share_of_group(combined, group="g", excluded=["TOUJEO"], **GLARGINE).iloc[0]
    assert row["followers"] == 50.0


def test_generics_are_those_of_the_bdpm() -> None:
    row = usage.share_of_group(
        drugs(), group="g", substance="INSULINE GLARGINE", kind="generic", originators=["LANTUS"]
    ).iloc[0]
    assert row["followers"] == 50.0
    assert pd.isna(row["share_with_excluded"])


def test_shares_are_sorted_by_amount_and_fit_their_contract() -> None:
    groups = {"petit": GLARGINE | {"excluded": ["TOUJEO"]}, "grand": dict(GLARGINE)}
    frame = usage.shares_of_groups(drugs(), groups)
    assert frame["group"].tolist() == ["grand", "petit"]
    tables.check(frame, usage.GROUP_SHARE)
    assert usage.shares_of_groups(drugs(), {}).empty


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"substance": "GLARGIN"}, "aucun produit"),
        ({"originators": ["LANTU"]}, "LANTU"),
        ({"excluded": ["TUJEO"]}, "TUJEO"),
    ],
)
def test_a_name_that_finds_nothing_is_an_error(change: dict[str, object], said: str) -> None:
    with pytest.raises(EstimationError, match=said):
        usage.share_of_group(drugs(), group="g", **(GLARGINE | change))  # type: ignore[arg-type]


def test_substances_are_found_as_whole_words_without_accents() -> None:
    table = drugs(
        substances=["PEGFILGRASTIM", "LIPEGFILGRASTIM", "ÉTANERCEPT", "TÉRIPARATIDE + ACÉTATE DE "
                    "TÉRIPARATIDE", "PALOPEGTÉRIPARATIDE", ""]
    )  # fmt: skip
    assert usage.with_substance(table, "pegfilgrastim")["cip13"].tolist() == ["1"]
    assert usage.with_substance(table, "Etanercept")["cip13"].tolist() == ["3"]
    assert usage.with_substance(table, "TERIPARATIDE")["cip13"].tolist() == ["4"]


def test_panorama_shares_add_up_with_unknown_codes_last() -> None:
    frame = usage.drug_panorama(drugs(), level=1)
    assert frame["atc"].tolist() == ["A", "L", ""]
    assert frame["share"].sum() == pytest.approx(1.0)
    assert frame["reimbursed"].sum() == drugs()["reimbursed"].sum()
    assert frame["products"].tolist() == [4, 1, 1]
    assert frame.loc[0, "boxes"] == 26.0


def test_a_code_shorter_than_the_level_is_not_a_group_of_that_level() -> None:
    frame = usage.drug_panorama(drugs(), level=5)
    assert frame["atc"].tolist() == ["A10AE04", ""]
    assert frame.set_index("atc").loc["", "reimbursed"] == 12.0  # L01 is no level-5 code


def test_boxes_unknown_stay_unknown() -> None:
    frame = usage.drug_panorama(drugs(boxes=[float("nan")] * 6))
    assert frame["boxes"].isna().all()
    row = usage.share_of_group(drugs(boxes=[float("nan")] * 6), group="g", **GLARGINE).iloc[0]
    assert pd.isna(row["share_boxes"])


@pytest.mark.parametrize("level", [0, 6])
def test_a_level_that_does_not_exist_is_refused(level: int) -> None:
    with pytest.raises(EstimationError, match="de 1 à 5"):
        usage.drug_panorama(drugs(), level=level)


def test_generic_share_within_groups_and_over_all() -> None:
    frame = usage.generic_share(drugs()).set_index("place")
    assert frame.loc["generic", "reimbursed"] == 57.0
    assert frame.loc["generic", "share_in_groups"] == pytest.approx(57 / 97)
    assert frame.loc["unknown", "products"] == 1
    assert frame["share"].sum() == pytest.approx(1.0)
    assert pd.isna(frame.loc["outside", "share_in_groups"])


def test_mapping_changes_an_indicator() -> None:
    row = usage.mapping_effect(
        drugs(), "glargine", prefixes=["A10AE04"], substances=["INSULINE GLARGINE"]
    ).iloc[0]
    assert row[["direct", "spread", "substance"]].tolist() == [140.0, 200.0, 200.0]
    coverage = usage.mapping_effects(drugs()).set_index("indicator").loc["coverage"]
    assert coverage.tolist() == [147.0, 207.0, 207.0]


def test_lorenz_ends_at_the_whole_and_is_concave() -> None:
    curve = usage.lorenz(drugs()["reimbursed"])
    assert curve["amount_share"].iloc[-1] == pytest.approx(1.0)
    assert curve["product_share"].iloc[-1] == 1.0
    assert (curve["amount_share"] >= curve["product_share"]).all()


def test_top_products_cumulate() -> None:
    top = usage.top_products(drugs(), count=2)
    assert top["cip13"].tolist() == ["4", "2"]
    assert top["cumulative_share"].iloc[-1] == pytest.approx(150 / 212)


def test_concentration_of_nothing_is_refused() -> None:
    with pytest.raises(EstimationError, match="aucun produit"):
        usage.concentration(pd.Series([0.0, -1.0]))
