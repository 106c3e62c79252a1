"""CSV as users have them: encodings, separators, decimals, dates, and lines that are wrong."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from studylib.errors import StudyError, TableError
from studylib.sources import landing
from studylib.sources.landing.casting import Caster
from studylib.sources.landing.known import Known, known
from studylib.sources.landing.options import Options
from studylib.sources.landing.recognition import model_name, recognise

KINDS = {"PSA": "text", "QSN": "integer", "PRU": "number", "DTD": "day"}


@pytest.fixture(autouse=True)
def layout(monkeypatch):
    """A table of four columns that a layout describes, beside the real ones."""
    real = landing.text_file.known
    pretend = Known("ER_X_F", KINDS, ("PSA", "DTD"))

    def known(target):
        return pretend if model_name(target.table) == "ER_X_F" else real(target)

    monkeypatch.setattr(landing.text_file, "known", known)
    monkeypatch.setattr("studylib.sources.landing.known.known", known)


def write(folder, text, name="ER_X_F_2021.csv", encoding="cp1252"):
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return file


def landed(folder, text, name="ER_X_F_2021.csv", encoding="cp1252", **options):
    file = write(folder, text, name, encoding)
    (one,) = landing.land([file], folder / "out", Options(**options))
    return parquet.read_table(folder / "out" / f"{one.target.key}.parquet"), one


def rejected(folder, name="er_x_f_2021", table="ER_X_F_2021"):
    return pd.read_parquet(folder / "out" / "rejected" / table / f"{name}.parquet")


GOOD = "PSA;QSN;PRU;DTD\n0012;3;12,50;05/03/2021\n0a12;-1;0,5;31/12/2021\n"


def test_a_french_file_is_read_with_its_types(tmp_path):
    table, one = landed(tmp_path, GOOD)
    rows = table.to_pylist()
    assert rows[0]["PSA"] == "0012"
    assert [row["QSN"] for row in rows] == [3, -1]
    assert [row["PRU"] for row in rows] == [12.5, 0.5]
    assert str(rows[0]["DTD"]) == "2021-03-05"
    assert (one.rows, one.rejected, one.target.table) == (2, 0, "ER_X_F_2021")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GOOD.replace(";", "\t"), "cp1252"),
        (GOOD.replace(";", "|"), "cp1252"),
        (GOOD.replace(",", ".").replace(";", ","), "cp1252"),
        (GOOD, "utf-8-sig"),
        (GOOD.replace("\n", "\r\n"), "utf-8"),
        (GOOD.replace("05/03/2021", "2021-03-05").replace("31/12/2021", "2021-12-31"), "utf-8"),
        (GOOD.replace("05/03/2021", "05/03/2021 13:45:00"), "utf-8"),
        (GOOD.replace("05/03/2021", "05MAR2021"), "utf-8"),
        (GOOD.replace("PSA;QSN", '"psa";"Qsn"').replace("0012;", '"0012";'), "utf-8"),
        (GOOD.rstrip("\n"), "utf-8"),
        (GOOD + "\n\n", "utf-8"),
    ],
)
def test_other_ways_of_writing_it_give_the_same_table(tmp_path, text, encoding):
    expected, _ = landed(tmp_path, GOOD, "ER_X_F_2020.csv")
    table, one = landed(tmp_path, text, encoding=encoding)
    assert table.to_pylist() == expected.to_pylist()
    assert one.rejected == 0
    assert table.column_names == ["PSA", "QSN", "PRU", "DTD"]


def test_letters_of_windows_that_latin_1_does_not_have(tmp_path):
    text = "PSA;QSN;PRU;DTD\nŒuvre € – ’;1;1;2021-01-01\n"
    table, _ = landed(tmp_path, text)
    assert table["PSA"].to_pylist() == ["Œuvre € – ’"]


def test_quoted_values_keep_separators_quotes_and_line_ends(tmp_path):
    text = 'PSA;QSN;PRU;DTD\n"a;b";1;1;2021-01-01\n"dit ""oui""";2;"1,5";\n"une\nautre";3;;\n'
    table, _ = landed(tmp_path, text + '5" x 3;4;;\n')
    assert table["PSA"].to_pylist() == ["a;b", 'dit "oui"', "une\nautre", '5" x 3']
    assert table["QSN"].to_pylist() == [1, 2, 3, 4]


