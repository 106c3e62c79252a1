"""The diagnostics an estimate had to pass, shown whether they passed or not."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from studylib.report import doubt_words, french
from studylib.report.blocks import check
from studylib.report.fragment import Fragment, escape, wrap
from studylib.report.tables import table
from studylib.risk.gates import GATES, Gates
from studylib.tables import empty

_COLUMNS = (
    "gate",
    "subject",
    "statistic",
    "value",
    "ci_low",
    "ci_high",
    "at_least",
    "at_most",
    "verdict",
)


def gates(
    study: Gates, *, caption: str = "Contrôles préalables, leurs seuils et leurs verdicts"
) -> Fragment:
    """Every gate with its sentence, its value, its thresholds, its interval and its verdict.

    First, whether estimates are shown, and what holds them back or was opened. Values that rest on
    few persons are masked as everywhere.
    """
    summary = french.typeset(_summary(study))
    head = wrap(f"<p><strong>{escape(summary)}</strong></p>", "result")
    told = [check(each) for each in study.checks]
    measured = table(
        study.table(),
        GATES,
        caption=caption,
        columns=_COLUMNS,
        labels=gate_titles(),
        row_headers=2,
    )
    parts = [*told, measured]
    html = head + "".join(part.html for part in parts)
    return Fragment(html, "\n".join([summary, *(part.text for part in parts)]))


def gates_of_each(
    studies: Mapping[str, Gates],
    *,
    caption: str = "Contrôles préalables, leurs seuils et leurs verdicts",
) -> Fragment:
    """The gates of several analyses, each with whether its estimates are shown, and one table.

    A gate that several have alike is told once in the table.
    """
    told = []
    for name, study in studies.items():
        head = french.typeset(f"{name} : {_lower(_summary(study))}")
        parts = [check(each) for each in study.checks]
        html = wrap(f"<p><strong>{escape(head)}</strong></p>", "result")
        html += "".join(part.html for part in parts)
        told.append(Fragment(html, "\n".join([head, *(part.text for part in parts)])))
    rows = [study.table() for study in studies.values() if study.checks]
    measured = table(
        pd.concat(rows, ignore_index=True).drop_duplicates(ignore_index=True)
        if rows
        else empty(GATES),
        GATES,
        caption=caption,
        columns=_COLUMNS,
        labels=gate_titles(),
        row_headers=2,
    )
    told.append(measured)
    return Fragment("".join(one.html for one in told), "\n".join(one.text for one in told))


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def gate_titles() -> dict[str, str]:
    """The French title of each gate, as ``labels`` of a table of gates."""
    return {name: titles[0] for name, titles in doubt_words.GATES.items()}


def _summary(study: Gates) -> str:
    opened = [
        doubt_words.gate_title(each.name)
        for each in study.checks
        if study.verdict(each) == "opened"
    ]
    added = f" Contrôles levés par la demande : {', '.join(opened)}." if opened else ""
    if not study.checks:
        return "Aucun contrôle préalable n'a été demandé."
    if not study.closed:
        return "Les contrôles préalables autorisent la lecture des estimations." + added
    choices = dict(piece.partition("=")[::2] for piece in study.reason.split("; "))
    why = doubt_words.withheld(choices).removeprefix("retenu : ")
    pooled = " Elles restent utilisables dans une synthèse." if study.poolable else ""
    return f"Les estimations sont retenues : {why}.{pooled}{added}"
