"""What the simulation plants of the harm of drugs is found again by the library."""

import duckdb
import numpy as np
import pandas as pd
import pytest

from studylib import codes, cohort
from studylib.requests import rule_files
from studylib.risk import admissions
from studylib.sources import simulated
from studylib.sources.event_folder import open_folder
from studylib.sources.simulated import generation
from studylib.sources.simulated.settings import effects
from studylib.usage import rules
from studylib.usage.rules import RuleSet


@pytest.fixture(scope="module")
def world():
    """A connection to the whole world of 60,000 persons of two regions, four years."""
    connection = duckdb.connect()
    settings = simulated.Settings(persons=60_000, regions=("11", "84"))
    generation.create_world(connection, settings, 0, settings.persons)
    return connection


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The event tables of 40,000 persons of the same regions."""
    folder = tmp_path_factory.mktemp("harm")
    settings = simulated.Settings(persons=40_000, regions=("11", "84"))
    simulated.generate(settings, folder)
    truth = simulated.planted_effects(settings)
    return open_folder("simulated", folder, truth=truth, synthetic=True)


def test_bleedings_under_an_anticoagulant_are_coded_at_the_planted_share(world):
    coded, every = world.sql("""
        SELECT count(DISTINCT s.stay) FILTER (a.stay IS NOT NULL), count(DISTINCT s.stay)
        FROM stays AS s JOIN bleedings AS b ON b.id = s.id AND s.start = b.day AND b.under <> ''
            AND (s.stay // 16) % 256 >= 100
        LEFT JOIN adverse_codes AS a ON a.stay = s.stay AND a.code = 'Y442'""").fetchall()[0]
    error = (effects()["bleeding_coded"] * (1 - effects()["bleeding_coded"]) / every) ** 0.5
    assert every > 100
    assert abs(coded / every - effects()["bleeding_coded"]) < 3 * error


def test_nothing_is_coded_of_a_bleeding_without_anticoagulant_nor_twice(world):
    wrong, twice = world.sql("""
        SELECT count(*) FILTER (b.under = ''), count(*) - count(DISTINCT (a.stay, a.code))
        FROM adverse_codes AS a JOIN stays AS s USING (stay)
        LEFT JOIN bleedings AS b ON b.id = s.id AND b.day = s.start
        WHERE a.code IN ('Y442', 'D683')""").fetchall()[0]
    assert (wrong, twice) == (0, 0)


def test_old_persons_of_one_region_get_more_hydroxyzine(world):
    """Courses per person of 75 and over by the end; three errors of the log ratio of counts."""
    counts = (
        world.sql("""
        SELECT p.region, count(*) AS persons, sum(coalesce(n, 0)) AS courses
        FROM people AS p LEFT JOIN (
            SELECT d.id, count(*) AS n FROM dispensings AS d WHERE d.atc = 'N05BB01' GROUP BY 1
        ) AS h USING (id) WHERE p.age_end > 80 GROUP BY 1""")
        .df()
        .set_index("region")
    )
    rate = counts["courses"] / counts["persons"]
    error = (1 / counts["courses"]).sum() ** 0.5
    planted = effects()["inappropriate_region"]
    assert abs(rate["84"] / rate["11"] / planted - 1) < 3 * error * 1.3  # a person has several
    assert error < 0.1


def test_the_library_finds_both(source):
    period = tuple(cohort.as_date(day) for day in (source.days[0], source.days[1] - 1))
    found = admissions.drug_related_stays(
        source,
        period=period,
        coded=[codes.codelist(n) for n in ("drug_adverse_effects", "anticoagulant_haemorrhage")],
        intentional=codes.codelist("intentional_self_poisoning"),
        bleeding=codes.codelist("major_bleeding"),
        antithrombotics=[codes.codelist("avk"), codes.codelist("aod")],
        carry_days=15,
    )
    names = {code: code for code in source.regions}
    coded = admissions.coded_bleedings(found, names=names, drug_class="Anticoagulants")
    assert admissions.check_coding(coded, source.truth).passed
    assert admissions.check_coding(coded, None).passed is None
    assert admissions.check_coding(coded.assign(events=0), source.truth).passed is False


def test_the_rules_find_the_region(source):
    chosen = rule_files.rule_set("older_people")
    name = "anticholinergic_antihistamines"
    one = tuple(rule for rule in chosen.rules if rule.id == name)
    year = tuple(cohort.as_date(source.days[0] + days) for days in (365, 729))
    people = cohort.population(source, period=year, age_cuts=[75, 85])
    found = rules.evaluate(
        source, people, RuleSet("x", "x", "2026-01-01", "", "", one), period=year,
        history_days=90, grace_days=30, carry_over=True,
    )  # fmt: skip
    strata = rules.rule_strata(found)
    row = rules.check_region(strata, source.truth, name).table.iloc[0]
    error = np.log(row["ci_high"] / row["ci_low"]) / (2 * 1.96)
    # shares are a little nearer to each other than the rates that are planted
    assert abs(np.log(row["ratio"] / effects()["inappropriate_region"])) < 3.3 * error
    assert row["ratio"] > 1.05
    assert rules.regional_shares(strata, whole="all")["estimate"].notna().all()


def test_the_check_of_a_region_passes_fails_or_only_informs(source):
    strata = pd.DataFrame(
        {"indicator": "x", "region": ["11", "84"], "age_band": "75+", "sex": "F",
         "persons": [10_000, 10_000], "events": [500, 800]}
    )  # fmt: skip
    made = rules.check_region(strata, source.truth, "x")
    # log interval: 1.96 × (1/500 - 1/10000 + 1/800 - 1/10000) ** 0.5 = 0.1085
    assert made.table.loc[0, "ci_low"] == pytest.approx(1.6 * np.exp(-0.1085), rel=0.01)
    assert made.passed
    assert rules.check_region(strata.assign(events=500), source.truth, "x").passed is False
    assert rules.check_region(strata, None, "x").passed is None
