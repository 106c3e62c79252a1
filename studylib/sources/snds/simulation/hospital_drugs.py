"""Drugs on the liste en sus as the hospitals write them down, in four collections.

Public stays write T_MCOaaMED, with T19 half of Avastin in T_MCOaaMEDATU; private stays T_MCOaaFH;
some public administrations are outpatient care, in T_MCOaaFHSTC.
"""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from studylib.sources.simulated.draws import Draws
from studylib.sources.simulated.settings import Settings
from studylib.sources.snds.liste_en_sus import ListeEnSus
from studylib.sources.snds.simulation.traps import Traps

AVASTIN = ("9261104", "9261110")
OUTPATIENT_SHARE = 0.03
EARLY_ACCESS_SHARE = 0.5  # of Avastin, with T19
EARLY_ACCESS_SINCE, OUTPATIENT_SINCE, DRUGS_SINCE = 2012, 2009, 2008
ABOVE = 1.15  # price written over the tariff, as a multiple of it
LARGEST_GROUP = 6  # stays that share one line
COMPANIONS = 0.27  # lines with another one of the same person, drug, hospital, year and price
# Codes that are not on the list on the day: before, after and around their presence in 2021.
OFF_LIST = (("day < 18778", "9001120"), ("day >= 18840", "9000458"), ("TRUE", "9999999"))


def create_lines(connection: DuckDBPyConnection, settings: Settings, traps: Traps) -> None:
    """Tables ``hosp_given`` (what is truly given) and ``hosp_drug_lines`` (lines to write).

    ``hosp_given``: administration, stay, id, day, ucd7, number, price (true, at most the tariff),
    written_price, collection, sent, site, great, year, start, psa, wrong_psa. ``hosp_drug_lines``
    adds kind (true, off_list, negative, old_year), total (price of the line), shares, month_day
    (a day of the month written) and adm_year. Of the world it needs ``en_sus``.
    """
    listed = ListeEnSus.shipped().periods.rename(columns={"start": "since", "end": "until"})
    connection.register("given", listed)
    connection.execute("CREATE OR REPLACE TEMP TABLE hosp_list AS SELECT * FROM given")
    connection.unregister("given")
    _create_given(connection, settings, traps)
    _create_shared(connection, settings, traps)
    extra = " UNION ALL ".join(_extra_lines(Draws(settings.seed), traps))
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE hosp_drug_lines AS
        WITH true_lines AS (
            SELECT g.*, 'true' AS kind, coalesce(s.units, g.number) AS units,
                round(coalesce(s.units, g.number) * g.written_price, 3) AS total,
                coalesce(s.shares, 1) AS shares,
                year(DATE '1970-01-01' + g.day::INTEGER) AS adm_year
            FROM hosp_given AS g LEFT JOIN hosp_shared AS s USING (administration)
        )
        SELECT * FROM true_lines UNION ALL BY NAME {extra}
    """)


def _create_given(connection: DuckDBPyConnection, settings: Settings, traps: Traps) -> None:
    draws = Draws(settings.seed)
    rate = traps.rate("T19")
    early = EARLY_ACCESS_SHARE if "T19" in traps else 0
    where = draws.uniform("hosp/where", "a.administration")
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE hosp_given AS
        WITH priced AS (
            SELECT a.administration, a.stay, a.id, a.day, a.ucd7, a.number,
                least(a.unit_price, t.tariff) AS bought, t.tariff, s.year, s.start, s.public,
                s.great, s.sent, s.site, s.psa, s.wrong_psa, {where} AS where_draw,
                {draws.uniform("hosp/above", "a.administration")} < {rate} AS above
            FROM en_sus AS a JOIN hosp_stays AS s USING (stay)
            JOIN hosp_list AS t ON t.ucd7 = a.ucd7 AND a.day >= t.since
                AND (t.until IS NULL OR a.day < t.until)
            WHERE s.year BETWEEN greatest({settings.first_year}, {DRUGS_SINCE})
                AND {settings.last_year}
        )
        SELECT * EXCLUDE (bought, tariff, where_draw, above),
            CASE WHEN above THEN tariff ELSE bought END AS price,
            CASE WHEN above THEN round(tariff * {ABOVE}, 3) ELSE bought END AS written_price,
            above,
            CASE WHEN NOT public THEN 'FH'
                WHEN where_draw < {OUTPATIENT_SHARE} AND year >= {OUTPATIENT_SINCE} THEN 'FHSTC'
                WHEN ucd7 IN {AVASTIN} AND year >= {EARLY_ACCESS_SINCE}
                    AND where_draw > {1 - early} THEN 'MEDATU'
                ELSE 'MED' END AS collection
        FROM priced
    """)


