"""Extraction from a database, with a connection that only looks like one."""

import datetime as dt
import json
import re
from itertools import pairwise

import pytest
from pyarrow import parquet

from studylib.cli import importing
from studylib.cli.main import leave_code
from studylib.errors import DataMissing, StudyError, TableError
from studylib.sources import landing
from studylib.sources.landing import database
from studylib.sources.landing.known import Known


class Kind:
    """A DB-API type with a name, as python-oracledb has them."""

    def __init__(self, name):
        self.name = name


DESCRIPTION = [
    ("FLX_DIS_DTD", Kind("DB_TYPE_DATE"), 23, None, None, None, False),
    ("PSA", Kind("DB_TYPE_VARCHAR"), 17, 17, None, None, True),
    ("CIP", Kind("DB_TYPE_NUMBER"), 14, None, 13, 0, True),
    ("MNT", Kind("DB_TYPE_NUMBER"), 14, None, 0, -127, True),
]
LINES = [
    (dt.datetime(2021, month, 1), f"p{i}", 3400930000000 + i, i / 4 if i else None)
    for month in (1, 2, 3)
    for i in range(10)
]


class Cursor:
    """Answers SELECT COUNT(*) and SELECT * between two days; may lose a line, or break."""

    def __init__(self, connection):
        self.connection = connection
        self.description = DESCRIPTION

    def execute(self, statement, values):
        self.connection.statements.append((statement, values))
        if "ABSENTE" in statement:
            raise RuntimeError("ORA-00942: table or view does not exist\nmore")
        rows = [
            row
            for row in self.connection.lines
            if not values or values["low"] <= row[0].date() < values["high"]
        ]
        self._one = (len(rows),)
        self._rows = rows[:-1] if self.connection.loses and rows else list(rows)

    def fetchone(self):
        return self._one

    def fetchmany(self, size):
        if self.connection.breaks:
            raise RuntimeError("DPY-4011: the database closed the connection")
        taken, self._rows = self._rows[:size], self._rows[size:]
        return taken

    def close(self):
        pass


class Connection:
    def __init__(self, lines=LINES, *, loses=False, breaks=False):
        self.lines, self.loses, self.breaks, self.statements = lines, loses, breaks, []

    def cursor(self):
        return Cursor(self)

    def close(self):
        pass


@pytest.fixture(autouse=True)
def small_fetches(monkeypatch):
    monkeypatch.setattr(database, "ROWS", 4)


WINTER = ("FLX_DIS_DTD", dt.date(2021, 1, 1), dt.date(2021, 3, 1))
WANTED = landing.Extraction("ER_X_F", between=WINTER)


def test_a_part_per_month_dates_as_timestamps_codes_exact(tmp_path):
    done = landing.extract(Connection(), WANTED, tmp_path)
    assert [one.rows for one in done] == [10, 10, 10]
    files = sorted(path.name for path in (tmp_path / "ER_X_F").iterdir())
    assert files == [f"er_x_f_2021-0{month}.parquet" for month in (1, 2, 3)]
    first = parquet.read_table(tmp_path / "ER_X_F" / files[0]).to_pylist()
    assert first[3] == {
        "FLX_DIS_DTD": dt.datetime(2021, 1, 1), "PSA": "p3", "CIP": 3400930000003, "MNT": 0.75,
    }  # fmt: skip
    assert first[0]["MNT"] is None


def test_the_layout_settles_the_types(tmp_path, monkeypatch):
    kinds = {"CIP": "text", "FLX_DIS_DTD": "day", "MNT": "number"}
    monkeypatch.setattr(
        "studylib.sources.landing.fetched.known", lambda _target: Known("ER_X_F", kinds)
    )
    landing.extract(Connection(), WANTED, tmp_path)
    row = parquet.read_table(tmp_path / "ER_X_F" / "er_x_f_2021-02.parquet").to_pylist()[5]
    assert (row["CIP"], row["FLX_DIS_DTD"]) == ("3400930000005", dt.date(2021, 2, 1))


