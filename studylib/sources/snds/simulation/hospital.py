"""The stays of the world as the hospitals send them: which summaries, under which numbers.

``write_hospital`` records one block of persons. Besides the true stays it makes the summaries that
are none: doubles of the great public hospitals (T14), error groups (T15), services for another
establishment and automatic summaries (T22).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from duckdb import DuckDBPyConnection

from studylib.codes.checkdigits import finess_key
from studylib.sources.simulated.draws import Draws
from studylib.sources.simulated.establishments import establishments
from studylib.sources.simulated.settings import Settings
from studylib.sources.simulated.tariffs import ghs_tariffs
from studylib.sources.snds.simulation import hospital_drugs, hospital_tables, hospital_truth
from studylib.sources.snds.simulation.traps import Traps

STAY, DOUBLE, ERROR, SERVICE, AUTOMATIC = 0, 1, 2, 3, 4
GREAT_REGIONS = ("11", "84", "93")  # where the university hospital sends twice up to 2017
LAST_DOUBLE = 2017
SITE_ALONE = 0.2  # stays a site sends alone, under its own number, after the double years
SERVICE_PART = 0.75  # of the summaries of T22; the others are automatic
AUTOMATIC_SINCE = 2015
NUMBERS_OF_A_BLOCK = 1_000_000  # RSA_NUM of one establishment, year and block


def site_of(code: str) -> str:
    """FINESS of the main site of a fictitious university hospital, from that of its entity.

    >>> site_of("759990104")
    '759990112'
    """
    stem = code[:7] + str(int(code[7]) + 1)
    return stem + finess_key(stem)


def hospitals(settings: Settings) -> pd.DataFrame:
    """Fictitious establishments as the PMSI knows them.

    Columns of ``simulated.hospital.establishments`` and: public, site (its own number, or that of
    its main site), great (sends twice up to 2017), other (number of another establishment of the
    region, for which services are done).
    """
    table = establishments(settings)
    great = (table["rank"] == 1) & table["region"].isin(GREAT_REGIONS)
    sites = table["code"].map(site_of)
    following = table.groupby("region")["code"].transform(lambda codes: codes.shift(-1))
    first = table.groupby("region")["code"].transform("first")
    return table.assign(
        public=table["category"] != "CLINIQUE",
        great=great,
        site=sites.where(great, table["code"]),
        other=following.fillna(first),
    )


def write_hospital(
    connection: DuckDBPyConnection, settings: Settings, traps: Traps, folder: Path, block: int
) -> None:
    """Writes the tables T_MCOaa* of one block below ``folder``, and its truth.

    Needs the world of the block and ``identities``. Files are ``T_MCO21B/00003.parquet`` for block
    3; rows have a total order, so the bytes do not depend on threads.
    """
    connection.register("given", hospitals(settings))
    connection.execute("CREATE OR REPLACE TEMP TABLE hosp_places AS SELECT * FROM given")
    connection.unregister("given")
    create_summaries(connection, settings, traps, block)
    create_diagnoses(connection, settings, traps)
    hospital_drugs.create_lines(connection, settings, traps)
    hospital_tables.write_tables(connection, settings, traps, folder, block)
    hospital_truth.write_truth(connection, folder, block)


def create_summaries(
    connection: DuckDBPyConnection, settings: Settings, traps: Traps, block: int
) -> None:
    """Tables ``hosp_stays`` (true stays) and ``hosp_rsa`` (summaries sent).

    ``hosp_stays``: stay, id, start, exit, year, cim10, ccam, ghm, cost, emergency, died, sent (the
    number it counts under), site, public, great, other, psa, wrong_psa (null when the link is
    right), department, male, birth. ``hosp_rsa`` adds variant, eta_num, rsa_num.
    """
    draws = Draws(settings.seed)
    alone = f"{draws.uniform('hosp/alone', 's.stay')} < {SITE_ALONE if 'T14' in traps else 0}"
    wrong = f"{draws.uniform('hosp/link', 's.stay')} < {traps.rate('T12')}"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE hosp_stays AS
        WITH dated AS (
            SELECT s.*, s.end_ - 1 AS exit,
                year(DATE '1970-01-01' + (s.end_ - 1)::INTEGER) AS year
            FROM stays AS s
        ), paid AS ({_paid(traps)}
        ), others AS (
            SELECT id, psa, lead(psa, 7, 'FFFFFFFFFFFFFFFFF') OVER (ORDER BY id, from_) AS next_psa
            FROM identities WHERE from_ < -500000
        )
        SELECT s.* EXCLUDE (end_), e.public, e.great, e.site, e.other,
            CASE WHEN e.great AND s.year > {LAST_DOUBLE} AND {alone} THEN e.site
                ELSE s.establishment END AS sent,
            i.psa, CASE WHEN {wrong} THEN o.next_psa END AS wrong_psa,
            l.department, l.male, l.birth
        FROM paid AS s JOIN hosp_places AS e ON e.code = s.establishment
        JOIN lives AS l ON l.id = s.id
        JOIN identities AS i ON i.id = s.id AND i.from_ <= s.start AND s.start < i.to_
        JOIN others AS o ON o.id = s.id
    """)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE hosp_rsa AS
        WITH every AS ({_variants(draws, traps)})
        SELECT *, lpad(({block * NUMBERS_OF_A_BLOCK} + row_number() OVER (
            PARTITION BY eta_num{", year" if "T23" in traps else ""}
            ORDER BY exit, stay, variant))::VARCHAR, 10, '0') AS rsa_num
        FROM every WHERE year BETWEEN {settings.first_year} AND {settings.last_year}
    """)


def _paid(traps: Traps) -> str:
    """SQL for the stays at their tariff; without T24 it is one and the same all year long."""
    if "T24" in traps:
        return "SELECT * FROM dated"
    table = ghs_tariffs()["year"]
    year = f"least(greatest(d.year, {table.min()}), {table.max()})"
    return f"""
        SELECT d.* REPLACE (t.ghs AS ghs, t.tariff AS tariff,
            round(d.cost - d.tariff + t.tariff, 2) AS cost)
        FROM dated AS d JOIN ghs_tariffs AS t ON t.ghm = d.ghm AND t.year = {year}"""


def _variants(draws: Draws, traps: Traps) -> str:
    """SQL for every summary: the true ones, then those that are none."""
    twice = "TRUE" if "T14" in traps else "FALSE"
    services = traps.rate("T22") * SERVICE_PART
    draw = draws.uniform("hosp/none", "stay")
    errors = traps.rate("T15")
    return f"""
        SELECT *, {STAY} AS variant, sent AS eta_num FROM hosp_stays
        UNION ALL SELECT *, {DOUBLE}, site FROM hosp_stays
            WHERE great AND year <= {LAST_DOUBLE} AND {twice}
        UNION ALL SELECT * REPLACE ('90Z00Z' AS ghm), {ERROR}, sent FROM hosp_stays
            WHERE {draw} < {errors}
        UNION ALL SELECT *, {SERVICE}, other FROM hosp_stays
            WHERE {draw} >= 0.5 AND {draw} < {0.5 + services}
        UNION ALL SELECT *, {AUTOMATIC}, sent FROM hosp_stays
            WHERE year >= {AUTOMATIC_SINCE} AND {draw} > {1 - traps.rate("T22") + services}"""


def create_diagnoses(connection: DuckDBPyConnection, settings: Settings, traps: Traps) -> None:
    """Table ``hosp_diagnoses``: stay, code, position, copies.

    A cancer treated by a session is its related diagnosis (DR). With T16 some associated diagnoses
    stand only in a medical unit (DP_UM, DR_UM) and some are written twice.
    """
    draws = Draws(settings.seed)
    half = traps.rate("T16") / 2
    draw = draws.uniform("hosp/diagnosis", "a.stay", "hash(a.code)")
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE hosp_diagnoses AS
        WITH associated AS (
            SELECT DISTINCT d.stay, d.code, s.cim10 FROM ({world_diagnoses(draws)}) AS d
            JOIN hosp_stays AS s USING (stay) WHERE d.code <> s.cim10
        ), related AS (
            SELECT stay, min(code) AS code FROM associated
            WHERE starts_with(cim10, 'Z51') AND starts_with(code, 'C') GROUP BY stay
        ), drawn AS (
            SELECT a.stay, a.code, {draw} AS draw, r.code IS NOT NULL AS is_related
            FROM associated AS a LEFT JOIN related AS r ON r.stay = a.stay AND r.code = a.code
        )
        SELECT stay, cim10 AS code, 'DP' AS position, 1 AS copies FROM hosp_stays
        UNION ALL
        SELECT stay, code, CASE WHEN is_related THEN 'DR'
                WHEN draw < {half / 2} THEN 'DP_UM' WHEN draw < {half} THEN 'DR_UM'
                ELSE 'DAS' END,
            CASE WHEN draw > {1 - half} AND NOT is_related THEN 2 ELSE 1 END
        FROM drawn
    """)


def world_diagnoses(draws: Draws) -> str:
    """SQL for the associated diagnoses of the world's stays: stay, code.

    The same draws as the event tables written from the world.
    """
    coded = draws.uniform("secondary", "s.stay", "ascii(c.cim10) * 4096 + length(c.name)")
    return f"""SELECT s.stay, c.cim10 AS code FROM stays AS s JOIN conditions AS c USING (id)
        WHERE c.onset <= s.start AND {coded} < 0.5
        UNION ALL SELECT stay, code FROM adverse_codes"""
