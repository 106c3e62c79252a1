"""How an estimate was made, in French: the words of every ``method`` the library writes.

A method reads ``estimator; choice=value; choice=value`` (see ``risk.rows.method``). A test reads
the library and refuses a choice that has no words here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

ESTIMATORS: Mapping[str, str] = {
    "conditional_poisson": "série de cas autocontrôlée (Poisson conditionnel)",
    "incidence_rate": "taux d'incidence",
    "cox": "modèle de Cox",
    "fine_gray": "modèle de Fine et Gray (Cox pondéré)",
    "aalen_johansen": "Aalen-Johansen",
    "restricted_mean_time": "temps moyen restreint",
    "inverse_risk_difference": "inverse de la différence de risque",
}

CHOICES: Mapping[str, str] = {
    "overlap": "fenêtres qui se recouvrent",
    "age": "âge",
    "age_cut": "coupure d'âge",
    "season": "saison",
    "calendar": "calendrier",
    "recurrence": "événements retenus",
    "naive_period": "jours écartés au début",
    "control": "fenêtre de comparaison",
    "observation_end": "fin d'observation dépendante de l'événement",
    "unidentified": "écartés, confondus avec d'autres termes",
    "adjustment": "ajustement",
    "covariates": "covariables",
    "strata": "stratifié par",
    "weights": "poids",
    "cluster": "grappe",
    "ties": "ex æquo",
    "replicates": "rééchantillons",
    "seed": "graine",
    "variance": "variance",
    "interval": "intervalle",
    "day": "au jour",
    "competing": "événements concurrents",
    "per": "personnes-années",
    "constant": "écartées, sans variation",
    "few_carriers": "écartées, trop peu de personnes d'un côté",
    "no_outcome_on_one_side": "écartées, sans événement d'un côté",
    "repeated": "écartées, déterminées par les autres",
}

VALUES: Mapping[str, str] = {
    "later": "la plus récente l'emporte",
    "merge": "expositions réunies d'abord",
    "groups": "par groupes",
    "spline": "courbe lisse",
    "months": "par mois",
    "first_day": "premier jour du nouveau groupe",
    "last_day": "dernier jour de l'ancien groupe",
    "all": "tous",
    "first": "le premier",
    "fixed_window": "fixe, autour de l'exposition",
    "exponential_weibull_age": "exponentielle et Weibull de l'âge",
    "exponential_weibull_interval": "exponentielle et Weibull du délai",
    "exponential_gamma_age": "exponentielle et gamma de l'âge",
    "exponential_gamma_interval": "exponentielle et gamma du délai",
    "none": "aucun",
    "regression": "par régression",
    "weights": "par pondération",
    "influence": "robuste (fonctions d'influence)",
    "efron": "selon Efron",
    "breslow": "selon Breslow",
    "exact": "exact",
    "garwood": "exact de Poisson (Garwood)",
    "wald": "normal (Wald)",
    "profile": "par vraisemblance profilée",
    "model": "du modèle",
    "sandwich": "robuste (sandwich)",
    "bootstrap": "par rééchantillonnage",
}

# Why there is no estimate. A reason may be followed by « in » and the arm it tells of.
REASONS: Mapping[str, str] = {
    "no outcome outside": "aucun événement hors de la fenêtre",
    "nobody exposed": "aucun cas exposé",
    "not separable": "effet confondu avec celui du temps",
    "no outcome": "aucun événement",
    "no convergence": "le modèle n'a pas de solution finie",
    "nobody": "aucune personne",
    "weights on one person": "les poids tiennent à une seule personne",
    "no stratum with both arms": "aucune strate ne réunit les deux groupes",
    "weights are zero": "poids tous nuls",
    "nobody followed until the day": "personne n'est suivi jusqu'à ce jour",
}


def told(method: str, name: Callable[[str], str]) -> str:
    """``method`` in French; ``name`` gives the French of arms, covariates and gates.

    >>> told("cox; ties=efron; adjustment=none", str)
    'modèle de Cox, ex æquo : selon Efron, ajustement : aucun'
    >>> told("cox; not_estimable=no outcome in AVK; ties=efron", str)
    'non estimable : aucun événement (AVK)'
    """
    estimator, *pieces = method.split("; ")
    choices = dict(piece.partition("=")[::2] for piece in pieces)
    if "withheld" in choices:
        gates = ", ".join(name(gate) for gate in choices["withheld"].split(", "))
        return f"retenu : {gates}"
    if "not_estimable" in choices:
        reason, _, arm = choices["not_estimable"].partition(" in ")
        return f"non estimable : {REASONS.get(reason, reason)}" + (f" ({name(arm)})" if arm else "")
    words = [f"{CHOICES.get(c, c)} : {_values(v, name)}" for c, v in choices.items()]
    return ", ".join([ESTIMATORS.get(estimator, estimator), *words])


def _values(text: str, name: Callable[[str], str]) -> str:
    return ", ".join(VALUES.get(value) or name(value) for value in text.split(", "))
