"""A large source is landed in pieces: an interrupted import goes on from the last whole one."""

import datetime as dt
import hashlib
import json

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from studylib.errors import DataMissing, TableError
from studylib.sources import landing
from studylib.sources.landing import database, parts, pieces, sas_file, scanning
from studylib.sources.landing.options import Options

TABLE = "ER_X_F_2021"
ROWS = 1_000


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(parts, "PIECE_ROWS", 100)
    monkeypatch.setattr(scanning, "_CHUNK", 256)
    monkeypatch.setattr(sas_file, "ROWS", 50)
    monkeypatch.setattr(database, "ROWS", 7)


class Stops(landing.Silent):
    """Interrupts once so much was read; counts what is read."""

    def __init__(self, after=None):
        self.after, self.total, self.size = after, 0, 0

    def started(self, name, size):
        self.size = size

    def advanced(self, amount):
        self.total += amount
        if self.after is not None and self.total > self.after * self.size:
            raise KeyboardInterrupt


def csv_file(folder, quoted=False):
    folder.mkdir(exist_ok=True)
    file = folder / f"{TABLE}.csv"
    value = '"é;\n{i}"' if quoted else "é{i}"
    lines = [f"{i};{value.format(i=i)}\n" for i in range(ROWS)]
    file.write_bytes(("A;B\n" + "".join(lines)).encode("cp1252"))
    return file


def sas(folder):
    pyreadstat = pytest.importorskip("pyreadstat", reason="the extra « sas » is not installed")
    folder.mkdir(exist_ok=True)
    file = folder / f"{TABLE}.xpt"
    frame = pd.DataFrame({"A": [float(i) for i in range(ROWS)], "B": "x"})
    pyreadstat.write_xport(frame, str(file), file_format_version=8, table_name="T")
    return file


def parquet_file(folder):
    folder.mkdir(exist_ok=True)
    file = folder / f"{TABLE}.parquet"
    parquet.write_table(pa.table({"A": range(ROWS)}), file, row_group_size=70)
    return file


def land(folder, file, progress=None, **options):
    return landing.land([file], folder / "out", Options(**options), progress=progress)[0]


def contents(folder):
    """Hash of each file of the table, and the values of its first column, in order."""
    files = sorted((folder / "out" / TABLE).iterdir(), key=lambda file: file.name)
    values = [v for file in files for v in parquet.read_table(file)["A"].to_pylist()]
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files}, values


@pytest.mark.parametrize(
    "write", [csv_file, lambda folder: csv_file(folder, quoted=True), parquet_file]
)
def test_an_interrupted_import_goes_on_and_gives_the_same_bytes(tmp_path, write):
    file = write(tmp_path / "in")
    land(tmp_path / "in", file)
    whole, values = contents(tmp_path / "in")
    assert len(whole) > 3
    assert [int(value) for value in values] == list(range(ROWS))
    with pytest.raises(KeyboardInterrupt):
        land(tmp_path, file, Stops(0.8))
    assert not (tmp_path / "out" / TABLE).exists()  # nothing half is shown
    left = json.loads((tmp_path / "out" / "import.json").read_text(encoding="utf-8"))
    done = left["unfinished"][f"{TABLE}/er_x_f_2021"]["pieces"]
    assert len(done) >= 2
    stamps = {p["file"]: (tmp_path / "out" / p["file"]).stat().st_mtime_ns for p in done}
    again = land(tmp_path, file)
    assert contents(tmp_path) == (whole, values)
    for name, stamp in stamps.items():  # the pieces done were not written anew
        assert (tmp_path / "out" / TABLE / name.split("/")[-1]).stat().st_mtime_ns == stamp
    assert (again.status, again.rows) == ("landed", ROWS)
    assert not (tmp_path / "out" / "unfinished").exists()
    assert land(tmp_path, file).status == "up_to_date"


def test_sas_goes_on_from_the_row_where_it_stopped(tmp_path, monkeypatch):
    file, read, asked = sas(tmp_path / "in"), sas_file._read, []

    def noted(path, **how):
        asked.append(how.get("row_offset"))
        if how.get("row_offset") == 450 and asked.count(450) == 1:
            raise KeyboardInterrupt
        return read(path, **how)

    monkeypatch.setattr(sas_file, "_read", noted)
    with pytest.raises(KeyboardInterrupt):
        land(tmp_path, file)
    asked.append("again")
    assert land(tmp_path, file).rows == ROWS
    assert asked[asked.index("again") :][1:4] == [0, None, 400]
    assert [int(v) for v in contents(tmp_path)[1]] == list(range(ROWS))


