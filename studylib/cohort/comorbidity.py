"""Comorbidity before index: conditions by code list, weighted and added up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import narwhals as nw

from studylib import referentials
from studylib.codes import Codelist
from studylib.cohort.covariates import flags
from studylib.cohort.people import Cohort
from studylib.errors import StudyError
from studylib.sources import Frame


def charlson(
    cohort: Cohort,
    conditions: Mapping[str, Codelist],
    weights: Mapping[str, int],
    *,
    hierarchy: Mapping[str, str],
    days_before: int = 365,
    positions: Sequence[str] | None = None,
    name: str = "charlson",
) -> Frame:
    """A weighted comorbidity score: the key, a flag per condition, and the score ``name``.

    A condition is present when one of its events counts as in ``had_event``. ``hierarchy`` maps a
    mild form to the severe form of one same disease (``{"diabetes": "diabetes_complicated"}``):
    where the severe one is present the mild one's weight is not added, though its flag stays.
    ``{}`` adds every weight. Quan (2005, Med Care 43:1130) gives the ICD-10 codes of Charlson's
    conditions and Quan (2011, Am J Epidemiol 173:676) weights; they are arguments, so that a score
    of any kind is made the same way. Checkpointed.

    StudyError when a condition has no weight, or the hierarchy names one that is not there.
    """
    _check_conditions(conditions, weights, hierarchy, name)
    marks = flags(cohort, conditions, days_before=days_before, positions=positions)
    score = nw.lit(0).cast(nw.Int64())
    for condition, weight in weights.items():
        present = nw.col(condition)
        if condition in hierarchy:
            present = present & ~nw.col(hierarchy[condition])
        score = score + nw.when(present).then(weight).otherwise(0)
    scored = marks.with_columns(score.cast(nw.Int64()).alias(name))
    return cohort.source.engine.checkpoint(scored, name)


def _check_conditions(
    conditions: Mapping[str, Codelist],
    weights: Mapping[str, int],
    hierarchy: Mapping[str, str],
    name: str,
) -> None:
    unknown = sorted({*weights, *hierarchy, *hierarchy.values()} - set(conditions))
    missing = [condition for condition in conditions if condition not in weights]
    if unknown or missing:
        raise StudyError(
            f"Score de comorbidité : sans poids {', '.join(missing) or 'aucune'} ; poids ou "
            f"hiérarchie d'affections absentes {', '.join(unknown) or 'aucune'} ; donner un poids "
            "à chaque affection, et à elles seules."
        )
    if not conditions or name in conditions:
        raise StudyError(
            f"Score de comorbidité « {name} » : donner une affection au moins, dont aucune ne "
            "porte le nom du score."
        )


def quan_charlson(
    cohort: Cohort,
    *,
    weights: Literal["1987", "2011"] = "2011",
    days_before: int = 365,
    positions: Sequence[str] | None = None,
) -> Frame:
    """Charlson's score by Quan's ICD-10 codes: see ``charlson`` and ``referentials.charlson``.

    ``weights`` are Charlson's own (1987) or Quan's (2011). A mild form is not counted beside the
    severe form that supersedes it. Conditions have the referential's names.
    """
    table = referentials.charlson(weights)
    conditions = {
        str(name): Codelist(
            str(name),
            "CIM-10",
            tuple(part["code"]),
            version="2005-11-01",
            source="Quan, Med Care 2005;43:1130",
            label=str(part["label"].iloc[0]),
        )
        for name, part in table.groupby("condition", sort=False)
    }
    single = table.drop_duplicates("condition").set_index("condition")
    worth = {str(name): int(weight) for name, weight in single["weight"].items()}
    severe = single.loc[single["supersedes"] != "", "supersedes"]
    return charlson(
        cohort,
        conditions,
        worth,
        hierarchy={str(mild): str(name) for name, mild in severe.items()},
        days_before=days_before,
        positions=positions,
    )
