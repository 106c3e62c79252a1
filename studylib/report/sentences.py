"""Results in one sentence that a reader may quote.

A claims result is told as an association; a withheld result says that counts are too small.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from studylib.errors import StudyError
from studylib.report import french
from studylib.report import labels as words
from studylib.report.cells import not_seen
from studylib.report.disclosure import Masked
from studylib.report.fragment import Fragment, escape, wrap
from studylib.report.tables import review
from studylib.tables import ESTIMATES

INSUFFICIENT = "effectif insuffisant pour être publié"
_PER_1000 = f"pour 1{french.THIN}000 personnes-années"


def sentence(
    estimate: pd.Series | Mapping[str, Any] | pd.DataFrame | str,
    *,
    labels: Mapping[str, str] | None = None,
    within: pd.DataFrame | None = None,
) -> Fragment:
    """One row of ``tables.ESTIMATES`` told in a sentence; a text is only typeset.

    ``within`` is the whole table of estimates the row comes from, so that a small count in
    another row (one arm) also withholds this one. Raises StudyError for several rows at once.
    """
    if isinstance(estimate, str):
        return _paragraph(estimate)
    row, withheld = masked_row(estimate, within)
    if withheld:
        return _paragraph(f"{_start(row, labels)}{INSUFFICIENT}.")
    return _paragraph(_told(row, labels))


def sentences(estimates: pd.DataFrame, *, labels: Mapping[str, str] | None = None) -> Fragment:
    """Each row of a ``tables.ESTIMATES`` told in a sentence of its own, one paragraph a row."""
    told = [sentence(row, labels=labels, within=estimates) for _, row in estimates.iterrows()]
    return Fragment("".join(one.html for one in told), "\n".join(one.text for one in told))


def _paragraph(text: str) -> Fragment:
    typeset = french.typeset(french.months_named(text))
    return Fragment(wrap(f"<p>{escape(typeset)}</p>", "result"), typeset)


def masked_row(
    estimate: pd.Series | Mapping[str, Any] | pd.DataFrame, within: pd.DataFrame | None = None
) -> tuple[pd.Series, bool]:
    """One row of ``tables.ESTIMATES``, hidden cells missing; whether its estimate is withheld."""
    one = estimate if isinstance(estimate, pd.DataFrame) else pd.DataFrame([dict(estimate)])
    if len(one) != 1:
        raise StudyError(f"Phrase de résultat : {len(one)} lignes données ; il en faut une.")
    if within is None:
        masked, place = review(one, ESTIMATES), 0
        return masked.frame.iloc[place], _withheld(masked, place)
    frame = within.reset_index(drop=True)
    same = pd.Series(True, index=frame.index)
    for name in ("analysis", "population", "comparison", "outcome", "measure", "method"):
        same &= frame[name] == one[name].iloc[0]
    if not same.any():
        raise StudyError("Phrase de résultat : la ligne n'est pas dans le tableau donné (within).")
    masked, place = review(frame, ESTIMATES), int(same.to_numpy().argmax())
    return masked.frame.iloc[place], _withheld(masked, place)


def _withheld(masked: Masked, place: int) -> bool:
    """Whether small counts are the reason why there is no estimate to tell."""
    marks, row = masked.marks.iloc[place], masked.frame.iloc[place]
    return bool(pd.isna(row["estimate"]) and (marks[["estimate", "events"]] != "").any())


def _told(row: pd.Series, labels: Mapping[str, str] | None) -> str:
    measure = words.measure(str(row["measure"]))
    if reason := not_seen(row):
        return f"{_start(row, labels)}{_lower_first(measure.label)} {reason}."
    if pd.isna(row["estimate"]):
        return f"{_start(row, labels)}{measure.label} non estimable."
    shown = french.typeset(_with_interval(row))
    if str(row["measure"]).endswith("sequence_ratio"):
        return _sequence(row, shown, measure.label, labels)
    if measure.scale == "ratio":
        return _ratio(row, shown, measure.label, labels)
    if row["measure"] == "risk_difference":
        return _difference(row, shown, labels)
    if row["measure"] == "number_needed":
        return f"{_start(row, labels)}personnes à traiter, {_needed(row)}{_counts(row)}."
    if measure.scale == "rate":
        return _incidence(row, shown, labels)
    text = f"{_start(row, labels)}{measure.label} de {shown}"
    return text + _counts(row) + "."


def _with_interval(row: pd.Series) -> str:
    name = str(row["measure"])
    shown = words.amount(row["estimate"], name)
    if pd.isna(row["ci_low"]) and pd.isna(row["ci_high"]):
        return shown
    low, high = (words.amount(row[side], name) for side in ("ci_low", "ci_high"))
    return f"{shown} (IC 95 % : {low} à {high})"


def _needed(row: pd.Series) -> str:
    told = words.with_interval(row["estimate"], row["ci_low"], row["ci_high"], "number_needed")
    return told.replace(" (", " (IC 95 % : ").replace(", événement", " pour un événement")


def _start(row: pd.Series, labels: Mapping[str, str] | None) -> str:
    """Where and between whom: « Île-de-France, AOD contre AVK : »."""
    place = words.place(row["population"], labels) if row["population"] else ""
    among = [each for each in (place, words.value(row["comparison"], labels)) if each]
    return f"{', '.join(among)} : "


def _counts(row: pd.Series) -> str:
    if pd.isna(row["events"]) or pd.isna(row["persons"]):
        return ""
    events = french.plural(int(row["events"]), "événement")
    return f", sur {events} parmi {french.plural(int(row['persons']), 'personne')}"


def _ratio(row: pd.Series, shown: str, name: str, labels: Mapping[str, str] | None) -> str:
    """Direction and size when the interval excludes 1; otherwise that no difference is shown."""
    low, high, value = row["ci_low"], row["ci_high"], float(row["estimate"])
    outcome = _lower_first(words.value(row["outcome"], labels))
    start = _start(row, labels)
    change = french.percent(abs(value - 1), decimals=0)
    if pd.notna(low) and pd.notna(high) and not low <= 1 <= high:
        size = f"{change} plus {'bas' if value < 1 else 'élevé'}"
        if value >= 2:
            size = f"{french.number(value, decimals=1)} fois plus élevé"
        finding = f"association avec un risque instantané de « {outcome} » {size}"
        if row["measure"] in ("rate_ratio", "incidence_rate_ratio"):
            finding = f"association avec un taux de « {outcome} » {size}"
    else:
        finding = f"pas de différence mise en évidence pour « {outcome} »"
    how = ", après ajustement" if _adjusted(str(row.get("method", ""))) else ""
    return f"{start}{finding}{how} ; {_lower_first(name)} {shown}{_counts(row)}."


def _sequence(row: pd.Series, shown: str, name: str, labels: Mapping[str, str] | None) -> str:
    """Which of two treatments is begun first more often, when the interval excludes 1."""
    low, high = row["ci_low"], row["ci_high"]
    finding = "aucun des deux ordres n'est mis en évidence"
    if pd.notna(low) and pd.notna(high) and not low <= 1 <= high:
        order = "le premier avant le second" if low > 1 else "le second avant le premier"
        finding = f"on commence plus souvent {order} que l'inverse"
    pairs = "" if pd.isna(row["persons"]) else french.plural(int(row["persons"]), "personne")
    counted = f", sur {pairs} qui ont commencé les deux" if pairs else ""
    return f"{_start(row, labels)}{finding} ; {_lower_first(name)} {shown}{counted}."


def _adjusted(method: str) -> bool:
    return "adjustment=" in method and "adjustment=none" not in method


def _difference(row: pd.Series, shown: str, labels: Mapping[str, str] | None) -> str:
    value, low, high = float(row["estimate"]), row["ci_low"], row["ci_high"]
    outcome = _lower_first(words.value(row["outcome"], labels))
    start = _start(row, labels)
    text = f"{start}différence de risque de « {outcome} » de {shown}"
    if pd.notna(low) and pd.notna(high) and value != 0 and not low <= 0 <= high:
        persons = french.number(-(-1 // abs(value)))
        sense = "de plus" if value > 0 else "de moins"
        text += f", soit un événement {sense} pour {persons} personnes traitées"
    else:
        text += ", compatible avec l'absence de différence"
    return f"{text}{_counts(row)}."


def _incidence(row: pd.Series, shown: str, labels: Mapping[str, str] | None) -> str:
    outcome = _lower_first(words.value(row["outcome"], labels))
    what = "différence d'incidence" if row["measure"] == "rate_difference" else "incidence"
    return f"{_start(row, labels)}{what} de « {outcome} » de {shown} {_PER_1000}{_counts(row)}."


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def ratio_sentence(
    name: str, ratio: float, low: float | None = None, high: float | None = None, *, against: str
) -> Fragment:
    r"""A ratio of spending told in a sentence: « 8 % au-dessus de la moyenne nationale ».

    >>> ratio_sentence("Dépense en Bretagne", 0.92, against="la moyenne nationale").text
    'Dépense en Bretagne\xa0: 8\xa0% au-dessous de la moyenne nationale.'
    """
    gap = french.percent(abs(ratio - 1), decimals=0 if abs(ratio - 1) >= 0.0195 else 1)
    side = "au-dessus" if ratio > 1 else "au-dessous"
    limits = ""
    if low is not None and high is not None:
        limits = f" (rapport {french.interval(ratio, low, high)})"
        if low <= 1 <= high:
            return _paragraph(f"{name} : sans écart net avec {against}{limits}.")
    return _paragraph(f"{name} : {gap} {side} de {against}{limits}.")
