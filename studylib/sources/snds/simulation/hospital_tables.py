"""Writing the tables T_MCOaa* of a block: what each is copied from, year by year.

A column is written in the years the layout says it was collected (``hospital_columns``).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from duckdb import DuckDBPyConnection

from studylib.referentials import region_name
from studylib.sources.simulated.draws import Draws
from studylib.sources.simulated.settings import Settings
from studylib.sources.snds import layout
from studylib.sources.snds.hospital_quality import BREAK_OF_2009
from studylib.sources.snds.simulation.hospital_columns import Copied, copies
from studylib.sources.snds.simulation.traps import Traps
from studylib.sources.snds.simulation.writing import write

STAY, DOUBLE = 0, 1
SUPPLEMENT_SHARE, SUPPLEMENT_PART = 0.10, 0.2  # stays with a supplement; its part of their value
VISITS_OF_A_BLOCK = 100_000  # SEQ_NUM of one establishment, year and block
LAST_DOUBLE = 2017


def write_tables(
    connection: DuckDBPyConnection, settings: Settings, traps: Traps, folder: Path, block: int
) -> None:
    """Writes every table of every year; one file per block."""
    connection.execute("SET preserve_insertion_order = true")
    _create_coded(connection, traps)
    _create_units(connection)
    _create_values(connection, settings)
    _create_visits(connection, traps, block)
    _create_senders(connection, traps)
    for year in range(settings.first_year, settings.last_year + 1):
        for table, copied in copies(settings, traps, year).items():
            once = table == "T_MCOaaE" and block > 0  # establishments: once for all blocks
            if not once:
                _copy(connection, table, copied, year, folder, block)


def _copy(
    connection: DuckDBPyConnection, table: str, copied: Copied, year: int, folder: Path, block: int
) -> None:
    declared = layout.table(table)
    chosen = [
        f"{expression} AS {name}"
        for name, expression in copied.columns.items()
        if declared.column(name).collected_in(year)
    ]
    if not declared.columns[0].collected_in(year):
        return  # the whole table was not collected yet
    query = (
        f"SELECT {', '.join(chosen)} FROM {copied.source} WHERE year = {year} "
        f"ORDER BY {copied.order}"
    )
    write(connection, query, folder / table.replace("aa", f"{year % 100:02d}", 1), block)


def _create_coded(connection: DuckDBPyConnection, traps: Traps) -> None:
    """Table ``hosp_coded``: summaries with ``dp``, the principal diagnosis as it is written.

    Before 2009 it was the problem that took most care, not the one that led to the stay: for half
    of the stays with an associated diagnosis, the two have changed places (T17).
    """
    swapped = f"r.year < {BREAK_OF_2009} AND r.stay % 2 = 0" if "T17" in traps else "FALSE"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE hosp_coded AS
        SELECT r.*, coalesce(a.code, r.cim10) AS dp FROM hosp_rsa AS r
        LEFT JOIN (SELECT stay, min(code) AS code FROM hosp_diagnoses
                   WHERE position = 'DAS' GROUP BY stay) AS a ON a.stay = r.stay AND {swapped}
    """)


