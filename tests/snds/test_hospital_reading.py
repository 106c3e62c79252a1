"""The reading of hospital tables on hand-drawn cases."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from snds.drawn_hospital import Drawn, day

from studylib.errors import DataMissing, TableError
from studylib.sources import Engine
from studylib.sources.schemas import EVENT_TABLES
from studylib.sources.snds import finess, hospital_tariffs
from studylib.sources.snds.hospital import open_stays, read_hospital
from studylib.sources.snds.hospital_drug_rules import ucd7
from studylib.sources.snds.liste_en_sus import ListeEnSus
from studylib.sources.snds.raw import Raw
from studylib.tables import check

JUNE = {"EXE_SOI_DTD": "2019-06-03 13:45", "EXE_SOI_DTF": "2019-06-10"}
AVASTIN, TARIFF = "9261104", 240.849  # from 2018-01-02 to 2020-12-01


@pytest.fixture
def drawn(tmp_path: Path, engine: Engine) -> Drawn:
    """Two persons, PSA1 and PSA2."""
    return Drawn(tmp_path, engine, {"PSA1": 1, "PSA2": 2})


def stay(number: int, **columns: object) -> dict[str, object]:
    """A stay of June 2019, of person 1 unless said otherwise."""
    return {"RSA_NUM": f"{number:010d}", **JUNE, **columns}


def test_a_stay_has_its_days_its_person_and_its_value(drawn: Drawn) -> None:
    drawn.stay(
        2019,
        stay(1, MNT_GHS_AM=2000.5, MNT_REA_AM=300.25, MNT_TOT_AM=9000.0, MNT_MON=6699.25,
             ENT_PRV="5", SOR_MOD="9"),
    )  # fmt: skip
    read = drawn.read("stays")
    assert len(read) == 1
    row = read.iloc[0]
    assert (row["start"], row["end"]) == (day("2019-06-03"), day("2019-06-11"))
    assert row["cost"] == pytest.approx(2300.75)
    assert (row["person_id"], row["ghm"], row["emergency"], row["died"]) == (1, "05M091", 1, 1)


def test_a_stay_with_a_bad_return_code_counts_without_its_person(drawn: Drawn) -> None:
    wrong = ["1", "true", "A", None]
    drawn.stay(2019, stay(9), *[stay(n, COH_SEX_RET=code) for n, code in enumerate(wrong)])
    assert list(drawn.read("stays")["person_id"]) == [1]
    unlinked = drawn.read("unlinked_stays")
    assert list(unlinked["reason"]) == ["return_code"] * 4
    assert unlinked["cost"].sum() == 4000.0
    assert drawn.rejected()["T_MCOaaC", "return_code"] == 2 * 4  # the stays were read twice


def test_a_right_return_code_may_be_spelled_in_several_ways(drawn: Drawn) -> None:
    right = ["0", "false", "False", "0.0"]
    drawn.stay(2019, *[stay(n, NIR_RET=code) for n, code in enumerate(right)])
    assert len(drawn.read("stays")) == 4


def test_a_code_not_collected_that_year_is_not_asked_for(drawn: Drawn) -> None:
    drawn.stay(2012, {"RSA_NUM": "1", "EXE_SOI_DTD": "2012-06-03", "EXE_SOI_DTF": "2012-06-04"})
    assert len(drawn.read("stays")) == 1  # COH_NAI_RET and COH_SEX_RET begin in 2013


def test_an_unknown_pseudonym_is_told_apart(drawn: Drawn) -> None:
    drawn.stay(2019, stay(1, NIR_ANO_17="PSA9"))
    assert list(drawn.read("unlinked_stays")["reason"]) == ["unknown_person"]
    links = drawn.findings.table("links").set_index(["from_table", "to_table"])
    assert links.loc[("T_MCOaaC", "IR_BEN_R"), "unmatched"] == 1


def test_a_number_used_again_the_next_year_is_another_stay(drawn: Drawn) -> None:
    drawn.stay(2018, {**stay(7), "EXE_SOI_DTD": "2018-02-01", "EXE_SOI_DTF": "2018-02-02",
                      "DGN_PAL": "K922"})  # fmt: skip
    drawn.stay(2019, stay(7, NIR_ANO_17="PSA2", MNT_GHS_AM=50.0))
    read = drawn.read("stays")
    assert list(zip(read["person_id"], read["cost"], strict=True)) == [(1, 1000.0), (2, 50.0)]
    assert read["stay_id"].is_unique
    diagnoses = drawn.read("diagnoses")
    assert list(zip(diagnoses["person_id"], diagnoses["code"], strict=True)) == [
        (1, "K922"), (2, "I500"),
    ]  # fmt: skip


def test_a_key_met_twice_in_a_year_is_refused(drawn: Drawn) -> None:
    drawn.stay(2019, stay(1), stay(1))
    with pytest.raises(TableError, match=r"ETA_NUM \+ RSA_NUM se répète"):
        drawn.read("stays")


def test_a_diagnosis_is_kept_once_at_its_best_place(drawn: Drawn) -> None:
    drawn.stay(2019, stay(1, DGN_PAL="Z511", DGN_REL="c50.9"))
    key = {"ETA_NUM": "350000014", "RSA_NUM": "0000000001"}
    associated = ["E119", "E119", "C509", "I10"]
    drawn.write("D", 2019, [{**key, "ASS_DGN": code} for code in associated])
    units = [("Z511", None), ("I10", "N183"), ("K922", "E119")]
    drawn.write("UM", 2019, [{**key, "DGN_PAL": dp, "DGN_REL": dr} for dp, dr in units])
    read = drawn.read("diagnoses")
    assert dict(zip(read["code"], read["position"], strict=True)) == {
        "Z511": "DP", "C509": "DR", "E119": "DAS", "I10": "DAS", "K922": "DP_UM", "N183": "DR_UM",
    }  # fmt: skip
    assert len(read) == 6


def test_an_act_lies_some_days_after_the_entry_and_counts_once(drawn: Drawn) -> None:
    drawn.stay(2019, stay(1))
    act = {"ETA_NUM": "350000014", "RSA_NUM": "0000000001", "CDC_ACT": "DDAF001"}
    drawn.write(
        "A",
        2019,
        [{**act, "ENT_DAT_DEL": "002"}, {**act, "ENT_DAT_DEL": "002", "ACV_ACT": "4"},
         {**act, "ENT_DAT_DEL": "5"}],
    )  # fmt: skip
    read = drawn.read("procedures")
    assert list(read["start"]) == [day("2019-06-05"), day("2019-06-08")]


def test_lines_whose_filter_column_is_missing_are_kept(drawn: Drawn) -> None:
    drawn.stay(2019, stay(1, ENT_MOD=None, SOR_MOD=None, SEJ_TYP=None, TYP_GEN_RSA=None))
    assert len(drawn.read("stays")) == 1


def test_what_is_no_stay_is_set_aside_with_its_reason(drawn: Drawn) -> None:
    none: list[tuple[dict[str, object], str]] = [
        ({"GRG_GHM": "90Z00Z"}, "error_group"),
        ({"ENT_MOD": "0"}, "other_establishment"),
        ({"SOR_MOD": "0"}, "other_establishment"),
        ({"SEJ_TYP": "B"}, "inter_establishment"),
        ({"TYP_GEN_RSA": 2}, "automatic_rsa"),
    ]
    kept: list[dict[str, object]] = [
        {}, {"GRG_GHM": "28Z15Z", "SEJ_TYP": "B"}, {"GRG_GHM": "06M901"},
    ]  # fmt: skip
    stays = [*kept, *[columns for columns, _ in none]]
    drawn.stay(2019, *[stay(n, **columns) for n, columns in enumerate(stays)])
    assert len(drawn.read("stays")) == len(kept)
    counts = {"error_group": 1, "other_establishment": 2, "inter_establishment": 1,
              "automatic_rsa": 1}  # fmt: skip
    assert drawn.rejected() == {("T_MCOaaB", reason): n for reason, n in counts.items()}
    lines = pd.read_parquet(drawn.folder / "events" / "rejected_lines").sort_values("line")
    assert list(lines["line"]) == [f"2019|350000014|{n:010d}" for n in range(3, 8)]
    assert list(lines["reason"]) == [reason for _, reason in none]
    assert set(lines["amount"]) == {1000.0}


def test_a_stay_without_valuation_is_kept_and_told(drawn: Drawn) -> None:
    drawn.stay(2019, stay(1, VALO="0"), stay(2, VALO=None), stay(3, VALO="5"))
    assert sorted(drawn.read("stays")["cost"]) == [0.0, 0.0, 1000.0]
    assert drawn.rejected()["T_MCOaaVALO", "no_valuation"] == 2


def test_a_private_stay_is_worth_its_bills(drawn: Drawn) -> None:
    drawn.stay(2019, stay(1), without=("VALO",))
    bill = {"ETA_NUM": "350000014", "RSA_NUM": "0000000001"}
    drawn.write("FB", 2019, [{**bill, "ACT_COD": "GHS", "AMO_MNR": 800.0},
                             {**bill, "ACT_COD": "SRC", "AMO_MNR": 120.5}])  # fmt: skip
    assert list(drawn.read("stays")["cost"]) == [920.5]


def test_sites_are_set_aside_only_where_their_entity_sends_too(drawn: Drawn) -> None:
    site, entity = "750100018", "750712184"
    for year, senders in ((2016, [site, entity]), (2017, [site]), (2018, [site, entity])):
        days = {"EXE_SOI_DTD": f"{year}-06-03", "EXE_SOI_DTF": f"{year}-06-10"}
        drawn.stay(year, *[{"RSA_NUM": "1", **days, "ETA_NUM": code} for code in senders])
    read = drawn.read("stays")
    assert list(read["establishment"]) == [entity, site, site, entity]
    assert drawn.rejected() == {("T_MCOaaB", "duplicate_finess"): 1}


def test_the_list_of_sites_holds_whole_numbers_with_their_key() -> None:
    table = finess.double_transmissions()
    published = table[table["group"] != "fictive"]
    assert (len(published), (published["mco"] == "yes").sum()) == (166, 47)
    assert not published["code"].map(finess.key_is_wrong).any()
    assert set(published["legal"]) == {"750712184", "690781810", "130786049"}
    assert finess.key_is_wrong("90787460")  # a number of the list, as once published


def test_a_line_of_three_stays_is_divided_by_three(drawn: Drawn) -> None:
    drawn.stay(2019, stay(1), stay(2), stay(3))
    line = {"ETA_NUM": "350000014", "UCD_UCD_COD": f"000000{AVASTIN}", "ADM_NBR": 6.0,
            "ADM_NBR_PRI": 6 * 200.0, "NBR_SEJ": 3, "DAT_ADM_ANN": 2019, "ADM_MOIS": "06",
            "DELAI": 1}  # fmt: skip
    drawn.write("MED", 2019, [{**line, "RSA_NUM": f"{n:010d}"} for n in (1, 2, 3)])
    read = drawn.read("hospital_drugs")
    assert read["cost"].sum() == pytest.approx(1200.0)
    assert list(read["quantity"]) == [2.0, 2.0, 2.0]
    assert set(read["start"]) == {day("2019-06-04")}
    assert set(read["atc"]) == {"L01FG01"}


def test_lines_of_the_list_are_cleaned(drawn: Drawn) -> None:
    cases: list[tuple[dict[str, object], float | None, str | None]] = [
        ({"ADM_NBR_PRI": 2 * 200.0}, 400.0, None),
        ({"ADM_NBR_PRI": 2 * 300.0}, 2 * TARIFF, "price_above_tariff"),
        ({"ADM_NBR": -2.0, "ADM_NBR_PRI": -400.0}, None, "nonpositive_number"),
        ({"ADM_NBR": 0.0}, None, "nonpositive_number"),
        ({"DAT_ADM_ANN": 2016}, None, "old_year"),
        ({"DAT_ADM_ANN": 2017, "ADM_NBR_PRI": 401.0}, 401.0, None),
        ({"UCD_UCD_COD": "0000009001120"}, None, "off_list"),
        ({"UCD_UCD_COD": "XX"}, None, "unknown_code"),
        ({"RSA_NUM": "0000000099"}, None, "no_stay"),
    ]
    drawn.stay(2019, stay(1))
    line = {"ETA_NUM": "350000014", "RSA_NUM": "0000000001", "UCD_UCD_COD": f"000000{AVASTIN}",
            "ADM_NBR": 2.0, "ADM_NBR_PRI": 400.0, "NBR_SEJ": 1, "DAT_ADM_ANN": 2019,
            "ADM_MOIS": "06"}  # fmt: skip
    drawn.write("MED", 2019, [{**line, **columns} for columns, _, _ in cases])
    expected = sorted(cost for _, cost, _ in cases if cost is not None)
    assert sorted(drawn.read("hospital_drugs")["cost"]) == pytest.approx(expected)
    counts = pd.Series([reason for _, _, reason in cases if reason]).value_counts()
    assert drawn.rejected() == {("T_MCOaaMED", reason): n for reason, n in counts.items()}
    aside = pd.read_parquet(drawn.folder / "events" / "rejected_lines")
    excess = aside.loc[aside["reason"] == "price_above_tariff", "amount"]
    assert list(excess) == pytest.approx([600.0 - 2 * TARIFF])


def test_early_access_is_not_held_against_the_list(drawn: Drawn) -> None:
    drawn.stay(2019, stay(1))
    line = {"ETA_NUM": "350000014", "RSA_NUM": "0000000001", "UCD_UCD_COD": "0000009999999",
            "ADM_NBR": 1.0, "ACH_PRI_ADM": 5000.0, "SEJ_NBR": 1, "ADM_ANN": 2019,
            "ADM_MOIS": "06"}  # fmt: skip
    drawn.write("MEDATU", 2019, [line])
    read = drawn.read("hospital_drugs")
    assert list(read["cost"]) == [5000.0]
    assert list(drawn.findings.table("unknown_codes")["code"]) == ["0000009999999"]


def test_outpatient_drugs_have_a_person_and_no_stay(drawn: Drawn) -> None:
    drawn.stay(2019, stay(1))
    visit = {"ETA_NUM": "350000014", "EXE_SOI_DTD": "2019-07-01"}
    drawn.write(
        "CSTC",
        2019,
        [
            {**visit, "SEQ_NUM": "1", "NIR_ANO_17": "PSA2"},
            {**visit, "SEQ_NUM": "2", "NIR_ANO_17": "PSA2", "NIR_RET": "1"},
        ],
    )
    drawn.write("FHSTC", 2019, [{"ETA_NUM": "350000014", "SEQ_NUM": number, "UCD_COD": AVASTIN,
                                 "QUA": 2, "FRACT_COE": 0.75, "ACH_PRU_TTC": 100.0}
                                for number in ("1", "2")])  # fmt: skip
    read = drawn.read("hospital_drugs")
    assert list(read["cost"]) == [150.0, 150.0]
    assert sorted(read["person_id"].fillna(-1)) == [-1, 2]
    assert read["stay_id"].isna().all()
    assert set(read["start"]) == {day("2019-07-01")}


def test_every_form_of_a_unit_code_gives_its_seven_digits(engine: Engine) -> None:
    forms = {
        "9261104": "9261104",
        "009261104": "9261104",
        "0000009261104": "9261104",
        "3400892611044": "9261104",
        "34008 9261104 4": "9261104",
        "340089261104": None,
        "": None,
    }
    frame = engine.load(pd.DataFrame({"ucd": list(forms)}), "ucd")
    found = engine.collect(frame.select("ucd", ucd7("ucd").alias("ucd7"))).set_index("ucd")["ucd7"]
    assert found.astype(object).where(found.notna(), None).to_dict() == forms


def test_the_tariff_of_a_stay_changes_on_the_first_of_march(drawn: Drawn) -> None:
    exits = ["2018-12-31", "2019-02-28", "2019-03-01"]
    drawn.stay(2018, {**stay(1), "EXE_SOI_DTD": "2018-12-20", "EXE_SOI_DTF": exits[0]})
    drawn.stay(2019, *[{**stay(n), "EXE_SOI_DTD": "2019-02-20", "EXE_SOI_DTF": exits[n]}
                       for n in (1, 2)])  # fmt: skip
    tariffs = pd.DataFrame(
        {"ghm": "05M091", "ghs": ["1753", "1753", "5298"], "year": [2018, 2019, 2019],
         "tariff": [100.0, 110.0, 20.0]}
    )  # fmt: skip
    opened = open_stays(Raw("essai", drawn.folder / "raw", drawn.engine), drawn.identities)
    read = drawn.engine.collect(hospital_tariffs.read_tariffs(opened, tariffs))
    assert list(read.sort_values("stay_id")["tariff"]) == [100.0, 100.0, 110.0]
    with pytest.raises(TableError, match="deux fois"):
        hospital_tariffs.read_tariffs(opened, pd.concat([tariffs, tariffs]))


def test_years_without_exact_days_give_months_and_no_person(drawn: Drawn) -> None:
    drawn.stay(2008, {"RSA_NUM": "1"})
    drawn.stay(2009, {"RSA_NUM": "1", "EXE_SOI_DTD": "2009-06-03", "EXE_SOI_DTF": "2009-06-10"})
    bill = {"ETA_NUM": "350000014", "RSA_NUM": "0000000001", "ACT_COD": "GHS", "AMO_MNR": 5.0}
    for year in (2008, 2009):  # T_MCOaaVALO begins in 2011
        drawn.write("FB", year, [bill])
    unlinked = drawn.read("unlinked_stays")
    assert list(unlinked["reason"]) == ["no_exact_date"]
    assert list(unlinked["start"]) == [day("2008-06-01")]
    codings = drawn.findings.table("codings")
    breaks = codings[codings["column"] == "DGN_PAL"].set_index("year")["form"]
    assert breaks.to_dict() == {2008: "before_2009", 2009: "since_2009"}


def test_establishments_have_their_category_and_region(drawn: Drawn) -> None:
    known = [("350000014", "CHU DE RENNES", "DGF", "BRETAGNE"),
             ("2B0000020", "CENTRE HOSPITALIER DE BASTIA", "DGF", None),
             ("970100228", "CLINIQUE DE L'ETANG", "OQN", "?")]  # fmt: skip
    drawn.stay(2019, *[stay(n, ETA_NUM=row[0]) for n, row in enumerate(known)])
    drawn.write("E", 2019, [dict(zip(("ETA_NUM", "SOC_RAI", "STA_ETA", "REG_ETA"), row,
                                     strict=True)) for row in known])  # fmt: skip
    read = drawn.read("establishments").set_index("code")
    assert read["category"].to_dict() == {
        "350000014": "CHU", "2B0000020": "CH", "970100228": "CLINIQUE",
    }  # fmt: skip
    assert read["region"].to_dict() == {"350000014": "53", "2B0000020": "94", "970100228": "01"}


def test_an_unknown_department_is_told(drawn: Drawn) -> None:
    drawn.stay(2019, stay(1, BDI_DEP="2A"), stay(2, BDI_DEP="9D"), stay(3, BDI_DEP="99"))
    assert list(drawn.read("stays")["department"]) == ["2A", "974", "99"]
    unknown = drawn.findings.table("unknown_codes")
    assert list(unknown["code"]) == ["99"]


def test_absent_tables_are_told_in_a_sentence(drawn: Drawn) -> None:
    raw = Raw("essai", drawn.folder / "raw", drawn.engine)
    (drawn.folder / "raw").mkdir()
    assert read_hospital(raw, drawn.identities, drawn.findings) == {}
    for table in ("C", "D", "E"):
        drawn.stay(2019, stay(1))
        (drawn.folder / "raw" / f"T_MCO19{table}" / "0.parquet").unlink()
        raw = Raw("essai", drawn.folder / "raw", drawn.engine)
        with pytest.raises(DataMissing, match=f"T_MCOaa{table} est absente"):
            read_hospital(raw, drawn.identities, drawn.findings)
    drawn.stay(2019, stay(1))
    (drawn.folder / "raw" / "T_MCO19VALO" / "0.parquet").unlink()
    raw = Raw("essai", drawn.folder / "raw", drawn.engine)
    with pytest.raises(TableError, match="ni T_MCOaaVALO ni T_MCOaaFB"):
        read_hospital(raw, drawn.identities, drawn.findings)


def test_the_whole_reading_gives_the_event_tables(drawn: Drawn) -> None:
    drawn.stay(2019, stay(1))
    raw = Raw("essai", drawn.folder / "raw", drawn.engine)
    read = read_hospital(raw, drawn.identities, drawn.findings)
    assert set(read) == {"stays", "unlinked_stays", "diagnoses", "establishments"}
    for name in ("stays", "diagnoses", "establishments"):
        check(drawn.engine.collect(read[name]), EVENT_TABLES[name])
    drawn.findings.write()
    absent = pd.read_parquet(drawn.folder / "events" / "quality" / "codings.parquet")
    assert list(absent["form"]) == ["absent", "absent"]  # T_MCOaaUM: two columns of diagnoses
    volumes = drawn.findings.table("volumes")
    assert volumes[["table", "care_month", "lines", "amount"]].to_numpy().tolist() == [
        ["T_MCOaaB", "2019-06", 1, 1000.0]
    ]


def test_a_list_gives_the_tariff_of_a_day_and_of_a_month() -> None:
    listed = ListeEnSus(
        pd.DataFrame(
            {
                "ucd7": "9000001",
                "label": "A",
                "atc": "L01AA01",
                "start": [day("2019-01-10"), day("2019-03-15")],
                "end": [float(day("2019-03-15")), float(day("2019-05-01"))],
                "tariff": [10.0, 8.0],
            }
        )
    )
    assert [listed.tariff("9000001", day(text)) for text in (
        "2019-01-09", "2019-01-10", "2019-03-14", "2019-03-15", "2019-04-30", "2019-05-01",
    )] == [None, 10.0, 10.0, 8.0, 8.0, None]  # fmt: skip
    months = listed.by_month().set_index("month")
    assert list(months.index) == [201901, 201902, 201903, 201904]
    march = months.loc[201903]
    assert (march["tariff"], march["next_tariff"]) == (10.0, 8.0)
    assert march["change_day"] == day("2019-03-15")
    with pytest.raises(TableError, match="7 chiffres"):
        ListeEnSus(listed.periods.assign(ucd7="900"))
    with pytest.raises(TableError, match="absentes tariff"):
        ListeEnSus(listed.periods.drop(columns="tariff"))


def test_a_price_follows_the_tariff_of_the_day_within_a_month(drawn: Drawn) -> None:
    drawn.stay(2018, *[{**stay(n), "EXE_SOI_DTD": f"2018-01-0{n}", "EXE_SOI_DTF": f"2018-01-0{n}"}
                       for n in (1, 2)])  # fmt: skip
    line = {"ETA_NUM": "350000014", "UCD_UCD_COD": AVASTIN, "ADM_NBR": 1.0, "ADM_NBR_PRI": 999.0,
            "NBR_SEJ": 1, "DAT_ADM_ANN": 2018, "ADM_MOIS": "01"}  # fmt: skip
    drawn.write("MED", 2018, [{**line, "RSA_NUM": f"{n:010d}"} for n in (1, 2)])
    assert list(drawn.read("hospital_drugs")["cost"]) == [253.526, TARIFF]
