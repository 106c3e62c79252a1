"""Long treatments as they are prescribed: by whom, in which pack, copy or originator."""

from __future__ import annotations

import pandas as pd
from duckdb import DuckDBPyConnection

from studylib.sources.simulated.draws import Draws
from studylib.sources.simulated.establishments import SIGNED
from studylib.sources.simulated.numbering import ANTICOAGULANTS
from studylib.sources.simulated.settings import (
    Settings,
    days_since_epoch,
    effect_start,
    effects,
    model,
)

SPECIALIST_SHARE = 0.10  # of courses prescribed in town
ADALIMUMAB, GLARGINE = "L04AB04", "A10AE04"
NEVER = 1 << 30
CHEAP = 40  # euros a box, under which three months may be dispensed at once (hypnotics apart)
MONTHLY = 60  # days covered, above which a dispensing is no monthly one


def biosimilar_uptake() -> pd.DataFrame:
    """One row per substance that has copies: atc, launch (day), at_launch, per_year, most, switch.

    The share of treatments begun with the copy is ``at_launch`` plus ``per_year`` for each year
    since launch, ``most`` at the most; those on the originator change for the copy at the rate
    ``switch`` a year. Adalimumab and etanercept follow Jourdain (Sci Rep 2022;12:19569), the
    others the shares of euros of Open Medic 2025.
    """
    table = model("biosimilars")
    return table.assign(launch=days_since_epoch(table["launch"])).drop(columns=["label", "price"])


def share_of_copies(uptake: str, day: str) -> str:
    """SQL for the share of treatments begun on ``day`` with the copy (0 before its launch)."""
    grown = f"{uptake}.at_launch + {uptake}.per_year * ({day} - {uptake}.launch) / 365.25"
    return f"CASE WHEN {day} < {uptake}.launch THEN 0 ELSE least({uptake}.most, {grown}) END"


def create_treatments(connection: DuckDBPyConnection, settings: Settings) -> None:
    """Table ``treatments``: every course that is renewed and seen, in parts of one pack each.

    Columns: course, part (1 after a change for the copy), id, start, end_, seen_from, seen_to,
    exempt_from, region, atc, pack, boxes, covered (days), establishment (number, null in town),
    prescriber (number, null in hospital), pharmacy.
    """
    draws = Draws(settings.seed)
    connection.register("uptake", biosimilar_uptake())
    _create_placed_courses(connection, draws)
    _create_started_courses(connection, draws)
    in_town = _town_prescriber(draws.uniform("specialist", "t.course"))
    monthly_boxes = f"""CASE WHEN t.quarterly AND NOT f.large_pack AND f.price < {CHEAP}
        AND t.boxes * f.days_supply < {MONTHLY} AND f.atc NOT LIKE 'N05C%' THEN 3 ELSE 1 END"""
    connection.execute(f"""
        CREATE OR REPLACE TABLE treatments AS
        WITH parts AS (
            SELECT *, 0 AS part, start AS from_day, least(end_, copy_from) AS to_day,
                copied AS copy
            FROM started_courses WHERE copied OR copy_from > start
            UNION ALL
            SELECT *, 1, copy_from, end_, TRUE FROM started_courses
            WHERE NOT copied AND copy_from < end_ AND copy_from >= start
        )
        SELECT t.course, t.part, t.id, t.from_day AS start, t.to_day AS end_, t.seen_from,
            t.seen_to, t.exempt_from, t.region, t.atc, f.pack,
            t.boxes * {monthly_boxes} AS boxes,
            t.boxes * f.days_supply * {monthly_boxes} AS covered,
            CASE WHEN t.from_hospital THEN t.establishment END AS establishment,
            CASE WHEN NOT t.from_hospital THEN {in_town} END AS prescriber,
            t.pharmacy
        FROM parts AS t JOIN territory AS k ON k.department = t.department
        JOIN (SELECT *, bool_or(large_pack) OVER (PARTITION BY atc) AS has_large FROM packs) AS f
            ON f.atc = t.atc AND f.biosimilar = t.copy
            AND f.large_pack = (t.quarterly AND f.has_large)
        WHERE t.to_day > t.seen_from AND t.from_day < t.seen_to
    """)
    connection.unregister("uptake")


def _town_prescriber(draw: str) -> str:
    """SQL for the number of the prescriber: the person's generalist, or a specialist nearby."""
    return f"""CASE WHEN {draw} < {SPECIALIST_SHARE}
        THEN k.specialist_first
            + floor({draw} / {SPECIALIST_SHARE} * k.specialist_count)::INTEGER
        ELSE t.generalist END"""


def _create_placed_courses(connection: DuckDBPyConnection, draws: Draws) -> None:
    """Table ``placed_courses``: courses seen, with what ties the person to professionals."""
    connection.execute(f"""
        CREATE OR REPLACE TABLE placed_courses AS
        WITH every AS (
            SELECT course, id, atc, start, end_, boxes, hospital, quarterly FROM courses
            UNION ALL
            SELECT id * 256 + {ANTICOAGULANTS} + segment, id, atc, start, end_, 1, 0.15, FALSE
            FROM anticoagulated
        )
        SELECT t.* EXCLUDE (hospital), p.seen_from, least(p.seen_to, p.death) AS seen_to,
            p.exempt_from, p.region, p.generalist, p.pharmacy, p.department,
            e.number AS establishment, e.rank AS establishment_rank,
            {draws.uniform("hospital", "t.course")} < t.hospital AS from_hospital
        FROM every AS t JOIN lives AS p USING (id)
        JOIN establishment_list AS e ON e.region = p.region
            AND p.place >= e.from_ AND p.place < e.up_to
        WHERE t.end_ > p.seen_from AND t.start < least(p.seen_to, p.death)
    """)


def _create_started_courses(connection: DuckDBPyConnection, draws: Draws) -> None:
    """Table ``started_courses``: placed courses, copied from the start (or when) or not."""
    planted, signed_on = effects(), effect_start("contract_biosimilar")
    signed = ", ".join(str(rank) for rank in SIGNED)
    connection.execute(f"""
        CREATE OR REPLACE TABLE started_courses AS
        WITH shares AS (
            SELECT c.*, u.launch, u.switch, {share_of_copies("u", "c.start")} AS share,
                CASE WHEN NOT c.from_hospital THEN 0
                    WHEN c.atc = '{ADALIMUMAB}' AND c.establishment_rank = 1
                        THEN {planted["biosimilar_outlier"]}
                    WHEN c.atc = '{GLARGINE}' AND c.start >= {signed_on}
                        AND c.establishment_rank IN ({signed})
                        THEN {planted["contract_biosimilar"]}
                    ELSE 0 END AS shift
            FROM placed_courses AS c LEFT JOIN uptake AS u USING (atc)
        ), drawn AS (
            SELECT *, coalesce(share > 0 AND {draws.uniform("copy", "course")} < share + shift,
                    FALSE) AS copied
            FROM shares
        )
        SELECT *, CASE WHEN copied THEN {NEVER}
            WHEN coalesce(switch, 0) = 0 THEN {NEVER}
            ELSE greatest(start + 30, launch) + floor({draws.exponential("switch", "course")}
                * 365.25 / switch)::BIGINT END AS copy_from
        FROM drawn
    """)
