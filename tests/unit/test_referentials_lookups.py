"""What readers ask of referentials, on small files worked by hand."""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from studylib import codes, referentials
from studylib.errors import CodeError, DataMissing, StudyError, TableError

TODAY = date(2026, 5, 4)


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STUDYLIB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("STUDYLIB_PROJECT", str(tmp_path / "project"))
    return tmp_path


def bring(name: str, file: str, text: str, folder: Path, encoding: str = "utf-8", **more: object):
    path = folder / file
    path.write_bytes(text.encode(encoding))
    return referentials.update(name, path, today=TODAY, **more)  # type: ignore[arg-type]


def day(year: int, month: int, number: int) -> int:
    return (date(year, month, number) - date(1970, 1, 1)).days


# --- geography ----------------------------------------------------------------------------------

SPELLINGS = {
    # Corse: official, padded, DCIR, undetermined, before 1976
    "2A": "94", "2B": "94", "02A": "94", "02B": "94", "201": "94", "202": "94", "020": "94",
    "209": "94", "20": "94",
    # overseas: official and PMSI
    "971": "01", "9A": "01", "972": "02", "9B": "02", "973": "03", "9C": "03", "974": "04",
    "9D": "04", "976": "06", "9F": "06",
    # metropolitan: PMSI, DCIR, read as a number
    "01": "84", "001": "84", "1": "84", "75": "11", "075": "11", "095": "11", "64": "75",
}  # fmt: skip
OUTSIDE = ["000", "099", "991", "992", "999", "975", "977", "978", "98", "099", "888"]


def test_every_spelling_of_trap_13_leads_to_its_region():
    assert {each: referentials.department_region(each) for each in SPELLINGS} == SPELLINGS
    assert [referentials.department_region(each) for each in OUTSIDE] == [None] * len(OUTSIDE)


def test_the_table_of_spellings_joins_without_repeating_or_losing():
    table = referentials.departments_by_spelling()
    assert table["spelling"].is_unique
    official = referentials.departments()
    for notation in (official["code"], official["code"].str.zfill(3)):
        joined = table.set_index("spelling").loc[notation]
        assert joined["department"].tolist() == official["code"].tolist()
        assert joined["region"].tolist() == official["region"].tolist()
    assert set(table["kind"]) == {
        "department", "region_only", "overseas", "abroad", "hidden", "unknown",
    }  # fmt: skip
    inside = table[table["kind"].isin(["department", "region_only"])]
    assert inside["region"].notna().all()
    assert table.loc[~table["kind"].isin(["department", "region_only"]), "region"].isna().all()
    zones = inside.drop_duplicates("region").set_index("region")["zone"]
    assert (zones["94"], zones["93"], zones["01"], zones["84"]) == ("93", "93", "5", "84")


@pytest.mark.parametrize("spelling", ["9E", "96", "2C", "100", "", None, 1, "Ain"])
def test_a_spelling_that_no_source_uses_is_refused(spelling):
    with pytest.raises(CodeError, match="Département"):
        referentials.department_region(spelling)


def test_a_region_code_has_a_meaning_within_its_era():
    table = referentials.regions_by_spelling()
    assert not table.duplicated(["era", "spelling"]).any()
    by_era = table.set_index(["era", "spelling"])
    assert by_era.loc[("2016", "93"), "region"] == "93"
    assert by_era.loc[("open_data", "93"), "region"] is None
    assert by_era.loc[("open_data", "5"), "region"] is None
    assert by_era.loc[("2015", "22"), "region"] == "32"
    assert by_era.loc[("2016", "1"), "region"] == by_era.loc[("2016", "01"), "region"] == "01"
    assert set(table.loc[table["era"] == "2016", "region"]) == set(referentials.regions()["code"])


# --- liste en sus -------------------------------------------------------------------------------

