"""DuckDB at its limits: memory, disk, interruption. One sentence, and nothing half made."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import narwhals as nw
import pandas as pd
import pytest
from pyarrow import parquet

from studylib import project
from studylib.errors import DataMissing, StudyError
from studylib.sources import Engine, EngineSettings
from studylib.sources.engine import DuckEngine, duck, scratch

ROWS = 3_000_000


def started(folder: Path, memory_gb: float = 0.1) -> DuckEngine:
    return DuckEngine.start(EngineSettings(threads=1, memory_gb=memory_gb, temp_folder=folder))


def wide(engine: DuckEngine, rows: int = ROWS):
    """Rows that do not compress, about 24 bytes each."""
    sql = f"SELECT hash(range) AS a, hash(range + 1) AS b, hash(range + 2) AS c FROM range({rows})"
    return nw.from_native(engine.connection.sql(sql))


def numbers(engine: DuckEngine) -> nw.LazyFrame:
    return engine.load(pd.DataFrame({"n": [3, 1, 2]}), "numbers")


def tables(engine: DuckEngine) -> list[str]:
    found = engine.connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    return sorted(name for (name,) in found if not name.startswith("numbers"))


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_memory_cannot_hold_is_spilled(tmp_path):
    with started(tmp_path) as small, started(tmp_path, 2) as large:
        sums = []
        for engine in (small, large):
            highest = nw.col("a").cum_max().over(order_by="b").cast(nw.Float64())
            kept = engine.checkpoint(wide(engine).with_columns(highest.alias("d")), "highest")
            totals = engine.collect(kept.select(nw.len().alias("rows"), nw.col("d").sum()))
            sums.append(totals.iloc[0].tolist())
        assert sums[0] == pytest.approx(sums[1], rel=1e-12)
    assert visible(tmp_path) == [], "the folder goes with the session"


SPILLS = """
import resource, sys
import narwhals as nw
from pathlib import Path
from studylib.sources.engine import DuckEngine, EngineSettings
engine = DuckEngine.start(EngineSettings(threads=1, memory_gb=0.15, temp_folder=Path(sys.argv[1])))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
sql = "SELECT hash(range) AS a, hash(range + 1) AS b FROM range(8_000_000)"
frame = engine.checkpoint(nw.from_native(engine.connection.sql(sql)), "wide")
ordered = frame.with_columns(nw.col("a").cum_max().over(order_by="b").alias("c"))
engine.checkpoint(ordered, "ordered")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1000)
"""


def test_the_memory_granted_is_held(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SPILLS, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 300, "MB; without a limit this takes 600"


def test_too_little_memory_is_told_with_what_was_granted(tmp_path):
    with started(tmp_path) as engine:
        lists = wide(engine, 12_000_000).to_native().aggregate("list(a) AS a")
        with pytest.raises(StudyError, match=r"0,1 Go.*STUDYLIB_MEMORY_GB=1\b") as told:
            engine.checkpoint(nw.from_native(lists), "lists")
        assert "« lists »" in str(told.value)
        assert tables(engine) == []
        assert engine.count(engine.checkpoint(numbers(engine), "numbers")) == 3


def listed(rows: nw.LazyFrame) -> nw.LazyFrame:
    """The number of rows by way of one list of them all, which does not spill."""
    return nw.from_native(rows.to_native().aggregate("min(person_id) AS first, len(list(a)) AS n"))


def persons(engine: DuckEngine, rows: int, count: int) -> nw.LazyFrame:
    sql = f"SELECT range % {count} AS person_id, hash(range) AS a FROM range({rows})"
    return nw.from_native(engine.connection.sql(sql))


def test_persons_are_taken_a_part_at_a_time_where_memory_is_short(tmp_path):
    with started(tmp_path) as engine:
        rows = persons(engine, 12_000_000, 64)
        with pytest.raises(StudyError, match="0,1 Go"):
            engine.checkpoint(listed(rows), "whole")
        kept = engine.collect(engine.checkpoint_by_person(rows, listed, "parts"))
        parts = len(kept)
        assert parts in (4, 16)
        assert sorted(kept["first"]) == list(range(parts))
        assert set(kept["n"]) == {12_000_000 // parts}


def test_a_person_whom_memory_cannot_hold_is_told(tmp_path):
    with started(tmp_path) as engine:
        with pytest.raises(StudyError, match=r"« parts » : les 0,1 Go"):
            engine.checkpoint_by_person(persons(engine, 12_000_000, 1), listed, "parts")
        assert tables(engine) == []


def test_parts_cut_short_leave_no_table(tmp_path, monkeypatch):
    monkeypatch.setattr(duck, "_SLICES", (4,))
    with started(tmp_path) as engine:
        made = []

        def make(rows: nw.LazyFrame) -> nw.LazyFrame:
            made.append(rows)
            if len(made) == 3:
                raise KeyboardInterrupt
            return listed(rows)

        with pytest.raises(KeyboardInterrupt):
            engine.checkpoint_by_person(persons(engine, 4_000, 8), make, "parts")
        assert tables(engine) == []
        kept = engine.checkpoint_by_person(persons(engine, 4_000, 8), listed, "parts")
        assert engine.collect(kept)["n"].tolist() == [1_000] * 4


def test_a_full_temporary_folder_is_told_when_spilling(tmp_path):
    with started(tmp_path) as engine:
        engine.connection.execute("SET max_temp_directory_size = '5MB'")
        ordered = wide(engine).with_columns(nw.col("a").cum_max().over(order_by="b").alias("d"))
        with pytest.raises(StudyError, match="Disque plein pendant « ordered »") as told:
            engine.checkpoint(ordered, "ordered")
        assert str(tmp_path) in str(told.value)
        assert "STUDYLIB_TEMP" in str(told.value)
        assert tables(engine) == []


# The system refuses to write beyond 4 MB in one file, which DuckDB sees as a disk without room.
FULL = """
import os, resource, sys
from pathlib import Path
import narwhals as nw
from studylib.errors import StudyError
from studylib.sources.engine import DuckEngine, EngineSettings
folder = Path(sys.argv[1])
out = folder / "out"
settings = EngineSettings(threads=1, memory_gb=1, temp_folder=folder / "temp")
engine = DuckEngine.start(settings)
frame = nw.from_native(engine.connection.sql("SELECT hash(range) AS a FROM range(3_000_000)"))
engine.write_parquet(frame.filter(nw.col("a") < 2**55), out / "x.parquet")
size = (out / "x.parquet").stat().st_size
LIMITED
for act in (lambda: engine.checkpoint(frame, "big"),
            lambda: engine.write_parquet(frame, out / "x.parquet"),
            lambda: engine.write_parquet(frame, out / "y.parquet")):
    try:
        act()
        print("no complaint")
    except StudyError as error:
        print(error)
