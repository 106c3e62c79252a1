"""The French of doubt: how calibrated and pooled estimates were made, and what gates are called."""

from __future__ import annotations

from collections.abc import Mapping

ESTIMATORS: Mapping[str, str] = {
    "empirical_calibration": "calibrage sur témoins négatifs",
    "probabilistic_bias_analysis": "analyse probabiliste du biais",
    "misclassification": "correction des erreurs de codage de l'événement",
    "meta_analysis": "méta-analyse par l'inverse de la variance",
    "profile_pooling": "somme des profils de vraisemblance",
}

CHOICES: Mapping[str, str] = {
    "of": "à partir de",
    "null": "loi de l'erreur",
    "error_model": "modèle d'erreur",
    "negative_controls": "témoins négatifs",
    "excluded_controls": "témoins écartés",
    "few_controls": "moins de vingt témoins",
    "bias": "biais",
    "common_outcome": "événement fréquent (15 % ou plus)",
    "draws": "tirages",
    "impossible_draws": "tirages sans correction possible",
    "effects": "effets",
    "between_variance": "variance entre sites",
    "least_scale": "facteur de Hartung-Knapp au moins égal à",
    "sites": "sites",
    "excluded_sites": "sites sans estimation",
    "interpolation": "interpolation",
}

VALUES: Mapping[str, str] = {
    "maximum_likelihood": "par maximum de vraisemblance",
    "empirical_null": "la même quel que soit l'effet",
    "systematic_error": "qui peut croître avec l'effet",
    "unstable": "calibrage instable",
    "unmeasured_confounder": "facteur de confusion non mesuré",
    "misclassified_outcome": "événement mal codé",
    "fixed_effects": "un effet commun",
    "random_effects": "un effet par site (aléatoires)",
    "dersimonian_laird": "selon DerSimonian et Laird",
    "reml": "par maximum de vraisemblance restreinte",
    "ml": "par maximum de vraisemblance",
    "normal": "normal",
    "hartung_knapp": "selon Hartung et Knapp",
    "cubic_hermite": "cubique d'Hermite",
}

REASONS: Mapping[str, str] = {
    "too few negative controls": "trop peu de témoins négatifs utilisables",
    "too few positive controls": "trop peu de témoins positifs utilisables",
    "no order in positive controls": "les témoins positifs ne suivent pas leur vrai rapport",
    "impossible correction": "correction impossible",
    "a single site": "un seul site a une estimation",
    "no site": "aucun site n'a d'estimation",
    "no finite interval": "l'intervalle n'est pas borné, il ne peut être corrigé",
    "identical sites": "les sites ont la même estimation, leur écart ne donne pas d'intervalle",
    "flat profile": "les profils ne distinguent aucun rapport d'un autre",
    "beyond the grid": "le maximum est hors de la grille des profils",
}

# The fields of a request about gates and adjustment.
FIELDS: Mapping[str, str] = {
    "largest_mdrr": "plus petit rapport détectable, au plus",
    "largest_smd": "différence standardisée, au plus",
    "smallest_equipoise": "équipoise, au moins",
    "largest_ease": "erreur systématique, au plus",
    "fewest_controls": "témoins négatifs, au moins",
    "smallest_person_time_share": "part du temps de suivi, au moins",
    "largest_outcome_share": "part des personnes avec l'événement, au plus",
    "pre_exposure": "rapport avant exposition",
    "end_of_observation": "rapport en fin d'observation",
    "largest_time_instability": "instabilité mensuelle, au plus",
    "null_ratio": "rapport de séquences attendu sans effet",
    "largest_drift": "dérive annuelle de prévalence, au plus",
    "gate": "contrôle",
    "by": "par",
    "on": "le",
    "adjustment": "ajustement",
    "method": "méthode",
    "population": "population visée",
    "stabilise": "poids stabilisés",
    "trim": "troncature",
    "trim_bound": "borne de troncature",
    "caliper": "distance limite",
    "ratio": "appariés par personne",
    "replacement": "avec remise",
    "order": "ordre",
    "strata": "strates",
    "cut_on": "coupées sur",
    "ties": "ex æquo",
    "interval": "intervalle",
    "fewest_carriers": "personnes par côté, au moins",
    "latency_days": "latence",
}