# newest first, as the producer writes it; 9000001 comes, is priced twice, leaves and comes back
HISTORY = [
    ("30/06/2021", "", "9000005", "modification", None),
    ("30/06/2021", "", "9000005", "tarif", 7.0),
    ("01/02/2021", "01/03/2021", "9000001", "inscription", None),
    ("15/06/2020", "01/07/2020", "9000001", "radiation", None),
    ("10/01/2020", "", "9000004", "radiation", None),
    ("20/12/2019", "01/01/2020", "9000001", "tarif", 80.0),
    ("05/06/2018", "", "9000003", "radiation partielle", None),
    ("05/06/2018", "", "9000003", "inscription", None),
    ("01/06/2018", "", "9000001", "tarif", 100.0),
    ("15/05/2018", "01/06/2018", "9000001", "inscription", None),
    ("10/05/2018", "", "9000002", "inscription article 51", None),
]


@pytest.fixture
def en_sus(tmp_path: Path) -> None:
    bring_history(HISTORY, tmp_path)


def bring_history(lines: list[tuple[str, str, str, str, float | None]], folder: Path) -> None:
    rows = []
    for published, effective, ucd7, event, price in lines:
        row: dict[str, object] = {
            "datepublication": published,
            "ucd7": ucd7,
            "libelleucd": f"UCD {ucd7}",
            "evenement": event,
            "denominationcommuneinternationale": "Substance",
            "codeatc": "L01FG01",
            "commentaire": "",
        }
        row |= {"dateeffet": effective} if effective else {}
        row |= {"prix": price, "prixttc": round(price * 1.021, 3)} if price else {}
        rows.append(row)
    text = json.dumps(rows)
    bring("liste_en_sus", "mco_medref_atih_historique_liste_ucd.json", text, folder)


def test_a_suspension_an_erratum_of_the_day_and_two_tariffs_of_a_day(tmp_path):
    history = [
        ("01/09/2019", "", "9000008", "tarif", 90.0),
        ("01/09/2019", "", "9000008", "tarif", 95.0),
        ("01/08/2019", "01/08/2019", "9000008", "inscription", None),
        ("01/06/2019", "", "9000007", "radiation", None),
        ("01/06/2019", "", "9000007", "inscription", None),
        ("01/05/2019", "", "9000006", "inscription", None),
        ("01/03/2019", "", "9000006", "suspension", None),
        ("01/02/2019", "", "9000006", "inscription", None),
    ]
    bring_history(history, tmp_path)
    periods = referentials.en_sus_periods().fillna(0).values.tolist()
    assert periods == [
        ["9000006", day(2019, 2, 1), day(2019, 3, 1)],
        ["9000006", day(2019, 5, 1), 0],
        ["9000008", day(2019, 8, 1), 0],
    ]
    (tariff,) = referentials.en_sus_tariffs().to_dict("records")
    assert (tariff["ucd7"], tariff["price"]) == ("9000008", 90.0)  # the producer's newest line


@pytest.mark.usefixtures("en_sus")
def test_periods_on_the_list():
    periods = referentials.en_sus_periods()
    given = [
        (ucd7, start, None if pd.isna(end) else end)
        for ucd7, start, end in periods.itertuples(index=False)
    ]
    assert given == [
        ("9000001", day(2018, 6, 1), day(2020, 7, 1)),
        ("9000001", day(2021, 3, 1), None),
        ("9000003", day(2018, 6, 5), None),  # an indication less, the UCD stays
        ("9000004", day(2018, 5, 10), day(2020, 1, 10)),  # removed, so listed when history begins
        ("9000005", day(2021, 6, 30), None),  # only priced
    ]


@pytest.mark.usefixtures("en_sus")
@pytest.mark.parametrize(
    ("at", "listed", "price"),
    [
        (date(2018, 5, 31), ["9000004"], None),
        (date(2018, 6, 1), ["9000001", "9000004"], 100.0),
        (date(2019, 12, 31), ["9000001", "9000003", "9000004"], 100.0),
        (date(2020, 1, 1), ["9000001", "9000003", "9000004"], 80.0),
        (date(2020, 6, 30), ["9000001", "9000003"], 80.0),
        (date(2020, 7, 1), ["9000003"], None),
        (date(2021, 3, 1), ["9000001", "9000003"], 80.0),
    ],
)
def test_the_list_and_its_tariffs_on_a_day(at, listed, price):
    table = referentials.ucd_list_en_sus(at).set_index("ucd7")
    assert list(table.index) == listed
    if price is not None:
        assert table.loc["9000001", "price"] == price
        assert table.loc["9000001", "price_with_tax"] == pytest.approx(price * 1.021)


