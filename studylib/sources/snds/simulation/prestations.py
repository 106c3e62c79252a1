"""Every line of ER_PRS_F: drugs, their fees, visits, stays billed by hospitals, retrocession."""

from __future__ import annotations

from itertools import pairwise

from duckdb import DuckDBPyConnection

from studylib.sources.simulated.consultations import REIMBURSED
from studylib.sources.simulated.draws import Draws
from studylib.sources.simulated.settings import Settings
from studylib.sources.snds.simulation.flows import (
    DOCTOR,
    HOSPITAL,
    PHARMACY,
    RETROCESSION,
    Flows,
    month_of,
)
from studylib.sources.snds.simulation.traps import Traps

# Natures of IR_NAT_V: drugs by rate, visits, fee per prescription (HDR), stay (GHS), then drugs
# sold by hospitals and en sus.
NATURE_BY_RATE = {100: 3311, 65: 3313, 30: 3312, 15: 3341}
VISIT, SPECIALIST_VISIT, FEE, STAY, RETROCEDED, EN_SUS = 1111, 1112, 3364, 2111, 3317, 3320
FEE_PRICE, FEE_PERCENT = 0.51, 70  # HDR: one for each prescription executed
SPLIT = 2  # the number of the trap that writes one dispensing on several lines
FIRST_FEE = 10_000  # rank of the first fee in a bill
# Share of public hospitals that bill through the DCIR (T5), by year; flat after the last one.
DIRECT_BILLING = ((2012, 0.01), (2016, 0.24), (2019, 0.35))
REGULARISED_VISITS = 0.5  # of the rate of T1
RETROCEDED_SHARE = 0.004  # persons who take a retroceded drug each quarter

# Narrow types: a block has millions of these lines.
COLUMNS = """stream::TINYINT AS stream, version::TINYINT AS version, id, day::INTEGER AS day,
    prescribed::INTEGER AS prescribed, flow::INTEGER AS flow, prs::INTEGER AS prs,
    nature::SMALLINT AS nature, quantity::FLOAT AS quantity, paid, amount,
    percent::TINYINT AS percent, exempt, told::TINYINT AS told, supplement::TINYINT AS supplement,
    establishment::SMALLINT AS establishment, prescriber::INTEGER AS prescriber,
    executant::INTEGER AS executant, specialty::SMALLINT AS specialty, public::TINYINT AS public,
    trap::TINYINT AS trap"""


def euros(amount: str) -> str:
    """SQL for an amount rounded to the cent, halves away from zero."""
    return f"(sign({amount}) * floor(abs({amount}) * 100 + 0.500001) / 100)"


