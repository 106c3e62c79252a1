"""Search, cards, differences and checks over lists and referentials."""

from __future__ import annotations

import csv
import hashlib
from datetime import date
from pathlib import Path

import pytest

from studylib import codes, referentials, tables
from studylib.codes import CHANGES, FINDINGS, Codelist, RawList
from studylib.codes.comparing import labels_by_code
from studylib.codes.neighbours import forgotten
from studylib.errors import CodeError

TODAY = date(2026, 5, 4)
ATC = [
    ("B", "SANG"), ("B01", "ANTITHROMBOTIQUES"), ("B01A", "ANTITHROMBOTIQUES"),
    ("B01AF", "INHIBITEURS DIRECTS DU FACTEUR XA"), ("B01AF01", "RIVAROXABAN"),
    ("B01AF02", "APIXABAN"), ("B01AF03", "EDOXABAN"), ("R03", "SYNDROMES OBSTRUCTIFS"),
    ("R03A", "ADRENERGIQUES"), ("R03B", "AUTRES"),
]  # fmt: skip
CIM10 = [
    ("K25", "Ulcère de l'estomac"), ("K250", "Ulcère de l'estomac, aigu avec hémorragie"),
    ("K251", "Ulcère de l'estomac, aigu avec perforation"), ("I50", "Insuffisance cardiaque"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STUDYLIB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("STUDYLIB_PROJECT", str(tmp_path))
    (tmp_path / "parameters" / "codelists").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def library(tmp_path: Path) -> None:
    """ATC, CIM-10 and one speciality of the BDPM."""
    atc = "code,label\n" + "\n".join(f"{code},{label}" for code, label in ATC)
    cim = "CIM_COD;CIM_LIB;ALD_030_COD\n" + "\n".join(f"{c};{label};99" for c, label in CIM10)
    named = "\t".join(["60000001", "ELIQUIS 5 mg, comprimé pelliculé", *[""] * 10])
    active = "\t".join(["60000001", "comprimé", "77777", "APIXABAN", "5 mg", "", "SA", "1"])
    for name, file, text in (
        ("atc", "atc.csv", atc),
        ("cim10", "IR_CIM_V.csv", cim),
        ("bdpm_specialities", "CIS_bdpm.txt", named),
        ("bdpm_compositions", "CIS_COMPO_bdpm.txt", active),
    ):
        (tmp_path / file).write_text(text + "\n", encoding="utf-8")
        referentials.update(name, tmp_path / file, today=TODAY)


def hits(text: str, **options: int) -> list[tuple[str, str]]:
    found = codes.search(text, **options)
    return list(zip(found["origin"], found["code"], strict=True))


# --- search -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("library")
def test_a_substance_is_found_by_its_atc_its_list_and_its_brand():
    assert hits("Apixaban")[:3] == [
        ("liste aod", "B01AF"),
        ("atc", "B01AF02"),
        ("bdpm_specialities", "60000001"),
    ]


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    "text", ["ulcère estomac", "ULCERE DE L'ESTOMAC", "estomac  ulcere", "ulcer estom"]
)
def test_accents_case_order_and_ends_of_words_do_not_count(text):
    assert ("cim10", "K25") in hits(text)


@pytest.mark.usefixtures("library")
def test_the_code_itself_comes_before_what_begins_with_it():
    found = codes.search("K25")
    assert found.iloc[0][["origin", "code", "rank"]].tolist() == ["cim10", "K25", 0]
    assert found["rank"].is_monotonic_increasing
    assert set(found.loc[found["rank"] == 2, "code"]) >= {"K250", "K251"}
    assert codes.search("k25.0").iloc[0]["code"] == "K250"


def test_every_hit_says_where_it_is_from():
    found = codes.search("antivitamines")
    assert found.iloc[0][["origin", "system", "version"]].tolist() == [
        "liste avk", "ATC", codes.codelist("avk").version,
    ]  # fmt: skip
    assert {"atc", "cim10", "finess"} <= set(codes.absent())


def test_nothing_found_is_empty_and_near_words_are_proposed():
    assert codes.search("zzzzzz").empty
    assert "antivitamines" in codes.close_words("antivitamynes")


def test_limit_and_short_searches():
    assert len(codes.search("de", limit=3)) == 3
    for text in ("a", "", " . "):
        with pytest.raises(CodeError, match="trop courte"):
            codes.search(text)


def test_a_new_version_is_searched_at_once(tmp_path):
    assert hits("edoxaban") == [("liste aod", "B01AF")]
    (tmp_path / "atc.csv").write_text("code,label\nB01AF03,EDOXABAN\n", encoding="utf-8")
    referentials.update("atc", tmp_path / "atc.csv", today=TODAY)
    assert hits("edoxaban") == [("liste aod", "B01AF"), ("atc", "B01AF03")]


def test_a_faulty_list_of_the_project_does_not_stop_a_search(project):
    (project / "parameters/codelists/faulty.csv").write_text("x\n1\n")
    assert ("liste avk", "avk") in hits("antivitamines")


# --- cards --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("library")
def test_a_code_with_its_place_among_others():
    card = codes.card("B01AF02")
    by_relation = card.groupby("relation")["code"].apply(list).to_dict()
    assert by_relation == {
        "code": ["B01AF02"],
        "parent": ["B01AF", "B01A", "B01", "B"],
        "neighbour": ["B01AF01", "B01AF03"],
        "list": ["aod"],
    }
    first = card.iloc[0]
    assert (first["label"], first["referential"], first["version"]) == (
        "APIXABAN", "atc", "2026-05-04",
    )  # fmt: skip


def test_a_code_without_referential_has_a_card_without_label():
    card = codes.card("K250")
    assert card.iloc[0].tolist() == ["code", "CIM-10", "K250", "", "", ""]
    assert set(card.loc[card["relation"] == "list", "code"]) >= {"major_bleeding"}


def test_what_has_the_form_of_no_code():
    with pytest.raises(CodeError, match="ni un code d'un système connu"):
        codes.card("N06DA0X9")


# --- differences --------------------------------------------------------------------------------


def made(*listed: str, system: str = "ATC") -> Codelist:
    return Codelist("essai", system, listed, "2026-01-01", "essai", "Essai")


def test_added_removed_and_relabelled():
    before = {"A": "Un", "B": "Deux", "C": "Trois"}
    after = {"B": "Deux", "C": "Trois bis", "D": "Quatre"}
    changes = tables.check(codes.diff(before, after), CHANGES)
    assert changes[["change", "code", "before", "after"]].values.tolist() == [
        ["added", "D", None, "Quatre"],
        ["relabelled", "C", "Trois", "Trois bis"],
        ["removed", "A", "Un", None],
    ]


def test_the_same_list_has_no_change_and_two_systems_do_not_compare():
    assert codes.diff(made("B01AF"), made("B01AF")).empty
    with pytest.raises(CodeError, match="ne se comparent pas"):
        codes.diff(made("B01AF"), made("I60", system="CIM-10"))


def test_a_code_replaced_by_its_group_is_said_to_be_covered():
    changes = codes.diff(made("B01AF01", "B01AF02"), made("B01AF")).set_index("code")
    assert changes["covered_by"].to_dict() == {
        "B01AF": None, "B01AF01": "B01AF", "B01AF02": "B01AF",
    }  # fmt: skip


def test_versions_of_a_list_and_of_a_referential(project, tmp_path):
    row = "B01AF02,Apixaban,ATC,2026-03-02,Étude,Apixaban seul"
    text = f"code,label,system,version,source,list_label\n{row}\n"
    (project / "parameters/codelists/aod.csv").write_text(text, encoding="utf-8")
    versions = codes.list_versions("aod")
    assert list(versions) == ["2026-01-01", "2026-03-02"]
    old, new = (held for held, _ in versions.values())
    assert codes.diff(old, new)["code"].tolist() == ["B01AF02", "B01AE07", "B01AF"]
    for year, label in ((2020, "APIXABAN"), (2024, "Apixaban (AOD)")):
        (tmp_path / "atc.csv").write_text(f"code,label\nB01AF02,{label}\n", encoding="utf-8")
        referentials.update("atc", tmp_path / "atc.csv", today=TODAY, version=date(year, 1, 1))
    sides = [
        labels_by_code(referentials.referential("atc", date(year, 6, 1)), "code", "label")
        for year in (2020, 2024)
    ]
    assert codes.diff(*sides)["change"].tolist() == ["relabelled"]


# --- checks -------------------------------------------------------------------------------------


def findings(given: Codelist | RawList, **options: object) -> dict[tuple[str, str], str]:
    result = codes.check_codelist(given, **options)  # type: ignore[arg-type]
    table = tables.check(result.table, FINDINGS)
    return dict(zip(zip(table["finding"], table["code"], strict=True), table["text"], strict=True))


def raw(*listed: str, system: str = "ATC") -> RawList:
    return RawList("essai", system, listed)


def test_a_good_list_passes_without_a_word():
    result = codes.check_codelist(codes.codelist("aod"), present=["B01AE07", "B01AF02"])
    assert result.passed
    assert result.table.empty
    assert "référentiel atc absent" in result.text


def test_every_wrong_code_is_told_and_not_only_the_first():
    result = codes.check_codelist(raw("N06DA0", "N06DA02", "n06dx01", "N06DA02", "B0"))
    assert result.passed is False
    assert result.table["finding"].tolist()[:4] == ["cut", "malformed", "duplicate", "cut"]
    assert result.table["code"].tolist()[:4] == ["N06DA0", "n06dx01", "N06DA02", "B0"]
    assert "3 avertissement" not in result.text
    assert "4 erreurs" in result.text


def test_an_empty_list_is_an_error():
    assert codes.check_codelist(raw()).passed is False


@pytest.mark.usefixtures("library")
def test_neighbours_that_look_forgotten():
    found = findings(raw("B01AF01", "B01AF02"))
    assert list(found) == [("neighbours", "B01AF")]
    assert "B01AF03 EDOXABAN" in found["neighbours", "B01AF"]
    assert findings(raw("B01AF01", "B01AF02", "B01AF03")) == {}
    assert findings(raw("B01AF02")) == {}  # one code alone is a choice
    assert findings(raw("B01AF")) == {}


def test_one_code_of_two_is_a_choice_and_what_a_prefix_covers_is_not_forgotten():
    two, three = ["B01AF01", "B01AF02"], ["B01AF01", "B01AF02", "B01AF03"]
    assert list(forgotten("ATC", two[:1], two)) == []
    assert list(forgotten("ATC", [*two, "B01AF"], three)) == []
    assert list(forgotten("ATC", two, three)) == [("B01AF", two, ["B01AF03"])]


def test_neighbours_are_also_known_from_the_data():
    found = findings(raw("B01AF01", "B01AF02"), present=["B01AF01", "B01AF02", "B01AF03"])
    assert ("neighbours", "B01AF") in found


@pytest.mark.usefixtures("library")
def test_a_code_unknown_to_the_referential_and_one_absent_from_the_data():
    found = findings(raw("B01AF02", "C10AA09"), present=["B01AF02", "A10BA02"])
    assert list(found) == [("absent", "C10AA09"), ("unknown", "C10AA09")]


def test_a_list_that_matches_nothing_in_the_data_is_an_error():
    result = codes.check_codelist(raw("B01AF02"), present=["A10BA02"])
    assert result.passed is False
    assert set(result.table["finding"]) == {"absent", "matches_nothing"}
    assert codes.check_codelist(raw("B01AF02"), present=[]).passed is False


def test_data_written_with_dots_are_an_error():
    result = codes.check_codelist(raw("K25", "I50", system="CIM-10"), present=["K25.0", "I501"])
    assert result.passed is False
    assert "misspelt" in set(result.table["finding"])


@pytest.mark.usefixtures("library")
def test_a_whole_group_and_an_ambiguous_one():
    found = findings(raw("R03"))
    assert "R03A, R03B" in found["broad", "R03"]
    assert "asthme et BPCO" in found["ambiguous", "R03"]


def test_a_code_another_one_covers():
    assert ("covered", "B01AF02") in findings(raw("B01AF", "B01AF02"))


def test_an_unknown_system():
    with pytest.raises(CodeError, match="Système de codes"):
        codes.check_codelist(raw("B01", system="ATCX"))


# --- what ships ---------------------------------------------------------------------------------


def test_every_shipped_list_has_a_source_a_licence_and_the_hash_of_its_content():
    folder = Path(codes.__file__).parent / "lists"
    with (folder / "index.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert sorted(row["name"] for row in rows) == sorted(
        path.stem for path in folder.glob("*.csv") if path.name != "index.csv"
    )
    for row in rows:
        content = (folder / f"{row['name']}.csv").read_bytes().replace(b"\r\n", b"\n")
        assert row["sha256"] == hashlib.sha256(content).hexdigest(), row["name"]
        assert row["source"]
        assert row["licence"]


def test_a_shipped_list_changed_in_place_is_refused(monkeypatch):
    monkeypatch.setattr("studylib.codes.library.text_hash", lambda _: "0" * 64)
    with pytest.raises(CodeError, match="contenu modifié"):
        codes.codelist("aod")
