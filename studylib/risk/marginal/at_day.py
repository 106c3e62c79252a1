"""Risks and mean times by a day, standardised on covariates: what a regression adjusts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from studylib.risk.gates.gate import Gates
from studylib.risk.marginal.means import Measure
from studylib.risk.marginal.pseudo import NotFollowed, pseudo_values
from studylib.risk.marginal.standardisation import standardised_difference
from studylib.risk.propensity.default_formula import score_formula
from studylib.risk.rows import against, estimate_row, estimates, method
from studylib.risk.time_to_event.at_day import inverse
from studylib.risk.time_to_event.influence import At, incidence_at, mean_time_until
from studylib.tables import ESTIMATES, check


def standardised_risk(
    follow_up: pd.DataFrame,
    *,
    outcome: str,
    reference: str,
    day: int,
    covariates: Sequence[str] = (),
    strata: Sequence[str] = (),
    competing: Sequence[str] = ("death",),
    arms: Sequence[str] = (),
    adjustment: str = "regression",
    level: float = 0.95,
    gates: Gates | None = None,
) -> pd.DataFrame:
    """Risks by ``day`` if everybody had each arm: difference, number needed, ratio (ESTIMATES).

    Rows as in ``risk_difference``. A linear model of pseudo-observations of the outcome
    (``pseudo_risk``: censoring and competing events are dealt with) on the arm, ``covariates``
    (numbers of many values as splines) and ``strata`` predicts the risk of each person under both
    arms (``standardised_difference``). ``adjustment`` is the word told for it. A stated row where
    an arm has nobody, or nobody followed until the day.
    """
    asked = _Asked(outcome, reference, day, tuple(covariates), tuple(strata), tuple(competing),
                   adjustment, level)  # fmt: skip
    found = asked.each(follow_up, arms, incidence_at, "risk")
    needed = found[found["measure"] == "risk_difference"].copy()
    limits = [inverse(*each) for each in needed[_VALUES].itertuples(index=False)]
    needed[_VALUES] = pd.DataFrame(limits, columns=_VALUES, index=needed.index)
    told = needed["method"].str.replace("standardisation", "inverse_risk_difference", n=1)
    needed = needed.assign(measure="number_needed", p_value=float("nan"), method=told)
    # beside the difference it is the inverse of, whose place it has
    whole = pd.concat([found, needed]).sort_index(kind="stable").reset_index(drop=True)
    return gates.release(whole) if gates is not None else check(whole, ESTIMATES)


def standardised_mean_time(
    follow_up: pd.DataFrame,
    *,
    outcome: str,
    reference: str,
    day: int,
    covariates: Sequence[str] = (),
    strata: Sequence[str] = (),
    competing: Sequence[str] = ("death",),
    arms: Sequence[str] = (),
    adjustment: str = "regression",
    level: float = 0.95,
    gates: Gates | None = None,
) -> pd.DataFrame:
    """Difference of mean times free of the outcome by ``day`` if everybody had each arm.

    An ESTIMATES table, measure ``mean_time_difference`` (days), as in ``mean_time_difference``;
    choices as in ``standardised_risk``.

    Reference
    ---------
    Andersen PK, Hansen MG, Klein JP (2004), Lifetime Data Anal 10:335-350.
    """
    asked = _Asked(outcome, reference, day, tuple(covariates), tuple(strata), tuple(competing),
                   adjustment, level)  # fmt: skip
    found = asked.each(follow_up, arms, mean_time_until, "mean")
    found = found.assign(measure="mean_time_difference")
    return gates.release(found) if gates is not None else check(found, ESTIMATES)


_VALUES = ["estimate", "ci_low", "ci_high"]


@dataclass(frozen=True)
class _Asked:
    """What is asked of each arm and the reference."""

    outcome: str
    reference: str
    day: int
    covariates: tuple[str, ...]
    strata: tuple[str, ...]
    competing: tuple[str, ...]
    adjustment: str
    level: float

    def each(
        self, follow_up: pd.DataFrame, arms: Sequence[str], at: At, measure: Measure
    ) -> pd.DataFrame:
        """The standardised contrasts of each arm, one under the other."""
        compared = against(follow_up, self.reference, arms)
        tables = [self._of_arm(follow_up, arm, at, measure) for arm in compared]
        return pd.concat(tables, ignore_index=True)

    def _of_arm(self, follow_up: pd.DataFrame, arm: str, at: At, measure: Measure) -> pd.DataFrame:
        both = follow_up[follow_up["arm"].isin([arm, self.reference])]
        absent = {arm, self.reference} - set(both["arm"])
        if absent:
            return self._stated(both, arm, measure, f"nobody in {min(absent)}")
        try:
            values = pseudo_values(both, at, day=self.day, competing=self.competing, name="value")
        except NotFollowed as failure:
            reason = f"nobody followed until the day in {failure.arm}"
            return self._stated(both, arm, measure, reason)
        people = both.assign(value=values).reset_index(drop=True)
        terms = ["treated", score_formula(people, self.covariates, self.strata)]
        rows = standardised_difference(
            people,
            value="value",
            measure=measure,
            outcome=self.outcome,
            reference=self.reference,
            formula=" + ".join(term for term in terms if term),
            level=self.level,
        )
        return rows.assign(method=rows["method"] + self._told())

    def _told(self) -> str:
        """What is added to the method of the standardisation."""
        told = method(
            "standardisation", day=self.day, adjustment=self.adjustment, competing=self.competing
        )
        return told.removeprefix("standardisation")

    def _stated(self, both: pd.DataFrame, arm: str, measure: Measure, why: str) -> pd.DataFrame:
        """The row of an arm that has no answer."""
        row = estimate_row(
            both,
            comparison=f"{arm} / {self.reference}",
            outcome=self.outcome,
            measure=f"{measure}_difference",
            method=method("standardisation", not_estimable=why) + self._told(),
        )
        return estimates([row])
