"""Code systems and lists against the producers' own files, where those are at hand."""

import csv
import gzip
import json
from datetime import date

import narwhals as nw
import pandas as pd
import pytest

from studylib import codes, project, referentials
from studylib.codes import conversions
from studylib.errors import CodeError

DATA = project.root().parent / "shared" / "data"

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="données partagées absentes (dossier shared/data à côté du projet)"
)


def semicolon_rows(name: str) -> list[dict[str, str]]:
    opener = gzip.open if name.endswith(".gz") else open
    with opener(DATA / "nomenclatures" / name, "rt", encoding="utf-8") as stream:
        return list(csv.DictReader(stream, delimiter=";"))


def json_records(path: str) -> list[dict[str, object]]:
    with gzip.open(DATA / path, "rt", encoding="utf-8") as stream:
        return json.load(stream)


def refused(name: str, given) -> list[str]:
    known = codes.system(name)
    return [code for code in given if not known.is_valid(code)]


@pytest.fixture(scope="module")
def presentations() -> list[list[str]]:
    with gzip.open(DATA / "bdpm" / "CIS_CIP_bdpm.txt.gz", "rt", encoding="utf-8") as stream:
        return [line.split("\t") for line in stream]


@pytest.fixture(scope="module")
def diseases() -> set[str]:
    return {row["CIM_COD"] for row in semicolon_rows("IR_CIM_V.csv.gz")}


def test_every_cip_of_the_bdpm_is_accepted(presentations):
    assert len(presentations) > 20_000
    assert refused("CIP7", (row[1] for row in presentations)) == []
    assert refused("CIP13", (row[6] for row in presentations)) == []
    assert all(codes.cip13_from_cip7(row[1]) == row[6] for row in presentations)


def test_the_former_cip7_key_no_longer_holds(presentations):
    """Why the CIP7 has no key here: four presentations in ten break the former rule."""
    former = [
        sum(int(digit) * weight for digit, weight in zip(row[1][:6], range(2, 8), strict=True)) % 11
        == int(row[1][6])
        for row in presentations
    ]
    assert 0.55 < sum(former) / len(former) < 0.65


def test_every_atc_of_the_bdpm_is_accepted_and_its_group_has_a_label():
    with gzip.open(DATA / "bdpm" / "CIS_MITM.txt.gz", "rt", encoding="cp1252") as stream:
        given = {line.split("\t")[1] for line in stream}
    assert len(given) > 1_000
    assert refused("ATC", given) == []
    assert all(referentials.atc_label(code) for code in given)


def test_ucd_of_the_liste_en_sus_are_accepted():
    rows = json_records("nomensland/mco_medref_atih_historique_liste_ucd.json.gz")
    pairs = [(str(row["ucd7"]), str(row["ucd13"]).replace(" ", "")) for row in rows]
    assert refused("UCD7", (ucd7 for ucd7, _ in pairs)) == []
    whole = [(ucd7, ucd13) for ucd7, ucd13 in pairs if ucd13.isdigit()]
    assert len(whole) > 5_000
    assert all(codes.ucd13_from_ucd7(ucd7) == ucd13 for ucd7, ucd13 in whole)
    # six of them went through a spreadsheet
    assert [ucd13 for _, ucd13 in pairs if not ucd13.isdigit()] == ["3,40089E+12"] * 6


def test_every_ghm_tariffed_since_2010_is_accepted():
    given = {str(row["ghm"]) for row in json_records("nomensland/tarifs_mco_ghs.json.gz")}
    assert len(given) > 2_500
    assert refused("GHM", given) == []


def test_every_disease_code_is_accepted_but_the_three_fillers(diseases):
    assert len(diseases) > 18_000
    assert sorted(refused("CIM-10", diseases)) == ["III", "XXX", "ZZZ"]


def shipped(system: str) -> list[str]:
    return [name for name in codes.codelist_names() if codes.codelist(name).system == system]


@pytest.mark.parametrize("name", shipped("CIM-10"))
def test_every_disease_code_of_a_shipped_list_exists(name, diseases):
    made = codes.codelist(name)
    assert [code for code in made.codes if code not in diseases] == []
    assert made.require_match(diseases) == ()


def test_the_cut_code_of_a_published_list_is_refused():
    with open(DATA / "codes" / "ehrpop_all_codes.json", encoding="utf-8") as stream:
        dementia = json.load(stream)["Disease"]["Dementia"]["ATC"]
    assert refused("ATC", dementia) == ["N06DA0"]
    with pytest.raises(CodeError, match=r"N06DA\b"):
        codes.Codelist("demence", "ATC", dementia, "2024-01-01", "ehrpop", "Démence")


def test_departments_agree_with_the_snds_value_set():
    theirs = {row["GEO_DPT_COD"]: row["GEO_REG_COD"] for row in semicolon_rows("IR_DPT_V.csv")}
    for code, _, region in referentials.departments().to_numpy():
        assert theirs[code.zfill(3)].zfill(2) == region


