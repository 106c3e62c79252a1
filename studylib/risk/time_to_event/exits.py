"""How time at risk ended for each person: the outcome, an event that competes, or neither."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from studylib.cohort.follow_up import REASONS
from studylib.errors import EstimationError
from studylib.risk.columns import check_columns


def check_exits(follow_up: pd.DataFrame, competing: Sequence[str]) -> None:
    """EstimationError for a missing exit reason, or a ``competing`` one that is none.

    A reason may be one of ``cohort.follow_up`` that nobody left by, or one found in the follow-up.
    """
    check_columns(follow_up, ["exit_reason"])
    found = set(follow_up["exit_reason"].unique())
    if not all(isinstance(reason, str) for reason in found):
        raise EstimationError("Estimation : colonne exit_reason ; un motif de sortie en texte.")
    unknown = [reason for reason in competing if reason not in found | set(REASONS)]
    if unknown or "outcome" in competing:
        raise EstimationError(
            f"Estimation : motif concurrent {', '.join(unknown) or 'outcome'} ; un motif de sortie "
            f"autre que l'événement est attendu, parmi {', '.join(sorted(found - {'outcome'}))}."
        )


def times_of(group: pd.DataFrame) -> np.ndarray:
    """Days at risk of each person."""
    return np.asarray((group["exit"] - group["entry"]).to_numpy(float))


def ends_of(group: pd.DataFrame, competing: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Whether each person's time ended by the outcome, and by an event of ``competing``."""
    event = group["event"].to_numpy(bool)
    return event, group["exit_reason"].isin(list(competing)).to_numpy(bool) & ~event


def check_day(day: object) -> None:
    """EstimationError for what is no day of follow-up, 1 or more."""
    if not isinstance(day, int | float | np.integer | np.floating) or not 1 <= day < np.inf:
        raise EstimationError(f"Risque au jour {day} : un jour de suivi, 1 ou plus, est attendu.")