@pytest.mark.usefixtures("en_sus")
def test_nothing_is_said_of_a_day_after_the_history():
    referentials.ucd_list_en_sus(date(2021, 6, 30))
    with pytest.raises(DataMissing, match="s'arrête avant"):
        referentials.ucd_list_en_sus(date(2021, 7, 1))


@pytest.mark.usefixtures("en_sus")
def test_periods_cut_by_tariff_say_the_same_as_the_list_on_any_day():
    cut = referentials.en_sus_price_periods()
    for number in range(day(2018, 5, 10), day(2021, 6, 30), 17):
        at = date.fromordinal(date(1970, 1, 1).toordinal() + number)
        inside = cut[(cut["start"] <= number) & (cut["end"].isna() | (cut["end"] > number))]
        expected = referentials.ucd_list_en_sus(at)
        assert inside["ucd7"].tolist() == expected["ucd7"].tolist()
        assert inside["tariff"].fillna(0).tolist() == expected["price_with_tax"].fillna(0).tolist()


def test_the_atc_of_a_unit_comes_from_the_liste_en_sus_then_from_the_table_of_units(tmp_path):
    with pytest.raises(DataMissing, match="ucd_atc"):
        referentials.ucd_atc()
    units = [
        {"code_ucd": ucd7, "libelle_long_ucd": "X", "code_atc": atc, "date_maj": "2019-03-04"}
        for ucd7, atc in (("9000001", "L01XC07"), ("9000009", "B02BD02"), ("9000010", ""))
    ]
    bring("ucd_atc", "ucd_tot_table.json", json.dumps(units), tmp_path)
    assert referentials.ucd_atc().values.tolist() == [
        ["9000001", "L01XC07", "ucd_atc"],
        ["9000009", "B02BD02", "ucd_atc"],
    ]
    history = [
        {"ucd7": "9000001", "libelleucd": "X", "codeatc": atc, "evenement": "tarif",
         "datepublication": published, "dateeffet": "", "prix": 1.0, "prixttc": 1.021,
         "denominationcommuneinternationale": "", "commentaire": ""}
        for published, atc in (("01/03/2024", "L01FG01"), ("01/03/2015", "L01XC07"))
    ]  # fmt: skip
    name = "mco_medref_atih_historique_liste_ucd.json"
    bring("liste_en_sus", name, json.dumps(history), tmp_path)
    assert referentials.ucd_atc().values.tolist() == [
        ["9000001", "L01FG01", "liste_en_sus"],
        ["9000009", "B02BD02", "ucd_atc"],
    ]


# --- GHS tariffs --------------------------------------------------------------------------------


@pytest.fixture
def tariffs(tmp_path: Path) -> None:
    rows = [
        {"ghs": ghs, "ghm": "05M091", "libelle_ghm": "Insuffisances cardiaques", "borne_basse": 0,
         "borne_haute": 20, "tarif_base": price, "forfait_exb": 0, "tarif_exb": 0.0,
         "tarif_exh": 90.5, "date_effet": f"01/03/{year}", "anseqta": str(year)}
        for year, ghs, price in (
            (2023, "1753", 3000.0), (2024, "1753", 3100.0), (2024, "5298", 500.0),
        )
    ]  # fmt: skip
    bring("ghs_tariffs", "tarifs_mco_ghs.json", json.dumps(rows), tmp_path)


@pytest.mark.usefixtures("tariffs")
@pytest.mark.parametrize(
    ("at", "year"),
    [
        (date(2024, 2, 29), 2023),
        (date(2024, 3, 1), 2024),
        (date(2024, 12, 31), 2024),
        (date(2025, 2, 28), 2024),
    ],
)
def test_new_tariffs_start_on_1_march(at, year):
    table = referentials.ghs_tariffs(at)
    assert set(table["year"]) == {year}
    assert len(table) == (1 if year == 2023 else 2)  # a GHM may have several GHS
    periods = referentials.ghs_tariff_periods()
    number = day(at.year, at.month, at.day)
    inside = periods[(periods["start"] <= number) & (number < periods["end"])]
    assert inside["tariff"].tolist() == table["tariff"].tolist()


