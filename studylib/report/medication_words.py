"""French words of polypharmacy, prescribing rules and drug-related admissions."""

from __future__ import annotations

from collections.abc import Mapping

MEDICATION_COLUMNS: Mapping[str, str] = {
    "cost": "Coût moyen",
    "deaths": "Décès",
    "dispensings": "Délivrances",
    "establishment": "Établissement",
    "establishments": "Établissements prescripteurs",
    "excess": "Dépassement",
    "excess_high": "Dépassement, limite haute",
    "excess_low": "Dépassement, limite basse",
    "from_hospital": "Dont prescrites à l'hôpital",
    "level": "Niveau",
    "nights": "Nuits en moyenne",
    "per": "Pour",
    "prescribers": "Prescripteurs",
    "scenario": "Scénario",
    "rule": "Règle",
    "status": "Application",
    "stays": "Séjours",
    "unlinked": "Séjours rattachés à personne",
}

MEDICATION_VALUES: Mapping[str, str] = {
    # prescribing rules: levels, and why a rule has no case
    "inappropriate": "potentiellement inapproprié",
    "omission": "omission",
    "contraindicated": "contre-indication",
    "discouraged": "association déconseillée",
    "precaution": "précaution d'emploi",
    "considered": "à prendre en compte",
    "run": "appliquée",
    "nobody": "ne concerne personne",
    "no_drug": "médicaments absents des données",
    "no_dose": "dose des boîtes inconnue",
    "no_table": "maladie non recherchable",
    "all": "Ensemble",
    "any_rule": "Au moins une règle vérifiée",
    # polypharmacy and load
    "cumulative_5_9": "Cumulée, 5 à 9 substances",
    "cumulative_10": "Cumulée, 10 ou plus",
    "continuous_5_9": "Continue, 5 à 9 substances",
    "continuous_10": "Continue, 10 ou plus",
    "concurrent_5_9": "Simultanée, 5 à 9 en moyenne",
    "concurrent_10": "Simultanée, 10 ou plus en moyenne",
    "anticholinergic_acb": "Charge anticholinergique (ACB)",
    "sedative_load": "Charge sédative",
    # drug-related stays
    "drug_related": "Séjours liés aux médicaments",
    "coded_cause": "codé en diagnostic principal",
    "coded_associated": "codé en diagnostic associé",
    "two_list": "règle des deux listes, sans code",
    "intentional": "acte volontaire",
    "admission": "cause de l'entrée",
    "emergency_entry": "entrée par les urgences, cause possible",
    "undetermined": "à l'entrée ou pendant le séjour, sans pouvoir trancher",
    "drug_class": "Classe de médicaments",
}
