"""The cohort: one row per person, its arm and index date, and the flow chart that led to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import narwhals as nw
import pandas as pd

from studylib.codes import Codelist
from studylib.errors import EstimationError
from studylib.sources import Frame, Source
from studylib.tables import FLOW, check


@dataclass(frozen=True)
class Cohort:
    """Persons under study and their flow chart; each restriction returns a new cohort.

    ``people`` is a checkpointed lazy frame: person_id, arm, index_date, sex, birth_date,
    death_date, region, observed_from, observed_to, and the flags added since.
    """

    source: Source
    people: Frame
    flow: pd.DataFrame
    arms: Mapping[str, Codelist]

    def require(self, reason: str, condition: nw.Expr) -> Cohort:
        """The persons who meet ``condition``, with ``reason`` as a new line of the flow chart.

        A condition that is unknown for a person (missing value) is not met.
        """
        kept = self.source.engine.checkpoint(self.people.filter(condition), "people")
        return replace(self, people=kept, flow=add_step(self, reason, kept))

    def with_flag(
        self,
        name: str,
        codelist: Codelist,
        *,
        days_before: int,
        positions: Sequence[str] | None = None,
    ) -> Cohort:
        """The same persons with a column ``name``: had an event of ``codelist`` before index.

        See ``covariates.had_event`` for which events count.
        """
        from studylib.cohort.covariates import had_event

        flagged = had_event(self, name, codelist, days_before=days_before, positions=positions)
        return replace(self, people=self.source.engine.checkpoint(flagged, "people"))

    def require_none(
        self,
        reason: str,
        codelist: Codelist,
        *,
        days_before: int,
        positions: Sequence[str] | None = None,
    ) -> Cohort:
        """The persons without an event of ``codelist`` in the ``days_before`` days before index.

        Zero days asks for nothing: the cohort comes back as it is, without a line.
        """
        if days_before == 0:
            return self
        name = f"had_{codelist.name}"
        flagged = self.with_flag(name, codelist, days_before=days_before, positions=positions)
        return flagged.require(reason, ~nw.col(name))

    @property
    def persons(self) -> int:
        """How many persons the cohort holds."""
        return int(self.flow["persons"].iloc[-1])


def add_step(cohort: Cohort, reason: str, kept: Frame) -> pd.DataFrame:
    """The flow chart of ``cohort`` with one more step, counted on ``kept``."""
    left = cohort.source.engine.count(kept)
    line = {"step": reason, "persons": left, "excluded": cohort.persons - left}
    return check(pd.concat([cohort.flow, pd.DataFrame([line])], ignore_index=True), FLOW)


def age() -> nw.Expr:
    """Completed years at index, by the calendar (see ``with_age``)."""
    return nw.col("age")


def with_age(people: Frame) -> Frame:
    """``people`` with a column ``age``, the completed years between birth and index.

    One born on 29 February ages on 1 March when there is no such day. Integer arithmetic on days,
    the same on every engine; step by step, for one expression would be repeated inside itself.
    """
    for name, prefix in (("index_date", "index"), ("birth_date", "birth")):
        people = _with_march_date(people, name, prefix)
    not_yet = nw.when(nw.col("index_day") < nw.col("birth_day")).then(1).otherwise(0)
    years = nw.col("index_year") - nw.col("birth_year") - not_yet
    parts = [f"{prefix}_{part}" for prefix in ("index", "birth") for part in ("year", "day")]
    return people.with_columns(years.cast(nw.Int64()).alias("age")).drop(*parts)


def _with_march_date(people: Frame, name: str, prefix: str) -> Frame:
    """Adds the year and the day of a year that begins on 1 March, so that a leap day is last.

    146,097 days make 400 years, 36,524 a century without its leap day, 1,460 four years less one.
    """
    era, day, year = f"{prefix}_era", f"{prefix}_day", f"{prefix}_year"
    shifted = people.with_columns((nw.col(name) + 719_468).alias(day))  # since 1 March of year 0
    within = shifted.with_columns((nw.col(day) // 146_097).alias(era)).with_columns(
        (nw.col(day) - nw.col(era) * 146_097).alias(day)
    )
    of_era = within.with_columns(
        (nw.col(day) // 1_460).alias("leap_days"),
        (nw.col(day) // 36_524).alias("centuries"),
        (nw.col(day) // 146_096).alias("eras"),
    ).with_columns(
        (nw.col(day) - nw.col("leap_days") + nw.col("centuries") - nw.col("eras")).alias(year)
    )
    counted = of_era.with_columns((nw.col(year) // 365).alias(year)).with_columns(
        (nw.col(year) // 4).alias("leap_days"), (nw.col(year) // 100).alias("centuries")
    )
    return counted.with_columns(
        (nw.col(year) + nw.col(era) * 400).alias(year),
        (nw.col(day) - nw.col(year) * 365 - nw.col("leap_days") + nw.col("centuries")).alias(day),
    ).drop(era, "leap_days", "centuries", "eras")


def history_days() -> nw.Expr:
    """Days observed before index."""
    return nw.col("index_date") - nw.col("observed_from")


def flag(name: str) -> nw.Expr:
    """The flag ``name`` that ``with_flag`` added."""
    return nw.col(name)


def pool(cohort: Cohort) -> int:
    """Persons in the cohort, or an EstimationError when nobody is left to study."""
    if cohort.persons == 0:
        last = cohort.flow["step"].iloc[-1]
        raise EstimationError(
            f"Aucune personne ne reste dans la cohorte après « {last} » ; élargir la période "
            "d'inclusion, les régions ou les critères."
        )
    return cohort.persons
