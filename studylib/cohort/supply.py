"""Days of treatment that dispensings, packs and administrations give, day by day.

Every producer returns the same table, ``SUPPLY``: person_id, arm, start, days, one row per person,
arm and day, checkpointed. What several events of one day give adds up, and a day gives one day of
treatment at least: an event without a known supply would otherwise open an exposure that never
ends.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations

import narwhals as nw

from studylib.codes import Codelist
from studylib.cohort.people import Cohort
from studylib.errors import DataMissing, StudyError
from studylib.sources import Engine, Frame, Source
from studylib.sources.source import code_filter


def dispensing_days(source: Source, arms: Mapping[str, Codelist]) -> Frame:
    """What dispensings cover, from their days supplied: person_id, arm, start, days (SUPPLY)."""
    systems = {codelist.system for codelist in arms.values()}
    if shared_code(arms) is None and systems in ({"ATC"}, {"CIP13"}):  # read in one pass
        marked = source.marked(arms)
        *others, last = arms
        arm = nw.lit(last)
        for name in reversed(others):
            arm = nw.when(nw.col(name)).then(nw.lit(name)).otherwise(arm)
        rows = marked.select("person_id", arm.alias("arm"), "start", "end")
    else:
        rows = nw.concat(
            [
                source.events(codelist).select(
                    "person_id", nw.lit(name).alias("arm"), "start", "end"
                )
                for name, codelist in arms.items()
            ]
        )
    given = rows.select(
        "person_id", "arm", "start", (nw.col("end") - nw.col("start")).alias("days")
    )
    return summed(source.engine, given)


def pack_days(
    source: Source,
    arms: Mapping[str, Codelist],
    *,
    large_packs: Collection[str],
    days_per_pack: int = 30,
    days_per_large_pack: int = 90,
) -> Frame:
    """What packs cover at a fixed duration each: person_id, arm, start, days (SUPPLY).

    A pack whose CIP13 is in ``large_packs`` covers ``days_per_large_pack``, any other
    ``days_per_pack``; both count as many times as there are packs. ``large_packs`` may be empty.
    """
    if days_per_pack < 1 or days_per_large_pack < 1:
        raise StudyError(
            f"Durée des boîtes : {days_per_pack} et {days_per_large_pack} jours reçus ; chaque "
            "boîte couvre un jour au moins."
        )
    large = nw.col("cip13").is_in(sorted(large_packs)) if large_packs else nw.lit(False)
    days = nw.when(large).then(nw.lit(days_per_large_pack)).otherwise(nw.lit(days_per_pack))
    given = nw.concat(
        [
            listed(source, "dispensings", codelist).select(
                "person_id",
                nw.lit(name).alias("arm"),
                "start",
                (days * nw.col("quantity")).cast(nw.Int64()).alias("days"),
            )
            for name, codelist in arms.items()
        ]
    )
    return summed(source.engine, given)


def administration_days(
    source: Source, arms: Mapping[str, Codelist], *, days_each: int | Mapping[str, int]
) -> Frame:
    """What drugs given in hospital cover: person_id, arm, start, days (SUPPLY).

    Lists are of ATC or UCD7 codes, looked up in ``hospital_drugs``. A day of administration of an
    arm covers ``days_each`` days (or its arm's own number) from that day, whatever the units given
    and however many lines record it. Lines of unlinked stays belong to nobody and are left out.
    DataMissing when the source has no such table.
    """
    durations = days_each if isinstance(days_each, Mapping) else dict.fromkeys(arms, int(days_each))
    wrong = [name for name in arms if durations.get(name, 0) < 1]
    if wrong:
        raise StudyError(
            f"Administrations à l'hôpital : durée du groupe « {wrong[0]} » absente ou inférieure à "
            "un jour ; donner days_each en jours pour chaque groupe."
        )
    days = [
        listed(source, "hospital_drugs", codelist)
        .filter(~nw.col("person_id").is_null())
        .select("person_id", nw.lit(name).alias("arm"), "start")
        .unique()
        .with_columns(nw.lit(durations[name]).cast(nw.Int64()).alias("days"))
        for name, codelist in arms.items()
    ]
    return source.engine.checkpoint(nw.concat(days), "administration_days")


def supplies(engine: Engine, parts: Sequence[Frame]) -> Frame:
    """Several SUPPLY tables as one: what is given on one same day adds up. Checkpointed."""
    if not parts:
        raise StudyError("Durées de traitement : aucune table à réunir, en donner au moins une.")
    columns = ("person_id", "arm", "start", "days")
    return summed(engine, nw.concat([part.select(*columns) for part in parts]))


def summed(engine: Engine, given: Frame) -> Frame:
    """Rows person_id, arm, start, days as one per person, arm and day, of one day at least."""
    return engine.checkpoint_by_person(given, _by_day, "supply")


def _by_day(given: Frame) -> Frame:
    daily = given.group_by("person_id", "arm", "start").agg(
        nw.col("days").sum().cast(nw.Int64()).alias("days")
    )
    return daily.with_columns(nw.max_horizontal("days", nw.lit(1)).cast(nw.Int64()).alias("days"))


def supply_of(cohort: Cohort, days: Frame | None = None) -> Frame:
    """The SUPPLY table given, the one the cohort keeps, or that of its arms' dispensings.

    StudyError when an arm was made of combined events and has no list to look up.
    """
    if days is not None:
        return days
    if cohort.days is not None:
        return cohort.days
    return dispensing_days(cohort.source, listed_arms(cohort))


def listed_arms(cohort: Cohort) -> dict[str, Codelist]:
    """The code list of each arm; StudyError when an arm has none."""
    lists = {name: codelist for name, codelist in cohort.arms.items() if codelist is not None}
    missing = [name for name in cohort.arms if name not in lists]
    if missing:
        raise StudyError(
            f"Exposition : le groupe « {missing[0]} » est défini par des événements combinés et "
            "n'a pas de liste de codes ; donner days, les jours de traitement de chaque groupe."
        )
    return lists


def shared_code(arms: Mapping[str, Codelist]) -> tuple[str, str, str] | None:
    """Two arms and a code that both would match, if there are any."""
    for (name, one), (other, two) in combinations(arms.items(), 2):
        if one.system == two.system:
            shared = [code for code in one.codes if two.matches(code)]
            shared += [code for code in two.codes if one.matches(code)]
            if shared:
                return name, other, shared[0]
    return None


def listed(source: Source, table: str, codelist: Codelist) -> Frame:
    """The rows of ``table`` that the list selects by its column of that system."""
    column = {"ATC": "atc", "CIP13": "cip13", "UCD7": "ucd7"}.get(codelist.system, "")
    if table not in source.tables:
        raise DataMissing(
            f"Source « {source.name} » : pas de table « {table} », où chercher la liste "
            f"« {codelist.name} »."
        )
    frame = source.table(table)
    if column not in source.engine.columns(frame):
        raise StudyError(
            f"Liste « {codelist.name} » : la table « {table} » n'a pas de codes {codelist.system}, "
            "donner une liste d'un système qu'elle porte."
        )
    return frame.filter(code_filter(nw.col(column), codelist))