@pytest.mark.parametrize("change", ["source", "piece", "options"])
def test_what_changed_since_the_interruption_is_begun_anew(tmp_path, change):
    file, options = csv_file(tmp_path / "in"), {}
    with pytest.raises(KeyboardInterrupt):
        land(tmp_path, file, Stops(0.8))
    if change == "source":
        file.write_bytes(file.read_bytes().replace(b"999;", b"998;"))
    elif change == "piece":
        first = tmp_path / "out" / "unfinished" / TABLE / "er_x_f_2021.parquet"
        first.write_bytes(first.read_bytes()[:-9])
    else:
        options = {"encoding": "cp1252"}
    progress = Stops()
    assert land(tmp_path, file, progress, **options).rows == ROWS
    values = [int(value) for value in contents(tmp_path)[1]]
    assert values[:-1] == list(range(ROWS - 1))
    assert values[-1] == (998 if change == "source" else 999)


def test_a_smaller_source_leaves_no_piece_of_the_larger_one(tmp_path):
    file = csv_file(tmp_path / "in")
    land(tmp_path, file)
    file.write_bytes(b"A;B\n1;2\nx;y;z\n")
    assert land(tmp_path, file, max_rejected=0.5).rows == 1
    assert list(contents(tmp_path)[0]) == ["er_x_f_2021.parquet"]
    file.write_bytes(b"A;B\n1;2\n")
    land(tmp_path, file)
    assert not list((tmp_path / "out" / "rejected").rglob("*.parquet"))


def test_lines_set_aside_are_judged_on_all_pieces(tmp_path):
    file = csv_file(tmp_path / "in")
    good = file.read_bytes()
    file.write_bytes(good.replace(b"\n5;", b"\n5;;", 1) + b"a;b;c\n" * 30)
    with pytest.raises(TableError, match=r"31 sur 1030 lignes \(3,01 %\).* ligne 7 : trop de"):
        land(tmp_path, file)
    assert not any((tmp_path / "out" / name).exists() for name in ("unfinished", TABLE))
    one = land(tmp_path, file, max_rejected=0.05)
    assert (one.rows, one.rejected) == (ROWS - 1, 31)
    aside = pd.read_parquet(tmp_path / "out" / "rejected" / TABLE)
    assert sorted(aside["line"]) == [7, *range(ROWS + 2, ROWS + 32)]


def test_lines_that_the_disk_lost_are_seen_at_the_end(tmp_path, monkeypatch):
    real = parquet.read_metadata

    class Fewer:
        num_rows = 99

    monkeypatch.setattr(
        pieces.parquet, "read_metadata", lambda f: Fewer if "~0002" in f.name else real(f)
    )
    with pytest.raises(DataMissing, match=r"lignes lues et \d+ écrites"):
        land(tmp_path, csv_file(tmp_path / "in"))
    assert not (tmp_path / "out" / TABLE).exists()


def test_a_file_cut_while_it_is_read_is_told(tmp_path):
    file = csv_file(tmp_path / "in")

    class Cuts(landing.Silent):
        def advanced(self, amount):
            if amount < 100:  # the header: the file was hashed, its lines are not read yet
                file.write_bytes(file.read_bytes()[:3000])

    with pytest.raises(DataMissing, match="lignes lues au lieu de 1001"):
        land(tmp_path, file, Cuts())


# --- a database ----------------------------------------------------------------------------------


class Base:
    """A connection and its cursor: 300 lines in January 2021; may break after some fetches."""

    description = (
        ("FLX_DIS_DTD", "DATE", None, None, None, None, None),
        ("A", "NUMBER", None, None, 9, 0, None),
    )
    lines = tuple((dt.datetime(2021, 1, 1 + i % 31), i) for i in range(300))

    def __init__(self, fetches=10_000):
        self.fetches, self.asked = fetches, []

    def cursor(self):
        return self

    def close(self):
        pass

    def execute(self, statement, values):
        self.asked.append((statement, values))
        self.rows = [
            row for row in self.lines if values and values["low"] <= row[0].date() < values["high"]
        ]

    def fetchone(self):
        return (len(self.rows),)

    def fetchmany(self, size):
        self.fetches -= 1
        if self.fetches < 0:
            raise RuntimeError("DPY-4011: the database closed the connection")
        taken, self.rows = self.rows[:size], self.rows[size:]
        return taken


def test_a_large_month_is_taken_day_by_day_and_goes_on(tmp_path):
    january = ("FLX_DIS_DTD", dt.date(2021, 1, 1), dt.date(2021, 1, 31))
    wanted = landing.Extraction("ER_X_F", between=january)
    with pytest.raises(DataMissing, match="la base a cessé de répondre"):
        landing.extract(Base(fetches=35), wanted, tmp_path)
    base = Base()
    (one,) = landing.extract(base, wanted, tmp_path)
    assert one.rows == 300
    fetched = [values for statement, values in base.asked if "SELECT *" in statement and values]
    days = [values["low"].day for values in fetched]
    assert days[0] > 5
    assert days == list(range(days[0], 32))
    files = sorted((tmp_path / "ER_X_F").iterdir())
    assert len(files) == 31
    assert sorted(v for f in files for v in parquet.read_table(f)["A"].to_pylist()) == list(
        range(300)
    )
