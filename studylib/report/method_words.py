"""How an estimate was made, in French: the words of every ``method`` the library writes.

A method reads ``estimator; choice=value; choice=value`` (see ``risk.rows.method``). A test reads
the library and refuses a choice that has no words here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

ESTIMATORS: Mapping[str, str] = {
    "incidence_rate": "taux d'incidence",
    "cox": "modèle de Cox",
    "aalen_johansen": "Aalen-Johansen",
    "inverse_risk_difference": "inverse de la différence de risque",
    "empirical_calibration": "calibrage sur témoins négatifs",
    "probabilistic_bias_analysis": "analyse probabiliste du biais",
    "misclassification": "correction des erreurs de codage de l'événement",
    "meta_analysis": "méta-analyse par l'inverse de la variance",
    "profile_pooling": "somme des profils de vraisemblance",
}

CHOICES: Mapping[str, str] = {
    "adjustment": "ajustement",
    "covariates": "covariables",
    "strata": "stratifié par",
    "ties": "ex æquo",
    "variance": "variance",
    "interval": "intervalle",
    "day": "au jour",
    "per": "personnes-années",
    "constant": "écartées, sans variation",
    "few_carriers": "écartées, trop peu de personnes d'un côté",
    "no_outcome_on_one_side": "écartées, sans événement d'un côté",
    "of": "à partir de",
    "null": "loi de l'erreur",
    "error_model": "modèle d'erreur",
    "negative_controls": "témoins négatifs",
    "excluded_controls": "témoins écartés",
    "few_controls": "moins de vingt témoins",
    "bias": "biais",
    "draws": "tirages",
    "seed": "graine",
    "impossible_draws": "tirages sans correction possible",
    "effects": "effets",
    "between_variance": "variance entre sites",
    "least_scale": "facteur de Hartung-Knapp au moins égal à",
    "sites": "sites",
    "excluded_sites": "sites sans estimation",
    "interpolation": "interpolation",
}

VALUES: Mapping[str, str] = {
    "none": "aucun",
    "regression": "par régression",
    "efron": "selon Efron",
    "breslow": "selon Breslow",
    "exact": "exact",
    "garwood": "exact de Poisson (Garwood)",
    "wald": "normal (Wald)",
    "profile": "par vraisemblance profilée",
    "model": "du modèle",
    "sandwich": "robuste (sandwich)",
    "bootstrap": "par rééchantillonnage",
    "maximum_likelihood": "par maximum de vraisemblance",
    "empirical_null": "la même quel que soit l'effet",
    "systematic_error": "qui peut croître avec l'effet",
    "unstable": "calibrage instable",
    "unmeasured_confounder": "facteur de confusion non mesuré",
    "misclassified_outcome": "événement mal codé",
    "fixed": "fixes",
    "random": "aléatoires",
    "dersimonian_laird": "selon DerSimonian et Laird",
    "reml": "par maximum de vraisemblance restreinte",
    "normal": "normal",
    "hartung_knapp": "selon Hartung et Knapp",
    "cubic_hermite": "cubique d'Hermite",
}

# Why there is no estimate. A reason may be followed by « in » and the arm it tells of.
REASONS: Mapping[str, str] = {
    "no outcome": "aucun événement",
    "no convergence": "le modèle n'a pas de solution finie",
    "nobody": "aucune personne",
    "too few negative controls": "trop peu de témoins négatifs utilisables",
    "impossible correction": "correction impossible",
    "a single site": "un seul site a une estimation",
    "no site": "aucun site n'a d'estimation",
    "beyond the grid": "le maximum est hors de la grille des profils",
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