def test_a_lost_line_is_an_error_and_nothing_is_kept_of_the_month(tmp_path):
    with pytest.raises(TableError, match=r"mois 2021-01 : 9 lignes reçues .* en compte 10"):
        landing.extract(Connection(loses=True), WANTED, tmp_path)
    assert not list(tmp_path.rglob("*.parquet*"))


def test_the_count_has_the_predicate_of_the_lines(tmp_path):
    connection = Connection()
    landing.extract(connection, WANTED, tmp_path)
    asked = [each for each in connection.statements if "1 = 0" not in each[0]]
    counts, lines = asked[::2], asked[1::2]
    for (count, values), (line, same) in zip(counts, lines, strict=True):
        assert count.replace("COUNT(*)", "*") == line
        assert values == same
    assert all("FLX_DIS_DTD >= :low AND FLX_DIS_DTD < :high" in s for s, _ in counts)


def test_a_connection_that_breaks_keeps_the_months_done(tmp_path):
    landing.extract(Connection(LINES[:10]), WANTED, tmp_path)
    with pytest.raises(DataMissing, match=r"la base a cessé de répondre .*DPY-4011"):
        landing.extract(Connection(breaks=True), WANTED, tmp_path)
    statuses = [one.status for one in landing.extract(Connection(), WANTED, tmp_path)]
    assert statuses == ["up_to_date", "landed", "landed"]


def test_a_month_whose_count_changed_is_taken_again(tmp_path):
    landing.extract(Connection(), WANTED, tmp_path)
    more = [*LINES, (dt.datetime(2021, 2, 1), "late", 1, 1.0)]
    done = landing.extract(Connection(more), WANTED, tmp_path)
    assert [(one.status, one.rows) for one in done] == [
        ("up_to_date", 10), ("landed", 11), ("up_to_date", 10),
    ]  # fmt: skip


def test_a_query_stands_in_brackets_and_a_whole_table_in_one_part(tmp_path):
    connection = Connection()
    query = "SELECT * FROM ER_X_F;"
    (one,) = landing.extract(connection, landing.Extraction("ER_X_F", query), tmp_path)
    assert one.rows == 30
    assert connection.statements[-1][0] == "SELECT * FROM (SELECT * FROM ER_X_F)"
    assert (tmp_path / "ER_X_F" / "er_x_f.parquet").is_file()


def test_months_cover_every_day_once():
    period = ("D", dt.date(2019, 11, 15), dt.date(2020, 3, 2))
    slices = landing.Extraction("T", between=period).slices()
    assert slices[0].start == period[1]
    assert slices[-1].end == dt.date(2020, 3, 3)
    assert all(a.end == b.start for a, b in pairwise(slices))


@pytest.mark.parametrize(
    "arguments",
    [
        {"table": "ER_X_F; DROP TABLE X"},
        {"table": "ER_X_F", "query": "DELETE FROM ER_X_F"},
        {"table": "ER_X_F", "between": ("1=1 OR D", *WINTER[1:])},
        {"table": "ER_X_F", "between": ("D", WINTER[2], WINTER[1])},
    ],
)
def test_names_that_are_no_names_are_refused(arguments):
    with pytest.raises(StudyError):
        landing.Extraction(**arguments)


def test_a_wrong_value_and_an_absent_table_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "studylib.sources.landing.fetched.known", lambda _t: Known("ER_X_F", {"PSA": "integer"})
    )
    with pytest.raises(TableError, match="n'est pas du type de sa colonne"):
        landing.extract(Connection(), WANTED, tmp_path)
    with pytest.raises(DataMissing, match="ORA-00942"):
        landing.extract(Connection(), landing.Extraction("ER_ABSENTE_F"), tmp_path)


# --- the command line ----------------------------------------------------------------------------


def run(arguments):
    return leave_code(["import", "oracle", *arguments])


