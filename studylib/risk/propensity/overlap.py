"""Whether the arms could have been compared at all: preference score, equipoise, positivity."""

from __future__ import annotations

import numpy as np
import pandas as pd

from studylib.errors import EstimationError
from studylib.risk.propensity.schemas import PREFERENCE
from studylib.risk.propensity.score import CAP, Score
from studylib.tables import check


def preference_score(score: Score) -> np.ndarray:
    """The score freed of how many persons each arm has: logit F = logit e - logit P.

    One column per arm other than the reference, each beside the reference alone, with P the share
    of the arm in the two. Scores are first kept 1e-7 away from 0 and 1.

    Reference
    ---------
    Walker AM et al. (2013), Comparative Effectiveness Research 3:11-20.
    """
    chance, codes = score.probabilities.to_numpy(), score.codes
    columns = []
    for code in range(1, len(score.arms)):
        pair = np.clip(chance[:, code] / (chance[:, code] + chance[:, 0]), CAP, 1 - CAP)
        ratio = (codes == code).sum() / (codes == 0).sum()
        odds = pair / (1 - pair) / ratio
        columns.append(odds / (1 + odds))
    return np.column_stack(columns)


def equipoise_shares(score: Score, *, low: float = 0.3, high: float = 0.7) -> pd.Series:
    """Of each arm and the reference together, the share with a preference score in [low, high]."""
    if not 0 <= low < high <= 1:
        raise EstimationError(f"Équipoise : bornes {low} et {high} ; 0 ≤ basse < haute ≤ 1.")
    preferred, codes = preference_score(score), score.codes
    shares = {}
    for code in range(1, len(score.arms)):
        both = preferred[(codes == code) | (codes == 0), code - 1]
        shares[score.arms[code]] = float(((both >= low) & (both <= high)).mean())
    return pd.Series(shares, name="share")


def preference_distribution(score: Score, *, bins: int = 10) -> pd.DataFrame:
    """How the preference score is spread in both arms: a PREFERENCE table, one row per arm and bin.

    Two arms. The last bin holds 1 too.
    """
    score.of_two("Score de préférence")
    if bins < 2:
        raise EstimationError(f"Score de préférence : {bins} classes ; deux ou plus.")
    place = np.minimum((preference_score(score)[:, 0] * bins).astype(int), bins - 1)
    parts = []
    for code, arm in enumerate(score.arms):
        held = np.bincount(place[score.codes == code], minlength=bins)
        parts.append(
            pd.DataFrame(
                {
                    "arm": arm,
                    "band": [f"{i / bins:.2f} à {(i + 1) / bins:.2f}" for i in range(bins)],
                    "bin": np.arange(1, bins + 1),
                    "bin_low": np.arange(bins) / bins,
                    "bin_high": np.arange(1, bins + 1) / bins,
                    "persons": held,
                    "share": held / held.sum(),
                }
            )
        )
    return check(pd.concat(parts, ignore_index=True), PREFERENCE)