# The same choices as a request writes them.
CHOSEN: Mapping[str, str] = {
    "profiles": "profils de vraisemblance",
    "estimates": "estimations",
    "fixed": "un effet commun",
    "random": "un effet par site",
    "tau2": "de la variance entre sites",
    "q": "de Q",
    "profile": "de vraisemblance profilée",
    **{name: VALUES[name] for name in ("reml", "dersimonian_laird", "hartung_knapp", "normal")},
}

# What each gate is called, and what is said of it when it fails or cannot be evaluated.
GATES: Mapping[str, tuple[str, str]] = {
    "balance": ("Équilibre des groupes", "équilibre"),
    "equipoise": ("Équipoise", "équipoise"),
    "positivity": ("Positivité", "positivité"),
    "mdrr": ("Puissance", "puissance"),
    "systematic_error": ("Erreur systématique", "erreur systématique"),
    "person_time": ("Temps de suivi", "temps de suivi"),
    "event_dependent_exposure": (
        "Exposition indépendante de l'événement",
        "indépendance de l'exposition et de l'événement",
    ),
    "event_dependent_observation": (
        "Observation indépendante de l'événement",
        "indépendance de l'observation et de l'événement",
    ),
    "rare_outcome": ("Rareté de l'événement", "rareté de l'événement"),
    "time_stability": ("Stabilité dans le temps", "stabilité dans le temps"),
    "sequence_trend": ("Tendances des débuts", "stabilité des débuts"),
    "prevalence_drift": ("Dérive de prévalence", "stabilité de la prévalence"),
}
STATISTICS: Mapping[str, str] = {
    "detectable_ratio": "plus petit rapport détectable",
    "ease": "erreur systématique attendue (EASE, logarithme)",
    "largest_smd": "plus grande différence standardisée",
    "effective_share": "effectif efficace, en part de l'effectif",
    "largest_weight_share": "part du poids le plus lourd",
    "person_time_share": "part du temps de suivi du plus petit groupe",
    "null_ratio": "rapport attendu sans effet",
    "prevalence_ratio": "prévalence rapportée aux autres années",
    "all_arms": "Ensemble des groupes",
    "profiles_random": "Synthèse, profils, effets aléatoires",
    "profiles_fixed": "Synthèse, profils, effet commun",
    "estimates_random": "Synthèse, estimations, effets aléatoires",
    "estimates_fixed": "Synthèse, estimations, effet commun",
}
VERDICTS: Mapping[str, str] = {
    "passed": "satisfait",
    "failed": "non satisfait",
    "not_evaluated": "non évalué",
    "opened": "levé",
    "informs": "pour information",
}


def gate_title(name: str) -> str:
    """What a gate is called, its own name when it is not known.

    >>> gate_title("mdrr"), gate_title("Codes présents")
    ('Puissance', 'Codes présents')
    """
    return GATES.get(name, (name, ""))[0]


def withheld(choices: Mapping[str, str]) -> str:
    """Why an estimate is withheld, from the pieces of its ``method``.

    >>> withheld({"withheld": "balance, mdrr", "not_evaluated": "mdrr"})
    'retenu : équilibre non satisfait, puissance non évaluée'
    """
    unknown = choices.get("not_evaluated", "").split(", ")
    told = [_unmet(name, name in unknown) for name in choices["withheld"].split(", ")]
    return f"retenu : {', '.join(told)}"


_MASCULINE = ("balance", "person_time")


def _unmet(name: str, unknown: bool) -> str:
    words = GATES.get(name, ("", f"contrôle {name.replace('_', ' ')}"))[1]
    ending = "" if name in _MASCULINE or name not in GATES else "e"
    return f"{words} non {'évalué' if unknown else 'satisfait'}{ending}"
