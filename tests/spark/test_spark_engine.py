"""Each act of the Spark engine beside DuckDB's: the same rows, the same types, the same words."""

import json
import os
import subprocess
import sys
from pathlib import Path

import narwhals as nw
import pandas as pd
import pytest
from pyarrow import parquet

from studylib.errors import DataMissing, StudyError
from studylib.sources import Engine, EngineSettings
from studylib.sources.engine import spark_session
from studylib.sources.engine.spark_files import Folder

pytestmark = pytest.mark.xdist_group("spark")

MIXED = pd.DataFrame(
    {
        "person_id": [3, 1, 2, 4],
        "day": pd.array([18993, None, -135140, 0], dtype="Int64"),
        "cost": [1.25, float("nan"), 0.1, 2.0],
        "code": ["B01AA03", None, "é œ €", ""],
        "seen": [True, False, True, True],
        "small": pd.array([1, 2, 3, 4], dtype="int32"),
    }
)


@pytest.fixture(scope="module")
def duck():
    with Engine.start(EngineSettings(threads=1, memory_gb=1)) as engine:
        yield engine


def same(spark, duck, work):
    """What ``work(engine)`` gives is one table on both engines, types included."""
    ours, theirs = (
        engine.collect(work(engine)).sort_values("person_id").reset_index(drop=True)
        for engine in (spark, duck)
    )
    pd.testing.assert_frame_equal(ours, theirs)
    return ours


def test_types_come_back_as_duckdb_gives_them(spark, duck):
    found = same(spark, duck, lambda engine: engine.load(MIXED, "mixed"))
    assert str(found["person_id"].dtype) == "int64"
    kept = same(spark, duck, lambda e: e.checkpoint(e.load(MIXED, "mixed"), "kept"))
    assert kept["day"].dtype == found["day"].dtype


def test_columns_and_counts_agree(spark, duck):
    typed = {name: e.columns(e.load(MIXED, "m")) for name, e in (("s", spark), ("d", duck))}
    assert dict(typed["s"]) == dict(typed["d"])
    assert spark.count(spark.load(MIXED, "m")) == 4


def test_no_row_is_a_table_all_the_same(spark, duck):
    def none(engine):
        frame = engine.load(MIXED, "m").filter(nw.col("person_id") > 9)
        return engine.checkpoint(frame.group_by("person_id").agg(nw.len().alias("n")), "none")

    assert same(spark, duck, none).empty


def test_a_column_of_nothing_is_no_obstacle(spark, tmp_path):
    frame = spark.load(MIXED.assign(nothing=None), "nothing")
    assert spark.collect(spark.checkpoint(frame, "nothing"))["nothing"].isna().all()
    assert spark.write_parquet(frame, tmp_path / "nothing.parquet") == 4


def test_a_file_is_written_sorted_under_its_own_name(spark, duck, tmp_path):
    folder = tmp_path / "a [1] {b} été"
    for engine in (spark, duck):
        file = folder / f"{type(engine).__name__}.parquet"
        assert engine.write_parquet(engine.load(MIXED, "m"), file, sort_by=("day",)) == 4
        found = parquet.read_table(file).to_pydict()
        assert found["person_id"] == [2, 4, 3, 1], "missing values last"
    assert sorted(path.name for path in folder.iterdir()) == [
        "DuckEngine.parquet",
        "SparkEngine.parquet",
    ]
    same(spark, duck, lambda engine: engine.read_parquet(sorted(folder.iterdir())).unique())


def test_a_file_written_twice_is_replaced(spark, tmp_path):
    file = tmp_path / "x.parquet"
    for rows in (4, 2):
        assert spark.write_parquet(spark.load(MIXED.head(rows), "m"), file) == rows
    assert parquet.read_metadata(file).num_rows == 2


def test_files_of_other_whole_numbers_take_the_types_of_the_first(spark, duck, tmp_path):
    pd.DataFrame({"person_id": [1], "code": ["a"]}).to_parquet(tmp_path / "1.parquet")
    narrow = pd.DataFrame({"code": ["b"], "person_id": pd.array([2], dtype="int32")})
    narrow.to_parquet(tmp_path / "2.parquet")
    files = sorted(tmp_path.glob("*.parquet"))
    found = same(spark, duck, lambda engine: engine.read_parquet(files))
    assert found["person_id"].tolist() == [1, 2]


def test_files_that_do_not_go_together_are_named(spark, duck, tmp_path):
    pd.DataFrame({"person_id": [1]}).to_parquet(tmp_path / "1.parquet")
    pd.DataFrame({"person": [1]}).to_parquet(tmp_path / "2.parquet")
    (tmp_path / "3.parquet").write_text("person_id;code")
    for engine in (spark, duck):
        with pytest.raises(DataMissing, match=r"2\.parquet n'a pas les colonnes.*person"):
            engine.read_parquet(sorted(tmp_path.glob("[12].parquet")))
        with pytest.raises(DataMissing, match=r"3\.parquet ne se lit pas"):
            engine.read_parquet(sorted(tmp_path.glob("3.parquet")))


