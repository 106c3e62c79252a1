"""The persons of the world: where they live, their sex, birth, death, and when they are seen."""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from studylib.sources.simulated.draws import Draws, pick
from studylib.sources.simulated.settings import Settings, model

# Shares of the French population by age, of the order of INSEE's estimates for 1 January 2024.
AGE_BANDS = ((0, 20, 0.232), (20, 40, 0.233), (40, 60, 0.255), (60, 75, 0.175), (75, 85, 0.066))
OLDEST = (85, 101, 0.039)
# Gompertz mortality: 0.5 % a year at 60, 3.0 % at 80, 7.8 % at 90, before sex and frailty.
DEATH_AT_BIRTH, DEATH_PER_YEAR_OF_AGE = 1.5e-5, 0.095


def _age(draw: str) -> str:
    """Age at the start of the period: piecewise uniform over the bands."""
    reached, cases = 0.0, []
    for low, high, share in AGE_BANDS:
        cases.append(
            f"WHEN {draw} < {reached + share:.6f} "
            f"THEN {low} + ({draw} - {reached:.6f}) / {share} * {high - low}"
        )
        reached += share
    low, high, share = OLDEST
    last = f"{low} + ({draw} - {reached:.6f}) / {share} * {high - low}"
    return f"CASE {' '.join(cases)} ELSE {last} END"


def create_people(connection: DuckDBPyConnection, settings: Settings, low: int, high: int) -> None:
    """Table ``people`` for persons ``low`` to ``high - 1``, deaths from bleeding not yet known.

    Columns: id, region, department, male, birth, age_end (years at the period's end), frailty,
    natural_death, seen_from, seen_to (half-open), place (a draw that ties the person to
    establishments), generalist and pharmacy (numbers of ``prescribers`` and ``pharmacies``).
    """
    _create_drawn_people(connection, Draws(settings.seed), low, high)
    first, last = settings.days
    connection.execute(f"""
        CREATE OR REPLACE TABLE people AS
        WITH {_mortal(settings)}
        SELECT id, region, t.department, male, birth, ({last} - birth) / 365.25 AS age_end,
            frailty, place,
            greatest(birth, {first}) + floor(365.25 * ln(1 + death_draw
                * {DEATH_PER_YEAR_OF_AGE} / hazard) / {DEATH_PER_YEAR_OF_AGE})::BIGINT
                AS natural_death,
            greatest(birth, {first}, CASE WHEN seen_draw < 0.03
                THEN {first} + floor(seen_when * {last - first})::BIGINT ELSE {first} END)
                AS seen_from,
            CASE WHEN seen_draw > 0.97
                THEN greatest(birth, {first}) + 1
                    + floor(seen_when * ({last} - greatest(birth, {first}) - 1))::BIGINT
                ELSE {last} END AS seen_to,
            (t.generalist_first + floor(generalist_draw * t.generalist_count))::INTEGER
                AS generalist,
            (t.pharmacy_first + floor(pharmacy_draw * t.pharmacy_count))::INTEGER AS pharmacy
        FROM mortal JOIN territory AS t USING (region)
        WHERE department_draw >= t.from_ AND department_draw < t.up_to
    """)


def _mortal(settings: Settings) -> str:
    """SQL for ``drawn_people`` with age, region, male, birth and the hazard of death."""
    first, last = settings.days
    weights = model("regions").set_index("code")["inhabitants"]
    regions = [(f"'{code}'", float(weights[code])) for code in settings.regions]
    younger = first - last  # children born during the period are simulated too
    return f"""aged AS (
            SELECT *, {_age("age_draw")} AS age, {pick("region_draw", regions)} AS region
            FROM drawn_people
        ), sexed AS (
            SELECT *,
                sex_draw < CASE WHEN age < 60 THEN 0.50 WHEN age < 75 THEN 0.475
                                WHEN age < 85 THEN 0.43 ELSE 0.33 END AS male,
                {first} - floor(age * 365.25)::BIGINT
                    + CASE WHEN age < 1 THEN floor(-({younger}) * seen_when)::BIGINT ELSE 0 END
                    AS birth
            FROM aged
        ), mortal AS (
            SELECT *,
                {DEATH_AT_BIRTH} * exp({DEATH_PER_YEAR_OF_AGE} * age + 0.35 * frailty
                    + CASE WHEN male THEN 0.3 ELSE 0 END) AS hazard
            FROM sexed
        )"""


def _create_drawn_people(connection: DuckDBPyConnection, draws: Draws, low: int, high: int) -> None:
    """Table ``drawn_people``: everything a person is made from, one draw a column."""
    connection.execute(f"""
        CREATE OR REPLACE TABLE drawn_people AS
        SELECT range AS id,
            {draws.uniform("region", "range")} AS region_draw,
            {draws.uniform("age", "range")} AS age_draw,
            {draws.uniform("sex", "range")} AS sex_draw,
            {draws.normal("frailty", "range")} AS frailty,
            {draws.exponential("death", "range")} AS death_draw,
            {draws.uniform("seen", "range")} AS seen_draw,
            {draws.uniform("seen/when", "range")} AS seen_when,
            {draws.uniform("place", "range")} AS place,
            {draws.uniform("department", "range")} AS department_draw,
            {draws.uniform("generalist", "range")} AS generalist_draw,
            {draws.uniform("pharmacy", "range")} AS pharmacy_draw
        FROM range({low}, {high})
    """)
