"""Effects planted in the simulated world, measured in the world itself: no event table shows them.

Illnesses, courses and prescribers of more persons than event tables could hold in a test.
"""

import duckdb
import numpy as np
import pytest

from studylib.sources import simulated
from studylib.sources.simulated import generation
from studylib.sources.simulated.settings import effect_start, effects


@pytest.fixture(scope="module")
def illnesses():
    """A connection to the world's illnesses, courses and bleedings: 400,000 persons, ten years."""
    connection = duckdb.connect()
    settings = simulated.Settings(persons=400_000, first_year=2015)
    first, last = settings.days
    connection.execute(f"CREATE TABLE period AS SELECT {first} AS first, {last} AS last")
    generation.create_illnesses(connection, settings, 0, settings.persons)
    return connection


def test_an_inhibitor_of_serotonin_reuptake_adds_to_the_bleedings(illnesses):
    """Mantel and Haenszel's ratio of rates, by class and by what raises the hazard."""
    strata = illnesses.sql("""
        WITH together AS (
            SELECT a.id, a.segment, greatest(a.start, c.start) AS start,
                least(a.end_, c.end_) AS end_
            FROM anticoagulated AS a JOIN courses AS c ON c.id = a.id AND c.atc LIKE 'N06AB%'
                AND c.start < a.end_ AND c.end_ > a.start
        ), followed AS (
            SELECT a.*, greatest(a.start, first) AS from_, b.day,
                least(a.end_, coalesce(b.day, a.end_), p.natural_death, last) AS until
            FROM anticoagulated AS a JOIN people AS p USING (id) CROSS JOIN period
            LEFT JOIN bleedings AS b ON b.id = a.id AND b.segment = a.segment
        ), split AS (
            SELECT f.*, t.start AS with_from, t.end_ AS with_to
            FROM followed AS f LEFT JOIN together AS t USING (id, segment)
            WHERE f.until > f.from_ AND f.segment = 1
        ), days AS (
            SELECT aod, renal, heart_failure, antiplatelet, floor(age / 5) AS age,
                until - from_ AS whole,
                CASE WHEN with_from IS NULL THEN 0
                    ELSE greatest(0, least(with_to, until) - greatest(with_from, from_)) END
                    AS exposed,
                (day IS NOT NULL AND day >= from_)::INT AS bled,
                coalesce(day >= with_from AND day < with_to AND day >= from_, FALSE)::INT
                    AS bled_exposed
            FROM split
        )
        SELECT sum(exposed) AS days_1, sum(whole - exposed) AS days_0, sum(bled_exposed) AS bled_1,
            sum(bled - bled_exposed) AS bled_0
        FROM days GROUP BY aod, renal, heart_failure, antiplatelet, age""").df()
    whole = strata["days_1"] + strata["days_0"]
    ratio = (strata["bled_1"] * strata["days_0"] / whole).sum() / (
        strata["bled_0"] * strata["days_1"] / whole
    ).sum()
    error = (1 / strata["bled_1"].sum() + 1 / strata["bled_0"].sum()) ** 0.5
    assert abs(np.log(ratio / effects()["bleeding_ssri"])) < 3 * error
    assert error < 0.16


def test_some_generalists_treat_more_with_benzodiazepines(illnesses):
    treated = (
        illnesses.sql("""
        SELECT k.generalist_first = p.generalist AS outlier, count(*) AS persons,
            count(DISTINCT t.id) AS treated
        FROM conditions AS c JOIN people AS p USING (id) JOIN territory AS k USING (department)
        LEFT JOIN (SELECT DISTINCT id FROM courses WHERE regexp_matches(atc, '^N05(BA|CD|CF)')) AS t
            ON t.id = c.id
        WHERE c.name = 'anxiety'
            AND NOT EXISTS (SELECT 1 FROM conditions AS i WHERE i.id = c.id AND i.name = 'insomnia')
        GROUP BY 1""")
        .df()
        .set_index("outlier")
    )
    share = treated["treated"] / treated["persons"]
    error = ((1 - share) / treated["treated"]).sum() ** 0.5
    found = np.log(share[True] / share[False])
    assert abs(found - np.log(effects()["benzodiazepine_outlier"])) < 3.3 * error
    assert error < 0.05


def test_the_misuse_begins_in_its_region_on_its_day():
    """Four doctors and four pharmacies for pregabalin within a year: nobody but the misusers."""
    connection, settings = (
        duckdb.connect(),
        simulated.Settings(persons=30_000, regions=("11", "32")),
    )
    generation.create_world(connection, settings, 0, settings.persons)
    shoppers = connection.sql("""
        SELECT id, any_value(l.region) AS region, min(d.start) AS start
        FROM dispensings AS d JOIN lives AS l USING (id) WHERE d.atc = 'N03AX16'
        GROUP BY id, d.start // 365
        HAVING count(DISTINCT d.prescriber) >= 4 AND count(DISTINCT d.pharmacy) >= 3""").df()
    onset = effect_start("misuse_pregabalin")
    assert set(shoppers["region"]) == {"32"}
    assert shoppers["start"].min() >= onset
    years = connection.sql(f"""
        SELECT sum(greatest(0, least(seen_to, death, birth + 16436)
            - greatest(seen_from, birth + 6574, {onset}))) / 365.25
        FROM lives WHERE region = '32'""").fetchall()[0][0]
    begun = connection.sql("SELECT count(*) FROM misusers").fetchall()[0][0]
    expected = effects()["misuse_pregabalin"] * years
    assert abs(begun - expected) < 3.3 * expected**0.5
    found = shoppers["id"].nunique()
    assert 0.7 * begun < found <= begun, "those who began in the last weeks are not seen yet"
