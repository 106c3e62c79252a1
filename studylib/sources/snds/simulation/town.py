"""Drugs dispensed in town, as the fine lines a pharmacy bills and those that correct them."""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from studylib.sources.simulated.draws import Draws
from studylib.sources.simulated.settings import Settings
from studylib.sources.snds.simulation.flows import (
    AFTER_DEATH,
    INFORMATION,
    PHARMACY,
    Flows,
    month_of,
)
from studylib.sources.snds.simulation.traps import Traps

# How a regularised dispensing is written: (share of T1, then lines: version, boxes, days later).
# "q" stands for the boxes of the dispensing.
REGULARISED = {
    "corrected": (0.45, ((1, "q", 0), (2, "-q", 0), (3, "q", 0))),
    "billed_by_mistake": (0.35, ((1, "q", 0), (1, "q", 1), (2, "-q", 1))),
    "one_box_too_many": (0.18, ((1, "q + 1", 0), (2, "-1", 0))),
    "orphan": (0.02, ((1, "q", 0), (2, "-q", 2))),
}
INFORMATION_SHARE = 0.005  # dispensings sent a second time for information (T5)
AFTER_DEATH_SHARE = 0.10  # deaths after which a dispensing is still billed (T30)
TOLERANCE = 30  # days after death within which a dispensing is taken for a late one
UNIT_SHARE = 0.5  # part of a pack that a unit-dose dispensing gives


def create_drug_lines(connection: DuckDBPyConnection, settings: Settings, traps: Traps) -> None:
    """Table ``drug_lines``: one row per fine line of ER_PHA_F to write.

    Columns: dispensing, id, day, prescribed, pack, boxes (signed), price, percent, units (null but
    for unit doses), unit_price, establishment, prescriber, pharmacy (numbers), exempt, stream,
    version, flow (of the extraction only), together (with other drugs in one prestation), prs and
    pha (ranks), told (71 lines: 1 in DPN_QLF, 2 in PRS_DPN_QLP), trap (its number), month,
    archive and again (see ``flows``).
    """
    flows = Flows(settings, traps)
    _create_drawn(connection, Draws(settings.seed), traps)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE drug_lines AS
        WITH {_dated(Draws(settings.seed), flows, traps)}, ranked AS (
            SELECT *, dense_rank() OVER bill AS prs,
                row_number() OVER (PARTITION BY id, day, stream, version, flow ORDER BY together,
                    alone, prescribed, prescriber, establishment, percent, pack, dispensing, copy)
                    - rank() OVER bill + 1 AS pha
            FROM (SELECT *, CASE WHEN together THEN 0 ELSE dispensing * 16 + copy // 2 END AS alone
                  FROM dated)
            WINDOW bill AS (PARTITION BY id, day, stream, version, flow ORDER BY together, alone,
                prescribed, prescriber, establishment, percent)
        )
        SELECT dispensing, id, day::INTEGER AS day, prescribed::INTEGER AS prescribed, pack,
            boxes::FLOAT AS boxes, price, percent::TINYINT AS percent, units::SMALLINT AS units,
            unit_price, establishment, prescriber, pharmacy, exempt, stream::TINYINT AS stream,
            version::TINYINT AS version, flow, together, prs::INTEGER AS prs,
            pha::SMALLINT AS pha, told::TINYINT AS told, trap::TINYINT AS trap, month, archive,
            {flows.again("flow", "id", "day")}::SMALLINT AS again
        FROM ranked JOIN months USING (flow) ORDER BY flow, stream, version, id, day, prs, pha
    """)


def _dated(draws: Draws, flows: Flows, traps: Traps) -> str:
    """SQL for all lines, with the month they are sent and whether others go with them."""
    return f"""written AS ({_written(draws)}
            UNION ALL {_for_information(draws, traps)}
            UNION ALL {_after_death(draws, traps)}
        ), flowing AS (
            SELECT w.*, {flows.lag("w.id", "w.start")} AS lag,
                {flows.last} - {month_of("w.day")} AS most,
                CASE WHEN w.version > 1 THEN {flows.correction("w.dispensing + w.version")}
                    ELSE 0 END AS later
            FROM written AS w
        ), dated AS (
            SELECT *, {month_of("day")} + CASE WHEN lag <= {flows.last} - {month_of("start")}
                    THEN least(lag + later, most) ELSE lag + later END AS flow,
                version = 1 AND trap IS NULL AND {draws.uniform("town/together", "id", "day")}
                    < {traps.rate("T3")} AS together
            FROM flowing
        )"""


def _create_drawn(connection: DuckDBPyConnection, draws: Draws, traps: Traps) -> None:
    """Table ``drawn``: dispensings with what the recording does to each (``fate``)."""
    cases, reached = [], 0.0
    for fate, (share, _) in REGULARISED.items():
        reached += share * traps.rate("T1")
        cases.append(f"WHEN draw < {reached:.6f} THEN '{fate}'")
    unit = 0.9 + traps.rate("T11")
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE drawn AS
        SELECT *, CASE {" ".join(cases)}
            WHEN draw >= 0.9 AND draw < {unit} AND unit_count > 1 THEN 'units'
            WHEN packs > 1 AND draw >= 0.5 AND draw < {0.5 + traps.rate("T2")} THEN 'split'
            ELSE 'plain' END AS fate
        FROM (
            SELECT d.*, f.price, f.units::INTEGER AS unit_count,
                round(100 * CASE WHEN d.exempt THEN 1 ELSE f.rate END)::INTEGER AS percent,
                {draws.uniform("town/fate", "d.dispensing")} AS draw
            FROM dispensed AS d JOIN packs AS f USING (pack)
        )
    """)