@pytest.mark.usefixtures("tariffs")
@pytest.mark.parametrize("at", [date(2023, 2, 28), date(2025, 3, 1)])
def test_a_year_without_tariffs_is_said(at):
    with pytest.raises(DataMissing, match="présentes de 2023 à 2024"):
        referentials.ghs_tariffs(at)


# --- BDPM, ATC, DDD, FINESS ---------------------------------------------------------------------


def bdpm_pack(cis: str, cip7: str, price: str = "12,50") -> str:
    cip13 = codes.cip13_from_cip7(cip7)
    cells = [cis, cip7, "boîte de 30", "Active", "Commercialisée", "01/01/2020", cip13, "oui"]
    return "\t".join([*cells, "65 %", price, price, "1,02", ""])


def test_packs_with_their_atc(tmp_path):
    packs = [bdpm_pack("60000001", "3000001", "1,466,29"), bdpm_pack("60000002", "3000002", "")]
    bring("bdpm_presentations", "CIS_CIP_bdpm.txt", "\n".join(packs), tmp_path)
    lines = [
        "60000001\tB01AF\tÉLIQUIS\thttp://x",
        "60000001\tB01AF02\tÉLIQUIS\thttp://x",
    ]
    bring("bdpm_essential_drugs", "CIS_MITM.txt", "\n".join(lines), tmp_path, "cp1252")
    table = referentials.cip_atc()
    assert table["atc"].tolist() == ["B01AF02", None]
    assert table["cip13"].tolist() == [codes.cip13_from_cip7(c) for c in ("3000001", "3000002")]
    kept = referentials.referential("bdpm_presentations")
    assert kept["price"].iloc[0] == 1466.29
    assert pd.isna(kept["price"].iloc[1])
    assert referentials.referential("bdpm_essential_drugs")["label"].iloc[0] == "ÉLIQUIS"
    with pytest.raises(DataMissing, match="aucune version"):
        referentials.cip_atc(date(2020, 1, 1))


def test_a_cut_bdpm_file_is_refused(tmp_path):
    text = "\n".join([bdpm_pack("60000001", "3000001"), bdpm_pack("60000002", "3000002")[:40]])
    with pytest.raises(DataMissing, match="ligne 2 : la dernière ligne s'arrête"):
        bring("bdpm_presentations", "CIS_CIP_bdpm.txt", text, tmp_path)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_ddd_under_the_names_of_the_usual_tables(tmp_path, separator):
    head = ["atc_code", "atc_name", "ddd", "uom", "adm_r", "note"]
    rows = [["B01AF02", "apixaban", "10", "mg", "O", "NA"], ["B01AF", "Xa", "NA", "NA", "NA", "NA"]]
    text = "\n".join(separator.join(row) for row in [head, *rows])
    bring("ddd", "atc-ddd.csv", text, tmp_path)
    (row,) = referentials.referential("ddd").to_dict("records")
    assert (row["code"], row["ddd"], row["unit"], row["route"]) == ("B01AF02", 10.0, "mg", "O")
    assert row["note"] is None


def finess_line(number: str, department: str, name: str, opened: str = "1979-02-13") -> str:
    cells = [""] * 32
    cells[0], cells[1], cells[2], cells[3] = "structureet", number, "750712184", name[:10]
    cells[4], cells[13], cells[18], cells[19] = name, department, "101", "CHR"
    cells[28] = opened
    return ";".join(cells)


FINESS_NAME = "etalab-cs1100507-stock-20240110-0338.csv"


