"""The cohort: one row per person, its arm and index date, and the flow chart that led to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import narwhals as nw
import pandas as pd

from studylib.codes import Codelist
from studylib.errors import EstimationError, StudyError
from studylib.sources import Frame, Source
from studylib.tables import FLOW, check

DESCRIBED = (
    "person_id",
    "arm",
    "index_date",
    "sex",
    "birth_date",
    "death_date",
    "region",
    "observed_from",
    "observed_to",
)
"""What is known of every row of a cohort, before its age and flags."""


@dataclass(frozen=True)
class Cohort:
    """Persons under study and their flow chart; each restriction returns a new cohort.

    ``people`` is a checkpointed lazy frame: person_id, arm, index_date, sex, birth_date,
    death_date, region, observed_from, observed_to, and the flags added since. A row is one
    ``key``: the person, or the person and the index date where persons enter several times.
    ``arms`` gives the code list of each arm, None for an arm made of combined events. ``days``
    keeps the days of dispensing of the arms (see ``supply``) once they have been read.
    """

    source: Source
    people: Frame
    flow: pd.DataFrame
    arms: Mapping[str, Codelist | None]
    key: tuple[str, ...] = ("person_id",)
    days: Frame | None = None

    @property
    def follow_up_key(self) -> list[str]:
        """The key as follow-up tables write it, where the index date is ``entry``."""
        return ["entry" if name == "index_date" else name for name in self.key]

    def index(self, *columns: str) -> Frame:
        """The key and the index date of each row, then the ``columns`` named."""
        return self.people.select(*dict.fromkeys((*self.key, "index_date", *columns)))

    def with_people(self, people: Frame) -> Cohort:
        """The same cohort with other columns in ``people``, checkpointed; rows must be the same."""
        return replace(self, people=self.source.engine.checkpoint(people, "people"))

    def with_measures(self, *measures: Frame) -> Cohort:
        """The same persons with the columns of each table of measures, which has one row per key.

        Producers such as ``charlson``, ``prior_cost`` or ``days_covered`` make such tables; a
        person absent from one has missing values.
        """
        people = self.people
        for measure in measures:
            names = self.source.engine.columns(people)
            columns = self.source.engine.columns(measure)
            twice = [name for name in columns if name in names and name not in self.key]
            if twice:
                raise StudyError(
                    f"Mesures jointes à la cohorte : la colonne {twice[0]} y figure déjà ; la "
                    "renommer."
                )
            people = people.join(measure, on=list(self.key), how="left")
        return self.with_people(people)

    def require(self, reason: str, condition: nw.Expr) -> Cohort:
        """The persons who meet ``condition``, with ``reason`` as a new line of the flow chart.

        A condition that is unknown for a person (missing value) is not met.
        """
        return self.restricted(reason, self.people.filter(condition))

    def restricted(self, reason: str, people: Frame) -> Cohort:
        """The persons left in ``people``, with ``reason`` as a new line of the flow chart."""
        kept = self.source.engine.checkpoint(people, "people")
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
        return self.with_people(flagged)

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
    left = counted(cohort.source, kept, cohort.key)
    line = {"step": reason, "persons": left, "excluded": cohort.persons - left}
    return check(pd.concat([cohort.flow, pd.DataFrame([line])], ignore_index=True), FLOW)


def counted(source: Source, people: Frame, key: Sequence[str]) -> int:
    """How many persons ``people`` holds, each counted once however often it enters."""
    if tuple(key) != ("person_id",):
        people = people.select("person_id").unique()
    return source.engine.count(people)


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
