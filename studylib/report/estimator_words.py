"""The French of estimators as the validation dossier names them."""

from __future__ import annotations

from collections.abc import Mapping

from studylib.report.method_words import ESTIMATORS, VALUES

PIECES: Mapping[str, str] = {
    **VALUES,
    **ESTIMATORS,
    "cox": "Cox",
    "crude": "brut",
    "regression": "ajusté par régression",
    "profile likelihood": "vraisemblance profilée",
    "garwood": "intervalle exact",
    "iptw": "inverse du score",
    "overlap": "poids de recouvrement",
    "matching": "appariement",
    "matching weights": "poids d'appariement",
    "matching 1:1": "appariement 1 pour 1",
    "pairs": "par paires",
    "estimated score": "score estimé",
    "standardisation": "standardisation",
    "aipw": "doublement robuste",
    "mean": "moyenne",
    "risk": "risque",
    "risk_difference": "différence de risque",
    "mean_time_difference": "différence de temps moyen",
    "incidence_rate": "incidence",
    "conditional_poisson": "série de cas",
    "sequence_symmetry": "symétrie de séquence",
    "case_crossover": "cas croisé",
    "nested_case_control": "cas-témoins niché",
    "meta_analysis": "synthèse",
    "fixed": "effets fixes",
    "random": "effets aléatoires",
    "normal": "intervalle normal",
    "5 sites": "5 observatoires",
    "13 sites": "13 observatoires",
    "empirical_calibration": "calibration empirique",
    "without calibration": "sans calibration",
    "biased": "estimations biaisées",
}


def estimator(name: str) -> str:
    """An estimator's name in French, piece by piece.

    >>> estimator("cox, crude")
    'Cox, brut'
    """
    return ", ".join(PIECES.get(piece, piece) for piece in name.split(", "))
