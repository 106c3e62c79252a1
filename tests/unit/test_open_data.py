"""Readers of open data on small files written as the producers write them."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from studylib import errors
from studylib.files import layout
from studylib.referentials import bdpm
from studylib.sources import open_data
from studylib.sources.open_data import bands, damir, drugs, open_medic, population

REGIONS = [
    "Auvergne-Rhône-Alpes", "Bourgogne-Franche-Comté", "Bretagne", "Centre-Val-de-Loire", "Corse",
    "Grand Est", "Hauts-de-France", "Île-de-France", "Normandie", "Nouvelle-Aquitaine",
    "Occitanie", "Pays de la Loire", "Provence-Alpes-Côte d'Azur",
]  # fmt: skip
OVERSEAS = ["Guadeloupe ", "Martinique ", "Guyane", "La Réunion", "Mayotte"]
DAMIR_HEADER = [
    "FLX_ANN_MOI", "ORG_CLE_REG", "AGE_BEN_SNDS", "BEN_RES_REG", "BEN_SEX_COD", "FLT_PAI_MNT",
    "FLT_REM_MNT", "SOI_ANN", "SOI_MOI", *(f"AUTRE_{n:02d}" for n in range(46)),
]  # fmt: skip
MEDIC_HEADER = (
    "ATC1;l_ATC1;ATC2;L_ATC2;ATC3;L_ATC3;ATC4;L_ATC4;ATC5;L_ATC5;CIP13;l_cip13;TOP_GEN;GEN_NUM;"
    "age;sexe;BEN_REG;PSP_SPE;BOITES;REM;BSE"
)


# --- files as the producers write them ----------------------------------------------------------


def population_csv(folder: Path, *, year: int = 2023, inhabitants: str = "1 000") -> Path:
    """Insee's yearly csv: mark, sub-totals, spaces, trailing spaces, empty last lines."""
    classes = "0 à 19 ans;20 à 39 ans;40 à 59 ans;60 à 74 ans;75 ans et plus;Total"
    total = "5 000"
    one = f"{';'.join([inhabitants] * 5)};{total}"
    lines = ["Régions;Ensemble;;;;;;Hommes;;;;;;Femmes;;;;;", f";{classes};{classes};{classes}"]
    lines += [f"{name};{one};{one};{one}" for name in REGIONS]
    lines += [f"France métropolitaine;{';'.join(['13 000'] * 18)}"]
    lines += [f"{name};{one};{one};{one}" for name in OVERSEAS]
    lines += [f"DOM;{';'.join(['5 000'] * 18)}"]
    lines += [f"France métropolitaine et DOM;{';'.join(['18 000'] * 18)}", ";" * 18, ";" * 18]
    path = folder / f"demographie_region_age_sexe_fin_{year}.csv"
    path.write_bytes(("\ufeff" + "\r\n".join(lines) + "\r\n").encode("utf-8"))
    return path


def damir_aggregate(folder: Path, rows: list[str] | None = None) -> Path:
    """The aggregate by month, region, age and sex, codes written as decimal numbers."""
    header = "SOI_ANN,SOI_MOI,BEN_SEX_COD,AGE_BEN_SNDS,BEN_RES_REG,RAC,FLT_PAI_MNT,FLT_REM_MNT"
    given = rows or [
        "2024.0,1.0,1.0,20.0,11.0,10.0,100.5,90.5",
        "2024.0,1.0,2.0,80.0,5.0,1.0,11.0,10.0",
        "2024.0,1.0,0.0,99.0,93.0,0.0,2.0,2.0",
        "2024.0,1.0,9.0,99.0,93.0,0.0,3.0,3.0",
    ]
    path = folder / "damir_month_region_age_sex_2024_2024.csv.gz"
    path.write_bytes(gzip.compress(("\n".join([header, *given]) + "\n").encode()))
    return path


