"""Effects planted for some days can be measured by the designs meant for them."""

import duckdb
import numpy as np
import pytest

from studylib import risk
from studylib.risk.self_controlled import Window
from studylib.sources import simulated
from studylib.sources.simulated import generation
from studylib.sources.simulated.establishments import create_establishments
from studylib.sources.simulated.illness import create_conditions, create_courses
from studylib.sources.simulated.people import create_people
from studylib.sources.simulated.professionals import create_professionals
from studylib.sources.simulated.settings import effects, model
from studylib.sources.simulated.short_courses import create_dated_courses
from studylib.sources.simulated.transient_effects import add_cascade


@pytest.fixture(scope="module")
def bled():
    """Cases of digestive bleeding over twelve years, and their short NSAID courses."""
    connection = duckdb.connect()
    settings = simulated.Settings(persons=150_000, first_year=2013, regions=("11",))
    generation.create_illnesses(connection, settings, 0, settings.persons)
    found = connection.sql("""
        SELECT b.id AS person_id, b.day, p.seen_from AS start,
            least(p.seen_to, p.natural_death) AS "end"
        FROM bleedings AS b JOIN people AS p USING (id)
        WHERE b.kind < 4 AND b.day >= p.seen_from AND b.day < least(p.seen_to, p.natural_death)
        QUALIFY row_number() OVER (PARTITION BY b.id ORDER BY b.day) = 1""").df()
    use = connection.sql("""
        SELECT w.id AS person_id, 'nsaids' AS drug, w.start, w.start + 10 AS "end"
        FROM nsaid_windows AS w""").df()
    return found, use[use["person_id"].isin(found["person_id"])]


def test_an_nsaid_raises_digestive_bleedings_for_thirty_days(bled):
    found, use = bled
    windows = [
        Window("after", 30, 59, last_from="start"),
        Window("exposed", 0, 29, last_from="start"),
    ]
    cases = found[["person_id", "start", "end"]]
    series = risk.case_series(cases, use, found[["person_id", "day"]], windows=windows)
    rows = risk.self_controlled_case_series(series, outcome="bleeding").set_index("comparison")
    exposed = rows.loc["nsaids: exposed / unexposed"]
    error = np.log(exposed["ci_high"] / exposed["ci_low"]) / 3.92
    assert abs(np.log(exposed["estimate"] / effects()["bleeding_nsaid"])) < 3 * error
    assert error < 0.15
    after = rows.loc["nsaids: after / unexposed"]
    assert after["ci_low"] < 1 < after["ci_high"]


def test_the_case_crossover_finds_it_too(bled):
    found, use = bled
    windows = use.assign(end=use["start"] + 30)
    row = risk.case_crossover(
        found[["person_id", "day"]],
        windows,
        found[["person_id", "start", "end"]],
        outcome="bleeding",
        case_window=1,
        number=4,
        washout=59,
    ).iloc[0]
    error = np.log(row["ci_high"] / row["ci_low"]) / 3.92
    assert abs(np.log(row["estimate"] / effects()["bleeding_nsaid"])) < 3 * error
    assert error < 0.25


@pytest.fixture(scope="module")
def begun():
    """First days of ACE inhibitors and of two markers, after a year observed, over seven years."""
    connection = duckdb.connect()
    settings = simulated.Settings(persons=120_000, first_year=2018, regions=("11",))
    create_professionals(connection, settings)
    create_establishments(connection, settings)
    create_people(connection, settings, 0, settings.persons)
    create_conditions(connection, settings)
    create_courses(connection, settings)
    create_dated_courses(connection, settings)
    add_cascade(connection, settings)
    kinds = model("short_courses")["atc"].tolist()
    first = settings.days[0]

    def first_uses(marker):
        return connection.sql(f"""
            WITH index_ AS (SELECT id, min(start) AS index_day FROM courses
                            WHERE atc LIKE 'C09AA%' GROUP BY id),
            marker AS (SELECT id, min(day) AS marker_day FROM short_dated
                       WHERE kind = {kinds.index(marker)} GROUP BY id)
            SELECT id AS person_id, CASE WHEN index_day >= {first} + 365 THEN index_day END
                    AS index_day,
                CASE WHEN marker_day >= {first} + 365 THEN marker_day END AS marker_day
            FROM index_ FULL JOIN marker USING (id) JOIN people AS p USING (id)""").df()

    return {
        "cascade_cough": first_uses("R05CB01").astype("Int64"),
        "cascade_none": first_uses("D01AC01").astype("Int64"),
    }


@pytest.mark.parametrize("name", ["cascade_cough", "cascade_none"])
def test_a_cough_follows_an_ace_inhibitor_and_nothing_else_does(begun, name):
    rows = risk.sequence_symmetry(begun[name], index="ace_inhibitors", marker=name, null_window=365)
    adjusted = rows.iloc[1]
    error = np.log(adjusted["ci_high"] / adjusted["ci_low"]) / 3.92
    assert abs(np.log(adjusted["estimate"] / effects()[name])) < 3 * error
    assert error < 0.1


def test_the_planted_truth_names_what_it_compares():
    truth = simulated.planted_effects(simulated.Settings()).set_index("name")
    assert truth.loc["bleeding_nsaid", ["exposure", "outcome"]].tolist() == [
        "nsaids",
        "gastrointestinal_bleeding",
    ]
