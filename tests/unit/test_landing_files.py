"""Parquet and SAS files; what was already done; what was interrupted; a disk that is full."""

import builtins
import datetime as dt
import errno
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from studylib.errors import ChoiceError, DataMissing, StudyError, TableError
from studylib.sources import landing
from studylib.sources.landing import sas_file, writing
from studylib.sources.landing.known import Known
from studylib.sources.landing.options import Options

pyreadstat = pytest.importorskip("pyreadstat", reason="the extra « sas » is not installed")
TABLE = "ER_X_F_2021"
CSV = "A;B\n" + "".join(f"{i};{i % 7}\n" for i in range(1000))


def land(folder, *files, **options):
    return landing.land(list(files), folder / "out", Options(**options))


def out(folder, part="er_x_f_2021", table=TABLE):
    return folder / "out" / table / f"{part}.parquet"


def csv_file(folder, text=CSV, name="ER_X_F_2021.csv"):
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


# --- Parquet -------------------------------------------------------------------------------------


def test_parquet_is_rewritten_with_its_names_and_values(tmp_path):
    table = pa.table(
        {
            "ben nir psa": pa.array(["a", None]).dictionary_encode(),
            "exe_soi_dtd": pa.array([dt.datetime(2021, 3, 1, 13, 45), None]),
            "Pha_Act_Qsn": [1, -1],
        }
    )
    parquet.write_table(table, tmp_path / "ER_X_F_2021.parquet")
    (one,) = land(tmp_path, tmp_path / "ER_X_F_2021.parquet")
    found = parquet.read_table(out(tmp_path))
    assert found.column_names == ["BEN_NIR_PSA", "EXE_SOI_DTD", "PHA_ACT_QSN"]
    assert found["BEN_NIR_PSA"].to_pylist() == ["a", None]
    assert found["EXE_SOI_DTD"].to_pylist()[0] == dt.datetime(2021, 3, 1, 13, 45)
    assert one.rows == 2


