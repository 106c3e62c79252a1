"""The propensity score on the codes that hdPS chooses."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from studylib.cohort import WideCovariates
from studylib.risk.propensity.high_dimensional import Ranking, high_dimensional_covariates
from studylib.risk.propensity.large_scale import lasso_propensity_score
from studylib.risk.propensity.score import Score
from studylib.risk.rows import method


def high_dimensional_score(
    people: pd.DataFrame,
    wide: WideCovariates,
    *,
    reference: str,
    formula: str = "",
    per_domain: int = 200,
    kept: int = 500,
    ranking: Ranking = "bias",
    highest_correlation: float | None = 0.5,
    seed: int = 0,
) -> Score:
    """``lasso_propensity_score`` over the flags of ``high_dimensional_covariates``.

    ``people`` has its ``event`` when ``ranking`` is ``bias``. The penalty is a guard against more
    flags than persons can tell apart; the terms of ``formula`` are not penalised.
    """
    flags, table = high_dimensional_covariates(
        people,
        wide,
        reference=reference,
        outcome=people["event"] if ranking == "bias" else None,
        per_domain=per_domain,
        kept=kept,
        ranking=ranking,
    )
    score = lasso_propensity_score(
        people,
        flags,
        reference=reference,
        formula=formula,
        highest_correlation=highest_correlation,
        seed=seed,
    )
    told = method("hdps", per_domain=per_domain, kept=kept, ranking=ranking)
    how = score.method + "; selection=" + told
    return replace(score, method=how, selection=table)