def test_finess_in_the_encoding_and_with_the_date_of_its_extraction(tmp_path):
    lines = [
        "finess;etalab;93;2024-01-09",
        finess_line("750100018", "75", "HÔPITAUX DE PARIS"),
        finess_line("2B0000020", "2B", "CENTRE HOSPITALIER DE BASTIA", opened="1900-01-01"),
        "geolocalisation;750100018;652000.0;6862000.0;1,ATLASANTE;2024-01-08",
    ]
    bring("finess", FINESS_NAME, "\n".join(lines), tmp_path, "cp1252")
    table = referentials.referential("finess")
    assert table["finess"].tolist() == ["750100018", "2B0000020"]
    assert table["label"].iloc[0] == "HÔPITAUX DE PARIS"
    assert table["opened"].iloc[0] == day(1979, 2, 13)
    assert table["opened"].isna().tolist() == [False, True], "the default of the producer's schema"
    assert [referentials.department_region(each) for each in table["department"]] == ["11", "94"]
    assert referentials.versions("finess")["version"].tolist() == ["2024-01-09"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a;b\n1;2\n", "structureet"),
        ("x\n" + finess_line("750100018", "75", "X")[:-9], "32 attendues"),
        ("x\n" + finess_line("90787460", "90", "X"), "numéro FINESS de 9 caractères"),
    ],
)
def test_what_is_no_finess_extraction(tmp_path, text, said):
    with pytest.raises(TableError, match=said):
        bring("finess", FINESS_NAME, text, tmp_path)


FLOW_NAME = "finess-structures-journalier-20260929.json.gz"


def flow_site(number: str, commune: str, name: str, **more: object) -> dict[str, object]:
    places = [{"usageAdresse": "06", "cogCommune": "75101"}]
    places.append({"usageAdresse": "03", "cogCommune": commune})
    known = {"numFinessEge": number, "nomEgeLong": name, "nomEgeCourt": "", "dateFermeture": None}
    return {
        "informationsGeneralesEGE": {**known, "dateOuverture": "1979-02-13", **more},
        "categorieentiteGeographiqueExercice": "355",
        "adresse": places,
        "etatObjet": "I" if more.get("dateFermeture") else "A",
    }


def flow_text(*sites: dict[str, object]) -> str:
    entity = {"informationsGeneralesPMEJ": {"numFinessPm": "010780054"}, "ege": list(sites)}
    head = {"establishments": 104734, "generatedAt": "2026-09-29T00:00:00.000000000Z"}
    return json.dumps({**head, "pmej": [entity, {**entity, "ege": []}], "gco": []}, indent=1)


def bring_flow(text: str, folder: Path) -> None:
    path = folder / FLOW_NAME
    path.write_bytes(gzip.compress(text.encode()))
    referentials.update("finess", path, today=date(2026, 10, 1))


@pytest.mark.parametrize("block", [7, 1 << 20])
def test_finess_in_the_flow_that_took_the_place_of_the_extraction(tmp_path, monkeypatch, block):
    monkeypatch.setattr("studylib.files.json_stream._BLOCK", block)
    text = flow_text(
        flow_site("010000024", "01451", "CH DE FLEYRIAT"),
        flow_site("2B0000020", "2B033", "CH DE BASTIA", dateOuverture="1900-01-01"),
        flow_site("970100012", "97101", "POLYCLINIQUE"),
        flow_site("010000099", "01451", "FERMÉ", dateFermeture="1999-12-31"),
    )
    bring_flow(text, tmp_path)
    table = referentials.referential("finess")
    assert table["finess"].tolist() == ["010000024", "2B0000020", "970100012"]
    assert set(table["legal_entity"]) == {"010780054"}
    regions = [referentials.department_region(each) for each in table["department"]]
    assert regions == ["84", "94", "01"]
    assert table["category"].tolist() == ["355"] * 3
    assert table["opened"].isna().tolist() == [False, True, False]
    assert referentials.versions("finess")["version"].tolist() == ["2026-09-29"]


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        (
            flow_text(flow_site("010000024", "01451", "X"))[:-40],
            DataMissing,
            "illisible ou tronqué",
        ),
        (flow_text(), TableError, "aucun établissement en service"),
        (flow_text(flow_site("1234", "01451", "X")), TableError, "9 caractères"),
        (
            flow_text({"etatObjet": "A"}),
            TableError,
            "informationsGeneralesEGE",
        ),
    ],
)
def test_what_is_no_flow_of_finess(tmp_path, text, kind, said):
    with pytest.raises(kind, match=said):
        bring_flow(text, tmp_path)


