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
        Column("monte_carlo_error", "number", "standard error of the coverage", nullable=True),
        Column("not_estimable", "integer", "replicates without an estimate"),
    ),
    key=("estimator", "scenario"),
)
"""No small-cell rule: simulated persons are nobody."""