def test_the_command_extracts_and_the_password_is_nowhere(tmp_path, monkeypatch, capsys):
    oracledb = pytest.importorskip("oracledb", reason="the extra « oracle » is not installed")
    asked = {}

    def connect(**given):
        asked.update(given)
        return Connection()

    monkeypatch.setattr(oracledb, "connect", connect)
    monkeypatch.setenv(importing.PASSWORD_VARIABLE, "s3cret")
    base = ["--dsn", "host:1521/snds", "--user", "u", "--table", "ER_X_F", "--out", str(tmp_path)]
    assert run([*base, "--between", "FLX_DIS_DTD", "2021-01-01", "2021-03-01"]) == 0
    assert asked == {"user": "u", "password": "s3cret", "dsn": "host:1521/snds"}
    said = capsys.readouterr()
    manifest = (tmp_path / "import.json").read_text(encoding="utf-8")
    assert "s3cret" not in said.out + said.err + manifest
    assert set(json.loads(manifest)["parts"]) == {f"ER_X_F/er_x_f_2021-0{m}" for m in (1, 2, 3)}


def test_a_refused_connection_says_so_without_the_password(tmp_path, monkeypatch, capsys):
    oracledb = pytest.importorskip("oracledb", reason="the extra « oracle » is not installed")

    def connect(**given):
        raise oracledb.DatabaseError(f"ORA-01017: invalid {given['password']}")

    monkeypatch.setattr(oracledb, "connect", connect)
    monkeypatch.setenv(importing.PASSWORD_VARIABLE, "s3cret")
    base = ["--dsn", "h:1/s", "--user", "u", "--table", "ER_X_F", "--out", str(tmp_path)]
    assert run(base) == 3
    said = capsys.readouterr().err
    assert "ORA-01017" in said
    assert "s3cret" not in said


@pytest.mark.parametrize(
    ("user", "dsn"), [("u/s3cret", "h:1/s"), ("u", "u/s3cret@h:1/s"), ("u/p@h", "x")]
)
def test_a_password_in_the_command_is_refused(tmp_path, capsys, user, dsn):
    base = ["--dsn", dsn, "--user", user, "--table", "ER_X_F", "--out", str(tmp_path)]
    assert run(base) == 2
    said = capsys.readouterr().err
    assert re.search(r"ne se donne pas dans la commande", said)
    assert "s3cret" not in said


def test_what_to_know_of_a_file_is_told_by_the_command(tmp_path, capsys):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "ER_X_F_2021.csv").write_text("A;B\n", encoding="utf-8")
    (folder / "ER_UCD_F_2021.zip").write_bytes(b"PK")
    dated = "FLX_DIS_DTD;PRE_PRE_DTD\n2021-02-01;1600-01-01\n2021-02-01;2099-12-31\n"
    (folder / "ER_Y_F_2021.csv").write_text(dated, encoding="utf-8")
    kinds = Known("ER_Y_F", {"FLX_DIS_DTD": "day", "PRE_PRE_DTD": "day"})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("studylib.sources.landing.text_file.known", lambda _target: kinds)
        assert leave_code(["import", str(folder), "--out", str(tmp_path / "out")]) == 0
    told = re.sub("[\u00a0\u202f]", " ", capsys.readouterr().out)
    for sentence in (
        "ER_X_F_2021.csv, table ER_X_F_2021 : aucune ligne sous l'en-tête",
        "ER_Y_F_2021.csv, table ER_Y_F_2021 : colonne PRE_PRE_DTD, 1 date au 01/01/1600",
        "colonne PRE_PRE_DTD, 1 date en 2050 ou après",
        "1 fichier laissé de côté, que l'import ne lit pas : ER_UCD_F_2021.zip.",
    ):
        assert sentence in told


def test_files_by_the_command_and_a_second_time_nothing(tmp_path, capsys):
    file = tmp_path / "ER_X_F_2021.csv"
    file.write_text("A;B\n1;2\n", encoding="utf-8")
    given = ["import", str(file), "--out", str(tmp_path / "out")]
    assert leave_code(given) == 0
    assert "importé" in capsys.readouterr().out
    assert leave_code(given) == 0
    assert "Rien à faire" in capsys.readouterr().out
    assert leave_code(["import", "--out", str(tmp_path / "out"), str(file), "--decimal", "x"]) == 2
    assert "--decimal" in capsys.readouterr().err
