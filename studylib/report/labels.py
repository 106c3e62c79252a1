"""French names for what tables hold: columns, measures, exit reasons, characteristics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from studylib import referentials
from studylib.errors import CodeError, StudyError
from studylib.report import french, method_words
from studylib.report.wording import COLUMNS, VALUES

Scale = Literal["ratio", "rate", "share", "number"]


@dataclass(frozen=True)
class Measure:
    """How a statistic is named and written.

    ``scale`` says how the estimate is stored: a ratio, a rate for 1 000 person-years,
    a share from 0 to 1 (shown in %), or a plain number.
    """

    label: str
    scale: Scale
    short: str = ""
    decimals: int = 2


MEASURES: Mapping[str, Measure] = {
    "hazard_ratio": Measure("Rapport de risques instantanés (HR)", "ratio", "HR"),
    "rate_ratio": Measure("Rapport de taux d'incidence", "ratio", "RTI"),
    "mean_difference": Measure("Différence de moyennes", "number"),
    "risk_ratio": Measure("Rapport de risques", "ratio", "RR"),
    "odds_ratio": Measure("Rapport de cotes (OR)", "ratio", "OR"),
    "incidence_rate_ratio": Measure("Rapport de taux d'incidence (IRR)", "ratio", "IRR"),
    "crude_sequence_ratio": Measure("Rapport de séquences brut", "ratio", "RS brut"),
    "adjusted_sequence_ratio": Measure("Rapport de séquences ajusté", "ratio", "RS ajusté"),
    "spending_ratio": Measure("Rapport de dépenses standardisé", "ratio", "Rapport"),
    "incidence_rate": Measure("Incidence pour 1\u202f000 personnes-années", "rate", "Incidence", 1),
    "rate_difference": Measure(
        "Différence d'incidence pour 1\u202f000 personnes-années",
        "rate",
        "Différence d'incidence",
        1,
    ),
    "cumulative_incidence": Measure("Incidence cumulée", "share"),
    "survival": Measure("Survie sans événement", "share", decimals=1),
    "risk": Measure("Risque", "share"),
    "risk_difference": Measure("Différence de risque (points de pourcentage)", "share"),
    "mean_time_difference": Measure(
        "Différence de temps moyen sans événement (jours)", "number", decimals=1
    ),
    "attributable_fraction": Measure("Fraction attribuable", "share"),
    "subdistribution_hazard_ratio": Measure(
        "Rapport de risques de sous-répartition (Fine et Gray)", "ratio", "sHR"
    ),
    "share": Measure("Part pour 100 personnes, à âge et sexe égaux", "number", "Part", 1),
    "rate": Measure(
        "Taux pour 100\u202f000 personnes-années, à âge et sexe égaux", "number", "Taux", 1
    ),
    "number_needed": Measure("Personnes traitées pour un événement d'écart", "number", decimals=0),
}


def column(name: str, labels: Mapping[str, str] | None = None) -> str:
    """The French header of a column; its own name, spaced, when it is not known.

    >>> column("person_years"), column("cout_total")
    ('Personnes-années', 'Cout total')
    """
    given = (labels or {}).get(name) or COLUMNS.get(name)
    return french.typeset(given or name.replace("_", " ").capitalize())


def measure(name: str) -> Measure:
    """How the statistic ``name`` is written; a plain number under its own name if unknown.

    >>> measure("hazard_ratio").label
    'Rapport de risques instantanés (HR)'
    """
    return MEASURES.get(name) or Measure(name.replace("_", " ").capitalize(), "number")


def value(name: object, labels: Mapping[str, str] | None = None) -> str:
    """The French text of a cell: given labels first, then known words, then code lists.

    >>> value("primary"), value("AOD / AVK")
    ('Analyse principale', 'AOD contre AVK')
    """
    text = str(name)
    if " / " in text and text not in (labels or {}):
        return " contre ".join(value(side, labels) for side in text.split(" / "))
    for mark in (" → ", ": "):
        if mark in text and text not in (labels or {}):
            parts = [value(part.strip(), labels) for part in text.split(mark)]
            return french.typeset(f" {mark.strip()} ".join(parts))
    known = (labels or {}).get(text) or VALUES.get(text)
    if known is None and text in MEASURES:
        known = MEASURES[text].label
    if known is None and text.isascii() and len(text) > 2 and text.replace("_", "").islower():
        known = _codelist_label(text)
    return french.typeset(known or text)


def _codelist_label(name: str) -> str | None:
    try:
        from studylib import codes

        return str(codes.codelist(name).label) or None
    except (ImportError, AttributeError, CodeError):
        return None


def amount(estimate: float | None, name: str) -> str:
    r"""An estimate written as its measure is: ratio, rate, percentage or number.

    >>> amount(12.345, "incidence_rate"), amount(0.0123, "risk_difference")
    ('12,3', '1,2')
    """
    how = measure(name)
    if name == "risk_difference":
        points = None if french.absent(estimate) else 100 * float(estimate or 0)
        return french.number(points, decimals=1)
    if how.scale == "share":
        return french.percent(estimate, decimals=how.decimals)
    if name not in MEASURES:
        return french.significant(estimate)
    return french.number(estimate, decimals=how.decimals)


def with_interval(estimate: float | None, low: float | None, high: float | None, name: str) -> str:
    """An estimate and its limits as one cell.

    >>> with_interval(0.75, 0.6, 0.93, "hazard_ratio")
    '0,75 (0,60 à 0,93)'
    """
    if french.absent(estimate):
        return french.MISSING
    if name == "number_needed":
        return _number_needed(estimate, low, high)
    if french.absent(low) and french.absent(high):
        return amount(estimate, name)
    return f"{amount(estimate, name)} ({amount(low, name)} à {amount(high, name)})"


def _number_needed(estimate: float | None, low: float | None, high: float | None) -> str:
    """The number of persons treated for one outcome more, or less, which the sign says."""
    size = amount(abs(estimate or 0), "number_needed")
    if not french.absent(low) and not french.absent(high):
        ends = sorted(abs(end or 0) for end in (low, high))
        size += f" ({french.bounds(*ends, decimals=0)})"
    return f"{size}, événement {'évité' if (estimate or 0) < 0 else 'en plus'}"


def place(code: object, labels: Mapping[str, str] | None = None, *, zone: bool = False) -> str:
    """The name of a region, or of an open-data zone, given by code; a name comes back as it is.

    >>> place("11"), place("93", zone=True)
    ('Île-de-France', "Provence-Alpes-Côte d'Azur et Corse")
    """
    text = str(code)
    if labels and text in labels:
        return labels[text]
    if zone:
        names = referentials.open_data_zones().set_index("code")["name"]
        return str(names[text]) if text in names.index else value(text, labels)
    try:
        return referentials.region_name(text)
    except (LookupError, StudyError):  # a name, not a code
        return value(text, labels)


def method(text: str) -> str:
    r"""An estimator and its choices in French, as far as their words are known.

    >>> method("cox; ties=efron; adjustment=none")
    'modèle de Cox, ex æquo\xa0: selon Efron, ajustement\xa0: aucun'
    """
    return french.typeset(method_words.told(text, value)) if text else ""