def create_prestations(connection: DuckDBPyConnection, settings: Settings, traps: Traps) -> None:
    """Table ``prestations``: one row per line of ER_PRS_F, professionals as numbers.

    Needs ``drug_lines``, and of the world ``consultation_events``, ``stays``, ``en_sus``.
    """
    draws, flows = Draws(settings.seed), Flows(settings, traps)
    _create_direct_billing(connection, draws, traps)
    _create_unit_drugs(connection, settings, draws, traps)
    _create_visits(connection, draws, traps)
    flowing = f"""
        SELECT * EXCLUDE (lag, most, later),
            {month_of("day")} + CASE WHEN lag <= most THEN least(lag + later, most)
                ELSE lag + later END AS flow
        FROM (SELECT *, {flows.lag("id", "day")} AS lag,
                {flows.last} - {month_of("day")} AS most FROM unflowing)"""
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE prestations AS
        WITH drugs AS ({_drugs()}), unflowing AS (
            SELECT * FROM visits
            UNION ALL BY NAME SELECT * FROM billed
            UNION ALL BY NAME SELECT * EXCLUDE (ucd7, number, top) FROM unit_drugs
        ), others AS ({flowing}), every AS (
            SELECT {COLUMNS} FROM drugs
            UNION ALL SELECT {COLUMNS} FROM ({_fees(traps)})
            UNION ALL SELECT {COLUMNS} FROM others
        )
        SELECT every.*, month, archive, {flows.again("flow", "id", "day")}::SMALLINT AS again
        FROM every JOIN months USING (flow) ORDER BY flow, stream, version, id, day, prs
    """)


def _drugs() -> str:
    """SQL for prestations of drugs: those of several fine lines add them up."""
    natures = " ".join(f"WHEN {rate} THEN {nature}" for rate, nature in NATURE_BY_RATE.items())
    gross = "CASE WHEN units IS NULL THEN boxes * price ELSE units * unit_price END"
    key = "stream, version, id, day, flow, prs, together, prescribed, percent, establishment"
    rest = "prescriber"
    split = f"trap IS NOT DISTINCT FROM {SPLIT}"
    return f"""
        WITH fine AS (
            SELECT {key}, {rest}, boxes AS quantity, {gross} AS paid,
                {euros(f"({gross}) * percent / 100")} AS amount, exempt, told, pharmacy, trap
            FROM drug_lines
        ), whole AS (
            SELECT {key}, {rest}, quantity, paid, amount, exempt, told, pharmacy, trap
            FROM fine WHERE NOT together AND NOT {split}
            UNION ALL
            SELECT {key}, {rest}, sum(quantity), sum(paid), sum(amount), bool_or(exempt),
                min(told), min(pharmacy), min(trap)
            FROM fine WHERE together OR {split} GROUP BY ALL
        )
        SELECT * REPLACE ({euros("paid")} AS paid), pharmacy AS executant,
            CASE percent {natures} ELSE 3311 END AS nature, 0 AS supplement, NULL AS specialty,
            NULL AS public
        FROM whole"""


def _fees(traps: Traps) -> str:
    """SQL for the fee of each first bill of a person and day."""
    wanted = "TRUE" if "T10" in traps else "FALSE"
    return f"""
        SELECT * REPLACE (prs + {FIRST_FEE} AS prs, {FEE} AS nature, 1 AS quantity,
            {FEE_PRICE} AS paid, {euros(f"{FEE_PRICE} * {FEE_PERCENT} / 100")} AS amount,
            {FEE_PERCENT} AS percent, FALSE AS exempt, 10 AS trap)
        FROM drugs WHERE stream = {PHARMACY} AND version = 1 AND prs = 1 AND {wanted}
            AND trap IS DISTINCT FROM 1"""


def _create_visits(connection: DuckDBPyConnection, draws: Draws, traps: Traps) -> None:
    """Table ``visits``: consultations in town, corrected ones, and their supplements."""
    regularised = traps.rate("T1") * REGULARISED_VISITS
    percent = round(100 * REIMBURSED)
    cost = euros(f"fee * {REIMBURSED}")
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE visits AS
        WITH seen AS (
            SELECT c.id, c.start AS day, (c.consultation % 65536)::INTEGER AS prs, c.kind, c.fee,
                {draws.uniform("visit/fate", "c.consultation")} AS draw,
                (c.consultation % 4)::INTEGER AS later, l.generalist, k.specialist_first
                    + floor({draws.uniform("visit/specialist", "c.consultation")}
                        * k.specialist_count)::INTEGER AS specialist
            FROM consultation_events AS c JOIN lives AS l USING (id)
            JOIN territory AS k ON k.department = l.department
        ), lines AS (
            SELECT *, 1 AS version, 1 AS sign, 0 AS supplement, NULL::TINYINT AS trap FROM seen
            UNION ALL SELECT seen.*, v.version, v.sign, 0, 1 FROM seen, (VALUES (2, -1), (3, 1))
                AS v(version, sign) WHERE draw < {regularised / 2}
            UNION ALL SELECT seen.* REPLACE (prs + 20000 AS prs, day + 1 AS day), v.version,
                v.sign, 0, 1 FROM seen, (VALUES (1, 1), (2, -1)) AS v(version, sign)
                WHERE draw >= {regularised / 2} AND draw < {regularised}
            UNION ALL SELECT * REPLACE (prs + 30000 AS prs), 1, 1, 2, 10
                FROM seen WHERE draw > {1 - traps.rate("T10")}
        )
        SELECT {DOCTOR} AS stream, version, id, day, CASE WHEN version > 1 THEN later ELSE 0 END
                AS later, day AS prescribed, prs,
            CASE kind WHEN 'generalist' THEN {VISIT} ELSE {SPECIALIST_VISIT} END AS nature,
            sign::DOUBLE AS quantity, sign * fee AS paid, sign * {cost} AS amount,
            {percent} AS percent, FALSE AS exempt, NULL::INTEGER AS told, supplement,
            NULL::SMALLINT AS establishment, NULL::INTEGER AS prescriber,
            CASE kind WHEN 'generalist' THEN generalist ELSE specialist END AS executant,
            CASE kind WHEN 'generalist' THEN 1 ELSE 3 END AS specialty, NULL::INTEGER AS public,
            trap
        FROM lines
    """)


