"""What is read from a simulated SNDS, held against the truth of the simulation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import duckdb
import pandas as pd

from studylib.sources.engine import Engine, Frame
from studylib.sources.engine.duck import DuckEngine
from studylib.sources.simulated.generation import create_world
from studylib.sources.simulated.settings import Settings
from studylib.sources.snds import assembly, residence
from studylib.sources.snds.calendar import Period, period
from studylib.sources.snds.conditions import long_term_conditions
from studylib.sources.snds.findings import Findings
from studylib.sources.snds.raw import Raw
from studylib.sources.snds.retrocession import retrocession
from studylib.sources.snds.simulation import traps
from studylib.sources.snds.simulation.dcir import write_dcir
from studylib.sources.snds.simulation.flows import create_calendar
from studylib.sources.snds.simulation.identities import create_identities
from studylib.sources.snds.simulation.people import write_people
from studylib.sources.snds.simulation.prestations import create_prestations
from studylib.sources.snds.simulation.referentials import create_referentials, write_referentials
from studylib.sources.snds.simulation.town import create_drug_lines
from studylib.sources.snds.simulation.truth import write_truth
from studylib.sources.snds.town import Town

PARTS = ("persons", "dispensings", "consultations", "long_term_conditions", "retrocession")


class World:
    """The persons of some settings; ``recorded`` writes their care in town with chosen traps."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings, self.folder = settings, folder
        self.connection = duckdb.connect(config={"threads": 1})
        self.made: dict[tuple[str, ...], Path] = {}
        create_world(self.connection, settings, 0, settings.persons)

    def recorded(self, *keys: str) -> Path:
        """The folder of raw tables that hold these traps and no other."""
        if keys not in self.made:
            folder = self.folder / ("-".join(keys) or "none")
            self._record(traps.only(keys), folder)
            self.made[keys] = folder
        return self.made[keys]

    def _record(self, chosen: traps.Traps, folder: Path) -> None:
        write = (self.connection, self.settings, chosen, folder, 0)
        create_referentials(self.connection, self.settings, chosen)
        create_identities(self.connection, self.settings, chosen)
        write_people(*write)
        create_calendar(self.connection, self.settings, chosen)
        create_drug_lines(self.connection, self.settings, chosen)
        create_prestations(self.connection, self.settings, chosen)
        write_dcir(*write)
        write_truth(*write)
        write_referentials(self.connection, self.settings, folder)


@dataclass
class Read:
    """A reading of the raw tables in ``raw``, of which only what is asked for is computed."""

    raw: Path
    engine: Engine
    scratch: Path
    tables: dict[str, Frame] = field(default_factory=dict)

    @cached_property
    def reading(self) -> assembly.Reading:
        """The reading itself, with its own findings."""
        source = Raw("essai", self.raw, self.engine)
        return assembly.Reading(source, period(source), Findings(self.engine, self.scratch))

    @property
    def seen(self) -> Period:
        """The days read."""
        return self.reading.seen

    @cached_property
    def town(self) -> Town:
        """The care in town."""
        reading = self.reading
        return Town(reading.raw, reading.lookup, reading.seen, reading.findings)

    @cached_property
    def places(self) -> list[Frame]:
        """What care tells of each person."""
        lines = (self.town.drug_lines, self.town.visit_lines)
        return [residence.places(self.engine, frame) for frame in lines]

    def table(self, part: str) -> Frame:
        """One of the parts that are compared."""
        if part not in self.tables:
            self.tables[part] = self.engine.checkpoint(self._read(part), part)
        return self.tables[part]

    def _read(self, part: str) -> Frame:
        reading = self.reading
        if part == "persons":
            return assembly.persons_and_observation(reading, self.places)["persons"]
        if part == "dispensings":
            return self.town.dispensings()
        if part == "consultations":
            return self.town.consultations()
        if part == "long_term_conditions":
            return long_term_conditions(
                reading.raw, reading.known, reading.findings, reading.seen.start
            )
        sold = retrocession(self.town)
        assert sold is not None
        return sold

    def differences(self, *parts: str) -> dict[str, pd.DataFrame]:
        """Rows in the truth or in what is read but not in both, by part (all by default)."""
        tables = {part: self.table(part) for part in parts or PARTS}
        return differences(
            self.engine, self.raw, (self.seen.start, self.seen.end), self.reading.identities, tables
        )