def test_numbers_sent_twice_have_their_years(tmp_path):
    text = "finess,first_year,last_year,group,label\n750100018,2005,2017,AP-HP,Pitié\n"
    bring("finess_duplicates", "finess_duplicates.csv", text, tmp_path)
    (row,) = referentials.referential("finess_duplicates").to_dict("records")
    assert (row["finess"], row["first_year"], row["last_year"]) == ("750100018", 2005, 2017)
    cut = text.replace("750100018", "90787460")
    with pytest.raises(TableError, match="9 caractères"):
        bring("finess_duplicates", "finess_duplicates.csv", cut, tmp_path)
    late = text.replace("2005,2017", "2018,2017")
    with pytest.raises(TableError, match="750100018 : la première année suit la dernière"):
        bring("finess_duplicates", "finess_duplicates.csv", late, tmp_path)


# --- Charlson -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("weights", "highest"), [("1987", 29), ("2011", 24)])
def test_the_highest_charlson_index_is_the_published_one(weights, highest):
    """29 with the weights of 1987, 24 with those of 2011, milder forms not added."""
    table = referentials.charlson(weights).drop_duplicates("condition")
    assert len(table) == 17
    milder = set(table["supersedes"]) - {""}
    assert milder == {"diabetes", "mild_liver", "malignancy"}
    assert table.loc[~table["condition"].isin(milder), "weight"].sum() == highest


def test_charlson_weights_are_those_of_both_papers():
    """As two other programs state them (see the referential's source)."""
    worth = {
        year: referentials.charlson(year)
        .drop_duplicates("condition")
        .set_index("condition")["weight"]
        for year in ("1987", "2011")
    }
    heavy = worth["1987"][worth["1987"] > 1]
    assert heavy.to_dict() == {
        "diabetes_complicated": 2, "hemiplegia": 2, "renal": 2, "malignancy": 2,
        "severe_liver": 3, "metastatic": 6, "aids": 6,
    }  # fmt: skip
    assert (worth["1987"] >= 1).all()
    assert worth["2011"][worth["2011"] > 0].to_dict() == {
        "heart_failure": 2, "dementia": 2, "chronic_pulmonary": 1, "rheumatic": 1,
        "mild_liver": 2, "diabetes_complicated": 1, "hemiplegia": 2, "renal": 1,
        "malignancy": 2, "severe_liver": 4, "metastatic": 6, "aids": 4,
    }  # fmt: skip


def test_charlson_codes_are_prefixes_of_one_condition_each():
    table = referentials.charlson()
    assert all(codes.system("CIM-10").is_valid(code) for code in table["code"])
    assert table["code"].is_unique
    overlapping = [
        (one, other) for one in table["code"] for other in table["code"]
        if one != other and other.startswith(one)
    ]  # fmt: skip
    assert overlapping == []
    held = table.set_index("code")["condition"]
    assert (held["I252"], held["E112"], held["C61"], held["C78"]) == (
        "myocardial_infarction", "diabetes_complicated", "malignancy", "metastatic",
    )  # fmt: skip
    assert "C44" not in held.index  # skin tumours are left out


def test_french_weights_are_said_to_be_absent():
    with pytest.raises(StudyError, match="Bannay"):
        referentials.charlson("bannay")


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ('[{"ghs": "1753", "ghm": "05M0', DataMissing, "JSON illisible ou tronqué"),
        ('{"ghs": "1753"}', TableError, "liste d'enregistrements"),
        ('[{"ghs": "1753"}]', TableError, "colonnes absentes ghm"),
        ("[]", TableError, "colonnes absentes"),
    ],
)
def test_a_wrong_json_file(tmp_path, text, kind, said):
    with pytest.raises(kind, match=said):
        bring("ghs_tariffs", "tarifs_mco_ghs.json", text, tmp_path)
