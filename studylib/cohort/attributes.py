"""Who prescribed and where: attributes of the event that made a person enter."""

from __future__ import annotations

from typing import Literal

import narwhals as nw

from studylib.cohort.people import Cohort
from studylib.cohort.supply import listed, listed_arms
from studylib.errors import StudyError
from studylib.sources import Frame


def prescribing(
    cohort: Cohort,
    column: str = "establishment",
    *,
    several: Literal["smallest", "missing"] = "missing",
) -> Frame:
    """An attribute of the dispensings of the index day: the key, ``column``, different.

    The dispensings looked at are those of the person's arm on the index day. ``column`` is any text
    column of the source's dispensings: the prescribing establishment, or what the site's own tables
    add (prescriber, speciality…). ``different`` counts its different values, missing ones apart;
    when there are several, ``several`` keeps the smallest or leaves it missing. Missing too when no
    dispensing of the day carries one. Checkpointed. StudyError for a column that is not there.
    """
    _check_choices(cohort, column, several)
    given = nw.concat(
        [
            listed(cohort.source, "dispensings", codelist).select(
                "person_id",
                nw.lit(name).alias("arm"),
                nw.col("start").alias("index_date"),
                nw.col(column).alias("value"),
            )
            for name, codelist in listed_arms(cohort).items()
        ]
    ).filter(~nw.col("value").is_null())
    keys = list(cohort.key)
    there = cohort.index("arm").join(given, on=["person_id", "arm", "index_date"], how="inner")
    values = there.group_by(*keys).agg(
        nw.col("value").n_unique().cast(nw.Int64()).alias("different"),
        nw.col("value").min().alias(column),
    )
    rows = cohort.people.select(*keys).join(values, on=keys, how="left")
    rows = rows.with_columns(nw.col("different").fill_null(0))
    if several == "missing":
        single = nw.when(nw.col("different") == 1).then(nw.col(column)).otherwise(nw.lit(None))
        rows = rows.with_columns(single.cast(nw.String()).alias(column))
    return cohort.source.engine.checkpoint(rows.select(*keys, column, "different"), "prescribing")


def _check_choices(cohort: Cohort, column: str, several: str) -> None:
    there = cohort.source.engine.columns(cohort.source.table("dispensings"))
    if not isinstance(there.get(column), nw.String):
        texts = [name for name, kind in there.items() if isinstance(kind, nw.String)]
        raise StudyError(
            f"Attribut de la prescription : la table « dispensings » n'a pas de colonne de texte "
            f"« {column} » ; colonnes possibles : {', '.join(texts)}."
        )
    if several not in ("smallest", "missing"):
        raise StudyError(
            f"Attribut de la prescription : several vaut « {several} » ; smallest ou missing."
        )


def prescribing_establishment(
    cohort: Cohort, *, several: Literal["smallest", "missing"] = "missing"
) -> Frame:
    """The establishment of the index prescription: the key, establishment, its category and region.

    See ``prescribing``; columns establishment, establishment_category, establishment_region, the
    last two missing where the establishment is missing or not in the table ``establishments``: a
    prescription from town has none. Checkpointed.
    """
    found = prescribing(cohort, "establishment", several=several).drop("different")
    known = cohort.source.table("establishments").select(
        nw.col("code").alias("establishment"),
        nw.col("category").alias("establishment_category"),
        nw.col("region").alias("establishment_region"),
    )
    table = found.join(known, on="establishment", how="left")
    return cohort.source.engine.checkpoint(table, "prescribing_establishment")