def test_dates_of_1600_and_2099_and_missing_values(tmp_path):
    text = "PSA;QSN;PRU;DTD\nx;;;01/01/1600\ny;.;.;2099-12-31\n;;;\n"
    table, _ = landed(tmp_path, text)
    assert [str(day) for day in table["DTD"].to_pylist()] == ["1600-01-01", "2099-12-31", "None"]
    assert table["QSN"].null_count == 3
    assert table["PSA"].to_pylist() == ["x", "y", None]


BAD_LINES = {
    "octet 0x81 qui n'est pas du codage cp1252": b"\x81;1;1;2021-01-01",
    "trop de champs : 5 au lieu de 4": b"a;1;1;2021-01-01;x",
    "trop peu de champs : 2 au lieu de 4": b"a;1",
    "la valeur n'est pas un nombre entier": b"a;1,5;1;2021-01-01",
    "la valeur n'est pas un nombre": b"a;1;1 234,5;2021-01-01",
    "la valeur n'est pas une date": b"a;1;1;31/02/2021",
    "caractère de commande dans la ligne": b"a\x00;1;1;2021-01-01",
    "guillemet ouvert et non fermé": b'"a;1;1;2021-01-01',
    "guillemets mal placés": b'"a"b;1;1;2021-01-01',
}


@pytest.mark.parametrize("reason", BAD_LINES)
def test_a_wrong_line_is_set_aside_with_its_number_and_its_text(tmp_path, reason):
    good = "é;1;1;2021-01-01\n".encode("cp1252")
    bad = BAD_LINES[reason]
    text = b"PSA;QSN;PRU;DTD\n" + 3 * good + bad + b"\n" + 3 * good
    table, one = landed(tmp_path, text, max_rejected=0.5)
    assert (table.num_rows, one.rejected) == (6, 1)
    (line,) = rejected(tmp_path).to_dict("records")
    assert line["file"] == "ER_X_F_2021.csv"
    assert line["line"] == 5
    assert line["reason"] == reason
    if not {0x81, 0} & set(bad):
        assert line["text"] == bad.decode()


def test_days_that_are_no_days_of_care_are_kept_and_told_by_column(tmp_path):
    days = ("01/01/1600", "01/01/1600", "31/12/1599", "01/01/2050", "01/01/1880", "31/12/2049")
    table, one = landed(tmp_path, "PSA;DTD\n" + "".join(f"a;{day}\n" for day in days))
    assert table.num_rows == len(days)
    assert list(one.remarks) == [
        {"kind": "no_date", "column": "DTD", "rows": 2},
        {"kind": "early", "column": "DTD", "rows": 1},
        {"kind": "late", "column": "DTD", "rows": 1},
    ]


def test_a_count_that_the_layout_says_whole_has_no_decimals():
    kinds = {"ER_PHA_F_2021": "PHA_ACT_QSN", "ER_UCD_F_2021": "UCD_DLV_NBR"}
    for table, column in kinds.items():
        caster = Caster.of([column], known(recognise(Path(f"{table}.csv"))), Options())
        _, wrong = caster.cast(pa.table({"0": ["1,5", "2", "-1,0", "1,000", "1.500"]}))
        assert wrong.tolist() == [0, -1, -1, 0, 0]
        stated = Caster.of([column], known(recognise(Path(f"{table}.csv"))), Options(decimal=","))
        assert stated.cast(pa.table({"0": ["1,000", "1.0"]}))[1].tolist() == [-1, 0]


def test_the_column_at_fault_is_named(tmp_path):
    landed(tmp_path, GOOD + "a;b;1;2021-01-01\n", max_rejected=0.5)
    assert rejected(tmp_path)["column"].tolist() == ["QSN"]


@pytest.mark.parametrize(
    ("line", "column"),
    [
        (b"a;b;c", "DTD"),  # cut: the first field that is not there
        (b"a;\x81;1;2021-01-01", "QSN"),
        (b'"x;y";1;1\x81;2021-01-01', "PRU"),  # a separator between quotes parts nothing
        (b"a;1\x00;1;2021-01-01", "QSN"),
        (b'a;1;"1"5;2021-01-01', "PRU"),
        (b"a;1;1;2021-01-01;5", None),  # one field too many: none is at fault
    ],
)
def test_the_column_of_what_cannot_be_read_is_named(tmp_path, line, column):
    good = "é;1;1;2021-01-01\n".encode("cp1252")
    landed(tmp_path, b"PSA;QSN;PRU;DTD\n" + 4 * good + line + b"\n" + good, max_rejected=0.5)
    (one,) = rejected(tmp_path).to_dict("records")
    assert (one["line"], one["column"]) == (6, column)


