"""The world behind the simulated data: numbers unique, dates and codes right, facts coherent."""

from datetime import date

import duckdb
import pytest

from studylib import codes
from studylib.sources import simulated
from studylib.sources.simulated import generation
from studylib.sources.simulated.formulary import formulary
from studylib.sources.simulated.settings import MODEL, model
from studylib.sources.simulated.tariffs import ghs_tariffs

EPOCH = date(1970, 1, 1)


@pytest.fixture(scope="module")
def world():
    """A connection to the world of 20,000 persons, 2018 to 2021, of regions of every kind."""
    connection = duckdb.connect()
    settings = simulated.Settings(
        persons=20_000, first_year=2018, last_year=2021, regions=("11", "94", "01", "06")
    )
    generation.create_world(connection, settings, 0, settings.persons)
    return connection


def one(world, sql):
    return world.sql(sql).fetchall()[0][0]


def day(text):
    return (date.fromisoformat(text) - EPOCH).days


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("lives", "id"),
        ("deaths", "id"),
        ("dispensings", "dispensing"),
        ("stays", "stay"),
        ("en_sus", "administration"),
        ("consultation_events", "consultation"),
    ],
)
def test_numbers_are_unique(world, table, key):
    assert one(world, f"SELECT count(*) - count(DISTINCT {key}) FROM {table}") == 0
    assert one(world, f"SELECT count(*) FROM {table}") > 100


@pytest.mark.parametrize(
    "wrong",
    [
        # a line has a town prescriber or an establishment, never both
        "FROM dispensings WHERE (prescriber IS NULL) = (establishment IS NULL)",
        "FROM dispensings WHERE prescribed > start OR start - prescribed > 400",
        "FROM dispensings WHERE rate NOT IN (0.15, 0.30, 0.65, 1) OR price <= 0 OR packs < 1",
        "FROM dispensings AS d JOIN packs AS f USING (cip13) WHERE d.start < f.launch",
        # a person is in one bed at a time
        """FROM (SELECT start, max(end_) OVER (PARTITION BY id ORDER BY start, end_
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS busy FROM stays)
            WHERE start < busy""",
        "FROM stays AS s JOIN lives AS l USING (id) WHERE s.end_ > l.death + 1",
        "FROM stays WHERE died AND end_ <= start",
        "FROM stays AS s JOIN lives AS l USING (id) WHERE s.name = 'delivery' AND l.male",
        "FROM en_sus AS a ANTI JOIN stays AS s ON s.stay = a.stay AND s.id = a.id",
        "FROM en_sus WHERE number <= 0 OR unit_price <= 0",
        "FROM deaths AS d JOIN lives AS l USING (id) WHERE d.day <> l.death OR d.cim10 = ''",
        """FROM conditions AS c JOIN lives AS l USING (id)
            WHERE c.name = 'prostate_cancer' AND NOT l.male""",
    ],
)
def test_nothing_impossible_happens(world, wrong):
    assert one(world, f"SELECT count(*) {wrong}") == 0


@pytest.mark.parametrize(
    ("system", "select"),
    [
        ("CIM-10", "cim10 FROM stays UNION SELECT cim10 FROM deaths"),
        ("GHM", "ghm FROM stays"),
        ("CCAM", "ccam FROM stays WHERE ccam <> ''"),
        ("UCD7", "ucd7 FROM en_sus"),
        ("department", "department FROM lives"),
        ("FINESS", "pharmacy FROM dispensings"),
        ("FINESS", "code FROM establishment_list"),
        ("CIP13", "cip13 FROM packs"),
        ("ATC", "atc FROM packs"),
    ],
)
def test_codes_are_codes(world, system, select):
    found = world.sql(f"SELECT DISTINCT {select}").df().iloc[:, 0]
    assert len(found)
    assert all(codes.system(system).is_valid(code) for code in found)


def test_every_spelling_of_departments_is_lived_in(world):
    lived = set(world.sql("SELECT DISTINCT department FROM lives").df()["department"])
    assert {"75", "2A", "2B", "971", "976"} <= lived


