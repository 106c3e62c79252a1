"""The French of who enters a study, how each leaves it, and the stretches of time between."""

from __future__ import annotations

from collections.abc import Mapping

COURSE: Mapping[str, str] = {
    # exit reasons
    "event": "survenue de l'événement",
    "outcome": "survenue de l'événement",
    "death": "décès",
    "discontinuation": "arrêt du traitement",
    "end_of_follow_up": "fin de la durée de suivi",
    "switch": "changement de traitement",
    "end_of_observation": "fin d'observation",
    # first lines of a flow chart
    "dispensed": "Délivrance d'un des traitements pendant l'inclusion",
    "washout": "Aucune délivrance dans la période précédente exigée",
    "one_arm": "Un seul des traitements débuté ce jour-là",
    "observed": "Personne observée le jour de l'entrée",
    "events": "Un événement d'un des groupes dans les données",
    "nth_event": "Événement du rang exigé pendant l'inclusion",
    "set_aside": "Non tirées au sort pour le groupe sans traitement",
    "matched": "Au moins un comparateur trouvé",
    "comparators": "Comparateurs ajoutés",
    # self-controlled designs
    "outcome_share": "part des personnes avec l'événement",
    "chance_of_instability": "valeur de p de l'écart mensuel",
    "persons_with_event": "Personnes avec l'événement pendant la période",
    "naive_period": "Temps restant après la période naïve",
    "study_period": "Temps dans la période étudiée",
    "with_event": "Événement dans le temps gardé",
    "case_series": "Série de cas",
    "case_crossover": "Cas croisés",
    "case_time_control": "Cas croisés, tendance retirée",
    "unexposed": "reste du temps",
    "exposed": "sous traitement",
    "pre_exposure": "avant l'exposition",
    "either_order": "l'un ou l'autre d'abord",
    "index_first": "médicament étudié d'abord",
    "marker_first": "marqueur d'abord",
    "same_day": "le même jour",
}