def differences(
    engine: Engine, raw: Path, days: tuple[int, int], known: Frame, tables: dict[str, Frame]
) -> dict[str, pd.DataFrame]:
    """Rows of the truth that were not read, and rows read that are not of the truth, by table."""
    assert isinstance(engine, DuckEngine)
    connection = engine.connection
    for folder in sorted(path for path in (raw / "truth").iterdir() if any(path.glob("*.parquet"))):
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW t_{folder.name} AS "
            f"SELECT * FROM read_parquet('{folder}/*.parquet')"
        )
    connection.execute(f"CREATE OR REPLACE TEMP MACRO seen(d) AS d >= {days[0]} AND d < {days[1]}")
    known.to_native().create_view("known_", replace=True)
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE who AS
        SELECT k.person_id, min(t.id) AS id
        FROM (SELECT id, rng_gem, unnest(psa) AS psa FROM t_person WHERE followable) AS t
        JOIN known_ AS k USING (psa, rng_gem) GROUP BY k.person_id""")
    connection.execute(f"""
        CREATE OR REPLACE TEMP VIEW mine AS SELECT * FROM t_person
        WHERE followable AND birth < {days[1]} AND (death IS NULL OR death >= {days[0]})""")
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE cared AS
        SELECT id FROM (SELECT id, start FROM t_dispensing WHERE available AND seen(start)
            UNION SELECT id, start FROM t_consultation WHERE available AND seen(start))
        GROUP BY id HAVING count(*) >= 4""")
    found = {}
    for name, frame in tables.items():
        frame.to_native().create_view(f"read_{name}", replace=True)
        rows = _unequal(connection, *_queries(name, days))
        if len(rows):
            found[name] = rows
    return found


def _unequal(connection: duckdb.DuckDBPyConnection, truth: str, read: str) -> pd.DataFrame:
    return connection.execute(f"""
        (SELECT 'truth' AS side, * FROM (({truth}) EXCEPT ALL ({read})))
        UNION ALL (SELECT 'read', * FROM (({read}) EXCEPT ALL ({truth})))""").df()


def _queries(name: str, days: tuple[int, int]) -> Sequence[str]:
    """SQL of the truth and of what was read, made comparable: persons by their true number."""
    cents = "round(sum(cost) * 100)::BIGINT AS cents"
    month = "strftime(DATE '1970-01-01' + {0}::INTEGER, '%Y-%m')"
    person = "coalesce(id, -person_id)"  # a person that the truth does not know stands out
    mine = "JOIN (SELECT id FROM mine) USING (id)"
    whose = "LEFT JOIN who USING (person_id)"
    # Without care on a few days, home is only what a referential out of date tells.
    region = "CASE WHEN id IN (SELECT id FROM cared) THEN region END AS region"
    return {
        "persons": (
            f"""SELECT id, sex, {month.format("birth")} AS birth, death, {region} FROM mine
                WHERE birth < {days[1]} - 31 AND (death IS NULL OR death >= {days[0]})""",
            f"""SELECT {person}, sex, {month.format("birth_date")}, death_date, {region}
                FROM read_persons {whose} WHERE birth_date < {days[1]} - 31""",
        ),
        "dispensings": (
            f"""SELECT id, start, cip13, atc, establishment, round(sum(quantity), 6) AS boxes,
                    {cents}
                FROM t_dispensing {mine} WHERE available AND seen(start) GROUP BY ALL""",
            f"""SELECT {person}, start, cip13, atc, left(establishment, 8),
                    round(sum(quantity), 6), {cents}
                FROM read_dispensings {whose} GROUP BY ALL""",
        ),
        "consultations": (
            f"""SELECT id, start, code, count(*)::DOUBLE AS visits, {cents}
                FROM t_consultation {mine} WHERE available AND seen(start) GROUP BY ALL""",
            f"""SELECT {person}, start, code, sum(quantity), {cents}
                FROM read_consultations {whose} GROUP BY ALL""",
        ),
        "long_term_conditions": (
            f"""SELECT id, code, start, NULL::BIGINT AS "end" FROM t_long_term {mine}""",
            f"""SELECT {person}, code, start, "end" FROM read_long_term_conditions {whose}""",
        ),
        "retrocession": (
            f"""SELECT id, start, ucd7, round(sum(quantity), 6) AS units, {cents}
                FROM t_retrocession {mine} WHERE available AND seen(start) GROUP BY ALL""",
            f"""SELECT {person}, start, ucd7, round(sum(quantity), 6), {cents}
                FROM read_retrocession {whose} WHERE stay_id IS NULL GROUP BY ALL""",
        ),
        "stays": (
            f"""SELECT id, start, "end", ghm, {cents} FROM t_stay {mine} WHERE linked
                GROUP BY ALL""",
            f"""SELECT {person}, start, "end", ghm, {cents} FROM read_stays {whose} GROUP BY ALL""",
        ),
        "diagnoses": (
            f"""SELECT id, start, code, position FROM t_diagnosis JOIN t_stay USING (stay) {mine}
                WHERE linked""",
            f"SELECT {person}, start, code, position FROM read_diagnoses {whose}",
        ),
        "procedures": (
            """SELECT s.id, p.start, p.code FROM t_procedure AS p JOIN t_stay AS s USING (stay)
                JOIN mine ON mine.id = s.id WHERE linked""",
            f"SELECT {person}, start, code FROM read_procedures {whose}",
        ),
        "hospital_drugs": (  # of nobody where the stay is not linked, or its person not followed
            """SELECT CASE WHEN linked AND id IN (SELECT id FROM mine) THEN id END AS id,
                day, ucd7, round(quantity, 2) AS number, round(amount, 3) AS euros
                FROM t_hospital_drug""",
            f"""SELECT CASE WHEN person_id IS NOT NULL THEN {person} END, start, ucd7,
                round(quantity, 2), round(cost, 3) FROM read_hospital_drugs {whose}""",
        ),
    }[name]
