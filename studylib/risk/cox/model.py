"""The choices of a proportional-hazards model that change its answer, and which go together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import pandas as pd

from studylib.errors import EstimationError
from studylib.risk.columns import check_columns, check_numbers, check_weights
from studylib.risk.cox.risk_sets import ApproximateTies
from studylib.risk.rows import method

Ties = Literal["efron", "breslow", "exact"]
Variance = Literal["model", "sandwich", "bootstrap"]
Interval = Literal["wald", "profile"]
FEWEST_CLUSTERS = 5
FEWEST_REPLICATES = 100


@dataclass(frozen=True)
class CoxModel:
    """What ``hazard_ratio`` fits, whatever the arms."""

    covariates: tuple[str, ...]
    strata: tuple[str, ...]
    weights: str | None
    cluster: str | None
    ties: Ties
    variance: Variance
    interval: Interval
    adjustment: str
    fewest_carriers: int
    replicates: int
    seed: int | None

    def told(self, left_out: dict[str, list[str]], not_estimable: str | None = None) -> str:
        """The model in a line."""
        drawn = self.variance == "bootstrap"
        return method(
            "cox",
            not_estimable=not_estimable,
            ties=self.ties,
            adjustment=self.adjustment,
            covariates=self.covariates,
            strata=self.strata,
            weights=self.weights,
            cluster=self.cluster,
            variance=self.variance,
            interval=self.interval,
            replicates=self.replicates if drawn else None,
            seed=self.seed if drawn else None,
            **{reason: sorted(names) for reason, names in sorted(left_out.items())},
        )

    def refuse(self, follow_up: pd.DataFrame) -> None:
        """EstimationError for choices that do not go together, or columns that cannot be used."""
        for name, choice, known in (
            ("ties", self.ties, get_args(Ties)),
            ("variance", self.variance, get_args(Variance)),
            ("interval", self.interval, get_args(Interval)),
        ):
            if choice not in known:
                raise EstimationError(
                    f"Modèle de Cox : {name} vaut « {choice} » ; accepté : {', '.join(known)}."
                )
        check_numbers(follow_up, self.covariates)
        check_columns(follow_up, self.strata)
        if self.weights is not None:
            check_weights(follow_up, self.weights)
        check_clusters(follow_up, self.cluster)
        for impossible, told in self._impossible():
            if impossible:
                raise EstimationError(f"Modèle de Cox : {told}.")

    def _impossible(self) -> list[tuple[bool, str]]:
        """Each pair of choices that do not go together: whether it was asked, and what to do."""
        drawn = self.variance == "bootstrap"
        return [
            (self.weights is not None and self.variance == "model",
             "pondéré, la variance du modèle y est fausse ; choisir la variance « sandwich » "
             "ou « bootstrap »"),
            (self.ties == "exact" and (self.variance, self.interval) != ("model", "wald"),
             "les ex æquo exacts vont avec la variance du modèle et l'intervalle « wald » ; reçu "
             f"« {self.variance} » et « {self.interval} »"),
            (drawn and (self.seed is None or self.replicates < FEWEST_REPLICATES),
             f"rééchantillonnage demandé avec {self.replicates} tirages et la graine {self.seed} ; "
             f"une graine et {FEWEST_REPLICATES} tirages au moins sont attendus"),
            (self.interval == "profile" and self.variance != "model",
             "l'intervalle par vraisemblance profilée suppose la variance du modèle, reçu "
             f"« {self.variance} » ; choisir l'intervalle « wald »"),
        ]  # fmt: skip


def check_clusters(follow_up: pd.DataFrame, cluster: str | None) -> None:
    """EstimationError when the rows are grouped in too few clusters for a robust variance."""
    if cluster is None:
        return
    check_columns(follow_up, [cluster])
    found = follow_up[cluster].nunique()
    if found < FEWEST_CLUSTERS:
        raise EstimationError(
            f"Estimation : {found} grappes dans {cluster} ; il en faut {FEWEST_CLUSTERS} au moins "
            "pour une variance robuste."
        )


def check_ties(ties: str) -> None:
    """EstimationError for a way with ties that only ``hazard_ratio`` knows, or that is none."""
    if ties not in get_args(ApproximateTies):
        raise EstimationError(f"Modèle de Cox : ties vaut « {ties} » ; accepté : efron, breslow.")