_COLUMNS = "dispensing, id, start, {day} AS day, prescribed, pack, {boxes} AS boxes, price, percent"
_REST = "establishment, prescriber, pharmacy, exempt"


def _written(draws: Draws) -> str:
    """SQL for the lines of every true dispensing, by its fate."""
    plain = _COLUMNS.format(day="start", boxes="packs::DOUBLE")
    parts = [
        f"""SELECT {plain}, NULL::INTEGER AS units, NULL::DOUBLE AS unit_price, {_REST},
            {PHARMACY} AS stream, 1 AS version, 0 AS copy, NULL::INTEGER AS told,
            NULL::TINYINT AS trap FROM drawn WHERE fate = 'plain'""",
        f"""SELECT {plain}, greatest(1, floor(packs * unit_count * {UNIT_SHARE}))::INTEGER,
            round(price / unit_count, 2), {_REST}, {PHARMACY}, 1, 0, NULL, 11
            FROM drawn WHERE fate = 'units'""",
        f"""SELECT {_COLUMNS.format(day="start", boxes="1::DOUBLE")}, NULL, NULL, {_REST},
            {PHARMACY}, 1, unnest(range(packs)) * (1 + (draw * 1000000)::BIGINT % 2), NULL, 2
            FROM drawn WHERE fate = 'split'""",
    ]
    for fate, (_, lines) in REGULARISED.items():
        for copy, (version, boxes, later) in enumerate(lines):
            columns = _COLUMNS.format(day=f"start + {later}", boxes=boxes.replace("q", "packs"))
            parts.append(
                f"""SELECT {columns}, NULL, NULL, {_REST}, {PHARMACY}, {version}, {copy}, NULL,
                    1 FROM drawn WHERE fate = '{fate}'"""
            )
    return " UNION ALL ".join(parts)


def _for_information(draws: Draws, traps: Traps) -> str:
    share = INFORMATION_SHARE if "T5" in traps else 0
    return f"""SELECT {_COLUMNS.format(day="start", boxes="packs")}, NULL, NULL, {_REST},
            {INFORMATION}, 1, 0, 1 + dispensing % 2, 5
        FROM drawn WHERE {draws.uniform("town/told", "dispensing")} < {share}"""


def _after_death(draws: Draws, traps: Traps) -> str:
    """SQL for dispensings still billed long after the death of the person."""
    share = AFTER_DEATH_SHARE if "T30" in traps else 0
    later = f"death + {TOLERANCE + 1} + dispensing % 60"
    columns = _COLUMNS.format(day=later, boxes="packs").replace("start,", f"{later} AS start,", 1)
    return f"""SELECT {columns}, NULL, NULL, {_REST}, {AFTER_DEATH}, 1, 0, NULL, 30
        FROM drawn JOIN (SELECT id, death, seen_to FROM lives) USING (id)
        WHERE death < seen_to AND start > death - 40
            AND {draws.uniform("town/after", "id")} < {share}"""