def test_a_file_spoilt_inside_is_named_when_it_is_read(spark, tmp_path):
    file = tmp_path / "x.parquet"
    pd.DataFrame({"n": [str(i * i) for i in range(50_000)]}).to_parquet(file)
    whole = bytearray(file.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 400] = bytes(400)
    file.write_bytes(whole)
    with pytest.raises(DataMissing, match=r"x\.parquet est abîmé"):
        spark.count(spark.read_parquet([file]).filter(nw.col("n") > "5"))


def test_a_checkpoint_released_leaves_the_disk(spark):
    folder = Path(spark._folder.location.removeprefix("file://"))
    kept = spark.checkpoint(spark.load(MIXED, "m"), "to release")
    derived = kept.filter(nw.col("person_id") > 1)
    spark.release(derived)
    assert spark.count(derived) == 3, "what is no checkpoint is left alone"
    spark.release(kept)
    assert not list(folder.glob("to_release*"))


def test_a_checkpoint_that_fails_leaves_nothing(spark):
    folder = Path(spark._folder.location.removeprefix("file://"))
    words = spark.load(pd.DataFrame({"code": ["1", "x"]}), "words")
    with pytest.raises(Exception, match="CAST_INVALID_INPUT"):
        spark.checkpoint(words.select(nw.col("code").cast(nw.Int64())), "half made")
    assert not list(folder.glob("half_made*"))
    assert spark.count(spark.checkpoint(words, "half made")) == 2


def test_a_folder_that_workers_do_not_share_is_refused(spark, monkeypatch, tmp_path):
    folder = Folder(spark.session, f"file://{tmp_path}")
    written = Folder.write

    def lost(self, frame, name):
        place = written(self, frame, name)
        next(Path(tmp_path / name).glob("part-*")).unlink()  # it stayed on a worker's own disk
        return place

    monkeypatch.setattr(Folder, "write", lost)
    with pytest.raises(StudyError, match="stockage partagé"):
        folder.probe()
    assert not list(tmp_path.iterdir())


def test_settings_that_results_rest_on_cannot_be_changed():
    conf = {"spark.sql.session.timeZone": "Europe/Paris"}
    with pytest.raises(StudyError, match="timeZone"):
        spark_session.configuration(EngineSettings(kind="spark", conf=conf))


def test_two_clusters_at_once_are_refused(spark):
    with pytest.raises(StudyError, match="travaille déjà"):
        Engine.start(EngineSettings(kind="spark", master="spark://127.0.0.1:1"))


def test_the_description_names_the_engine_but_no_machine(spark):
    told = spark.describe()
    assert told["engine"].startswith("Spark 4")
    assert told["master"] == "spark"
    assert told["time_zone"] == "UTC"
    assert "127.0.0.1" not in str(told)


STOPPED = """
import os, sys
from pathlib import Path
import pandas as pd
from studylib.sources import Engine, EngineSettings

folder = Path(sys.argv[1])
settings = EngineSettings(kind="spark", threads=1, temp_folder=folder)
with Engine.start(settings) as engine:
    engine.checkpoint(engine.load(pd.DataFrame({"a": [1]}), "a"), "kept")
    assert engine.describe()["master"] == "local[1]"
    print(len(os.listdir(folder)))
print(len(os.listdir(folder)))
left = Engine.start(settings)
left.checkpoint(left.load(pd.DataFrame({"a": [1]}), "a"), "kept")
"""


def test_the_end_of_the_session_leaves_nothing(tmp_path, cluster):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", STOPPED, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"SPARK_LOCAL_IP": "127.0.0.1"},
    )
    assert json.loads(f"[{','.join(done.stdout.split())}]") == [1, 0]
    assert not list(tmp_path.iterdir()), "nor does the end of the process"


REFUSED = """
import sys
from studylib.errors import StudyError
from studylib.sources import Engine, EngineSettings

quick = {"spark.rpc.askTimeout": "5s", "spark.rpc.lookupTimeout": "5s",
         "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
         "spark.studylib.waitSeconds": "5"}
for master, memory in (("spark://127.0.0.1:1", 1), (sys.argv[1], 900)):
    try:
        Engine.start(EngineSettings(kind="spark", master=master, memory_gb=memory, conf=quick))
    except StudyError as error:
        print(error)
"""


def test_a_cluster_that_gives_nothing_is_told(cluster):
    """One does not answer; the other has no machine with the 900 GB asked for."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", REFUSED, cluster.url],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    silent, poor = done.stdout.strip().splitlines()
    assert "spark://127.0.0.1:1 ne répond pas" in silent
    assert "aucun exécuteur en 5 secondes ; demander moins de mémoire" in poor