def _create_units(connection: DuckDBPyConnection) -> None:
    """Tables of medical units and associated diagnoses, and how many of each a summary has."""
    key = "eta_num, rsa_num, year"
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE hosp_units AS
        SELECT r.eta_num, r.rsa_num, r.year, 1 AS unit, r.site, r.dp, d.code AS dr,
            r.exit - r.start AS nights
        FROM hosp_coded AS r
        LEFT JOIN hosp_diagnoses AS d ON d.stay = r.stay AND d.position = 'DR'
        UNION ALL
        SELECT r.eta_num, r.rsa_num, r.year, 1 + row_number() OVER (
                PARTITION BY r.eta_num, r.rsa_num, r.year ORDER BY d.code),
            r.site, CASE d.position WHEN 'DP_UM' THEN d.code ELSE r.dp END,
            CASE d.position WHEN 'DR_UM' THEN d.code END, 0
        FROM hosp_coded AS r JOIN hosp_diagnoses AS d ON d.stay = r.stay
        WHERE d.position IN ('DP_UM', 'DR_UM')
    """)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE hosp_associated AS
        SELECT *, row_number() OVER (PARTITION BY {key} ORDER BY code, copy) AS rank
        FROM (SELECT r.eta_num, r.rsa_num, r.year,
                  CASE d.code WHEN r.dp THEN r.cim10 ELSE d.code END AS code,
                  unnest(range(d.copies)) AS copy
              FROM hosp_coded AS r JOIN hosp_diagnoses AS d ON d.stay = r.stay
              WHERE d.position = 'DAS')
    """)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE hosp_described AS
        SELECT r.*, u.units, coalesce(a.associated, 0) AS associated, d.code AS related
        FROM hosp_coded AS r
        JOIN (SELECT {key}, count(*) AS units FROM hosp_units GROUP BY ALL) AS u
            USING ({key})
        LEFT JOIN (SELECT {key}, count(*) AS associated FROM hosp_associated GROUP BY ALL) AS a
            USING ({key})
        LEFT JOIN hosp_diagnoses AS d ON d.stay = r.stay AND d.position = 'DR'
    """)
    connection.execute("""
        CREATE OR REPLACE TEMP VIEW hosp_acts AS
        SELECT r.*, unnest(CASE WHEN stay % 2 = 0 AND exit > start THEN ['1', '4']
            ELSE ['1'] END) AS activity
        FROM hosp_rsa AS r WHERE ccam <> ''
    """)


def _create_values(connection: DuckDBPyConnection, settings: Settings) -> None:
    """Views of valued public summaries and of private bills, and the lines of drugs in stays.

    What is sent but is no stay of the sender (variants above 1) is not valued.
    """
    has = Draws(settings.seed).uniform("hosp/supplement", "stay")
    split = f"CASE WHEN {has} < {SUPPLEMENT_SHARE} THEN {SUPPLEMENT_PART} ELSE 0 END"
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE hosp_written AS
        SELECT l.*, r.eta_num, r.rsa_num
        FROM hosp_drug_lines AS l JOIN hosp_rsa AS r USING (stay)
        WHERE r.variant IN (0, 1) AND l.collection <> 'FHSTC'
    """)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE hosp_valued AS
        WITH drugs AS (
            SELECT eta_num, rsa_num, year,
                sum(CASE collection WHEN 'MED' THEN total / shares ELSE 0 END) AS on_list,
                sum(CASE collection WHEN 'MEDATU' THEN total / shares ELSE 0 END) AS early
            FROM hosp_written WHERE kind = 'true' GROUP BY ALL
        )
        SELECT r.*, CASE WHEN r.variant <= {DOUBLE} THEN r.cost ELSE 0 END AS value,
            CASE WHEN r.variant <= {DOUBLE} THEN round(r.cost * ({split}), 2) ELSE 0 END AS extra,
            round(coalesce(d.on_list, 0), 2) AS on_list, round(coalesce(d.early, 0), 2) AS early
        FROM hosp_rsa AS r LEFT JOIN drugs AS d USING (eta_num, rsa_num, year)
    """)


def _create_visits(connection: DuckDBPyConnection, traps: Traps, block: int) -> None:
    """Table of public outpatient care in which drugs are given."""
    twice = f"great AND year <= {LAST_DOUBLE}" if "T14" in traps else "FALSE"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE hosp_visits AS
        SELECT *, lpad(({block * VISITS_OF_A_BLOCK} + row_number() OVER (
            PARTITION BY eta_num, year ORDER BY administration))::VARCHAR, 8, '0') AS seq_num
        FROM (SELECT *, sent AS eta_num FROM hosp_drug_lines WHERE collection = 'FHSTC'
              UNION ALL SELECT *, site FROM hosp_drug_lines
              WHERE collection = 'FHSTC' AND {twice})
    """)


def _create_senders(connection: DuckDBPyConnection, traps: Traps) -> None:
    """Table of establishments by year, with their sites when they send too."""
    regions = connection.execute("SELECT DISTINCT region FROM hosp_places").df()
    names = pd.DataFrame(
        {
            "region": regions["region"],
            "region_name": [region_name(code).upper() for code in regions["region"]],
        }
    )
    connection.register("given", names)
    sites = "great" if "T14" in traps else "FALSE"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE hosp_senders AS
        SELECT p.eta_num, p.name, p.public, n.region_name FROM (
            SELECT code AS eta_num, name, public, region FROM hosp_places
            UNION ALL SELECT site, name || ', site principal', public, region FROM hosp_places
            WHERE {sites}
        ) AS p JOIN given AS n USING (region)
    """)
    connection.unregister("given")