def test_the_tariff_is_that_of_the_last_day_and_changes_on_1_march(world):
    """A stay that ends on 28 February is paid the old tariff, one that ends on 1 March the new."""
    table = ghs_tariffs().set_index(["ghm", "year"])["tariff"]
    found = world.sql("""
        SELECT ghm, tariff, cost - tariff AS extra, month(last) AS month, year(last) AS year
        FROM (SELECT *, DATE '1970-01-01' + (end_ - 1)::INTEGER AS last FROM stays)""").df()
    for stay in found.drop_duplicates(["ghm", "month", "year"]).to_dict("records"):
        year = stay["year"] if stay["month"] >= 3 else stay["year"] - 1
        assert stay["tariff"] == table[stay["ghm"], year]
    assert set(found["extra"].round(2)) <= {0.0, 900.0}
    assert table["28Z07Z", 2019] != table["28Z07Z", 2021]


def test_copies_appear_at_their_launch(world):
    """Adalimumab from October 2018, trastuzumab's copies from May 2021."""
    copies = formulary().query("biosimilar and atc == 'L04AB04'")["cip13"].item()
    first = one(world, f"SELECT min(start) FROM dispensings WHERE cip13 = '{copies}'")
    assert day("2018-10-17") <= first < day("2019-03-01")
    assert one(world, "SELECT min(day) FROM en_sus WHERE ucd7 IN ('9438347', '9438761')") >= day(
        "2021-05-01"
    )
    prices = world.sql("SELECT ucd7, day, unit_price FROM en_sus WHERE ucd7 = '9213737'").df()
    # Remicade: 296.63 euros a vial, then 207.641 from January 2020
    assert set(prices["unit_price"][prices["day"] >= day("2020-01-01")]) == {207.641}
    assert set(
        prices["unit_price"][prices["day"].between(day("2018-03-01"), day("2019-12-31"))]
    ) == {296.63}


def test_spring_2020_shows(world):
    """Planned stays and short courses fall during the first lockdown, chemotherapy does not."""
    months = f"start >= {day('2020-03-17')} AND start < {day('2020-05-11')}"
    before = f"start >= {day('2019-03-17')} AND start < {day('2019-05-11')}"

    def ratio(table, where):
        sql = f"SELECT count(*) FILTER ({months}) / count(*) FILTER ({before}) FROM {table}"
        return one(world, f"{sql} WHERE {where}")

    assert ratio("stays", "NOT emergency AND ghm NOT LIKE '28Z%'") < 0.6
    assert ratio("stays", "ghm LIKE '28Z%'") > 0.75
    assert ratio("dispensings", "atc IN ('J01CA04', 'R05CB01', 'M01AE01')") < 0.8
    assert ratio("dispensings", "atc LIKE 'C09%'") > 0.9


def test_establishments_take_different_patients(world):
    """Clinics take planned surgery, public hospitals emergencies."""
    shares = (
        world.sql("""
        SELECT s.sector, avg(s.emergency::INT) AS emergency,
            avg((NOT s.emergency AND s.ghm[3] = 'C')::INT) AS surgery
        FROM stays AS s WHERE s.ghm NOT LIKE '28Z%' GROUP BY 1""")
        .df()
        .set_index("sector")
    )
    assert shares.loc["private", "emergency"] < 0.5 * shares.loc["public", "emergency"]
    assert shares.loc["private", "surgery"] > 1.5 * shares.loc["public", "surgery"]


def test_drugs_have_their_reason(world):
    """Long treatments follow the disease that explains them."""
    for atc, name in (("A10BA02", "diabetes"), ("J05AR20", "hiv"), ("L01EF01", "breast_cancer")):
        unexplained = one(
            world,
            f"""SELECT count(*) FROM dispensings AS d
            ANTI JOIN conditions AS c ON c.id = d.id AND c.name = '{name}' AND c.onset <= d.start
            WHERE d.atc = '{atc}'""",
        )
        assert unexplained == 0


def test_every_table_of_the_model_says_where_its_numbers_come_from():
    told = set(model("sources")["file"])
    assert told == {path.name for path in MODEL.glob("*.csv")} - {"sources.csv"}