def damir_month(folder: Path, month: str, rows: list[dict[str, str]]) -> Path:
    """One of Cnam's monthly files: 55 columns and a final separator on each line."""
    lines = [";".join(DAMIR_HEADER) + ";"]
    lines += [";".join(row.get(name, "0") for name in DAMIR_HEADER) + ";" for row in rows]
    path = folder / f"A{month}.csv.gz"
    path.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode()))
    return path


def damir_row(
    month: str, sex: str, age: str, zone: str, paid: str, reimbursed: str
) -> dict[str, str]:
    return {
        "SOI_ANN": month[:4], "SOI_MOI": month[5:], "BEN_SEX_COD": sex, "AGE_BEN_SNDS": age,
        "BEN_RES_REG": zone, "FLT_PAI_MNT": paid, "FLT_REM_MNT": reimbursed,
    }  # fmt: skip


def medic_complete(folder: Path, rows: list[tuple[str, str, str, str, str]]) -> Path:
    """Cnam's complete file: latin-1, decimal comma. Rows: cip13, label, atc5, boxes, amount."""
    lines = [MEDIC_HEADER]
    for cip13, label, atc5, boxes, amount in rows:
        groups = f"{atc5[:1]};X;{atc5[:3]};X;{atc5[:4]};X;{atc5[:5]};X;{atc5};X"
        lines.append(f"{groups};{cip13};{label};0;0;60;2;93;1;{boxes};{amount};{amount}")
    path = folder / "OPEN_MEDIC_2025.CSV"
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode("latin-1"))
    return path


def medic_aggregate(folder: Path, rows: list[tuple[str, str, str]]) -> Path:
    lines = ["cip13,lib_cip13,remboursement_total,rang,remboursement_cumule,part_cumulee"]
    lines += [f"{cip13},{label},{amount},1,1,1" for cip13, label, amount in rows]
    path = folder / "open_medic_by_cip_2025.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def bdpm_files(folder: Path) -> None:
    """Two specialities of one substance, one of them its generic, in the BDPM's layouts."""
    cis = [
        f"{cis}\t{name}\tcomprimé\torale\tActive\tNat\tCom\t12/03/1998\t\t\t LABO\tNon"
        for cis, name in (
            ("60000001", "ORIGINE 10 mg, comprimé"),
            ("60000002", 'COPIE "PLUS" 10 mg, gélule'),
        )
    ]
    cip = [
        f"{cis}\t3000001\tboîte\tactive\tDecl\t01/01/2000\t{cip13}\toui\t{paid}\t"
        for cis, cip13, paid in (
            ("60000001", "3400930000017", "65%\t1,466,29\t1,467,31\t1,02"),
            ("60000002", "3400930000024", "65 %\t24,34\t25,36\t1,02"),
            ("60000002", "3400930000031", "\t\t\t"),
        )
    ]
    compo = [
        "60000001\tcomprimé\t00001\tÉZÉTIMIBE SODIQUE\t10 mg\tun comprimé\tSA\t1",
        "60000001\tcomprimé\t00002\tÉZÉTIMIBE\t9 mg\tun comprimé\tFT\t1",
        "60000002\tgélule\t00001\tÉZÉTIMIBE SODIQUE\t10 mg\tune gélule\tSA\t1",
    ]
    gener = [
        "7\tEZETIMIBE 10 mg\t60000001\t0\t1",
        "7\tEZETIMIBE 10 mg\t60000002\t1\t2",
    ]
    mitm = ["60000001\tC10AX09\tORIGINE 10 mg, comprimé\thttp://exemple"]
    texts = {
        "CIS_bdpm": (cis, "cp1252"), "CIS_CIP_bdpm": (cip, "utf-8"),
        "CIS_COMPO_bdpm": (compo, "cp1252"), "CIS_GENER_bdpm": (gener, "cp1252"),
        "CIS_MITM": (mitm, "cp1252"),
    }  # fmt: skip
    for name, (lines, encoding) in texts.items():
        (folder / f"{name}.txt").write_bytes(("\r\n".join(lines) + "\r\n").encode(encoding))


