"""The propensity score: each person's chance of each arm, given what was known before index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from studylib.errors import EstimationError
from studylib.risk.columns import check_columns
from studylib.risk.propensity.design import Design, design
from studylib.risk.propensity.logistic import LogisticFit, logistic
from studylib.risk.rows import method, refuse_persons

CAP = 1e-7
"""Probabilities are kept this far from 0 and 1 before a logit is taken."""


@dataclass(frozen=True)
class Score:
    """Probabilities of each arm, and the model they come from.

    ``persons``
        person_id and arm, in the order of the people given.
    ``probabilities``
        one column per arm, the reference first; each line sums to one.
    ``coefficients``
        arm, term, coefficient, standard_error (empty when penalised); terms shrunk to zero are
        left out.
    ``method``
        the model in a line, as ``report`` tells it; columns left out are named there.
    ``design``
        what the model was fitted on, for intervals that count its estimation; None when penalised.
    ``selection``
        the HIGH_DIMENSIONAL table of what it was offered, when hdPS chose it; None otherwise.
    """

    persons: pd.DataFrame
    probabilities: pd.DataFrame
    coefficients: pd.DataFrame
    log_likelihood: float
    method: str
    design: Design | None = None
    selection: pd.DataFrame | None = None

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms, the reference first."""
        return tuple(map(str, self.probabilities.columns))

    @property
    def reference(self) -> str:
        """The arm the others are compared with."""
        return self.arms[0]

    @property
    def codes(self) -> np.ndarray:
        """Each person's arm as its place in ``arms``."""
        return pd.Index(self.arms).get_indexer(pd.Index(self.persons["arm"]))

    def of_same(self, people: pd.DataFrame) -> bool:
        """Whether ``people`` are the persons of the score, in the same order and arms."""
        check_columns(people, ["person_id", "arm"])
        return len(people) == len(self.persons) and all(
            bool((people[name].to_numpy(object) == self.persons[name].to_numpy(object)).all())
            for name in ("person_id", "arm")
        )

    def of_two(self, what: str) -> np.ndarray:
        """The score of the compared arm; EstimationError when arms are not two."""
        if len(self.arms) != 2:
            raise EstimationError(
                f"{what} : deux groupes attendus, {len(self.arms)} présents "
                f"({', '.join(self.arms)}) ; comparer deux groupes, ou pondérer "
                "(iptw, overlap, matching_weights), qui en accepte plusieurs."
            )
        return self.probabilities.iloc[:, 1].to_numpy()


def propensity_score(
    people: pd.DataFrame,
    *,
    reference: str,
    formula: str,
    arms: Sequence[str] = (),
    fewest_carriers: int = 0,
    highest_correlation: float | None = None,
) -> Score:
    """The probability of each arm by logistic regression on ``formula`` (multinomial when > 2).

    ``formula`` is read by ``formula.terms``: ``"age + spline(age, 4) + male:renal + C(region)"``.
    ``arms`` names the arms of the study (default: those present). Columns left out are named in
    ``method``: constant ones, those that follow from others, and flags that fewer than
    ``fewest_carriers`` persons have or lack. With ``highest_correlation``, a column more correlated
    than that with an arm is refused: it usually encodes the drug itself.

    EstimationError for a duplicated person, an arm with nobody, a missing value, an unknown column,
    or when the arms are separated.

    Reference
    ---------
    Rosenbaum PR, Rubin DB (1983), Biometrika 70:41-55; Imbens GW (2000), Biometrika 87:706-710.

    >>> people = pd.DataFrame({"person_id": range(8), "arm": list("AABBAABB"),
    ...                        "male": [1, 1, 1, 0, 1, 0, 0, 0]})
    >>> score = propensity_score(people, reference="B", formula="male")
    >>> score.probabilities["A"].round(2).unique().tolist()
    [0.75, 0.25]
    """
    names = arms_of(people, reference, arms)
    built = design(people, formula, fewest_carriers=fewest_carriers)
    codes = pd.Index(names).get_indexer(pd.Index(people["arm"]))
    refuse_correlated(built, codes, highest_correlation)
    fit = logistic(built.matrix, codes, names=built.names)
    told = method("logistic", formula=formula.strip() or None, **built.reasons())
    return Score(
        persons=people[["person_id", "arm"]].reset_index(drop=True),
        probabilities=pd.DataFrame(fit.probabilities, columns=names),
        coefficients=_coefficients(fit, built, names),
        log_likelihood=fit.log_likelihood,
        method=told,
        design=built,
    )


def arms_of(people: pd.DataFrame, reference: str, arms: Sequence[str] = ()) -> list[str]:
    """The arms, the reference first, then sorted; EstimationError when they cannot be compared."""
    refuse_persons(people)
    present = set(people["arm"])
    wanted = sorted(set(arms) or present)
    unknown = sorted(present - set(wanted))
    if reference not in wanted or len(wanted) < 2 or unknown:
        raise EstimationError(
            f"Score de propension : groupe de référence « {reference} » et un autre groupe "
            f"attendus ; groupes présents : {', '.join(sorted(present)) or 'aucun'}."
        )
    absent = [name for name in wanted if name not in present]
    if absent:
        raise EstimationError(
            f"Score de propension : personne dans le groupe {', '.join(absent)} ; comparer les "
            f"groupes présents, {', '.join(sorted(present))}."
        )
    return [reference, *(name for name in wanted if name != reference)]


def refuse_correlated(built: Design, codes: np.ndarray, highest: float | None) -> None:
    """EstimationError naming columns more correlated than ``highest`` with being in an arm."""
    if highest is None or built.matrix.shape[1] < 2:
        return
    columns = built.matrix[:, 1:]
    centred = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    found: set[str] = set()
    for code in range(1, int(codes.max()) + 1):
        flag = (codes == code).astype(float)
        related = centred.T @ (flag - flag.mean()) / (len(flag) * flag.std())
        found |= {built.names[i + 1] for i in np.flatnonzero(np.abs(related) > highest)}
    refuse_named(sorted(found), highest)


def refuse_named(names: Sequence[str], highest: float) -> None:
    """EstimationError when ``names`` holds covariates too correlated with treatment."""
    if names:
        limit = f"{highest:g}".replace(".", ",")
        told = ", ".join(names[:10]) + ("…" if len(names) > 10 else "")
        raise EstimationError(
            f"Score de propension : {told} : corrélation avec le groupe supérieure à {limit} ; "
            "une covariable qui dit le traitement lui-même est à retirer."
        )


def _coefficients(fit: LogisticFit, built: Design, names: Sequence[str]) -> pd.DataFrame:
    size = len(built.names)
    return pd.DataFrame(
        {
            "arm": np.repeat(np.array(names[1:], dtype=object), size),
            "term": np.tile(np.array(built.names, dtype=object), len(names) - 1),
            "coefficient": fit.coefficients.T.ravel(),
            "standard_error": np.sqrt(np.diag(fit.covariance)),
        }
    )
