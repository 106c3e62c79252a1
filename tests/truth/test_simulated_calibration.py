"""The simulated population against published French figures, with stated tolerances.

Sources are those of the shared notes on the SNDS (their section 12): EPI-PHARE on potentially
inappropriate medicines at 75 and over (2019), Open Medic 2022-2025, Jourdain (Sci Rep
2022;12:19569), Morin and Laroche (Open Medic 2014). What is not met is asserted where it stands,
with the published value beside it, so that nobody takes it for met.
"""

from datetime import date

import duckdb
import pytest

from studylib.sources import simulated
from studylib.sources.event_folder import open_folder
from studylib.sources.simulated.formulary import formulary
from studylib.sources.simulated.treatments import biosimilar_uptake, share_of_copies

YEAR = tuple((date(year, 1, 1) - date(1970, 1, 1)).days for year in (2023, 2024))
OLD = f"""
    SELECT p.person_id FROM persons AS p JOIN observation AS o USING (person_id)
    WHERE o.start <= {YEAR[0]} AND o."end" >= {YEAR[1]}
        AND {YEAR[0]} - p.birth_date >= {{age}} * 365.25"""


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    """The tables of one population of 60,000 persons, as views of a connection."""
    folder = tmp_path_factory.mktemp("population")
    simulated.generate(simulated.Settings(persons=60_000), folder)
    source = open_folder("simulated", folder, synthetic=True)
    for name, frame in source.tables.items():
        frame.to_native().create_view(name, replace=True)
    return source.engine.connection


def row(events, sql):
    return events.sql(sql).df().iloc[0]


@pytest.fixture(scope="module")
def medicines_at_75(events):
    """Shares of persons of 75 and over, seen all the year 2023, by what they were dispensed."""
    return row(
        events,
        f"""
        WITH used AS (
            SELECT o.person_id, count(DISTINCT d.atc) AS substances,
                coalesce(bool_or(regexp_matches(d.atc, '^N05(BA|CD|CF)')), FALSE) AS benzodiazepine,
                coalesce(bool_or(d.atc IN ('G04BD08', 'N05BB01')), FALSE) AS anticholinergic,
                coalesce(bool_or(d.atc LIKE 'M01A%'), FALSE) AS nsaid,
                coalesce(bool_or(d.atc LIKE 'C02AC%'), FALSE) AS central
            FROM ({OLD.format(age=75)}) AS o LEFT JOIN dispensings AS d ON
                d.person_id = o.person_id AND d.start >= {YEAR[0]} AND d.start < {YEAR[1]}
            GROUP BY o.person_id)
        SELECT avg(benzodiazepine::INT) AS benzodiazepine,
            avg(anticholinergic::INT) AS anticholinergic, avg(nsaid::INT) AS nsaid,
            avg((benzodiazepine OR anticholinergic OR nsaid OR central)::INT) AS inappropriate,
            avg((substances BETWEEN 5 AND 9)::INT) AS five, avg((substances >= 10)::INT) AS ten
        FROM used""",
    )


@pytest.mark.parametrize(
    ("what", "published", "tolerance"),
    [
        ("inappropriate", 0.396, 0.03),
        ("benzodiazepine", 0.269, 0.03),
        ("anticholinergic", 0.083, 0.02),
        ("nsaid", 0.078, 0.02),
        ("five", 0.467, 0.06),  # 5 to 9 substances dispensed in the year
        ("ten", 0.252, 0.05),
    ],
)
def test_medicines_at_75_and_over(medicines_at_75, what, published, tolerance):
    assert medicines_at_75[what] == pytest.approx(published, abs=tolerance)


@pytest.fixture(scope="module")
def spending(events):
    return row(
        events,
        """
        SELECT sum(d.cost) FILTER (d.establishment IS NOT NULL) / sum(d.cost) AS salaried_euros,
            sum(d.quantity) FILTER (d.establishment IS NOT NULL) / sum(d.quantity)
                AS salaried_boxes,
            sum(d.cost) FILTER (d.start - p.birth_date >= 60 * 365.25) / sum(d.cost)
                AS older_euros,
            sum(d.quantity) FILTER (d.start - p.birth_date >= 60 * 365.25) / sum(d.quantity)
                AS older_boxes,
            count(*) / any_value(y.years) AS lines, sum(d.quantity) / any_value(y.years) AS boxes,
            sum(d.cost) / any_value(y.years) AS euros
        FROM dispensings AS d JOIN persons AS p USING (person_id),
            (SELECT sum("end" - start) / 365.25 AS years FROM observation) AS y""",
    )


