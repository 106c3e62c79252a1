"""Drugs taken together: stretches of time and the set of drugs in use in each."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw

from studylib.errors import StudyError
from studylib.sources import Engine, Frame

SEPARATOR = " + "


def concurrent(engine: Engine, spans: Frame, *, arms: Sequence[str]) -> Frame:
    """Stretches of time with the set of drugs in use: person_id, drugs, number, start, end.

    ``spans`` has person_id, arm, start, end (see ``episodes``); those of arms not named are not
    looked at. ``drugs`` writes the arms in use in alphabetical order (« A + B »), ``number`` counts
    them. Stretches of a person do not overlap, are as long as can be, and cover exactly the days
    with one arm at least. Checkpointed. StudyError when an arm is named twice or none is.
    """
    names = sorted(set(arms))
    if not names or len(names) != len(arms):
        raise StudyError(
            f"Expositions simultanées : groupes reçus {', '.join(arms) or 'aucun'} ; les nommer "
            "une seule fois chacun, un au moins."
        )
    kept = spans.filter(nw.col("arm").is_in(names) & (nw.col("end") > nw.col("start")))
    kept = engine.checkpoint(kept.select("person_id", "arm", "start", "end"), "spans")
    pieces = engine.checkpoint(_pieces(kept), "pieces")
    used = [
        (nw.col("arm") == name).cast(nw.Int64()).max().alias(f"used_{rank}")
        for rank, name in enumerate(names)
    ]
    in_use = (
        pieces.join(kept.rename({"start": "begun", "end": "ended"}), on="person_id", how="inner")
        .filter((nw.col("begun") <= nw.col("start")) & (nw.col("ended") > nw.col("start")))
        .group_by("person_id", "start", "end")
        .agg(*used)
    )
    named = engine.checkpoint(_named(in_use, names), "drugs_in_use")
    return engine.checkpoint(_joined(named), "concurrent")


def _pieces(spans: Frame) -> Frame:
    """The intervals between one day where something begins or ends, and the next."""
    edges = nw.concat(
        [
            spans.select("person_id", "start"),
            spans.select("person_id", nw.col("end").alias("start")),
        ]
    ).unique()
    following = nw.col("start").shift(-1).over("person_id", order_by="start").alias("end")
    return edges.with_columns(following).filter(~nw.col("end").is_null())


def _named(in_use: Frame, names: Sequence[str]) -> Frame:
    """Replaces the marks by ``drugs``, the names in use one after the other, and ``number``."""
    columns = [f"used_{rank}" for rank in range(len(names))]
    frame = in_use.with_columns(
        nw.lit("").alias("drugs"), nw.lit(0).cast(nw.Int64()).alias("number")
    )
    for column, name in zip(columns, names, strict=True):
        longer = (
            nw.when(nw.col("number") == 0)
            .then(nw.lit(name))
            .otherwise(nw.concat_str(["drugs", nw.lit(SEPARATOR + name)]))
        )
        used = nw.col(column) == 1
        frame = frame.with_columns(
            nw.when(used).then(longer).otherwise(nw.col("drugs")).alias("drugs"),
            (nw.col("number") + nw.col(column)).cast(nw.Int64()).alias("number"),
        )
    return frame.drop(*columns)


def _joined(named: Frame) -> Frame:
    """Neighbouring intervals with the same drugs as one."""
    by = ("person_id",)
    marked = named.with_columns(
        nw.col("drugs").shift(1).over(*by, order_by="start").alias("drugs_before"),
        nw.col("end").shift(1).over(*by, order_by="start").alias("end_before"),
    ).with_columns(
        nw.when(
            (nw.col("drugs_before") == nw.col("drugs")) & (nw.col("end_before") == nw.col("start"))
        )
        .then(0)
        .otherwise(1)
        .alias("change")
    )
    numbered = marked.with_columns(
        nw.col("change").cum_sum().over(*by, order_by="start").cast(nw.Int64()).alias("stretch")
    )
    return (
        numbered.group_by("person_id", "drugs", "number", "stretch")
        .agg(nw.col("start").min().alias("start"), nw.col("end").max().alias("end"))
        .drop("stretch")
    )
