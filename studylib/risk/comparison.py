"""Arms made comparable, once, for every estimate of a study: the ratio, the risks, the controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pandas as pd

from studylib.cohort import WideCovariates
from studylib.risk.cox import hazard_ratio, likelihood_profile
from studylib.risk.gates.checks import check_mdrr, check_person_time
from studylib.risk.gates.gate import Gates
from studylib.risk.gates.thresholds import Thresholds
from studylib.risk.marginal import standardised_mean_time, standardised_risk
from studylib.risk.propensity import (
    Adjusted,
    balance,
    check_balance,
    equipoise_of,
    positivity_of,
    preference_distribution,
    wide_balance,
)
from studylib.risk.propensity.schemas import PREFERENCE
from studylib.risk.rows import against, estimate_row, estimates, method
from studylib.risk.schemas import PROFILES
from studylib.risk.time_to_event import mean_time_difference, risk_difference
from studylib.tables import BALANCE, ESTIMATES, CheckResult, check, empty

UNWEIGHTED = ("none", "regression")


@dataclass(frozen=True)
class Comparison:
    """One population whose arms are each made comparable with the reference.

    ``persons`` is its follow-up with the covariates; ``pairs`` gives, by compared arm, the persons
    as the adjustment keeps and weighs them; ``reasons``, by arm, why there is no such pair.
    """

    persons: pd.DataFrame
    reference: str
    arms: tuple[str, ...]
    covariates: tuple[str, ...]
    strata: tuple[str, ...]
    adjustment: str
    pairs: Mapping[str, Adjusted]
    reasons: Mapping[str, str]
    wide: WideCovariates | None = None

    def hazard_ratio(
        self,
        *,
        outcome: str,
        follow_up: pd.DataFrame | None = None,
        gates: Gates | None = None,
        **choices: Any,
    ) -> pd.DataFrame:
        """``risk.hazard_ratio`` of each arm with the adjustment: an ESTIMATES table.

        ``follow_up`` is that of another outcome on the same persons (a negative control); other
        ``choices`` are those of ``risk.hazard_ratio``.
        """
        return self.each(
            partial(hazard_ratio, covariates=self._entered, **choices),
            "hazard_ratio",
            outcome,
            follow_up,
            gates,
            modelled=True,
        )

    def risk_difference(
        self, *, outcome: str, day: int, gates: Gates | None = None, **choices: Any
    ) -> pd.DataFrame:
        """``risk.risk_difference`` at ``day`` with the weights of the adjustment (ESTIMATES).

        Strata weigh by their sizes; a regression standardises on its covariates and strata
        (``standardised_risk``), so that no risk is crude where the ratio is adjusted.
        """
        ways = risk_difference, standardised_risk
        return self._by_day(ways, "risk_difference", outcome, gates, day=day, **choices)

    def mean_time_difference(
        self, *, outcome: str, day: int, gates: Gates | None = None, **choices: Any
    ) -> pd.DataFrame:
        """``risk.mean_time_difference`` with the adjustment, as ``risk_difference`` takes it."""
        ways = mean_time_difference, standardised_mean_time
        return self._by_day(ways, "mean_time_difference", outcome, gates, day=day, **choices)

    def _by_day(
        self, ways: tuple[Any, Any], measure: str, outcome: str, gates: Gates | None, **choices: Any
    ) -> pd.DataFrame:
        """The weighted way, or the standardised one where the covariates enter the model."""
        if self.adjustment != "regression":
            return self.each(partial(ways[0], **choices), measure, outcome, gates=gates)
        on_covariates = partial(ways[1], covariates=self.covariates, **choices)
        return self.each(on_covariates, measure, outcome, gates=gates, modelled=True)

    @property
    def _entered(self) -> tuple[str, ...]:
        """The covariates that enter the outcome model."""
        return self.covariates if self.adjustment == "regression" else ()

    def each(
        self,
        estimator: Any,
        measure: str,
        outcome: str,
        follow_up: pd.DataFrame | None = None,
        gates: Gates | None = None,
        *,
        modelled: bool = False,
    ) -> pd.DataFrame:
        """The estimator on each pair of arms, one under the other; a stated row without a pair.

        ``modelled``: it takes strata and variance too, beside the weights.
        """
        given = self.persons
        if follow_up is not None:
            given = follow_up[follow_up["person_id"].isin(self.persons["person_id"])]
            given = given.merge(
                self.persons[["person_id", *self._known_only_here(follow_up)]], on="person_id"
            )
        tables = []
        for arm in against(given, self.reference, self.arms):
            both = given[given["arm"].isin([arm, self.reference])]
            pair = self.pairs.get(arm)
            if pair is None and self.adjustment not in UNWEIGHTED:
                tables.append(self.absent(both, arm, measure, outcome))
                continue
            model = self._model(pair, modelled)
            kept = both if pair is None else pair.of(both)
            rows = estimator(
                kept, outcome=outcome, reference=self.reference, arms=(arm, self.reference), **model
            )
            how = "" if pair is None or model["adjustment"] in UNWEIGHTED else pair.told(model)
            tables.append(rows.assign(method=rows["method"] + how))
        together = pd.concat(tables, ignore_index=True)
        return check(gates.release(together) if gates is not None else together, ESTIMATES)

    def _known_only_here(self, follow_up: pd.DataFrame) -> list[str]:
        """Covariates and strata that the follow-up of another outcome does not carry."""
        return [name for name in (*self.covariates, *self.strata) if name not in follow_up]

    def _model(self, pair: Adjusted | None, modelled: bool) -> dict[str, Any]:
        """The keyword arguments with which an estimator takes the adjustment."""
        model: dict[str, Any] = {} if pair is None else dict(pair.model)
        own = model.pop("strata", ())
        if modelled:
            return model | {"strata": (*self.strata, *own), "adjustment": self.adjustment}
        model.pop("variance", None)
        if own:
            model["weights"] = "weight"
        return model | {"adjustment": self.adjustment if "weights" in model else "none"}

    def absent(self, both: pd.DataFrame, arm: str, measure: str, outcome: str) -> pd.DataFrame:
        """The row of an arm that could not be made comparable."""
        told = partial(method, not_estimable="arms cannot be made comparable")
        how = told("cox", adjustment=self.adjustment)
        row = estimate_row(
            both,
            comparison=f"{arm} / {self.reference}",
            outcome=outcome,
            measure=measure,
            method=how,
        )
        return estimates([row])

    def profile(self, *, outcome: str, gates: Gates | None = None, **choices: Any) -> pd.DataFrame:
        """``risk.likelihood_profile`` of each arm with the adjustment: a PROFILES table.

        Empty when ``gates`` are closed.
        """
        tables = [empty(PROFILES)]
        for arm, pair in self.pairs.items():
            model = self._model(pair, modelled=True)
            kept = {name: model[name] for name in ("weights", "strata") if name in model}
            both = self.persons[self.persons["arm"].isin([arm, self.reference])]
            tables.append(
                likelihood_profile(
                    pair.of(both),
                    outcome=outcome,
                    reference=self.reference,
                    covariates=self._entered,
                    **kept,
                    **choices,
                )
            )
        found = pd.concat([one for one in tables if len(one)] or tables, ignore_index=True)
        return empty(PROFILES) if gates is not None and gates.closed else found

    def preference(self, arm: str | None = None) -> pd.DataFrame:
        """How the preference score is spread, ``arm`` (by default the first) and the reference.

        A PREFERENCE table, empty when no score could be estimated.
        """
        chosen = arm if arm is not None else next(iter(self.pairs), None)
        if chosen is None or chosen not in self.pairs:
            return empty(PREFERENCE)
        return preference_distribution(self.pairs[chosen].score)

    def balance(self, covariates: Sequence[str] | None = None) -> pd.DataFrame:
        """How far apart each arm is from the reference, before and after: a BALANCE table.

        Before only, for an arm that could not be made comparable.
        """
        names = self.covariates if covariates is None else covariates
        present = set(self.persons["arm"])
        tables = [
            balance(
                self.persons[self.persons["arm"].isin([arm, self.reference])],
                names,
                reference=self.reference,
                adjusted=None if self.adjustment in UNWEIGHTED else self.pairs.get(arm),
            )
            for arm in self.arms
            if arm != self.reference and {arm, self.reference} <= present
        ]
        return pd.concat(tables, ignore_index=True) if tables else empty(BALANCE)

    def checks(self, thresholds: Thresholds | None = None) -> tuple[CheckResult, ...]:
        """The gates that look at no outcome by arm: balance, equipoise, person-time, power.

        Balance is required when the adjustment weighs or matches, and so is positivity: that the
        weights rest on enough persons. A regression leaves the arms as they are: their balance
        only informs. An arm that could not be made comparable is not evaluated.
        """
        limits = thresholds or Thresholds()
        found = [check_balance(self._whole_balance(), threshold=limits.largest_smd)]
        pairs = list(self.pairs.values())
        if self.adjustment in UNWEIGHTED:
            text = f"pour information, {found[0].text} Une régression n'y change rien."
            found = [replace(found[0], passed=None, evaluated=True, text=text)]
        elif pairs:
            found.append(
                positivity_of(
                    pairs,
                    smallest_effective_share=limits.smallest_effective_share,
                    largest_weight_share=limits.largest_weight_share,
                )
            )
        scores = [pair.score for pair in pairs]
        found.append(equipoise_of(scores, self.reasons, threshold=limits.smallest_equipoise))
        shared: dict[str, Any] = {
            "reference": self.reference,
            "arms": self.arms,
            "thresholds": limits,
        }
        found += [one(self.persons, **shared) for one in (check_person_time, check_mdrr)]
        return tuple(found)

    def _whole_balance(self) -> pd.DataFrame:
        """The balance of the covariates, and of every code where the score was over them."""
        tables = [self.balance()]
        for arm, pair in self.pairs.items():
            if self.wide is not None:
                both = self.persons[self.persons["arm"].isin([arm, self.reference])]
                tables.append(
                    wide_balance(self.wide, both, reference=self.reference, adjusted=pair)
                )
        return pd.concat(tables, ignore_index=True) if len(tables) > 1 else tables[0]