print(sorted(path.name for path in out.iterdir()), (out / "x.parquet").stat().st_size == size)
tables = engine.connection.execute("SELECT count(*) FROM duckdb_tables()").fetchall()[0][0]
RESTORED
again = engine.count(engine.checkpoint(frame, "big"))
print(tables, again, engine.write_parquet(frame, out / "y.parquet"))
"""
LIMITED = """
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, hard))
"""
RESTORED = "resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))"
FILLED = """
import shutil
(folder / "ballast").write_bytes(b"0" * (shutil.disk_usage(folder).free - 2_000_000))
"""
EMPTIED = '(folder / "ballast").unlink()'


def complaints(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert done.returncode == 0, done.stderr
    lines = done.stdout.strip().splitlines()
    checkpoint, replaced, written, left, restarted = lines
    assert checkpoint.startswith("Disque plein pendant « big » : il reste "), checkpoint
    assert "temp ; y libérer" in checkpoint
    assert replaced.startswith("Disque plein en écrivant x.parquet : il reste "), replaced
    assert written.startswith("Disque plein en écrivant y.parquet"), written
    assert left == "['x.parquet'] True", "no half file, and the one that was there is as it was"
    assert restarted == f"0 {ROWS} {ROWS}", "with room again, the same session goes on"
    return lines


def test_a_full_disk_is_told_and_leaves_nothing_half_made(tmp_path):
    script = FULL.replace("LIMITED", LIMITED).replace("RESTORED", RESTORED)
    complaints(
        subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
        )
    )


def test_a_disk_of_a_few_megabytes(tmp_path):
    """The same on a true file system that fills up, where the system lets one be mounted."""
    mounted = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    mount = 'mount -t tmpfs -o size=90m none "$0"'
    try:
        subprocess.run([*mounted, mount, str(tmp_path)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no file system can be mounted here (unshare)")
    script = FULL.replace("LIMITED", FILLED).replace("RESTORED", EMPTIED)
    done = subprocess.run(
        [*mounted, f'{mount} && exec "$1" -c "$2" "$0"', str(tmp_path), sys.executable, script],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    complaints(done)


def test_an_interrupted_checkpoint_leaves_nothing_and_starts_again(tmp_path):
    with started(tmp_path, 1) as engine:
        frame = wide(engine, 40_000_000)
        interrupting = threading.Timer(0.3, engine.connection.interrupt)
        interrupting.start()
        with pytest.raises((duckdb.InterruptException, RuntimeError, KeyboardInterrupt)):
            engine.checkpoint(frame, "long")
        assert tables(engine) == []
        assert engine.count(engine.checkpoint(frame.head(10), "long")) == 10


KILLED = """
import sys, time
from pathlib import Path
import narwhals as nw
from studylib.sources.engine import DuckEngine, EngineSettings
engine = DuckEngine.start(EngineSettings(threads=1, temp_folder=Path(sys.argv[1])))
frame = nw.from_native(engine.connection.sql("SELECT hash(range) AS a FROM range(400_000_000)"))
print("ready", flush=True)
engine.write_parquet(frame, Path(sys.argv[1]) / "out.parquet")
"""


def test_a_killed_process_leaves_no_file_and_its_folder_is_swept(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    limit = time.monotonic() + 60
    while not list(tmp_path.glob(".out.parquet.part")):
        assert time.monotonic() < limit
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not list(tmp_path.glob("*.parquet"))
    assert list(tmp_path.glob(f"{scratch.PREFIX}*")), "it had no time to tidy up"
    with started(tmp_path) as engine:
        assert len(list(tmp_path.glob(f"{scratch.PREFIX}*"))) == 1, "the dead one's is gone"
        assert engine.write_parquet(numbers(engine), tmp_path / "out.parquet") == 3
    assert visible(tmp_path) == ["out.parquet"]


def test_the_folder_of_a_living_session_is_left_alone(tmp_path):
    with started(tmp_path) as first, started(tmp_path) as second:
        assert len(visible(tmp_path)) == 2
        kept = first.checkpoint(numbers(first), "numbers")
        second.stop()
        assert first.count(kept) == 3
    assert visible(tmp_path) == []


def test_frames_outlive_the_engine_that_made_them(tmp_path):
    engine = started(tmp_path)
    kept = engine.checkpoint(numbers(engine), "numbers")
    del engine
    assert len(kept.collect()) == 3
    del kept
    assert visible(tmp_path) == []


def test_a_run_spills_into_its_own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv(project.RUN_FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.delenv("STUDYLIB_TEMP", raising=False)
    with DuckEngine.start(EngineSettings(threads=1)):
        assert [name[: len(scratch.PREFIX)] for name in visible(tmp_path)] == [scratch.PREFIX]


def test_a_temporary_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StudyError, match="STUDYLIB_TEMP"):
        started(tmp_path / "file")


def test_a_released_checkpoint_gives_its_room_to_the_next(tmp_path):
    with started(tmp_path, 1) as engine:
        database = engine._scratch.path / "checkpoints.duckdb"
        for _ in range(5):
            kept = engine.checkpoint(wide(engine, 400_000), "wide")
            derived = kept.filter(nw.col("a") > 0)
            engine.release(derived)
            assert engine.count(derived) > 0, "what is no checkpoint is left alone"
            engine.release(kept)
        assert tables(engine) == []
        assert database.stat().st_size < 3 * 400_000 * 24


def test_a_file_is_sorted_and_replaced_whole(tmp_path):
    with started(tmp_path / "temp") as engine:
        file = tmp_path / "out" / "n.parquet"
        assert engine.write_parquet(numbers(engine), file, sort_by=("n",)) == 3
        assert parquet.read_table(file)["n"].to_pylist() == [1, 2, 3]
        assert engine.write_parquet(numbers(engine).filter(nw.col("n") > 1), file) == 2
        assert visible(file.parent) == ["n.parquet"]


def test_files_that_do_not_go_together_are_named(tmp_path):
    pd.DataFrame({"person_id": [1]}).to_parquet(tmp_path / "1.parquet")
    pd.DataFrame({"person": [1]}).to_parquet(tmp_path / "2.parquet")
    whole = (tmp_path / "1.parquet").read_bytes()
    (tmp_path / "3.parquet").write_bytes(whole[:-20])
    with started(tmp_path / "temp") as engine:
        with pytest.raises(DataMissing, match=r"2\.parquet n'a pas les colonnes de 1\.parquet"):
            engine.read_parquet([tmp_path / "1.parquet", tmp_path / "2.parquet"])
        with pytest.raises(DataMissing, match=r"3\.parquet ne se lit pas comme du Parquet"):
            engine.read_parquet([tmp_path / "3.parquet"])
        with pytest.raises(DataMissing, match="Aucun fichier"):
            engine.read_parquet([])


def test_a_file_spoilt_inside_is_named_when_it_is_read(tmp_path):
    file = tmp_path / "data" / "x.parquet"
    file.parent.mkdir()
    pd.DataFrame({"n": [str(i * i) for i in range(50_000)]}).to_parquet(file)
    whole = bytearray(file.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 400] = bytes(400)
    file.write_bytes(whole)
    with started(tmp_path) as engine:
        frame = engine.read_parquet([file])
        for act in (engine.count, lambda frame: engine.checkpoint(frame, "x")):
            with pytest.raises(DataMissing, match=r"data/x\.parquet est abîmé"):
                act(frame.filter(nw.col("n") > "5"))
        assert tables(engine) == []


def test_the_description_is_what_a_report_prints(tmp_path):
    with started(tmp_path, 2) as engine:
        assert engine.describe() == {
            "engine": f"DuckDB {duckdb.__version__}",
            "threads": "1",
            "memory_limit": "1.3 GiB",
            "preserve_insertion_order": "False",
        }


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"kind": "oracle"}, "duckdb et spark"),
        ({"memory_gb": 0}, "memory_gb : reçu 0"),
        ({"threads": -1}, "threads : reçu -1"),
        ({"master": "spark://x:7077"}, "kind: spark"),
    ],
)
def test_settings_that_make_no_sense_are_refused(given, words):
    with pytest.raises(StudyError, match=words):
        EngineSettings(**given)


def test_a_memory_that_is_no_number_is_refused(monkeypatch):
    monkeypatch.setenv("STUDYLIB_MEMORY_GB", "beaucoup")
    with pytest.raises(StudyError, match="STUDYLIB_MEMORY_GB vaut « beaucoup »"):
        EngineSettings.from_environment()


def test_the_environment_names_the_temporary_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("STUDYLIB_TEMP", str(tmp_path))
    with Engine.start():
        assert os.listdir(tmp_path)
