"""Under which pseudonyms each simulated person is known, and when."""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from studylib.sources.simulated.draws import Draws, pick
from studylib.sources.simulated.settings import Settings
from studylib.sources.snds.simulation.traps import Traps

ALWAYS = (-1_000_000, 1_000_000)  # days: periods of pseudonyms cover all time
TWIN_SHARE = 0.005  # persons who share their pseudonym with a twin
THREE_PSEUDONYMS = 0.2  # of the persons with several
FICTITIOUS = (("'01'", 1), ("'06'", 1), ("'08'", 2), ("'11'", 1))  # IR_NIR_V
BLOCK = 100_000  # persons recorded together: files are cut by blocks
SHARING = 4  # persons who share one fictitious NIR, on average
# Of the persons touched by T7: fictitious; provisional for ever; provisional, then certified.
FICTITIOUS_SHARE, PROVISIONAL_SHARE = 0.3, 0.3


def pseudonym(draws: Draws, stream: str, *keys: str) -> str:
    """SQL for a pseudonym of 17 hexadecimal characters, a function of seed, stream and keys."""
    head = f"floor({draws.uniform(stream + '/head', *keys)} * 4294967296)::BIGINT"
    tail = f"floor({draws.uniform(stream + '/tail', *keys)} * 68719476736)::BIGINT"
    return f"lpad(to_hex({head}), 8, '0') || lpad(to_hex({tail}), 9, '0')"


def create_identities(connection: DuckDBPyConnection, settings: Settings, traps: Traps) -> None:
    """Table ``identities``: id, psa, rng_gem, idt_ano, nir_ano, cdi_nir, from_, to_.

    One row per person and period of a pseudonym, periods half-open and covering all time.
    ``nir_ano`` is null where the NIR is not certified. Of the world it needs ``lives``.
    """
    draws = Draws(settings.seed)
    _create_twins(connection, draws, traps)
    first, last = settings.days
    group = _group(settings, traps)
    own = pseudonym(draws, "identity/psa", "eldest", "number")
    shared = pseudonym(draws, "identity/fictitious", group)
    fictitious = pick(draws.uniform("identity/kind", group), FICTITIOUS)
    certified = pseudonym(draws, "identity/nir_ano", "id")
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE identities AS
        WITH {_kinds(draws, traps)}, periods AS (
            SELECT *, unnest(range(CASE kind WHEN 'three' THEN 3 WHEN 'two' THEN 2
                WHEN 'certified_later' THEN 2 ELSE 1 END)) AS number FROM kinds
        ), dated AS (
            SELECT *, {first} + floor(change_draw * {(last - first) / 2})::BIGINT AS change
            FROM periods
        )
        SELECT id,
            CASE kind WHEN 'fictitious' THEN {shared} ELSE {own} END AS psa,
            CASE WHEN rank = 2 THEN 2 ELSE 1 END AS rng_gem,
            CASE WHEN kind IN ('fictitious', 'provisional') THEN NULL
                ELSE {certified} END AS idt_ano,
            CASE WHEN kind IN ('fictitious', 'provisional') THEN NULL
                WHEN kind = 'certified_later' AND number = 0 THEN NULL
                ELSE {certified} END AS nir_ano,
            CASE WHEN kind = 'fictitious' THEN {fictitious}
                WHEN kind = 'provisional' OR kind = 'certified_later' AND number = 0 THEN '04'
                ELSE '00' END AS cdi_nir,
            {_bounds(settings)}
        FROM dated
    """)
    connection.execute("UPDATE identities SET idt_ano = psa || rng_gem WHERE idt_ano IS NULL")


def _kinds(draws: Draws, traps: Traps) -> str:
    """SQL for what befalls the identity of each person, ``kind``: one draw a trap."""
    several, provisional = traps.rate("T6"), traps.rate("T7")
    return f"""described AS (
            SELECT l.id, coalesce(t.eldest, l.id) AS eldest, t.rank,
                {draws.uniform("identity/several", "l.id")} AS several_draw,
                {draws.uniform("identity/nir", "l.id")} AS nir_draw,
                {draws.uniform("identity/change", "l.id")} AS change_draw
            FROM lives AS l LEFT JOIN twins AS t USING (id)
        ), kinds AS (
            SELECT *, CASE WHEN rank IS NOT NULL THEN 'twin'
                WHEN nir_draw < {provisional * FICTITIOUS_SHARE} THEN 'fictitious'
                WHEN nir_draw < {provisional * (FICTITIOUS_SHARE + PROVISIONAL_SHARE)}
                    THEN 'provisional'
                WHEN nir_draw < {provisional} THEN 'certified_later'
                WHEN several_draw < {several * THREE_PSEUDONYMS} THEN 'three'
                WHEN several_draw < {several} THEN 'two' ELSE 'one' END AS kind
            FROM described
        )"""


def _bounds(settings: Settings) -> str:
    """SQL for the days from which and until which a pseudonym is used."""
    (low, high), (first, last) = ALWAYS, settings.days
    return f"""CASE number WHEN 0 THEN {low} WHEN 1 THEN change
                ELSE change + {(last - first) // 3} END AS from_,
            CASE WHEN kind = 'three' AND number = 1 THEN change + {(last - first) // 3}
                WHEN number = 0 AND kind IN ('two', 'three', 'certified_later') THEN change
                ELSE {high} END AS to_"""


def _group(settings: Settings, traps: Traps) -> str:
    """The number of the fictitious NIR a person falls under: some four persons share each one."""
    fictitious = min(settings.persons, BLOCK) * traps.rate("T7") * FICTITIOUS_SHARE
    return f"(id // {BLOCK}) * {BLOCK} + id % {max(1, round(fictitious / SHARING))}"


def _create_twins(connection: DuckDBPyConnection, draws: Draws, traps: Traps) -> None:
    """Table ``twins``: id, eldest, rank; pairs of one sex and day of birth, drawn in the block."""
    share = TWIN_SHARE if "T6" in traps else 0.0
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE twins AS
        WITH ranked AS (
            SELECT id, male, birth, row_number() OVER same AS place FROM lives
            WINDOW same AS (PARTITION BY male, birth ORDER BY id)
        ), pairs AS (
            SELECT min(id) AS eldest, max(id) AS youngest FROM ranked
            GROUP BY male, birth, (place - 1) // 2 HAVING count(*) = 2
        ), chosen AS (
            SELECT * FROM pairs ORDER BY {draws.uniform("identity/twins", "eldest")}, eldest
            LIMIT (SELECT round(count(*) * {share / 2})::BIGINT FROM lives)
        )
        SELECT eldest AS id, eldest, 1 AS rank FROM chosen
        UNION ALL SELECT youngest, eldest, 2 FROM chosen
    """)
