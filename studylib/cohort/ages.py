"""Age in completed years at any date, by the calendar, in integer days."""

from __future__ import annotations

from datetime import date

import narwhals as nw

from studylib.cohort.days import day
from studylib.cohort.people import Cohort
from studylib.errors import StudyError
from studylib.sources import Frame


def age() -> nw.Expr:
    """Completed years at index, by the calendar (see ``with_age``)."""
    return nw.col("age")


def age_at(cohort: Cohort, when: date | str, *, name: str) -> Cohort:
    """The cohort with a column ``name``: completed years at ``when``, negative before birth.

    ``when`` is a date, the same for all, or the name of a day column of ``people`` (then the age
    is missing where that day is). StudyError when there is no such column.
    """
    people = cohort.people
    if isinstance(when, str):
        if when not in cohort.source.engine.columns(people):
            raise StudyError(
                f"Âge à la date « {when} » : la cohorte n'a pas cette colonne ; donner une date ou "
                "le nom d'une colonne de jours, par exemple index_date."
            )
        return cohort.with_people(with_age(people, at=when, name=name))
    dated = people.with_columns(nw.lit(day(when)).cast(nw.Int64()).alias("at_"))
    return cohort.with_people(with_age(dated, at="at_", name=name).drop("at_"))


def with_age(people: Frame, *, at: str = "index_date", name: str = "age") -> Frame:
    """``people`` with a column ``name``, the completed years from birth to the day in ``at``.

    One born on 29 February ages on 1 March when there is no such day. Integer arithmetic on days,
    the same on every engine; step by step, for one expression would be repeated inside itself.
    """
    for column, prefix in ((at, "at"), ("birth_date", "birth")):
        people = _with_march_date(people, column, prefix)
    not_yet = nw.when(nw.col("at_day") < nw.col("birth_day")).then(1).otherwise(0)
    years = nw.col("at_year") - nw.col("birth_year") - not_yet
    parts = [f"{prefix}_{part}" for prefix in ("at", "birth") for part in ("year", "day")]
    return people.with_columns(years.cast(nw.Int64()).alias(name)).drop(*parts)


def with_calendar_year(people: Frame, column: str, *, name: str) -> Frame:
    """``people`` with a column ``name``, the calendar year of the day in ``column``."""
    dated = _with_march_date(people, column, "march")
    late = nw.when(nw.col("march_day") >= 306).then(1).otherwise(0)  # 1 January, from 1 March
    year = (nw.col("march_year") + late).cast(nw.Int64()).alias(name)
    return dated.with_columns(year).drop("march_year", "march_day")


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