def test_a_truncated_last_line_is_set_aside(tmp_path):
    table, one = landed(tmp_path, GOOD + "0013;4;1", max_rejected=0.5)
    assert (table.num_rows, one.rejected) == (2, 1)
    assert rejected(tmp_path)["line"].tolist() == [4]


def test_a_last_line_without_end_is_kept_and_told(tmp_path):
    _, one = landed(tmp_path, GOOD.rstrip("\n"))
    assert one.remarks == ({"kind": "no_final_newline"},)


def test_too_many_wrong_lines_refuse_the_file_and_leave_no_table(tmp_path):
    with pytest.raises(TableError, match=r"ER_X_F_2021.csv.*1 sur 3 lignes .33,3 %.*ligne 4"):
        landed(tmp_path, GOOD + "a;b;1;2021-01-01\n")
    assert not list((tmp_path / "out").glob("ER_*/*.parquet*"))
    assert len(rejected(tmp_path)) == 1


def test_stated_decimal_mark_and_dates_are_kept_to(tmp_path):
    with pytest.raises(TableError, match="PRU : la valeur n'est pas un nombre"):
        landed(tmp_path, GOOD, decimal=".")
    with pytest.raises(TableError, match="DTD : la valeur n'est pas une date"):
        landed(tmp_path, GOOD, dates="yyyy-mm-dd")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "le fichier est vide"),
        ("0012;3;12,50;05/03/2021\n", "ne porte pas les noms des colonnes"),
        ("PSA;QSN;PSA;DTD\n", "colonne PSA : présente deux fois"),
        ("PSA;;PRU;DTD\n", "la colonne 2 n'a pas de nom"),
        ("PSA;QSN;PRU;DTT\n", "colonne DTD : absente du fichier .* DTT"),
        ("A;B\n", "aucune colonne de cette table"),
        ("PSA\x00;QSN\n", "ce n'est pas un fichier de texte"),
    ],
)
def test_a_wrong_header_is_told_with_file_table_column(tmp_path, text, told):
    with pytest.raises(TableError, match=told) as refused:
        landed(tmp_path, text)
    assert "ER_X_F_2021.csv" in str(refused.value)


def test_utf_16_and_mixed_encodings_are_refused(tmp_path):
    with pytest.raises(TableError, match="UTF-16"):
        landed(tmp_path, GOOD, encoding="utf-16")
    mixed = GOOD.encode() + 5 * "é;1;1;\n".encode() + 5 * "é;1;1;\n".encode("cp1252")
    with pytest.raises(TableError, match="deux codages sont mêlés"):
        landed(tmp_path, mixed)


def test_a_file_without_line_ends_is_refused_in_constant_memory(tmp_path):
    with pytest.raises(TableError, match="première ligne dépasse 1 Mo"):
        landed(tmp_path, b"a;b;" * 600_000)


def test_a_line_too_long_is_set_aside_and_the_next_ones_kept(tmp_path):
    long = b"x" * (20 << 20)
    text = GOOD.encode() + long + b"\n" + b"y;1;1;2021-01-01\n"
    table, one = landed(tmp_path, text, max_rejected=0.5)
    assert table["PSA"].to_pylist() == ["0012", "0a12", "y"]
    assert rejected(tmp_path)["line"].tolist() == [4]
    assert one.rejected == 1


def test_an_unknown_table_is_all_text(tmp_path):
    table, _ = landed(tmp_path, "A;B\n01;2,5\n", "x.csv", table="ER_INCONNU_F")
    assert table.to_pylist() == [{"A": "01", "B": "2,5"}]


def test_a_table_without_lines_is_landed_empty(tmp_path):
    table, one = landed(tmp_path, "PSA;QSN;PRU;DTD\n")
    assert (table.num_rows, one.rows) == (0, 0)
    assert one.remarks == ({"kind": "no_rows"},)
    assert str(table.schema.field("DTD").type) == "date32[day]"


@pytest.mark.parametrize(
    ("name", "table", "year"),
    [
        ("T_MCO21B.csv", "T_MCO21B", 2021),
        ("er_prs_f_2021.sas7bdat", "ER_PRS_F_2021", 2021),
        ("ER_PHA_F_202103.csv", "ER_PHA_F_2021", 2021),
        ("ER_PRS_F_2021_part2.csv", "ER_PRS_F_2021", 2021),
        ("IR_BEN_R_ARC.csv", "IR_BEN_R_ARC", None),
        ("t_mco09fhstc.parquet", "T_MCO09FHSTC", 2009),
    ],
)
def test_table_and_year_are_read_from_the_name(tmp_path, name, table, year):
    target = recognise(tmp_path / name)
    assert (target.table, target.year) == (table, year)