@pytest.mark.parametrize("damage", ["cut", "middle", "noise", "empty"])
def test_a_damaged_parquet_is_told_and_leaves_nothing(tmp_path, damage):
    file = tmp_path / "ER_X_F_2021.parquet"
    rng = np.random.default_rng(1)
    table = pa.table({"A": rng.integers(0, 10**9, 50_000), "B": rng.random(50_000)})
    parquet.write_table(table, file)
    whole = bytearray(file.read_bytes())
    if damage == "cut":
        whole = whole[: len(whole) // 2]
    elif damage == "middle":
        whole[20_000:20_400] = bytes(400)
        whole[4:60] = bytes(range(56))
    else:
        whole = whole[:0] if damage == "empty" else b"PAR1" + bytes(rng.bytes(500)) + b"PAR1"
    file.write_bytes(whole)
    with pytest.raises(DataMissing, match=r"ER_X_F_2021.parquet : ce fichier Parquet est abîmé"):
        land(tmp_path, file)
    assert not list((tmp_path / "out").rglob("*.parquet*"))


def test_nested_and_repeated_columns_are_told(tmp_path):
    file = tmp_path / "ER_X_F_2021.parquet"
    parquet.write_table(pa.table({"A": [[1], [2]]}), file)
    with pytest.raises(TableError, match="colonne A : de type list"):
        land(tmp_path, file)
    parquet.write_table(pa.table({"A": [1], "a": [2]}), file)
    with pytest.raises(TableError, match="colonne A : présente deux fois"):
        land(tmp_path, file)


# --- SAS -----------------------------------------------------------------------------------------


@pytest.fixture
def sas_table(tmp_path, monkeypatch):
    monkeypatch.setattr(sas_file, "ROWS", 7)
    kinds = {"PSA": "text", "CIP": "text", "QSN": "integer", "DTD": "day"}
    monkeypatch.setattr(sas_file, "known", lambda _target: Known("ER_X_F", kinds))
    frame = pd.DataFrame(
        {
            "PSA": [f"p{i}" for i in range(20)],
            "CIP": [3400930000000.0 + i for i in range(20)],
            "QSN": [float(i - 3) for i in range(20)],
            "PRU": [i / 4 for i in range(19)] + [np.nan],
            "DTD": [float((dt.date(1600, 1, 1 + i) - dt.date(1960, 1, 1)).days) for i in range(20)],
        }
    )
    file = tmp_path / "er_x_f_2021.xpt"
    pyreadstat.write_xport(frame, str(file), file_format_version=8, table_name="T")
    return file


def test_sas_is_read_by_chunks_codes_as_text_days_as_days(tmp_path, sas_table):
    (one,) = land(tmp_path, sas_table)
    found = parquet.read_table(out(tmp_path)).to_pylist()
    assert one.rows == 20
    assert found[19]["CIP"] == "3400930000019"
    assert found[2] == {
        "PSA": "p2", "CIP": "3400930000002", "QSN": -1, "PRU": 0.5, "DTD": dt.date(1600, 1, 3),
    }  # fmt: skip
    assert found[19]["PRU"] is None


def test_a_cut_sas_file_is_told(tmp_path, sas_table):
    sas_table.write_bytes(sas_table.read_bytes()[:500])
    with pytest.raises(DataMissing, match=r"er_x_f_2021.xpt : ce fichier SAS est abîmé"):
        land(tmp_path, sas_table)


def test_a_sas_file_that_announces_more_lines_than_it_gives_is_told(tmp_path, monkeypatch):
    file = tmp_path / "er_x_f_2021.sas7bdat"
    file.write_bytes(b"sas")

    class Meta:
        column_names = ("A",)
        original_variable_types = {"A": ""}  # noqa: RUF012
        number_rows = 5

    monkeypatch.setattr(pyreadstat, "read_sas7bdat", lambda *_a, **_k: ({"A": [1.0, 2.0]}, Meta))
    with pytest.raises(DataMissing, match="2 lignes lues au lieu de 5"):
        land(tmp_path, file)
    assert not list((tmp_path / "out").rglob("*.parquet*"))


def test_without_pyreadstat_the_extra_is_named(tmp_path, sas_table, monkeypatch):
    monkeypatch.setattr(sas_file, "find_spec", lambda _name: None)
    with pytest.raises(DataMissing, match=r"studylib\[sas\]"):
        land(tmp_path, sas_table)


def test_dates_of_sas_count_days_or_seconds_since_1960():
    seconds, _ = sas_file.as_arrow(np.array([0.0, 86400 * 2.5, np.nan]), "day", "DATETIME20.")
    days, _ = sas_file.as_arrow(np.array([0.0, 2.0, np.nan]), "day", "DDMMYY10.")
    assert seconds.to_pylist() == days.to_pylist()
    assert days.to_pylist()[0] == dt.date(1960, 1, 1)


def test_a_value_of_sas_that_is_not_of_its_kind_is_set_aside(tmp_path, monkeypatch):
    monkeypatch.setattr(sas_file, "known", lambda _target: Known("ER_X_F", {"QSN": "integer"}))
    frame = pd.DataFrame({"QSN": [1.0, 1.5, np.nan], "A": ["a", "b", "c"]})
    file = tmp_path / "er_x_f_2021.xpt"
    pyreadstat.write_xport(frame, str(file), file_format_version=8, table_name="T")
    (one,) = land(tmp_path, file, max_rejected=0.5)
    assert (one.rows, one.rejected) == (2, 1)
    (line,) = pd.read_parquet(tmp_path / "out" / "rejected" / TABLE / "er_x_f_2021.parquet").values
    assert list(line) == [file.name, 2, "QSN", "la valeur n'est pas un nombre entier", "1.5|b"]
    assert parquet.read_table(out(tmp_path))["QSN"].to_pylist() == [1, None]


# --- the manifest, and doing it again ------------------------------------------------------------


def test_the_manifest_says_what_came_from_where(tmp_path):
    file = csv_file(tmp_path, CSV + "x;y;z\n")
    land(tmp_path, file)
    manifest = json.loads((tmp_path / "out" / "import.json").read_text(encoding="utf-8"))
    entry = manifest["parts"][f"{TABLE}/er_x_f_2021"]
    assert entry["source"] == "ER_X_F_2021.csv"
    assert entry["source_sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert entry["size"] == file.stat().st_size
    assert entry["rows"] == 1000
    assert entry["rejected_rows"] == 1
    assert entry["columns"] == [{"name": "A", "type": "string"}, {"name": "B", "type": "string"}]
    for each in (*entry["files"], *entry["rejected"]):
        content = (tmp_path / "out" / each["file"]).read_bytes()
        assert each["sha256"] == hashlib.sha256(content).hexdigest()
    assert str(tmp_path) not in json.dumps(manifest)


def test_a_second_time_there_is_nothing_to_do(tmp_path):
    file = csv_file(tmp_path)
    land(tmp_path, file)
    before = out(tmp_path).stat().st_mtime_ns
    (again,) = land(tmp_path, file)
    assert again.status == "up_to_date"
    assert out(tmp_path).stat().st_mtime_ns == before


@pytest.mark.parametrize("change", ["source", "result", "gone", "options"])
def test_whatever_changed_is_done_again(tmp_path, change):
    file = csv_file(tmp_path)
    land(tmp_path, file)
    options = {}
    if change == "source":
        csv_file(tmp_path, CSV + "7;7\n")
    elif change == "result":
        out(tmp_path).write_bytes(b"PAR1")
    elif change == "gone":
        out(tmp_path).unlink()
    else:
        options = {"encoding": "cp1252"}
    (again,) = land(tmp_path, file, **options)
    assert again.status == "landed"
    assert parquet.read_metadata(out(tmp_path)).num_rows == (1001 if change == "source" else 1000)


def test_the_same_file_gives_the_same_bytes(tmp_path):
    contents = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        land(tmp_path / name, csv_file(tmp_path / name))
        contents.add(out(tmp_path / name).read_bytes())
    assert len(contents) == 1


def test_a_folder_is_landed_file_by_file_and_good_ones_are_kept(tmp_path):
    folder = tmp_path / "in" / "deep"
    folder.mkdir(parents=True)
    csv_file(folder, name="ER_A_F_2020.csv")
    csv_file(folder, text="", name="ER_B_F_2021.csv")
    with pytest.raises(TableError, match="ER_B_F_2021"):
        land(tmp_path, tmp_path / "in")
    csv_file(folder, name="ER_B_F_2021.csv")
    first, second = land(tmp_path, tmp_path / "in")
    assert (first.status, second.status) == ("up_to_date", "landed")


def test_two_files_for_one_part_unknown_extension_no_file(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(StudyError, match="donneraient la même partie"):
        land(tmp_path, csv_file(tmp_path), csv_file(tmp_path / "a"))
    with pytest.raises(StudyError, match=r"l'extension « .zip » n'est pas lue"):
        land(tmp_path, csv_file(tmp_path, name="ER_X_F_2021.zip"))
    with pytest.raises(DataMissing, match="n'existe pas"):
        land(tmp_path, tmp_path / "absent.csv")


def test_every_file_of_a_folder_that_has_no_table_is_told_at_once(tmp_path):
    folder = tmp_path / "in"
    (folder / "again").mkdir(parents=True)
    csv_file(folder)
    csv_file(folder / "again")
    for name in ("notes.csv", "extraction.csv"):
        csv_file(folder, name=name)
    with pytest.raises(ChoiceError) as refused:
        land(tmp_path, folder)
    told = str(refused.value)
    assert told.startswith("3 fichiers ne peuvent pas être importés, et rien n'est commencé.")
    assert "n'importer que les autres (1)" in told
    for part in ("notes.csv : ni le nom", "extraction.csv : ni le nom", "la même partie"):
        assert part in told
    assert not (tmp_path / "out").exists()


def test_a_manifest_that_cannot_be_read_is_told(tmp_path):
    file = csv_file(tmp_path)
    land(tmp_path, file)
    (tmp_path / "out" / "import.json").write_text("{")
    with pytest.raises(DataMissing, match="manifeste"):
        land(tmp_path, file)


# --- interrupted ---------------------------------------------------------------------------------


def test_a_full_disk_is_told_and_leaves_nothing_half(tmp_path, monkeypatch):
    class Full(io.FileIO):
        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device", str(self.name))

    file = csv_file(tmp_path)
    land(tmp_path, csv_file(tmp_path, name="ER_A_F_2020.csv"))
    opened = builtins.open

    def full(self, mode="r", *args, **kwargs):
        return Full(str(self), "w") if mode == "wb" else opened(self, mode, *args, **kwargs)

    monkeypatch.setattr(writing.Path, "open", full)
    with pytest.raises(StudyError, match="le disque est plein"):
        land(tmp_path, file)
    monkeypatch.undo()
    assert [path.name for path in (tmp_path / "out").rglob("*.parquet*")] == ["er_a_f_2020.parquet"]
    statuses = [one.status for one in land(tmp_path, tmp_path / "ER_A_F_2020.csv", file)]
    assert statuses == ["up_to_date", "landed"]


def test_an_interruption_leaves_nothing_half(tmp_path):
    file = csv_file(tmp_path)

    class Interrupts(landing.Silent):
        calls = 0

        def advanced(self, amount):
            self.calls += 1
            if self.calls == 3:  # the source is hashed, its header read: lines are being written
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        landing.land([file], tmp_path / "out", progress=Interrupts())
    assert not list((tmp_path / "out").rglob("*.parquet*"))
    assert not (tmp_path / "out" / "import.json").exists()


_SLOW = """
import sys, time
from pathlib import Path
from studylib.sources import landing
from studylib.sources.landing.writing import ParquetPart
write = ParquetPart.write
def slowly(self, table):
    write(self, table)
    time.sleep(30)
ParquetPart.write = slowly
landing.land([Path(sys.argv[1])], Path(sys.argv[2]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_killed_while_writing_then_started_again(tmp_path):
    file = csv_file(tmp_path)
    running = subprocess.Popen([sys.executable, "-c", _SLOW, file, tmp_path / "out"])
    part = tmp_path / "out" / "unfinished" / TABLE / "er_x_f_2021.parquet.part"
    until = time.monotonic() + 30
    while not part.exists() and time.monotonic() < until:
        time.sleep(0.05)
    with pytest.raises(StudyError, match="Un autre import"):
        land(tmp_path, file)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    assert part.exists()
    assert not out(tmp_path).exists()
    (again,) = land(tmp_path, file)
    assert again.status == "landed"
    assert not part.exists()
    assert parquet.read_metadata(out(tmp_path)).num_rows == 1000