def test_old_regions_have_the_codes_of_the_snds_value_set():
    theirs = {row["GEO_REG_COD"].zfill(2) for row in semicolon_rows("IR_REG_V.csv")}
    ours = {*referentials.old_regions()["code"], *referentials.regions()["code"]}
    assert theirs - ours == {"00", "99"}
    assert ours - theirs == set()


def test_every_region_name_of_open_medic_but_the_unknown_is_found():
    with open(DATA / "open_medic" / "eda_09_analyse_region.csv", encoding="utf-8") as stream:
        given = [row["region"] for row in csv.DictReader(stream)]
    zones = {referentials.zone_code(name) for name in given if name != "Inconnu"}
    assert zones == set(referentials.open_data_zones()["code"])


def test_every_region_name_of_insee_is_found():
    file = DATA / "insee" / "demographie_region_age_sexe_fin_2022.csv"
    names = [line.split(";")[0] for line in file.read_text("utf-8-sig").splitlines()[2:]]
    totals = {"France métropolitaine", "DOM", "France métropolitaine et DOM", ""}
    found = [referentials.region_code(name) for name in names if name.strip() not in totals]
    assert sorted(found) == sorted(referentials.regions()["code"])


# --- the producers' files as referentials -------------------------------------------------------

TODAY = date(2026, 5, 31)
FILES = {
    "cim10": "nomenclatures/IR_CIM_V.csv.gz",
    "ucd": "nomenclatures/NU_UCD_R.csv",
    "bdpm_specialities": "bdpm/CIS_bdpm.txt.gz",
    "bdpm_presentations": "bdpm/CIS_CIP_bdpm.txt.gz",
    "bdpm_compositions": "bdpm/CIS_COMPO_bdpm.txt.gz",
    "bdpm_essential_drugs": "bdpm/CIS_MITM.txt.gz",
    "bdpm_generic_groups": "bdpm/CIS_GENER_bdpm.txt.gz",
    "ucd_atc": "nomensland/ucd_tot_table.json.gz",
    "liste_en_sus": "nomensland/mco_medref_atih_historique_liste_ucd.json.gz",
    "ghs_tariffs": "nomensland/tarifs_mco_ghs.json.gz",
    "atc": "open_medic/descriptif_open_medic.xls",
}
ROWS = {
    "cim10": 18_334, "ucd": 1_812, "bdpm_specialities": 15_848, "bdpm_presentations": 20_903,
    "bdpm_essential_drugs": 7_711, "ucd_atc": 1_775, "liste_en_sus": 5_279, "ghs_tariffs": 51_451,
}  # fmt: skip


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Every file brought once into a data folder of its own; what each update did."""
    patch = pytest.MonkeyPatch()
    patch.setenv("STUDYLIB_DATA", str(tmp_path_factory.mktemp("data")))
    patch.setenv("STUDYLIB_PROJECT", str(tmp_path_factory.mktemp("project")))
    yield {
        name: referentials.update(name, DATA / file, today=TODAY) for name, file in FILES.items()
    }
    patch.undo()


def test_every_file_has_the_rows_its_description_counts(library):
    assert {name: library[name].version.rows for name in ROWS} == ROWS
    assert all(done.is_new for done in library.values())


def test_the_date_a_file_tells_is_its_version(library):
    told = {name: done.version.version for name, done in library.items() if done.dated_by == "file"}
    assert told == {
        "ucd": "2019-02-26",
        "ucd_atc": "2019-03-04",
        "liste_en_sus": "2021-11-30",
        "ghs_tariffs": "2025-03-01",
    }


@pytest.mark.usefixtures("library")
def test_most_diseases_open_no_ald():
    table = referentials.referential("cim10")
    assert (table["ald"] == "99").sum() == 15_746
    assert table["label"].str.contains("é").sum() > 1_000


@pytest.mark.usefixtures("library")
def test_prices_rates_and_atc_of_the_bdpm():
    packs = referentials.referential("bdpm_presentations")
    assert packs["price"].notna().sum() == 13_546
    assert (packs["price"] >= 1_000).sum() >= 466  # those written with two commas, at least
    assert packs["rate"].isna().sum() == 7_357
    atc = referentials.referential("bdpm_essential_drugs")
    assert (atc["atc"].str.len() == 5).sum() == 81
    table = referentials.cip_atc()
    assert len(table) == 20_903
    assert table["cip13"].is_unique
    with_atc = set(atc["cis"])
    assert table["atc"].notna().tolist() == table["cis"].isin(with_atc).tolist()
    assert 0 < table["atc"].isna().mean() < 0.5


@pytest.mark.usefixtures("library")
def test_a_ghm_may_have_several_tariffs_and_they_change_on_1_march():
    table = referentials.referential("ghs_tariffs")
    assert not table.duplicated(["ghs", "ghm", "year"]).any()
    assert table.duplicated(["ghm", "year"]).any()

    def failure(at):
        rows = referentials.ghs_tariffs(at).query("ghm == '05M091'")
        return dict(zip(rows["ghs"], rows["tariff"], strict=True))

    assert failure(date(2025, 3, 1)) == {"1753": 3183.38, "5298": 508.25}
    assert failure(date(2026, 2, 28)) == failure(date(2025, 3, 1))
    assert failure(date(2025, 2, 28)) == {"1753": 3152.62, "5298": 503.34}
    counts = table["year"].value_counts()
    assert (counts[2020], counts[2021], counts[2022], counts[2023]) == (2_997, 5_565, 5_671, 3_698)


@pytest.mark.usefixtures("library")
def test_the_history_of_the_liste_en_sus():
    history = referentials.referential("liste_en_sus")
    assert history["ucd7"].nunique() == 1_295
    assert history["effective"].isna().sum() == 2_953
    events = history["event"].value_counts()
    assert events[["tarif", "inscription", "radiation", "modification"]].tolist() == [
        2_924, 1_309, 743, 220,
    ]  # fmt: skip
    periods = referentials.en_sus_periods()
    assert (periods["end"].isna() | (periods["end"] > periods["start"])).all()
    # one UCD was only of an experiment (article 51)
    assert set(history["ucd7"]) - set(periods["ucd7"]) == {"9397542"}
    listed = referentials.ucd_list_en_sus(date(2021, 6, 1)).set_index("ucd7")
    assert listed.index.is_unique
    assert listed.loc["9261104", "price_with_tax"] == 168.595  # bevacizumab 100 mg
    assert (listed["price_with_tax"].notna()).all()


@pytest.mark.usefixtures("library")
def test_spellings_of_ucd_and_cip_agree_with_the_files():
    packs = referentials.referential("bdpm_presentations")
    frame = nw.from_native(packs[["cip7", "cip13"]])
    assert frame.select(conversions.cip13("cip7"))["cip7"].to_list() == packs["cip13"].tolist()
    assert frame.select(conversions.cip7("cip13"))["cip13"].to_list() == packs["cip7"].tolist()
    given = semicolon_rows("NU_UCD_R.csv")
    padded = pd.DataFrame({"code": [row["UCD_UCD_COD"] for row in given]})
    made = nw.from_native(padded).select(conversions.ucd7("code"))["code"].to_list()
    assert made == referentials.referential("ucd")["ucd7"].tolist()
    history = set(referentials.referential("liste_en_sus")["ucd7"])
    assert len(set(made) & history) == 855


def test_every_department_of_the_snds_value_set_is_a_known_spelling():
    outside = {"0", "99"}
    for row in semicolon_rows("IR_DPT_V.csv"):
        theirs = row["GEO_REG_COD"]
        ours = referentials.department_region(row["GEO_DPT_COD"])
        assert ours == (None if theirs in outside else theirs.zfill(2)), row
    corse = ["2A", "2B", "02A", "02B", "201", "202", "020", "209"]
    assert {referentials.department_region(each) for each in corse} == {"94"}


@pytest.mark.usefixtures("library")
def test_the_validator_finds_what_is_wrong_in_a_published_list():
    with open(DATA / "codes" / "ehrpop_all_codes.json", encoding="utf-8") as stream:
        diseases = json.load(stream)["Disease"]

    def checked(name, system, key):
        return codes.check_codelist(codes.RawList(name, system, tuple(diseases[name][key])))

    dementia = checked("Dementia", "ATC", "ATC")
    assert dementia.passed is False
    cut = dementia.table[dementia.table["severity"] == "error"]
    assert cut[["finding", "code"]].values.tolist() == [["cut", "N06DA0"]]
    copd = checked("COPD", "ATC", "ATC")
    assert copd.passed
    assert copd.table["finding"].tolist() == ["broad", "ambiguous"]
    assert set(copd.table["code"]) == {"R03"}
    assert "asthme" in copd.table["text"].iloc[1]
    assert checked("Dementia", "CIM-10", "ICD10").passed


@pytest.mark.usefixtures("library")
def test_codes_of_charlson_exist():
    known = set(referentials.referential("cim10")["code"])
    absent = [code for code in referentials.charlson()["code"] if code not in known]
    assert absent == []


@pytest.mark.usefixtures("library")
def test_apixaban_is_found_in_every_referential_that_knows_it():
    found = codes.search("apixaban", limit=40)
    assert found.iloc[0]["origin"] == "liste aod"
    assert found.iloc[1][["origin", "code"]].tolist() == ["atc", "B01AF02"]
    assert {"bdpm_specialities", "bdpm_presentations"} <= set(found["origin"])
    assert codes.search("hémorragie digestive").iloc[0]["code"] == "gastrointestinal_bleeding"
    card = codes.card("B01AF02")
    assert card.loc[card["relation"] == "neighbour", "label"].tolist() == ["RIVAROXABAN"]


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("name", codes.codelist_names())
def test_no_shipped_list_has_an_error(name):
    result = codes.check_codelist(codes.codelist(name))
    assert result.passed
    unknown = result.table[result.table["finding"] == "unknown"]
    system = codes.codelist(name).system
    # Cnam's ATC labels hold what is reimbursed in town today, so some old drugs are not there
    assert system == "ATC" or unknown.empty