def test_a_name_that_tells_nothing_asks_for_the_table(tmp_path):
    with pytest.raises(StudyError, match="l'indiquer par --table"):
        recognise(tmp_path / "extraction.csv")
    with pytest.raises(StudyError, match="l'indiquer par --year"):
        recognise(tmp_path / "extraction.csv", table="T_MCOaaB")
    with pytest.raises(StudyError, match="n'est pas celle du nom"):
        recognise(tmp_path / "T_MCO21B.csv", year=2022)
    assert recognise(tmp_path / "ER_PRS_F_2021" / "part-0.parquet").table == "ER_PRS_F_2021"


_LETTERS = st.characters(codec="cp1252", exclude_categories=["Cc", "Zl", "Zp"])
_ROW = st.tuples(
    st.none() | st.text(_LETTERS, min_size=1, max_size=12).filter(lambda t: t == t.strip()),
    st.none() | st.integers(-(10**12), 10**12),
    st.none() | st.decimals(-(10**6), 10**6, places=2),
    st.none() | st.dates(),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(_ROW, min_size=1, max_size=30), separator=st.sampled_from([";", "\t", "|"]))
def test_any_table_written_as_french_csv_comes_back(tmp_path_factory, rows, separator):
    folder = tmp_path_factory.mktemp("csv")
    frame = pd.DataFrame(rows, columns=["PSA", "QSN", "PRU", "DTD"], dtype=object)
    frame = frame[~frame.isna().all(axis=1)]
    shown = frame.assign(DTD=[d if d is None else f"{d:%d/%m}/{d.year:04d}" for d in frame["DTD"]])
    shown["PRU"] = [None if p is None else f"{p}".replace(".", ",") for p in frame["PRU"]]
    file = folder / "ER_X_F_2021.csv"
    shown.to_csv(file, sep=separator, index=False, encoding="cp1252", lineterminator="\r\n")
    options = Options(encoding="cp1252", delimiter="tab" if separator == "\t" else separator)
    (one,) = landing.land([file], folder / "out", options)
    found = parquet.read_table(folder / "out" / f"{one.target.key}.parquet").to_pylist()
    expected = [
        {"PSA": a, "QSN": b, "PRU": None if c is None else float(c), "DTD": d}
        for a, b, c, d in frame.itertuples(index=False)
    ]
    assert one.rejected == 0
    assert found == expected


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    noise=st.binary(max_size=300),
    cut=st.integers(0, 400),
    name=st.sampled_from(["ER_X_F_2021.csv", "x.parquet", "y.xpt", "z.sas7bdat"]),
    whole=st.booleans(),
)
def test_noise_ends_in_a_sentence_and_never_loses_a_line(tmp_path_factory, noise, cut, name, whole):
    folder = tmp_path_factory.mktemp("noise")
    start = b"PSA;QSN;PRU;DTD\n" if whole else b""
    content = (start + noise + GOOD.encode() * 5)[: cut + 20]
    file = write(folder, content, name)
    try:
        (one,) = landing.land(
            [file], folder / "out", Options(table="ER_X_F", year=2021, max_rejected=1)
        )
    except StudyError:
        assert not list((folder / "out").glob("ER_*/*.parquet"))
        return
    kept = parquet.read_table(folder / "out" / f"{one.target.key}.parquet").num_rows
    assert kept == one.rows
    if b'"' not in content:
        body = content.replace(b"\r\n", b"\n").split(b"\n")[1:]
        assert kept + one.rejected == sum(1 for line in body if line not in (b"", b"\r"))


def test_values_are_cast_as_written_or_not_at_all():
    caster = Caster.of(["Q"], Known("X", {"Q": "number"}), Options())
    texts = ["1", "1,5", "1.5", ",5", "1e3", "1e999", "1,2,3", "+2", "NaN", "inf", "0x10", " 7 "]
    table, wrong = caster.cast(pa.table({"c": texts}))
    assert table["Q"].to_pylist()[:5] == [1.0, 1.5, 1.5, 0.5, 1000.0]
    assert [texts[i] for i, w in enumerate(wrong) if w >= 0] == [
        "1e999", "1,2,3", "NaN", "inf", "0x10",
    ]  # fmt: skip
