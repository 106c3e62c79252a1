"""How much the sites of a synthesis differ."""

from __future__ import annotations

from studylib.tables import Column, Table

HETEROGENEITY = Table(
    "heterogeneity",
    (
        Column("analysis", "text", "primary, or the name of a sensitivity analysis"),
        Column("comparison", "text", "arm against reference"),
        Column("outcome", "text", "the event studied"),
        Column("measure", "text", "the statistic"),
        Column("sites", "integer", "sites with an estimate"),
        Column("q", "number", "Cochran's Q", nullable=True),
        Column("q_p_value", "number", "chi-squared with one degree less than sites", nullable=True),
        Column("i_squared", "number", "variation beyond chance", unit="share", nullable=True),
        Column("tau2", "number", "variance between sites", nullable=True),
        Column("tau2_low", "number", "its lower 95 % limit", nullable=True),
        Column("tau2_high", "number", "its upper 95 % limit", nullable=True),
        Column("estimate", "number", "pooled estimate", nullable=True),
        Column("prediction_low", "number", "lower limit for a new site", nullable=True),
        Column("prediction_high", "number", "upper limit for a new site", nullable=True),
        Column("method", "text", "estimator and its choices"),
    ),
    key=("analysis", "comparison", "outcome", "measure", "method"),
)
