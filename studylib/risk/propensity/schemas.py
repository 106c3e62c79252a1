"""Tables of adjustment on the propensity score."""

from __future__ import annotations

from studylib.tables import Column, Table

MATCH_SETS = Table(
    "match_sets",
    (
        Column("match_set", "integer", "person_id of the compared person"),
        Column("person_id", "integer", "the person"),
        Column("arm", "text", "compared group"),
        Column("rank", "integer", "0 for the compared person, then 1, 2…"),
        Column("distance", "number", "distance to the compared person", nullable=True),
    ),
    key=("match_set", "person_id"),
)

ADJUSTMENT = Table(
    "adjustment",
    (
        Column("arm", "text", "compared group"),
        Column("persons", "integer", "persons before adjustment", counts="persons"),
        Column("kept", "integer", "of whom kept by it", counts="persons"),
        Column("left_out", "integer", "of whom left out by it", counts="persons"),
        Column("weight_min", "number", "smallest weight", nullable=True, from_counts=("kept",)),
        Column("weight_mean", "number", "mean weight", nullable=True, from_counts=("kept",)),
        Column("weight_max", "number", "largest weight", nullable=True, from_counts=("kept",)),
        Column(
            "effective_size",
            "number",
            "unweighted persons that would be as precise",
            unit="persons",
            from_counts=("kept",),
        ),
    ),
    key=("arm",),
)

_LEFT = ("pair_left_out", "left_out")
WEIGHTS = Table(
    "weights",
    (
        Column("comparison", "text", "arm against reference"),
        Column("arm", "text", "one of both groups"),
        Column("persons", "integer", "persons before adjustment", counts="persons"),
        Column("left_out", "integer", "of whom left out by it", counts="persons"),
        # the rest of it is what the other group leaves out: one is hidden when the other is small
        Column("pair_left_out", "integer", "left out of both groups", counts="persons"),
        Column("weight_min", "number", "smallest weight", nullable=True, from_counts=_LEFT),
        Column("weight_mean", "number", "mean weight", nullable=True, from_counts=_LEFT),
        Column("weight_max", "number", "largest weight", nullable=True, from_counts=_LEFT),
        Column(
            "effective_size",
            "number",
            "unweighted persons that would be as precise",
            unit="persons",
            nullable=True,
            from_counts=_LEFT,
        ),
    ),
    key=("comparison", "arm"),
    may_be_empty=True,
)

PREFERENCE = Table(
    "preference",
    (
        Column("arm", "text", "compared group"),
        Column("band", "text", "the bin, in words: rows of several tables answer by it"),
        Column("bin", "integer", "rank of the bin, from 1"),
        Column("bin_low", "number", "preference score from"),
        Column("bin_high", "number", "preference score to, this value left out"),
        Column("persons", "integer", "persons of the arm with such a score", counts="persons"),
        Column(
            "share", "number", "of the arm's persons", unit="share", nullable=True,
            from_counts=("persons",),
        ),
    ),
    key=("arm", "bin"),
)  # fmt: skip

HIGH_DIMENSIONAL = Table(
    "high_dimensional",
    (
        Column("domain", "text", "code system and length of the codes"),
        Column("code", "text", "the code, cut to that length"),
        Column("recurrence", "text", "once, sporadic or frequent"),
        Column("persons", "integer", "persons with it", counts="persons"),
        Column("bias", "number", "ratio by which it could bias", from_counts=("persons",)),
        Column("log_score", "number", "absolute logarithm of it", from_counts=("persons",)),
        Column("rank", "integer", "1 for the largest"),
        Column("kept", "flag", "among the covariates kept"),
    ),
    key=("domain", "code", "recurrence"),
)

SELECTED_CODES = Table(
    "selected_codes",
    (
        Column("comparison", "text", "arm against reference"),
        Column("rank", "integer", "1 for the largest bias it could make"),
        Column("domain", "text", "code system and length of the codes"),
        Column("code", "text", "the code, cut to that length"),
        Column("recurrence", "text", "once, sporadic or frequent"),
    ),
)
