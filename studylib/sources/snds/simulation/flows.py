"""When a simulated line becomes available, in which archive it lies, and its nine keys.

The month of flow follows the month of care by 1 to 6 months, or more for a late line (T8). Every
line of a person and a day shares its lag, so that a bill stays whole. A line is unique by its
emitter (``stream``), its version (1 for a first bill, 2 and 3 for what corrects it), its bill and
its rank in it.
"""

from __future__ import annotations

from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from studylib.sources.simulated.draws import Draws, pick
from studylib.sources.simulated.settings import Settings
from studylib.sources.snds.simulation.traps import Traps

# Lag in months and its share: 86 % within two months, 99 % within six (Cnam; Open DAMIR 2024).
LAGS = ((1, 0.62), (2, 0.24), (3, 0.07), (4, 0.03), (5, 0.02), (6, 0.02))
LATE_LAGS = tuple((lag, 1.0) for lag in range(7, 13))
MONTHS_AFTER_END, MONTHS_AFTER_END_EARLY = 6, 2  # last flow; early when T8 is on
BILLS_OF_AN_OFFICE = 400_000_000  # bills keep to nine digits
CORRECTED_BILLS = 500_000_000  # first number of the bills that correct others

PHARMACY, DOCTOR, HOSPITAL, INFORMATION, AFTER_DEATH, RETROCESSION = 1, 2, 3, 4, 5, 6


def month_of(day: str) -> str:
    """SQL for the month of a day: years times twelve, plus the month from 0."""
    date = f"(DATE '1970-01-01' + ({day})::INTEGER)"
    return f"(year({date}) * 12 + month({date}) - 1)::INTEGER"


def date_of(day: str) -> str:
    """SQL for a date, from its number of days since 1970-01-01."""
    return f"(DATE '1970-01-01' + ({day})::INTEGER)"


@dataclass(frozen=True)
class Flows:
    """The calendar of flows of a simulation."""

    settings: Settings
    traps: Traps

    @property
    def last(self) -> int:
        """The last month of flow of the extraction."""
        after = MONTHS_AFTER_END_EARLY if "T8" in self.traps else MONTHS_AFTER_END
        return self.settings.last_year * 12 + 11 + after

    @property
    def archives(self) -> list[int | None]:
        """Years of the archives, then None for the flows after the last one."""
        return [*range(self.settings.first_year, self.settings.last_year + 1), None]

    def lag(self, person: str, day: str) -> str:
        """SQL for the months between care and flow."""
        late = self.traps.rate("T8")
        weights = [(str(lag), weight * (1 - late)) for lag, weight in LAGS]
        weights += [(str(lag), late / len(LATE_LAGS)) for lag, _ in LATE_LAGS if late]
        draws = Draws(self.settings.seed)
        return pick(draws.uniform("flow/lag", person, f"({day}) + 1000000"), weights)

    def correction(self, number: str) -> str:
        """SQL for the months between a bill and what corrects it (0 to 3)."""
        return f"floor({Draws(self.settings.seed).uniform('flow/correction', number)} * 4)::INTEGER"

    def office(self, person: str) -> str:
        """SQL for the number of the paying office, from the person's."""
        return f"({person} // {self._persons_of_an_office})"

    def bill(self, person: str, day: str) -> str:
        """SQL for the number of the bill of a person and day, unique within its office."""
        first, _ = self.settings.days
        place = f"({day} - {first - 400}) % {self._days}"
        return f"(({person} % {self._persons_of_an_office}) * {self._days} + {place})"

    @property
    def _days(self) -> int:
        first, last = self.settings.days
        return last - first + 1000

    @property
    def _persons_of_an_office(self) -> int:
        return BILLS_OF_AN_OFFICE // self._days

    def archive(self, flow: str) -> str:
        """SQL for the year of the archive a month of flow lies in, 0 for the live table.

        With T4, January flows lie in the archive of the year before.
        """
        drift = f" - ({flow} % 12 = 0)::INTEGER" if "T4" in self.traps else ""
        return f"(CASE WHEN {flow} // 12{drift} > {self.settings.last_year} THEN 0 " + (
            f"ELSE {flow} // 12{drift} END)"
        )

    def again(self, flow: str, person: str, bill: str) -> str:
        """SQL for the second archive of the few lines that lie in two; null for the others."""
        if "T4" not in self.traps:
            return "NULL::INTEGER"
        draw = Draws(self.settings.seed).uniform("flow/again", person, bill)
        year = f"{flow} // 12"
        return (
            f"(CASE WHEN {flow} % 12 = 0 AND {draw} < 0.01 THEN "
            f"CASE WHEN {year} > {self.settings.last_year} THEN 0 ELSE {year} END END)"
        )


def create_calendar(connection: DuckDBPyConnection, settings: Settings, traps: Traps) -> None:
    """Tables ``months`` and ``offices``: what lines share, looked up rather than computed on each.

    ``months``: flow, month (a date), archive, for the flows of the extraction. ``offices``: id,
    office, town, fund, sex, birth, birth_year, department, never_exempt.
    """
    flows, draws = Flows(settings, traps), Draws(settings.seed)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE months AS
        SELECT flow, make_date(flow // 12, flow % 12 + 1, 1) AS month,
            {flows.archive("flow")}::SMALLINT AS archive
        FROM (SELECT unnest(range({settings.first_year * 12}, {flows.last + 1}))::INTEGER AS flow)
    """)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE offices AS
        SELECT id, '01' || lpad(({flows.office("id")})::VARCHAR, 7, '0') AS office,
            lpad((id % 400)::VARCHAR, 3, '0') AS town,
            '01' || lpad((id % 100)::VARCHAR, 7, '0') AS fund,
            CASE WHEN male THEN 1 ELSE 2 END AS sex, birth,
            year({date_of("birth")})::INTEGER AS birth_year, department,
            {draws.uniform("dcir/exempt", "id")} < {traps.rate("T25")} AS never_exempt
        FROM lives
    """)