def _create_shared(connection: DuckDBPyConnection, settings: Settings, traps: Traps) -> None:
    """Table ``hosp_shared``: administration, units (of all its stays), shares.

    Administrations of one person, drug, hospital, year and price are written once for all with
    their total, on each of the stays (T18).
    """
    draws = Draws(settings.seed)
    size = f"2 + floor({draws.uniform('hosp/shares', 'id')} * {LARGEST_GROUP - 1})::BIGINT"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE hosp_shared AS
        WITH ranked AS (
            SELECT administration, id, ucd7, sent, year, price, number, (row_number() OVER (
                PARTITION BY id, ucd7, sent, year, price ORDER BY day, administration) - 1)
                // ({size}) AS bunch
            FROM hosp_given WHERE collection = 'MED' AND NOT above
        ), bunches AS (
            SELECT administration, sum(number) OVER bunch AS units, count(*) OVER bunch AS shares,
                min(administration) OVER bunch AS first_one
            FROM ranked
            WINDOW bunch AS (PARTITION BY id, ucd7, sent, year, price, bunch)
        )
        SELECT administration, units, shares FROM bunches
        WHERE shares > 1 AND {draws.uniform("hosp/shared", "first_one")} < {_shared_rate(traps)}
    """)


def _shared_rate(traps: Traps) -> float:
    """Share of the bunches to write as one line: about a quarter of lines have a companion."""
    return min(1.0, traps.rate("T18") / COMPANIONS)


def _extra_lines(draws: Draws, traps: Traps) -> list[str]:
    """SQL for lines that must not count: off the list, not above zero, too old (T19)."""
    rate = traps.rate("T19")
    draw = draws.uniform("hosp/extra", "administration")
    off = " ".join(f"WHEN {test} THEN '{code}'" for test, code in OFF_LIST)
    chosen = "FROM true_lines WHERE shares = 1 AND NOT above AND collection"
    return [
        f"""SELECT * REPLACE ('off_list' AS kind, CASE {off} END AS ucd7)
            {chosen} IN ('MED', 'FH') AND {draw} < {rate}""",
        f"""SELECT * REPLACE ('negative' AS kind, -(administration // 4 % 2) * units AS units,
                -(administration // 4 % 2) * total AS total)
            {chosen} IN ('MED', 'FH') AND {draw} BETWEEN 0.3 AND {0.3 + rate}""",
        f"""SELECT * REPLACE ('old_year' AS kind, adm_year - 3 AS adm_year)
            {chosen} = 'MED' AND {draw} BETWEEN 0.6 AND {0.6 + rate}""",
    ]


def written_code(year: int, traps: Traps) -> str:
    """SQL for the UCD as the long columns write it in that year (T9), else the seven digits.

    Nine characters before 2015; then six zeros and the UCD7, or the official thirteen with their
    key.
    """
    if "T9" not in traps:
        return "ucd7"
    if year < 2015:
        return "lpad(ucd7, 9, '0')"
    official = f"administration % 100 < {round(100 * traps.rate('T9'))}"
    return f"CASE WHEN {official} THEN {_official('ucd7')} ELSE '000000' || ucd7 END"


def _official(code: str) -> str:
    """SQL for the official thirteen characters of a UCD7: 34008, the code, the key of EAN-13."""
    stem = f"('34008' || {code})"
    weights = (3 if place % 2 == 0 else 1 for place in range(1, 13))
    total = " + ".join(
        f"{weight} * substr({stem}, {place}, 1)::INTEGER" for place, weight in enumerate(weights, 1)
    )
    return f"{stem} || ((10 - ({total}) % 10) % 10)::VARCHAR"
