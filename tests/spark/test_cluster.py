"""The whole chain on a cluster of two workers: what DuckDB gives, a worker killed midway included.

``STUDYLIB_TEST_ENGINE=spark pytest tests/spec`` runs the drawn examples on the same cluster.
"""

import threading
import time

import narwhals as nw
import pandas as pd
import pytest
from spark.trial import digest, trial

from studylib.sources import Engine, simulated
from studylib.sources.event_folder import open_folder

pytestmark = pytest.mark.xdist_group("spark")

PERSONS = 20_000


@pytest.fixture(scope="module")
def population(tmp_path_factory):
    folder = tmp_path_factory.mktemp("population")
    simulated.generate(simulated.Settings(persons=PERSONS, seed=5), folder)
    return folder


@pytest.fixture(scope="module")
def expected(population):
    return trial(open_folder("essai", population, engine=Engine.start()))


def executors(engine) -> int:
    """Executors the driver hears of, itself left out."""
    context = engine.session.sparkContext._jsc.sc()
    return int(context.getExecutorMemoryStatus().size()) - 1


def waited_for(condition, seconds=120, every=0.2) -> bool:
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > limit:
            return False
        time.sleep(every)
    return True


def test_the_trial_cohort_is_that_of_duckdb(spark, population, expected):
    assert waited_for(lambda: executors(spark) == 2), "rows must travel between two processes"
    found = trial(open_folder("essai", population, engine=spark))
    assert len(found[0]) > 100
    for ours, theirs in zip(found, expected, strict=True):
        pd.testing.assert_frame_equal(ours, theirs)
        assert digest(ours) == digest(theirs)


def slow_shuffle(spark, population) -> nw.LazyFrame:
    """A count by person and drug: three shuffles, and 40 tasks that two workers take in turn."""
    read = spark.read_parquet(sorted((population / "dispensings").glob("*.parquet")))
    boxes = nw.from_native(read.to_native().repartition(40, "person_id"))
    times = spark.load(pd.DataFrame({"turn": range(60)}), "turns")
    repeated = boxes.join(times, how="cross").with_columns(
        (nw.col("person_id") * 61 + nw.col("turn")).alias("person_id")
    )
    by_drug = repeated.group_by("person_id", "atc").agg(
        nw.len().alias("boxes"), (nw.col("end") - nw.col("start")).sum().alias("days")
    )
    return by_drug.group_by("boxes").agg(
        nw.len().alias("rows"), nw.col("days").sum(), nw.col("person_id").sum().alias("ids")
    )


def test_a_worker_killed_midway_changes_nothing(cluster, spark, population, expected):
    assert waited_for(lambda: executors(spark) == 2)
    undisturbed = spark.collect(slow_shuffle(spark, population)).sort_values("boxes")
    assert undisturbed["rows"].sum() > 1_000_000
    tracker = spark.session.sparkContext.statusTracker()
    under_way = []

    def stages() -> list:
        return [s for n in tracker.getActiveStageIds() if (s := tracker.getStageInfo(n))]

    def kill_when_half_done() -> None:
        def some_of_forty() -> bool:
            return any(s.numTasks == 40 and 4 <= s.numCompletedTasks <= 30 for s in stages())

        if waited_for(some_of_forty, 60, every=0.02):
            cluster.kill_worker()
            under_way.extend(s.stageId for s in stages())

    killer = threading.Thread(target=kill_when_half_done)
    killer.start()
    kept = spark.checkpoint(slow_shuffle(spark, population), "killed_midway")
    killer.join()
    try:
        assert under_way, "the worker died while a stage was under way"
        assert waited_for(lambda: executors(spark) == 1), "the driver lost one executor"
        near = [tracker.getStageInfo(n) for n in range(min(under_way) - 5, max(under_way) + 5)]
        redone = [s for s in near if s and (s.currentAttemptId or s.numFailedTasks)]
        assert redone, "what the worker had done was done again"
        found = spark.collect(kept).sort_values("boxes")
        pd.testing.assert_frame_equal(
            found.reset_index(drop=True), undisturbed.reset_index(drop=True)
        )
        person_time = trial(open_folder("essai", population, engine=spark))[0]
        assert digest(person_time) == digest(expected[0]), "with one worker left too"
    finally:
        cluster.workers.append(cluster.add_worker())
        waited_for(lambda: cluster.alive() == 2)