def _create_direct_billing(connection: DuckDBPyConnection, draws: Draws, traps: Traps) -> None:
    """Table ``billed``: stays of private clinics, and of public hospitals that bill directly."""
    adoption = _adoption()
    wanted = "TRUE" if "T5" in traps else "FALSE"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE billed AS
        WITH placed AS (
            SELECT s.stay, s.id, s.start, s.cost, e.number, e.category,
                {draws.uniform("billing/adopts", "e.number")} < {adoption} AS direct
            FROM stays AS s JOIN establishment_list AS e ON e.code = s.establishment
        ), lines AS (
            SELECT *, {STAY} AS nature, start AS day, cost AS fee FROM placed
            UNION ALL
            SELECT *, {SPECIALIST_VISIT}, start - 7, 30 FROM placed WHERE category <> 'CLINIQUE'
        )
        SELECT {HOSPITAL} AS stream, 1 AS version, id, day, 0 AS later, day AS prescribed,
            (2 * (stay % 4096) + (nature = {STAY})::INTEGER)::INTEGER AS prs, nature,
            1::DOUBLE AS quantity, fee AS paid, {euros("fee * 0.8")} AS amount, 80 AS percent,
            FALSE AS exempt, NULL::INTEGER AS told, 0 AS supplement,
            NULL::SMALLINT AS establishment, NULL::INTEGER AS prescriber, number AS executant,
            3 AS specialty, CASE WHEN category = 'CLINIQUE' THEN 0 ELSE 1 END AS public,
            CASE WHEN category <> 'CLINIQUE' THEN 5 END AS trap
        FROM lines
        WHERE category = 'CLINIQUE' OR ({wanted} AND direct AND category IN ('CHU', 'CH'))
    """)


def _adoption() -> str:
    """SQL for the share of public hospitals that bill directly in the year of a stay."""
    year = "(1970 + s.start / 365.25)"
    cases = [f"WHEN {year} < {DIRECT_BILLING[0][0]} THEN 0"]
    for (from_, low), (to, high) in pairwise(DIRECT_BILLING):
        slope = (high - low) / (to - from_)
        cases.append(f"WHEN {year} < {to} THEN {low} + ({year} - {from_}) * {slope}")
    return f"CASE {' '.join(cases)} ELSE {DIRECT_BILLING[-1][1]} END"


def _create_unit_drugs(
    connection: DuckDBPyConnection, settings: Settings, draws: Draws, traps: Traps
) -> None:
    """Table ``unit_drugs``: lines of ER_UCD_F, retroceded drugs and (T20) en sus of clinics."""
    twice = "TRUE" if "T20" in traps else "FALSE"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE unit_drugs AS
        WITH listed AS (
            SELECT ucd7, unit_price, row_number() OVER (ORDER BY ucd7) - 1 AS rank,
                count(*) OVER () AS many
            FROM (SELECT ucd7, price AS unit_price FROM unit_prices)
        ), quarters AS ({_quarters(settings, draws)}), placed AS (
            SELECT l.id, min(e.number) AS hospital FROM lives AS l JOIN establishment_list AS e
                ON e.region = l.region AND e.category = 'CHU' GROUP BY l.id
        ), given AS (
            SELECT q.id, q.day, 0 AS top, 0 AS number_, u.ucd7, 2::DOUBLE AS number, u.unit_price,
                p.hospital AS executant, {RETROCEDED} AS nature
            FROM quarters AS q JOIN listed AS u ON floor(q.drug * u.many) = u.rank
            JOIN placed AS p USING (id) WHERE q.day >= q.seen_from AND q.day < q.seen_to
            UNION ALL
            SELECT s.id, s.day, 1, 1 + (s.administration % 9999)::INTEGER, s.ucd7, s.number,
                s.unit_price, e.number, {EN_SUS}
            FROM en_sus AS s JOIN establishment_list AS e ON e.code = s.establishment
            WHERE e.category = 'CLINIQUE' AND {twice}
        )
        SELECT {RETROCESSION} AS stream, 1 AS version, id, day, 0 AS later, day AS prescribed,
            (row_number() OVER (PARTITION BY id, day ORDER BY top, number_, ucd7))::INTEGER AS prs,
            nature, number AS quantity, {euros("number * unit_price")} AS paid,
            {euros("number * unit_price")} AS amount, 100 AS percent, FALSE AS exempt,
            NULL::INTEGER AS told, 0 AS supplement, NULL::SMALLINT AS establishment,
            NULL::INTEGER AS prescriber, executant, NULL::INTEGER AS specialty,
            0 AS public, CASE WHEN top = 1 THEN 20 END AS trap,
            ucd7, number, top
        FROM given
    """)


def _quarters(settings: Settings, draws: Draws) -> str:
    """SQL for the days of each quarter on which a few persons are given a retroceded drug."""
    first, last = settings.days
    return f"""
            SELECT l.id, l.seen_from, least(l.seen_to, l.death) AS seen_to,
                {draws.uniform("retrocession/drug", "l.id")} AS drug,
                {first} + unnest(range(0, {last - first}, 91)) + l.id % 60 AS day
            FROM lives AS l WHERE {draws.uniform("retrocession", "l.id")} < {RETROCEDED_SHARE}
        """
