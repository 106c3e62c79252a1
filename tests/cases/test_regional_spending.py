"""The study's figures on the real open data, where they are present.

Expected values: totals and shares measured independently on the same files (Open DAMIR 2019-2024,
Open Medic 2025, BDPM of May 2026, Insee).
"""

from __future__ import annotations

import pandas as pd
import pytest

from studylib import economics, usage
from studylib.errors import DataMissing
from studylib.sources import open_data

SHOCK = ("2020-03", "2020-05")


@pytest.fixture(scope="module")
def data() -> open_data.OpenData:
    try:
        return open_data.open(drug_year=2025)
    except DataMissing as error:
        pytest.skip(str(error).splitlines()[0])


@pytest.fixture(scope="module")
def paid(data: open_data.OpenData) -> pd.Series:
    return data.monthly("paid")


def test_yearly_totals(paid: pd.Series) -> None:
    by_year = paid.groupby(paid.index.str[:4]).sum() / 1e9
    assert by_year.round(2).tolist() == [130.82, 130.43, 148.59, 150.93, 154.35, 151.94]


def test_incomplete_months_are_found_and_no_other(paid: pd.Series) -> None:
    found = economics.complete_months(paid)
    assert found.last == "2024-10"
    assert found.check.passed is None
    for end in pd.period_range("2020-12", "2024-10", freq="M").astype(str):
        assert economics.complete_months(paid[:end]).last == end


def test_the_guard_finds_the_same_months_in_what_is_reimbursed(data: open_data.OpenData) -> None:
    assert economics.complete_months(data.monthly("reimbursed")).last == "2024-10"


def test_spring_2020(paid: pd.Series) -> None:
    assert round(paid["2019-04"] / 1e9, 2) == 11.04
    assert round(paid["2020-04"] / 1e9, 2) == 6.43
    estimates = economics.spending_trend(paid[:"2024-09"], shock=SHOCK).estimates
    found = estimates.set_index("term")
    assert found.loc["pulse", "change"] / 1e9 == pytest.approx(-3.87, abs=0.005)
    assert found.loc["pulse", "standard_error"] / 1e9 == pytest.approx(0.3, abs=0.05)
    assert found.loc["level", "change"] / 1e9 == pytest.approx(0.8, abs=0.05)
    assert 0.13 <= found.loc["level", "standard_error"] / 1e9 <= 0.18
    assert found.loc["level", "r_squared"] == pytest.approx(0.92, abs=0.005)


def test_the_pulse_depends_on_the_specification(paid: pd.Series) -> None:
    table = economics.trend_sensitivity(paid[:"2024-09"], shock=SHOCK)
    pulse = table[table["term"] == "pulse"].set_index(["pulse_months", "level_from"])["change"]
    whole = pulse["2020-03 – 2020-05"] / 1e9
    assert (round(whole["2020-06"], 1), round(whole["2020-03"], 1)) == (-3.1, -3.9)
    assert (pulse["2020-04"] / 1e9).between(-5.4, -3.6).all()


def test_population_adds_up(data: open_data.OpenData) -> None:
    assert data.population(2024)["population"].sum() == 68_436_616
    fine = data.population(2024, bands="fine")
    assert fine["population"].sum() == pytest.approx(68_436_616)
    assert fine["zone"].nunique() == 13


def test_standardised_spending_against_the_nation(data: open_data.OpenData) -> None:
    period = ("2023-10", "2024-09")
    ratios = {}
    for bands in ("common", "fine"):
        banded = data.spending_between(*period, bands=bands)
        frame = economics.standardised_spending(banded, data.person_years(*period, bands=bands))
        ratios[bands] = frame.set_index("zone")["ratio"]
        assert frame["nation"].iloc[0] == pytest.approx(1663, abs=1)
        assert economics.unknown_share(banded) < 0.001
    # measured once on these files; the overseas zone is the one that finer bands move most
    assert ratios["common"].round(2)[["93", "52", "5"]].tolist() == [1.26, 0.82, 1.34]
    moved = (ratios["fine"] / ratios["common"] - 1).abs()
    assert moved.idxmax() == "5"
    assert moved.drop("5").max() < 0.01


@pytest.mark.parametrize(
    ("substance", "originator", "excluded", "millions", "share"),
    [
        ("ADALIMUMAB", "HUMIRA", [], 493.4, 0.685),
        ("ETANERCEPT", "ENBREL", [], 133.8, 0.647),
        ("ENOXAPARINE", "LOVENOX", [], 88.5, 0.54),
        ("TERIPARATIDE", "FORSTEO", [], 26.3, 0.873),
        ("PEGFILGRASTIM", "NEULASTA", [], 139.1, 0.92),
        ("FOLLITROPINE ALFA", "GONAL-F", [], 52.9, 0.471),
        ("INSULINE GLARGINE", "LANTUS", ["TOUJEO"], 102.2, 0.52),
    ],
)
def test_biosimilar_share(
    data: open_data.OpenData,
    substance: str,
    originator: str,
    excluded: list[str],
    millions: float,
    share: float,
) -> None:
    row = usage.share_of_group(
        data.drugs,
        group=substance.lower(),
        substance=substance,
        kind="biosimilar",
        originators=[originator],
        excluded=excluded,
    ).iloc[0]
    assert row["reimbursed"] / 1e6 == pytest.approx(millions, abs=0.06)
    assert row["share"] == pytest.approx(share, abs=0.006)
    if excluded:
        assert row["share_with_excluded"] == pytest.approx(0.29, abs=0.005)


def test_open_medic_totals_and_coverage(data: open_data.OpenData) -> None:
    drugs = data.drugs
    total = drugs["reimbursed"].sum()
    assert total == pytest.approx(27_846_030_310.29, abs=0.5)
    assert drugs.loc[drugs["cis"] != "", "reimbursed"].sum() / total == pytest.approx(
        0.9994, abs=5e-5
    )
    coverage = usage.mapping_effects(drugs).set_index("indicator").loc["coverage"]
    assert coverage["direct"] / total == pytest.approx(0.817, abs=5e-4)
    assert coverage["spread"] / total == pytest.approx(0.908, abs=5e-4)


def test_the_mapping_moves_ezetimibe_and_not_proton_pump_inhibitors(
    data: open_data.OpenData,
) -> None:
    effects = usage.mapping_effects(data.drugs).set_index("indicator") / 1e6
    assert effects.loc["Ézétimibe et associations"].round().tolist() == [117, 174, 329]
    assert effects.loc["Inhibiteurs de la pompe à protons"].round().tolist() == [227, 233, 233]


def test_descriptor_codes_are_thirteen_digits(data: open_data.OpenData) -> None:
    codes = data.labels.loc[data.labels["system"] == "CIP13", "code"]
    assert codes.str.fullmatch(r"\d{13}").all()
    assert len(codes) > 13_000


def test_products_without_label_are_named_from_elsewhere(data: open_data.OpenData) -> None:
    assert (data.drugs["label"] != "").all()
    assert not data.drugs["label"].isin(["NA"]).any()


def test_one_pack_of_apixaban(data: open_data.OpenData) -> None:
    top = usage.top_products(data.drugs)
    assert top.loc[1, "label"] == "ELIQUIS 5MG CPR 60"
    assert round(top.loc[1, "reimbursed"] / 1e6) == 584
