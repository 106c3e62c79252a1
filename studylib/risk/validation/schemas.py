"""Tables of the validation dossier."""

from __future__ import annotations

from studylib.tables import Column, Table

COVERAGE = Table(
    "coverage",
    (
        Column("estimator", "text", "estimator and its interval"),
        Column("scenario", "text", "null or effect"),
        Column("truth", "number", "what the simulation holds"),
        Column("replicates", "integer", "simulated data sets"),
        Column("mean_estimate", "number", "mean of the estimates", nullable=True),
        Column("coverage", "number", "intervals that hold the truth", unit="share", nullable=True),
        Column(
            "monte_carlo_error", "number", "of a coverage of 95 %, standard error", unit="share"
        ),
        Column("within", "flag", "93 to 97 %, three Monte Carlo errors allowed for"),
        Column("not_estimable", "integer", "replicates without an estimate"),
    ),
    key=("estimator", "scenario"),
)
"""No small-cell rule: simulated persons are nobody."""

AGREEMENT = Table(
    "agreement",
    (
        Column("case", "text", "the case, in a word"),
        Column("quantity", "text", "what is estimated"),
        Column("truth", "number", "the answer expected", unit="seven figures"),
        Column("estimate", "number", "what the library gives", unit="seven figures"),
        Column("tolerance", "number", "largest relative difference accepted"),
        Column("met", "flag", "within the tolerance"),
        Column("source", "text", "where the answer is from, or how it is worked"),
    ),
    key=("case", "quantity"),
)
