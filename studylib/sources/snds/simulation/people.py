"""The referentials of persons: who they are, what they are exempted for, when and why they died."""

from __future__ import annotations

from pathlib import Path

from duckdb import DuckDBPyConnection

from studylib.sources.simulated.draws import Draws
from studylib.sources.simulated.settings import Settings
from studylib.sources.snds.simulation.flows import date_of
from studylib.sources.snds.simulation.identities import pseudonym
from studylib.sources.snds.simulation.traps import Traps
from studylib.sources.snds.simulation.writing import write

ALIVE = "DATE '1600-01-01'"  # what a date that does not exist is written as
UNREGISTERED_SHARE = 0.05  # of exempted persons, absent from the register (T25)
OTHER_GROUND_SHARE = 0.02  # records of accidents at work, invalidity (IMB_ETM_NAT 11 to 13)
DEATH_ELSEWHERE_SHARE = 0.10  # deaths known to the causes of death only (T30)
DEATH_DIFFERS_SHARE = 0.02  # deaths whose day differs between the two (T30)
FIRST_CAUSES = 15_706  # 2013-01-01: causes of death are not collected before
# ALD numbers of the long-term conditions of the world, by the letter and digits of their code.
ALD_NUMBERS = (
    ("I50", 5), ("I48", 5), ("I25", 13), ("E11", 8), ("N18", 19), ("J44", 14), ("C", 30),
    ("M06", 22), ("K74", 6), ("G30", 15),
)  # fmt: skip


def write_people(
    connection: DuckDBPyConnection, settings: Settings, traps: Traps, folder: Path, block: int
) -> None:
    """Writes IR_BEN_R, IR_BEN_R_ARC, IR_IMB_R, KI_CCI_R and KI_ECD_R of a block."""
    _create_known(connection, settings, traps)
    for table, archived in (("IR_BEN_R", "NOT archived"), ("IR_BEN_R_ARC", "archived")):
        write(connection, _beneficiaries(archived), folder / table, block)
    write(connection, _long_term(settings, traps), folder / "IR_IMB_R", block)
    write(connection, _deaths(settings), folder / "KI_CCI_R", block)
    write(connection, _causes(settings), folder / "KI_ECD_R", block)


