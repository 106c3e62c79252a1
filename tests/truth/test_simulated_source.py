"""The simulated population shows the effects planted in it, through the library itself."""

from datetime import date
from hashlib import sha256

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from studylib import codes, cohort, project, risk
from studylib.errors import StudyError
from studylib.sources import simulated
from studylib.sources.event_folder import open_folder

SEEDS = range(12)
WRITTEN_WITH, DIGEST = "2.0.0", "8de8f8db52504f3e8d8e06047c28d56666683a6e5feaef8198cab1b3f0dd3b1c"
COVARIATES = ["renal_disease", "heart_failure", "antiplatelets"]


def population(tmp_path_factory, **choices):
    folder = tmp_path_factory.mktemp("population")
    settings = simulated.Settings(**choices)
    simulated.generate(settings, folder)
    return open_folder(
        "simulated", folder, truth=simulated.planted_effects(settings), synthetic=True
    )


def study(source):
    """The example study's primary analysis: crude and adjusted hazard ratio, AOD against AVK."""
    outcome = codes.codelist("major_bleeding")
    users = cohort.new_users(
        source,
        {"AVK": codes.codelist("avk"), "AOD": codes.codelist("aod")},
        inclusion=(date(2022, 1, 1), date(2024, 6, 30)),
    )
    users = users.require("history", cohort.history_days() >= 365)
    users = cohort.with_covariates(users, {name: codes.codelist(name) for name in COVARIATES})
    follow_up = cohort.on_treatment(
        users, outcome, positions=["DP"], follow_up_days=730, until=date(2024, 12, 31)
    )
    persons = cohort.collect(users, follow_up, ["age", *COVARIATES])
    choices = {"outcome": "bleeding", "reference": "AVK"}
    return (
        risk.hazard_ratio(persons, **choices).iloc[0],
        risk.hazard_ratio(persons, covariates=["age", *COVARIATES], **choices).iloc[0],
    )


def test_the_hazard_ratio_planted_is_covered_over_seeds(tmp_path_factory):
    truth = simulated.planted_effects(simulated.Settings()).set_index("name")
    planted = truth.loc["bleeding_aod", "value"]
    found = [
        study(population(tmp_path_factory, persons=50_000, regions=("11",), seed=seed))
        for seed in SEEDS
    ]
    adjusted = pd.DataFrame([row for _, row in found])
    crude = pd.DataFrame([row for row, _ in found])
    covered = ((adjusted["ci_low"] < planted) & (planted < adjusted["ci_high"])).sum()
    # 12 intervals at 95 %: nine or fewer cover once in five thousand
    assert covered >= 10
    # no bias that the width of single intervals would hide: the mean of the twelve, with its error
    logs = np.log(adjusted["estimate"])
    assert abs(logs.mean() - np.log(planted)) < 3 * logs.std() / len(logs) ** 0.5
    assert np.log(crude["estimate"]).mean() < np.log(planted) - 0.25, "confounded on purpose"


def test_without_confounding_the_crude_estimate_is_right(tmp_path_factory):
    logs = [
        np.log(
            study(
                population(
                    tmp_path_factory, persons=50_000, regions=("11",), seed=seed, confounding=False
                )
            )[0]["estimate"]
        )
        for seed in range(6)
    ]
    assert abs(np.mean(logs) - np.log(0.7)) < 3 * np.std(logs, ddof=1) / 6**0.5


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Regions with every spelling of their departments: Corse, overseas, two metropolitan ones."""
    return population(tmp_path_factory, persons=20_000, regions=("11", "32", "94", "01", "04"))


def query(source, sql):
    """``sql`` over the source's tables, by their names."""
    views = {name: frame.to_native() for name, frame in source.tables.items()}
    for name, relation in views.items():
        relation.create_view(f"seen_{name}", replace=True)
    return source.engine.connection.sql(sql).df()


def test_the_population_is_coherent(small):
    wrong = query(
        small,
        """
        SELECT
            (SELECT count(*) FROM seen_dispensings AS d JOIN seen_persons AS p USING (person_id)
             WHERE d.start >= p.death_date OR d.start < p.birth_date) AS after_death,
            (SELECT count(*) FROM seen_stays AS s JOIN seen_observation AS o USING (person_id)
             WHERE s.start < o.start OR s.start >= o."end") AS unseen_stays,
            (SELECT count(*) FROM seen_dispensings AS d JOIN seen_observation AS o USING (person_id)
             WHERE d.start < o.start OR d.start >= o."end") AS unseen_dispensings,
            (SELECT count(*) FROM seen_diagnoses AS d ANTI JOIN seen_stays AS s USING (stay_id))
                AS diagnoses_without_stay,
            (SELECT count(*) FROM seen_stays AS s ANTI JOIN seen_establishments AS e
                ON s.establishment = e.code) AS unknown_establishments,
            (SELECT count(*) FROM seen_stays WHERE "end" <= start OR cost <= 0) AS bad_stays""",
    )
    assert wrong.iloc[0].to_dict() == dict.fromkeys(wrong.columns, 0)


