"""The French of the self-controlled and sampling designs: how their estimates were made."""

from __future__ import annotations

from collections.abc import Mapping

ESTIMATORS: Mapping[str, str] = {
    "conditional_poisson": "série de cas autocontrôlée (Poisson conditionnel)",
    "conditional_logistic": "régression logistique conditionnelle",
    "case_crossover": "cas croisés (régression logistique conditionnelle)",
    "nested_case_control": "cas-témoins niché (régression logistique conditionnelle)",
    "sequence_symmetry": "symétrie de séquences",
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
    "likelihood": "vraisemblance",
    "window": "fenêtre (jours)",
    "blackout": "écart minimal (jours)",
    "run_in": "jours sans délivrance exigés",
    "same_day": "débuts le même jour",
    "null_window": "fenêtre du rapport attendu (jours)",
    "null_ratio": "rapport attendu sans effet",
    "case_window": "fenêtre du cas (jours)",
    "referents": "fenêtres de référence",
    "washout": "jours entre fenêtres",
    "trend": "tendance de l'exposition",
    "controls": "témoins par cas",
    "matched_on": "appariés sur",
    "time_scale": "échelle de temps",
    "age_caliper": "écart d'âge admis (jours)",
    "lag": "jours écartés avant l'événement",
}

VALUES: Mapping[str, str] = {
    "later": "la plus récente l'emporte",
    "merge": "expositions réunies d'abord",
    "groups": "par groupes",
    "spline": "courbe lisse",
    "months": "par mois",
    "first_day": "premier jour du nouveau groupe",
    "last_day": "dernier jour de l'ancien groupe",
    "first": "le premier",
    "fixed_window": "fixe, autour de l'exposition",
    "no_early_end": "sans objet, aucune observation écourtée",
    "exponential_weibull_age": "exponentielle et Weibull de l'âge",
    "exponential_weibull_interval": "exponentielle et Weibull du délai",
    "exponential_gamma_age": "exponentielle et gamma de l'âge",
    "exponential_gamma_interval": "exponentielle et gamma du délai",
    "drop": "écartés",
    "split": "partagés",
    "index_first": "comptés étudié d'abord",
    "marker_first": "comptés marqueur d'abord",
    "beta_posterior": "loi bêta a posteriori",
    "clopper_pearson": "exact (Clopper et Pearson)",
    "before": "avant le cas",
    "time_stratified": "du même mois et du même jour de la semaine",
    "case_time_control": "divisée par celle de témoins",
    "calendar_date": "date",
    "time_since_entry": "temps depuis l'entrée",
    "sex": "sexe",
    "birth": "âge",
    "region": "région",
}

REASONS: Mapping[str, str] = {
    "no outcome outside": "aucun événement hors de la fenêtre",
    "nobody exposed": "aucun cas exposé",
    "not separable": "effet confondu avec celui du temps",
    "no discordant set": "aucun ensemble dont l'exposition diffère",
    "no pair": "aucune personne n'a débuté les deux",
    "no trend": "le rapport attendu sans effet n'est pas calculable",
    "separation": "l'exposition sépare entièrement les cas des témoins",
}

# What requests of these studies choose, and the names of their fields.
CHOSEN: Mapping[str, str] = {
    "later": "la plus récente l'emporte",
    "merge": "expositions réunies d'abord",
    "months": "par mois",
    "spline": "courbe lisse",
    "none": "aucune",
    "first": "le premier",
    "all": "tous",
    "independent": "indépendante de l'événement",
    "event_dependent": "dépendante de l'événement, corrigée",
    "wald": "normal (Wald)",
    "profile": "de vraisemblance profilée",
    "start": "début de l'exposition",
    "drop": "écartés",
    "split": "partagés entre les deux ordres",
    "index_first": "comptés médicament étudié d'abord",
    "marker_first": "comptés marqueur d'abord",
    "beta_posterior": "loi bêta a posteriori",
    "clopper_pearson": "exact (Clopper et Pearson)",
}
FIELDS: Mapping[str, str] = {
    "first": "premier jour",
    "last": "dernier jour",
    "first_from": "compté depuis",
    "last_from": "dernier compté depuis",
    "index": "médicament étudié",
    "marker": "marqueur",
    "season": "saison",
    "calendar": "calendrier",
    "recurrence": "événements retenus",
    "overlap": "fenêtres qui se recouvrent",
    "naive_period_days": "période naïve",
    "observation": "fin d'observation",
}