@pytest.mark.parametrize(
    ("what", "published", "tolerance"),
    [
        ("older_euros", 0.598, 0.06),
        ("older_boxes", 0.574, 0.05),
        # a few patients with very expensive drugs weigh much in 60,000 persons
        ("salaried_euros", 0.449, 0.06),
    ],
)
def test_who_spends(spending, what, published, tolerance):
    assert spending[what] == pytest.approx(published, abs=tolerance)


@pytest.mark.parametrize(
    ("what", "simulated_", "published"),
    [
        ("boxes", (11, 15), 35),  # 2.35 bn boxes, 67 M inhabitants: one line is one box in truth
        ("lines", (6, 8), None),  # kept near the volume the engine was tried with, 5.3
        ("euros", (110, 190), 409),  # 27.8 bn EUR, 68 M inhabitants
        ("salaried_boxes", (0.13, 0.19), 0.201),
    ],
)
def test_what_is_not_met_stays_where_it_is_said_to_be(spending, what, simulated_, published):
    low, high = simulated_
    assert low < spending[what] < high
    assert published is None or not low < published < high, "met: move it to the tests above"


@pytest.mark.parametrize(
    ("prefix", "published"), [("A02", 0.348), ("N02", 0.52)], ids=["acid", "analgesics"]
)
def test_users_of_60_and_over(events, prefix, published):
    """Morin and Laroche count users among persons with a dispensing; within 7 points."""
    share = row(
        events,
        f"""
        WITH used AS (
            SELECT d.person_id, bool_or(d.atc LIKE '{prefix}%') AS user
            FROM ({OLD.format(age=60)}) AS o JOIN dispensings AS d USING (person_id)
            WHERE d.start >= {YEAR[0]} AND d.start < {YEAR[1]} GROUP BY d.person_id)
        SELECT avg("user"::INT) AS share FROM used""",
    )["share"]
    assert share == pytest.approx(published, abs=0.07)


@pytest.mark.parametrize(
    ("atc", "since", "whole", "last_year"),
    [("L04AB04", "2018-10-17", 0.53, 0.60), ("L04AB01", "2016-10-01", 0.46, 0.66)],
    ids=["adalimumab", "etanercept"],
)
def test_initiation_with_a_biosimilar_follows_the_published_shares(atc, since, whole, last_year):
    """Over the period to September 2021 and over its last year, if starts are spread evenly."""
    connection = duckdb.connect()
    connection.register("uptake", biosimilar_uptake())
    start, end = (
        (date.fromisoformat(day) - date(1970, 1, 1)).days for day in (since, "2021-10-01")
    )
    found = row(
        connection,
        f"""
        SELECT avg(share) AS whole, avg(share) FILTER (day >= {end} - 365) AS last_year FROM (
            SELECT day, {share_of_copies("u", "day")} AS share
            FROM range({start}, {end}) AS days(day), uptake AS u WHERE u.atc = '{atc}')""",
    )
    assert found["whole"] == pytest.approx(whole, abs=0.02)
    assert found["last_year"] == pytest.approx(last_year, abs=0.02)


def test_the_population_starts_biosimilars_at_those_shares(events):
    """Adalimumab begun from 2021 on: between the last published share and the share of 2025."""
    copies = ", ".join(f"'{code}'" for code in formulary().query("biosimilar")["cip13"])
    starts = row(
        events,
        f"""
        WITH first_ones AS (
            SELECT person_id, min(start) AS start, arg_min(cip13, start) IN ({copies}) AS copy
            FROM dispensings WHERE atc = 'L04AB04' GROUP BY person_id)
        SELECT avg(f.copy::INT) AS share, count(*) AS persons
        FROM first_ones AS f JOIN observation AS o USING (person_id)
        WHERE f.start >= o.start + 120""",
    )
    assert starts["persons"] >= 60
    assert starts["share"] == pytest.approx(0.63, abs=0.15)


def test_deaths_and_stays_are_of_the_right_order(events):
    found = row(
        events,
        """
        SELECT count(p.death_date) / (sum(o."end" - o.start) / 365.25) AS deaths,
            (SELECT count(*) FROM stays) / (sum(o."end" - o.start) / 365.25) AS stays,
            (SELECT count(*) FROM diagnoses) / (SELECT count(*) FROM stays) AS diagnoses
        FROM persons AS p JOIN observation AS o USING (person_id)""",
    )
    assert found["deaths"] == pytest.approx(0.0098, abs=0.002)  # INSEE, 2022-2023
    assert 0.12 < found["stays"] < 0.30  # ATIH: 0.27 with sessions, 0.17 without
    assert 2 < found["diagnoses"] < 5