def test_codes_of_the_population_are_codes(small):
    packs = query(small, "SELECT DISTINCT cip13, atc FROM seen_dispensings")
    stays = query(small, "SELECT DISTINCT code FROM seen_establishments")
    assert all(codes.system("CIP13").is_valid(code) for code in packs["cip13"])
    assert all(codes.system("ATC").is_valid(code) for code in packs["atc"])
    assert all(codes.system("FINESS").is_valid(code) for code in stays["code"])


def test_the_chunks_do_not_show(tmp_path_factory, monkeypatch):
    """Persons are what they are whatever the chunking and the number of threads."""
    from studylib.sources.simulated import generation as module

    hashes = []
    for chunk, threads in ((200_000, "2"), (1_000, "1")):
        monkeypatch.setattr(module, "CHUNK", chunk)
        monkeypatch.setenv("STUDYLIB_THREADS", threads)
        folder = tmp_path_factory.mktemp("chunks")
        simulated.generate(simulated.Settings(persons=3_000), folder)
        connection = duckdb.connect()
        hashes.append(
            {
                table.name: connection.execute(
                    f"SELECT count(*), bit_xor(hash(t)) FROM '{table}/*.parquet' AS t"
                ).fetchall()
                for table in sorted(folder.iterdir())
                if table.is_dir()
            }
        )
    assert hashes[0] == hashes[1]


def test_the_same_seed_gives_the_same_bytes(tmp_path, monkeypatch):
    """Files are the same to the byte on one thread or two, and the same as when this was written.

    A change of the world changes the digest: write the new one when that is meant.
    """
    digests = []
    for threads in ("1", "2"):
        monkeypatch.setenv("STUDYLIB_THREADS", threads)
        folder = tmp_path / threads
        simulated.generate(simulated.Settings(persons=8_000), folder)
        files = sorted(folder.glob("*/*.parquet"))
        digests.append({f"{f.parent.name}/{f.name}": sha256(f.read_bytes()) for f in files})
    one, two = ({name: found.hexdigest() for name, found in run.items()} for run in digests)
    assert one == two
    whole = sha256("\n".join(f"{name} {one[name]}" for name in sorted(one)).encode()).hexdigest()
    if duckdb.__version__ != WRITTEN_WITH:
        pytest.skip(f"the digest was taken with DuckDB {WRITTEN_WITH}, not {duckdb.__version__}")
    assert whole == DIGEST


def test_draws_are_uniform_and_streams_unrelated():
    from studylib.sources.simulated.draws import Draws

    draws, connection = Draws(7), duckdb.connect()
    table = connection.execute(
        f"""SELECT {draws.uniform("a", "range")} AS a, {draws.uniform("b", "range")} AS b,
            {draws.uniform("a", "range", "1")} AS c, {draws.uniform("a", "1", "range")} AS d
        FROM range(100000)"""
    ).df()
    assert all(stats.kstest(table[name], "uniform").pvalue > 1e-3 for name in table)
    correlation = table.corr().to_numpy() - np.eye(4)
    assert np.abs(correlation).max() < 4 / 100_000**0.5


def test_an_interrupted_generation_leaves_no_population(monkeypatch, tmp_path):
    monkeypatch.setenv(project.DATA_VARIABLE, str(tmp_path))
    from studylib.sources.simulated import generation as module

    def broken(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(module.event_tables, "write", broken)
    with pytest.raises(KeyboardInterrupt):
        simulated.ensure(simulated.Settings(persons=100))
    assert [path for path in (tmp_path / "simulated").iterdir() if path.is_dir()] == []


def test_a_region_asked_for_must_have_somebody(tmp_path):
    simulated.generate(simulated.Settings(persons=500), tmp_path)
    with pytest.raises(StudyError, match="personne dans la région 02"):
        open_folder("simulated", tmp_path, regions=["02"])
    assert open_folder("simulated", tmp_path, regions=["84"]).regions == ("84",)