def workbook(path: Path, book: dict[str, list[list[object]]]) -> Path:
    """A minimal workbook: one XML sheet per name, numbers as numbers and the rest as text."""

    def cell(value: object) -> str:
        if isinstance(value, int | float):
            return f"<c><v>{value}</v></c>"
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'

    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    names = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(book, 1)
    )
    links = "".join(
        f'<Relationship Id="r{n}" Type="{office}/worksheet" Target="worksheets/s{n}.xml"/>'
        for n in range(1, len(book) + 1)
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{package}/content-types"/>')
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="a" '
            f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{names}</sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}/relationships">{links}</Relationships>',
        )
        for n, rows in enumerate(book.values(), 1):
            lines = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
            archive.writestr(
                f"xl/worksheets/s{n}.xml",
                f'<worksheet xmlns="{main}"><sheetData>{lines}</sheetData></worksheet>',
            )
    return path


def five_year_rows() -> list[list[object]]:
    """Insee's yearly sheet: title, two header lines, regions, sub-totals, note."""
    groups = [f"{a} à {a + 4} ans" for a in range(0, 95, 5)] + ["95 ans et plus", "Total"]
    header: list[object] = ["Régions"]
    for block in ("Ensemble", "Hommes", "Femmes"):
        header += [block] + [""] * 20
    rows: list[list[object]] = [["Estimation de population"], [""], header, ["", *groups * 3]]
    one = [*[10.0] * 20, 200.0] * 3
    rows += [[name, *one] for name in REGIONS]
    rows += [["France métropolitaine", *[13 * value for value in one]]]
    rows += [[name, *one] for name in OVERSEAS]
    rows += [["DOM", *[5 * value for value in one]]]
    rows += [["France métropolitaine et DOM", *[18 * value for value in one]]]
    return [*rows, [""], ["Source : Insee"]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with one small file of each required data set."""
    for name in ("damir", "open_medic", "bdpm", "insee"):
        (tmp_path / name).mkdir()
    damir_aggregate(tmp_path / "damir")
    medic_aggregate(
        tmp_path / "open_medic",
        [("3400930000017", "NA", "100.5"), ("3400930000024", "COPIE", "50")],
    )
    bdpm_files(tmp_path / "bdpm")
    population_csv(tmp_path / "insee", year=2023)
    population_csv(tmp_path / "insee", year=2024, inhabitants="1 000")
    return tmp_path


# --- Open DAMIR ---------------------------------------------------------------------------------


def test_damir_codes_written_as_decimals_are_text_and_unknowns_are_named(tmp_path: Path) -> None:
    spending = damir.read_aggregate(damir_aggregate(tmp_path))
    assert spending["zone"].tolist() == ["11", "5", "93"]
    assert spending["age_band"].tolist() == ["20-29", "80+", "unknown"]
    assert spending["sex"].tolist() == ["1", "2", "9"]
    # sexes 0 and 9 are both unknown: their amounts are added, not dropped
    assert spending.set_index("zone").loc["93", "paid"] == 5.0


def test_damir_monthly_files_and_aggregate_give_the_same_table(tmp_path: Path) -> None:
    january = [
        damir_row("2024-01", "1", "20", "11", "60.25", "50.25"),
        damir_row("2024-01", "2", "80", "5", "11", "10"),
        damir_row("2024-01", "0", "99", "93", "2", "2"),
    ]
    february = [  # paid in February for care of January: same month of care
        damir_row("2024-01", "1", "20", "11", "40.25", "40.25"),
        damir_row("2024-01", "9", "99", "93", "3", "3"),
    ]
    files = [damir_month(tmp_path, "202401", january), damir_month(tmp_path, "202402", february)]
    monthly = damir.read_monthly(files)
    aggregate = damir.read_aggregate(damir_aggregate(tmp_path))
    pd.testing.assert_frame_equal(monthly, aggregate)


def test_damir_of_another_year_of_layout_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "A201301.csv"
    path.write_text(
        "SOI_ANN;SOI_MOI;BEN_SEX_COD;AGE_BEN_SNDS;BEN_RES_REG;FLT_PAI_MNT;FLT_REM_MNT\n"
    )
    with pytest.raises(errors.TableError, match=r"7 colonnes trouvées, 55 attendues"):
        damir.check_monthly(path)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("2024.0,1.0,1.0,20.0,94.0,0,1,1", "BEN_RES_REG : code « 94 »"),
        ("2024.0,13.0,1.0,20.0,11.0,0,1,1", "SOI_MOI : code « 13 »"),
        ("2024.0,1.0,1.0,25.0,11.0,0,1,1", "AGE_BEN_SNDS : code « 25 »"),
        ('2024.0,1.0,1.0,20.0,11.0,0,"1,5",1', "FLT_PAI_MNT, ligne de données 1 : « 1,5 »"),
        ("2024.0,1.0,M,20.0,11.0,0,1,1", "BEN_SEX_COD, ligne de données 1 : « M »"),
    ],
)
def test_damir_faults_name_file_column_and_value(tmp_path: Path, row: str, said: str) -> None:
    with pytest.raises(errors.TableError) as raised:
        damir.read_aggregate(damir_aggregate(tmp_path, [row]))
    shown = str(raised.value).replace("\u00a0", " ").replace("\u202f", " ")
    assert said in shown
    assert "damir_month_region_age_sex_2024_2024.csv.gz" in shown


# --- Open Medic ---------------------------------------------------------------------------------


def test_open_medic_layouts_give_the_same_products(tmp_path: Path) -> None:
    complete = open_medic.read_complete(
        medic_complete(
            tmp_path,
            [
                ("3400930000017", "NA", "C10AX09", "1.200", "1.234,56"),
                ("3400930000017", "NA", "C10AX09", "300", "100,44"),
                ("3400930000024", "PÂTE RÉ", "C10AX09", "7", "50"),
            ],
        )
    )
    aggregate = open_medic.read_aggregate(
        medic_aggregate(
            tmp_path, [("3400930000017", "NA", "1335.0"), ("3400930000024", "PÂTE RÉ", "50")]
        )
    )
    shared = ["cip13", "label", "reimbursed"]
    pd.testing.assert_frame_equal(complete[shared], aggregate[shared])
    assert complete["boxes"].tolist() == [1500.0, 7.0]
    assert complete["atc_file"].tolist() == ["C10AX09", "C10AX09"]
    assert aggregate["boxes"].isna().all()


def test_open_medic_saved_with_decimal_points_is_refused(tmp_path: Path) -> None:
    path = medic_complete(tmp_path, [("3400930000017", "X", "C10AX09", "1", "135.06")])
    with pytest.raises(errors.TableError, match=r"colonne REM.*135\.06"):
        open_medic.read_complete(path)


def test_open_medic_codes_spoilt_by_a_spreadsheet_are_refused(tmp_path: Path) -> None:
    path = medic_aggregate(tmp_path, [("3.40093E+12", "X", "1")])
    with pytest.raises(errors.TableError, match=r"cip13.*3\.40093E\+12"):
        open_medic.read_aggregate(path)


def test_open_medic_with_another_separator_says_which(tmp_path: Path) -> None:
    path = tmp_path / "OPEN_MEDIC_2025.CSV"
    path.write_text(MEDIC_HEADER.replace(";", ",") + "\n")
    with pytest.raises(
        errors.TableError, match=r"séparateur virgule trouvé, point-virgule attendu"
    ):
        open_medic.check_complete(path)


# --- BDPM ---------------------------------------------------------------------------------------


def test_bdpm_prices_rates_quotes_and_encodings(tmp_path: Path) -> None:
    bdpm_files(tmp_path)
    packs = bdpm.presentations(tmp_path / "CIS_CIP_bdpm.txt").set_index("cip13")
    assert packs.loc["3400930000017", "price"] == 1466.29
    assert packs.loc["3400930000024", "price"] == 24.34
    assert pd.isna(packs.loc["3400930000031", "price"])
    assert packs["rate"].iloc[:2].tolist() == [0.65, 0.65]
    names = bdpm.read("bdpm_specialities", tmp_path / "CIS_bdpm.txt")["brand"]
    assert names.tolist() == ["ORIGINE 10 mg, comprimé", 'COPIE "PLUS" 10 mg, gélule']


def test_a_speciality_of_several_generic_groups_keeps_the_first(tmp_path: Path) -> None:
    file = tmp_path / "CIS_GENER_bdpm.txt"
    lines = ("1200\tB\t60000001\t1\t2", "9\tA\t60000001\t0\t1", "9\tA\t60000002\t1\t2")
    file.write_text("".join(f"{line}\n" for line in lines), encoding="cp1252")
    found = bdpm.generic_groups(file).set_index("cis")
    assert found.loc["60000001"].tolist() == ["originator", "9"]  # by number, not by text
    assert found.loc["60000002"].tolist() == ["generic", "9"]


def test_bdpm_salt_and_base_are_one_substance_under_both_names(tmp_path: Path) -> None:
    bdpm_files(tmp_path)
    held = bdpm.substances(tmp_path / "CIS_COMPO_bdpm.txt").set_index("cis")
    assert held["substance_count"].tolist() == [1, 1]
    assert held.loc["60000001", "substances"] == "ÉZÉTIMIBE + ÉZÉTIMIBE SODIQUE"
    assert held.loc["60000001", "substance_set"] == held.loc["60000002", "substance_set"]


def test_bdpm_of_another_number_of_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "CIS_MITM.txt").write_text("60000001\tC10AX09\tX\n")
    with pytest.raises(errors.TableError, match=r"3 colonnes trouvées, 4 attendues"):
        bdpm.essential_atc(tmp_path / "CIS_MITM.txt")


def test_bdpm_price_that_is_none_is_named(tmp_path: Path) -> None:
    bdpm_files(tmp_path)
    path = tmp_path / "CIS_CIP_bdpm.txt"
    path.write_text(path.read_text("utf-8").replace("1,466,29", "1466.29"), "utf-8")
    with pytest.raises(errors.TableError, match=r"colonne prix.*1466\.29"):
        bdpm.presentations(path)


def test_atc_is_spread_over_the_same_substances_only(folder: Path) -> None:
    table = open_data.open(folders=[folder]).drugs.set_index("cip13")
    assert table.loc["3400930000024", "atc_direct"] == ""
    assert table.loc["3400930000024", "atc_spread"] == "C10AX09"
    assert table.loc["3400930000024", "generic_type"] == "generic"
    assert table.loc["3400930000017", "generic_type"] == "originator"


def test_atc_ties_go_to_the_smallest_code() -> None:
    substances = pd.DataFrame({"cis": ["1", "2"], "substance_set": ["s", "s"]})
    atc = pd.DataFrame({"cis": ["1", "2"], "atc": ["C10BA05", "C10AX09"]})
    assert drugs.commonest_atc(substances, atc)["s"] == "C10AX09"


# --- population ---------------------------------------------------------------------------------


def test_population_subtotals_are_left_out_and_zones_summed(tmp_path: Path) -> None:
    frame = population.read_yearly(population_csv(tmp_path), year_end=2023)
    assert frame["population"].sum() == 18 * 10 * 1000
    by_zone = frame.groupby("zone")["population"].sum()
    assert by_zone["93"] == 20_000  # Provence-Alpes-Côte d'Azur and Corse
    assert by_zone["5"] == 50_000  # five overseas départements
    assert set(frame["year"]) == {2024}  # 31 December is 1 January of the next year


def test_population_that_does_not_add_up_is_refused(tmp_path: Path) -> None:
    path = population_csv(tmp_path)
    path.write_text(path.read_text("utf-8").replace("18 000", "17 000"), "utf-8")
    with pytest.raises(errors.TableError, match="une région manque ou se répète"):
        population.read_yearly(path, year_end=2023)


def test_population_without_a_region_is_refused(tmp_path: Path) -> None:
    path = population_csv(tmp_path)
    lines = [x for x in path.read_text("utf-8").splitlines() if not x.startswith("Bretagne")]
    path.write_text("\n".join(lines), "utf-8")
    with pytest.raises(errors.TableError, match="12 zones trouvées, 13"):
        population.read_yearly(path, year_end=2023)


def test_fine_bands_split_each_class_as_the_five_year_table_and_keep_totals() -> None:
    yearly = pd.DataFrame(
        {
            "year": 2024, "zone": "11", "sex": "1",
            "age_band": ["0-19", "20-39", "40-59", "60-74", "75+"],
            "population": [100.0, 80.0, 60.0, 30.0, 20.0],
        }
    )  # fmt: skip
    starts = range(0, 100, 5)
    five_year = pd.DataFrame(
        {
            "zone": "11", "sex": "1",
            "age_band": [f"{a}-{a + 4}" if a < 95 else "95+" for a in starts],
            "population": [3.0 if 60 <= a < 70 else 1.0 for a in starts],
        }
    )  # fmt: skip
    fine = bands.fine_population(yearly, five_year).set_index("age_band")["population"]
    assert fine.sum() == pytest.approx(290.0)
    # 60-74 is split 3 : 3 : 1, of which 60-69 takes six sevenths; 75-79 is a fifth of 75+
    assert fine["60-69"] == pytest.approx(30 * 6 / 7)
    assert fine["70-79"] == pytest.approx(30 / 7 + 20 / 5)
    assert fine["80+"] == pytest.approx(16.0)


def test_five_year_workbook_is_read_at_its_latest_year(tmp_path: Path) -> None:
    older = [["Régions"], ["rien"]]
    path = workbook(
        tmp_path / "estim-pop-nreg-sexe-aq-1975-2020.xlsx",
        {"À savoir": [["Remarques"]], "2020": five_year_rows(), "2019": older},
    )
    frame = population.read_five_year(path)
    assert set(frame["year"]) == {2020}
    assert frame["population"].sum() == 18 * 2 * 20 * 10
    assert frame["age_band"].nunique() == 20
    assert frame.groupby("zone")["population"].sum()["5"] == 5 * 2 * 20 * 10


def test_descriptor_codes_written_as_numbers_are_thirteen_digits(tmp_path: Path) -> None:
    empty = {f"ATC{n}": [["code", "label"]] for n in range(2, 6)}
    path = workbook(
        tmp_path / "descriptif_open_medic.xlsx",
        {
            "ATC1": [["ATC1", "Libellé"], ["A", " SYSTEME DIGESTIF "]],
            **empty,
            "CIP13": [["CIP13", "Libellé"], [3400921604696.0, "YELLOX"]],
        },
    )
    labels = open_medic.read_descriptor(path)
    assert labels.to_numpy().tolist() == [
        ["ATC1", "A", "SYSTEME DIGESTIF"],
        ["CIP13", "3400921604696", "YELLOX"],
    ]


# --- opening everything -------------------------------------------------------------------------


def test_open_gives_the_tables_and_their_provenance(folder: Path) -> None:
    data = open_data.open(drug_year=2025, folders=[folder])
    assert data.synthetic is False
    assert data.drug_year == 2025
    assert data.drugs["reimbursed"].sum() == 150.5
    assert data.drugs.loc[0, "label"] == "ORIGINE 10 mg, comprimé"  # NA is no label
    assert len(data.files) == 9
    assert data.files["sha256"].str.len().eq(64).all()
    again = open_data.open(drug_year=2025, folders=[folder])
    assert again.fingerprint == data.fingerprint


def test_fingerprint_follows_content(folder: Path) -> None:
    before = open_data.open(folders=[folder]).fingerprint
    damir_aggregate(folder / "damir", ["2024.0,1.0,1.0,20.0,11.0,0,1.0,1.0"])
    assert open_data.open(folders=[folder]).fingerprint != before


def test_population_is_taken_between_two_januaries(folder: Path) -> None:
    data = open_data.open(folders=[folder])
    assert data.population_years() == [2024, 2025]
    year = data.person_years("2024-01", "2024-12")
    half = data.person_years("2024-01", "2024-06")
    assert year["person_years"].sum() == pytest.approx(180_000)
    assert half["person_years"].sum() == pytest.approx(90_000)
    with pytest.raises(errors.DataMissing, match="2019 absente"):
        data.population(2019)
    with pytest.raises(errors.DataMissing, match="insee_population_five_year"):
        data.population(2024, bands="fine")


def test_absent_data_are_all_named_with_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(errors.DataMissing) as raised:
        open_data.open(folders=[tmp_path])
    shown = str(raised.value)
    for name in ("open_damir_by_month", "open_medic", "bdpm_compositions", "insee_population"):
        assert name in shown
    assert "https://www.insee.fr/" in shown
    assert "open_medic_descriptor" not in shown  # useful, not required


def test_absent_drug_year_says_the_year(folder: Path) -> None:
    with pytest.raises(errors.DataMissing, match="2023"):
        open_data.open(drug_year=2023, folders=[folder])


def test_complete_file_is_preferred_to_the_aggregate(folder: Path) -> None:
    medic_complete(folder / "open_medic", [("3400930000017", "X", "C10AX09", "2", "9,5")])
    data = open_data.open(drug_year=2025, folders=[folder])
    assert data.drugs["reimbursed"].tolist() == [9.5]
    assert data.drugs["boxes"].tolist() == [2.0]
    assert "open_medic_by_cip" not in set(data.files["dataset"])


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b\x08\x00broken"])
def test_empty_or_cut_files_are_said_unreadable(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "damir_month_region_age_sex_2019_2024.csv.gz"
    path.write_bytes(content)
    with pytest.raises(errors.DataMissing, match="télécharger à nouveau"):
        damir.read_aggregate(path)


def test_a_gz_cut_in_the_middle_is_said_cut(tmp_path: Path) -> None:
    rows = [f"2024.0,1.0,1.0,20.0,11.0,{n},{n}.5,{n}.25" for n in range(3000)]
    whole = damir_aggregate(tmp_path, rows).read_bytes()
    path = tmp_path / "damir_month_region_age_sex_2019_2024.csv.gz"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(errors.DataMissing, match="tronqué"):
        damir.read_aggregate(path)


def test_numbers_and_codes_keep_their_meaning(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    french = layout.numbers(path, "c", pd.Series(["1 234,5", "1\u00a0000", "7"]), french=True)
    assert french.tolist() == [1234.5, 1000.0, 7.0]
    assert layout.codes(path, "c", pd.Series(["05", "5.0", "0"])).tolist() == ["5", "5", "0"]
    with pytest.raises(errors.TableError, match="NA"):
        layout.codes(path, "c", pd.Series(["NA"]))


def test_an_html_page_saved_as_a_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "descriptif_open_medic.xls"
    path.write_text("<html>404</html>")
    with pytest.raises(errors.DataMissing, match="classeur"):
        open_medic.read_descriptor(path)


# --- zones --------------------------------------------------------------------------------------


def test_regions_not_published_apart_are_told() -> None:
    assert open_data.zones_of(["94", "93", "06", "11"]) == ("93", "5", "11")
    told = open_data.check_zones(["94", "06"])
    assert told.passed is None
    for name in ("Corse", "Mayotte", "Provence-Alpes-Côte d'Azur et Corse"):
        assert name in told.text
    assert open_data.check_zones(["93", "94"]).passed is True  # the whole zone is asked for
    assert open_data.zone_name("93") == "Provence-Alpes-Côte d'Azur et Corse"


def test_monthly_amounts_add_up_over_zones(folder: Path) -> None:
    data = open_data.open(folders=[folder])
    assert data.monthly("paid")["2024-01"] == pytest.approx(116.5)
    assert data.monthly("paid", zones=["11", "5"])["2024-01"] == pytest.approx(111.5)
    banded = data.spending_between("2024-01", "2024-01")
    assert banded["age_band"].tolist() == ["20-39", "60+", "unknown"]
    assert data.available_bands() == ("common",)
