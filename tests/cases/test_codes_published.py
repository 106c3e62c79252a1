"""Code systems and lists against the producers' own files, where those are at hand."""

import csv
import gzip
import json

import pytest

from studylib import codes, project, referentials
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
