"""Person-time, checked before any model and collected once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from studylib.cohort.follow_up import REASONS
from studylib.cohort.people import Cohort, pool
from studylib.errors import EstimationError
from studylib.sources import Frame
from studylib.tables import EXITS, FOLLOW_UP, CheckResult, check

FAULTS: Mapping[str, Callable[[pd.DataFrame], pd.Series]] = {
    "sortie non postérieure à l'entrée": lambda t: t["exit"] <= t["entry"],
    "événement sans son motif, ou motif sans événement": lambda t: (
        t["event"] != (t["exit_reason"] == "outcome")
    ),
    "motif de sortie inconnu": lambda t: ~t["exit_reason"].isin(REASONS),
    "valeur manquante": lambda t: t[FOLLOW_UP.names].isna().any(axis=1),
}


TWICE = "personnes comptées deux fois"


def check_person_time(
    follow_up: pd.DataFrame, *, key: Sequence[str] = ("person_id",)
) -> CheckResult:
    """Whether each person is there once, with a positive time at risk and one exit reason.

    ``key`` names what is there once where persons enter several times: person_id and entry, or
    person_id and match_set. Table: fault, persons.
    """
    found = {TWICE: int(follow_up.duplicated(list(key)).sum())}
    found |= {name: int(fault(follow_up).sum()) for name, fault in FAULTS.items()}
    table = pd.DataFrame({"fault": list(found), "persons": list(found.values())})
    wrong = {name: number for name, number in found.items() if number}
    text = (
        " ; ".join(f"{name} : {number}" for name, number in wrong.items())
        if wrong
        else "chaque personne figure une fois, avec un temps de suivi positif et un seul motif "
        "de sortie."
    )
    return CheckResult("Temps de suivi", not wrong, table, text)


def exit_reasons(follow_up: pd.DataFrame) -> pd.DataFrame:
    """Persons by arm and exit reason: an EXITS table."""
    counts = follow_up.groupby(["arm", "exit_reason"], sort=True).size().rename("persons")
    return check(counts.reset_index(), EXITS)


def collect(cohort: Cohort, follow_up: Frame, covariates: Sequence[str] = ()) -> pd.DataFrame:
    """Follow-up as pandas, with the covariates named, checked and ready for ``risk``.

    Columns: those of FOLLOW_UP, region, then the covariates as numbers. EstimationError when the
    cohort is empty or its person-time does not hold.
    """
    pool(cohort)
    key, frame = cohort.follow_up_key, follow_up
    if covariates:
        known = cohort.people.select(*cohort.key, *covariates)
        known = known.rename(dict(zip(cohort.key, key, strict=True)))
        frame = follow_up.join(known, on=key, how="left")
    table = cohort.source.engine.collect(frame.sort(*key))
    table = table.astype({"event": bool, **dict.fromkeys(covariates, float)})
    result = check_person_time(table, key=key)
    if not result.passed:
        raise EstimationError(f"Temps de suivi incohérent : {result.text}.")
    return check(table, FOLLOW_UP)


def by_region(
    follow_up: pd.DataFrame, names: Mapping[str, str], whole: str
) -> dict[str, pd.DataFrame]:
    """Follow-up of each region under its name, then of all together under ``whole``.

    ``names`` gives the name of each region code. With one region there is no whole to add.
    """
    parts = {names[str(code)]: part for code, part in follow_up.groupby("region", sort=True)}
    return parts if len(parts) == 1 else {**parts, whole: follow_up}