def _create_known(connection: DuckDBPyConnection, settings: Settings, traps: Traps) -> None:
    """Table ``known``: persons of the referential, with what it says of their home and death.

    ``told_death`` is the death that IR_BEN_R tells, ``certified`` the one of the certificate.
    """
    draws = Draws(settings.seed)
    first, last = settings.days
    stale = "T30" in traps
    elsewhere = draws.uniform("people/elsewhere", "id")
    certificates = f"death >= {FIRST_CAUSES}"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE known AS
        WITH seen AS (
            SELECT id, male, birth, department, death, seen_from, least(seen_to, death) AS until,
                death < seen_to AS died
            FROM lives WHERE seen_from < least(seen_to, death)
        ), towns AS (
            SELECT department AS other, row_number() OVER (ORDER BY department) - 1 AS rank,
                count(*) OVER () AS many FROM (SELECT DISTINCT department FROM territory)
        ), drawn AS (
            SELECT s.*, {elsewhere} AS elsewhere, {draws.uniform("people/moved", "id")} AS moved,
                {draws.uniform("people/where", "id")} AS place FROM seen AS s
        )
        SELECT d.* EXCLUDE (elsewhere, moved, place),
            CASE WHEN {stale} AND moved < {traps.rate("T30")} THEN t.other ELSE department END
                AS told_department,
            CASE WHEN died AND NOT ({stale} AND {certificates} AND elsewhere
                < {DEATH_ELSEWHERE_SHARE}) THEN death END AS told_death,
            CASE WHEN died AND {certificates} THEN death + CASE WHEN {stale} AND elsewhere
                > {1 - DEATH_DIFFERS_SHARE} THEN 2 ELSE 0 END END AS certified,
            until < {last - (last - first) // 3} AS archived
        FROM drawn AS d JOIN towns AS t ON t.rank = floor(d.place * t.many)
    """)


def _beneficiaries(archived: str) -> str:
    """One row per pseudonym and birth rank; a shared fictitious one tells its first person."""
    return f"""
        WITH rows AS (
            SELECT i.*, k.* EXCLUDE (id), row_number() OVER (PARTITION BY i.psa, i.rng_gem
                ORDER BY i.id, i.from_) AS rank
            FROM identities AS i JOIN known AS k USING (id)
        )
        SELECT psa AS BEN_NIR_PSA, rng_gem::INTEGER AS BEN_RNG_GEM, idt_ano AS BEN_IDT_ANO,
            nir_ano AS BEN_NIR_ANO, (nir_ano IS NOT NULL)::INTEGER AS BEN_IDT_TOP,
            cdi_nir AS BEN_CDI_NIR, CASE WHEN male THEN 1 ELSE 2 END AS BEN_SEX_COD,
            year({date_of("birth")})::INTEGER AS BEN_NAI_ANN,
            month({date_of("birth")})::INTEGER AS BEN_NAI_MOI,
            CASE WHEN told_death IS NULL THEN {ALIVE} ELSE {date_of("told_death")} END
                AS BEN_DCD_DTE,
            CASE told_department WHEN '2A' THEN '201' WHEN '2B' THEN '202'
                ELSE lpad(told_department, 3, '0') END AS BEN_RES_DPT,
            lpad((id % 400)::VARCHAR, 3, '0') AS BEN_RES_COM,
            {date_of("until")} AS BEN_DTE_MAJ
        FROM rows WHERE rank = 1 AND {archived} ORDER BY BEN_NIR_PSA, BEN_RNG_GEM"""


def long_term_records(settings: Settings, traps: Traps) -> str:
    """SQL for the ALD that the register knows: id, cim10, onset, number (0 under T27), draw."""
    draws = Draws(settings.seed)
    missing = UNREGISTERED_SHARE if "T25" in traps else 0
    number = " ".join(
        f"WHEN cim10 LIKE '{prefix}%' THEN {number}" for prefix, number in ALD_NUMBERS
    )
    drawn = draws.uniform("people/ald", "c.id", "ascii(c.cim10) * 4096 + length(c.name)")
    return f"""
        SELECT c.id, c.cim10, c.onset, CASE WHEN draw < {traps.rate("T27")} THEN 0 ELSE
            CASE {number} ELSE 31 END END AS number, draw
        FROM (SELECT c.*, {drawn} AS draw FROM conditions AS c) AS c
        JOIN known AS k USING (id)
        WHERE c.long_term AND c.onset < k.until
            AND {draws.uniform("people/unregistered", "c.id")} >= {missing}"""


def _long_term(settings: Settings, traps: Traps) -> str:
    other = OTHER_GROUND_SHARE if "T25" in traps else 0
    draws = Draws(settings.seed)
    return f"""
        WITH registered AS ({long_term_records(settings, traps)}),
        records AS (
            SELECT id, cim10, onset, number, CASE WHEN number = 31 THEN 43 ELSE 41 END AS ground,
                NULL AS ended, onset + CASE WHEN draw > {1 - traps.rate("T26")} THEN 1700 ELSE 20
                    END AS inserted
            FROM registered
            UNION ALL
            SELECT id, cim10, onset, number, 41, onset + 1826, onset + 20 FROM registered
            WHERE draw > {1 - traps.rate("T26")}
            UNION ALL
            SELECT id, 'Z999', seen_from, 0, 11 + id % 3, NULL, seen_from + 20 FROM known
            WHERE {draws.uniform("people/other", "id")} < {other}
        )
        SELECT i.psa AS BEN_NIR_PSA, i.rng_gem::INTEGER AS BEN_RNG_GEM,
            {date_of("onset")} AS IMB_ALD_DTD,
            CASE WHEN ended IS NULL THEN {ALIVE} ELSE {date_of("ended")} END AS IMB_ALD_DTF,
            number::INTEGER AS IMB_ALD_NUM, ground::INTEGER AS IMB_ETM_NAT, cim10 AS MED_MTF_COD,
            'CIM10' AS MED_NCL_IDT, {date_of("inserted")} AS INS_DTE,
            {date_of("inserted")} AS UPD_DTE
        FROM records AS r JOIN identities AS i USING (id)
        WHERE r.inserted >= i.from_ AND r.inserted < i.to_
        ORDER BY BEN_NIR_PSA, BEN_RNG_GEM, IMB_ALD_DTD, MED_MTF_COD, INS_DTE"""


def _certificates(settings: Settings) -> str:
    draws = Draws(settings.seed)
    code = pseudonym(draws, "people/certificate", "k.id")
    return f"""
        SELECT {code} AS DCD_IDT_ENC, i.idt_ano AS BEN_IDT_ANO, k.certified, k.id,
            coalesce(c.cim10, 'R99') AS cause
        FROM known AS k JOIN identities AS i USING (id)
        LEFT JOIN deaths AS c USING (id)
        WHERE k.certified IS NOT NULL AND k.certified >= i.from_ AND k.certified < i.to_"""


def _deaths(settings: Settings) -> str:
    return f"""
        SELECT DCD_IDT_ENC, BEN_IDT_ANO, {date_of("certified")} AS BEN_DCD_DTE,
            cause AS DCD_CIM_COD
        FROM ({_certificates(settings)}) ORDER BY DCD_IDT_ENC"""


def _causes(settings: Settings) -> str:
    return f"""
        SELECT DCD_IDT_ENC, BEN_IDT_ANO, cause AS ECD_CIM_COD, 1 AS ECD_CAU_RNG
        FROM ({_certificates(settings)})
        UNION ALL
        SELECT d.DCD_IDT_ENC, d.BEN_IDT_ANO, c.cim10, 1 + row_number() OVER
            (PARTITION BY d.id ORDER BY c.onset, c.cim10)
        FROM ({_certificates(settings)}) AS d JOIN conditions AS c USING (id)
        WHERE c.cim10 <> d.cause AND c.onset <= d.certified
        ORDER BY DCD_IDT_ENC, ECD_CAU_RNG"""
