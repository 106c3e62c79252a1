"""How an estimate was made, in French: the words of every ``method`` the library writes.

A method reads ``estimator; choice=value; choice=value`` (see ``risk.rows.method``). A test reads
the library and refuses a choice that has no words here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from studylib.report import doubt_words, self_controlled_words

ESTIMATORS: Mapping[str, str] = {
    **self_controlled_words.ESTIMATORS,
    **doubt_words.ESTIMATORS,
    "incidence_rate": "taux d'incidence",
    "cox": "modèle de Cox",
    "cox_time_varying": "modèle de Cox, exposition variable dans le temps",
    "fine_gray": "modèle de Fine et Gray (Cox pondéré)",
    "aalen_johansen": "Aalen-Johansen",
    "restricted_mean_time": "temps moyen restreint",
    "attributable": "cas attribuables : cas × (1 − 1/rapport)",
    "inverse_risk_difference": "inverse de la différence de risque",
    "logistic": "régression logistique",
    "hdps": "hdPS",
    "lasso_logistic": "régression logistique pénalisée (L1)",
    "weighted_means": "moyennes pondérées",
    "standardisation": "standardisation (formule g)",
    "aipw": "estimation doublement robuste (AIPW)",
    "unadjusted": "sans ajustement",
    "iptw": "pondération par l'inverse de la probabilité de traitement",
    "overlap": "poids de recouvrement",
    "matching_weights": "poids d'appariement",
    "matching": "appariement au plus proche sur le score",
    "stratification": "stratification sur le score",
}

CHOICES: Mapping[str, str] = {
    **self_controlled_words.CHOICES,
    **doubt_words.CHOICES,
    "adjustment": "ajustement",
    "covariates": "covariables",
    "strata": "stratifié par",
    "weights": "poids",
    "cluster": "grappe",
    "ties": "ex æquo",
    "replicates": "rééchantillons",
    "seed": "graine",
    "of_measure": "rapport",
    "variance": "variance",
    "interval": "intervalle",
    "day": "au jour",
    "competing": "événements concurrents",
    "per": "personnes-années",
    "constant": "écartées, sans variation",
    "few_carriers": "écartées, trop peu de personnes d'un côté",
    "no_outcome_on_one_side": "écartées, sans événement d'un côté",
    "repeated": "écartées, déterminées par les autres",
    "formula": "formule",
    "model": "modèle de l'événement",
    "quantile": "quantile",
    "smallest_score": "score ramené au moins à",
    "values": "valeurs",
    "standardised": "réduites",
    "penalty": "pénalité",
    "chosen_by": "choisie par",
    "folds": "plis",
    "rule": "règle",
    "selection": "codes choisis par",
    "per_domain": "codes par domaine",
    "kept": "codes et récurrences gardés",
    "ranking": "classés selon",
    "columns_offered": "covariables proposées",
    "columns_kept": "retenues",
    "population": "population représentée",
    "target": "groupe visé",
    "stabilised": "stabilisés",
    "truncated_at": "plafonnés à",
    "truncated_quantile": "ramenés au quantile",
    "trim": "écrêtage du score",
    "trim_bound": "borne d'écrêtage",
    "caliper": "distance limite",
    "scale": "échelle",
    "ratio": "comparateurs par personne",
    "match_ties": "à distance égale",
    "order": "ordre de passage",
    "replacement": "avec remise",
    "complete": "ensembles complets seulement",
    "exact": "exact sur",
    "strata_number": "strates",
    "cut_on": "coupées sur",
}

VALUES: Mapping[str, str] = {
    **self_controlled_words.VALUES,
    **doubt_words.VALUES,
    "none": "aucun",
    "regression": "par régression",
    "weights": "par pondération",
    "person_id": "la personne",
    "weight": "ceux de l'ajustement",
    "influence": "robuste (fonctions d'influence)",
    "efron": "selon Efron",
    "breslow": "selon Breslow",
    "exact": "exact",
    "garwood": "exact de Poisson (Garwood)",
    "wald": "normal (Wald)",
    "profile": "par vraisemblance profilée",
    "model": "du modèle",
    "sandwich": "robuste (sandwich)",
    "joined_limits": "limites du rapport et du nombre de cas réunies",
    "bootstrap": "par rééchantillonnage",
    "linear": "linéaire",
    "logistic": "logistique",
    "normal": "normal",
    "t": "de Student",
    "hc0": "robuste (HC0)",
    "hc1": "robuste (HC1)",
    "estimated_score": "robuste, score estimé",
    "estimating_equations": "des équations d'estimation",
    "yes": "oui",
    "presence": "présence",
    "counts": "nombre",
    "cross_validation": "validation croisée",
    "given": "la demande",
    "best": "la meilleure",
    "one_standard_error": "à une erreur type",
    "no": "non",
    "ate": "tous",
    "att": "le groupe visé",
    "matched": "les personnes appariées du groupe comparé",
    "overlap": "poids de recouvrement",
    "matching": "appariement sur le score",
    "iptw": "pondération (IPTW)",
    "matching_weights": "poids d'appariement",
    "stratification": "stratification sur le score",
    "crump": "probabilités extrêmes (Crump)",
    "asymmetric": "asymétrique (Stürmer)",
    "quantile": "quantiles du score",
    "ps": "score",
    "logit": "logit du score",
    "standardised_logit": "logit du score sur son écart type",
    "descending": "score décroissant",
    "ascending": "score croissant",
    "random": "au hasard",
    "data": "celui des données",
    "lowest_person_id": "plus petit identifiant",
    "compared": "le groupe comparé",
    "bias": "leur biais possible (Bross)",
    "exposure": "leur lien avec le traitement",
}

# Why there is no estimate. A reason may be followed by « in » and the arm it tells of.
REASONS: Mapping[str, str] = {
    "arms cannot be made comparable": "les groupes ne peuvent être rendus comparables",
    **self_controlled_words.REASONS,
    **doubt_words.REASONS,
    "no outcome": "aucun événement",
    "a risk is zero": "un des risques est nul",
    "no variance": "aucune variation de l'événement",
    "no convergence": "le modèle n'a pas de solution finie",
    "nobody": "aucune personne",
    "weights on one person": "les poids tiennent à une seule personne",
    "no stratum with both arms": "aucune strate ne réunit les deux groupes",
    "no outcome by the day": "aucun événement à ce jour",
    "too few persons": "trop peu de personnes",
    "everybody": "toutes les personnes",
    "weights are zero": "poids tous nuls",
    "no ratio with two limits": "le rapport n'a pas ses deux limites",
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
        return doubt_words.withheld(choices)
    if "not_estimable" in choices:
        reason, _, arm = choices["not_estimable"].partition(" in ")
        return f"non estimable : {REASONS.get(reason, reason)}" + (f" ({name(arm)})" if arm else "")
    words = [
        f"{CHOICES.get(c, c)} : {_formula(v, name) if c == 'formula' else _values(v, name)}"
        for c, v in choices.items()
    ]
    return ", ".join([ESTIMATORS.get(estimator, estimator), *words])


def _formula(text: str, name: Callable[[str], str]) -> str:
    """A formula whose columns are named in French; its functions stay as they are written."""
    return re.sub(r"\b(?!spline\b)[a-z][a-z0-9_]+", lambda found: name(found[0]), text)


def _values(text: str, name: Callable[[str], str]) -> str:
    known = {**ESTIMATORS, **VALUES}
    if re.fullmatch(r"-?\d+\.\d+", text):
        return text.replace(".", ",")
    return ", ".join(known.get(value) or name(_with_comma(value)) for value in text.split(", "))


def _with_comma(value: str) -> str:
    """A decimal number as French writes it; anything else as it is."""
    return value.replace(".", ",") if re.fullmatch(r"-?\d+\.\d+", value) else value
