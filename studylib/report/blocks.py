"""The other pieces of a report: diagnostics, notes, headline figures, results kept for the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pandas as pd

from studylib import project, tables
from studylib.errors import StudyError
from studylib.report import context, french, labels
from studylib.report.cells import WITHHELD, not_seen, small
from studylib.report.doubt_words import gate_title
from studylib.report.fragment import Fragment, escape, slug, wrap
from studylib.report.sentences import masked_row
from studylib.report.tables import table
from studylib.tables import CheckResult, Table

NoteKind = Literal["info", "method", "limit", "warning"]
_NOTE_TITLES: Mapping[str, str] = {
    "info": "À savoir",
    "method": "Méthode",
    "limit": "Limite",
    "warning": "Attention",
}


def note(text: str, kind: NoteKind = "info") -> Fragment:
    r"""A boxed remark whose nature is written, not only coloured; StudyError for another kind.

    >>> note("Effectifs arrondis.", "limit").text
    'Limite\xa0: Effectifs arrondis.'
    """
    if kind not in _NOTE_TITLES:
        raise StudyError(f"Note de nature « {kind} » : attendu {', '.join(_NOTE_TITLES)}.")
    title, words = _NOTE_TITLES[kind], french.typeset(text)
    html = f"<p><strong>{title}.</strong> {escape(words)}</p>"
    return Fragment(wrap(html, f"remark {kind}"), f"{title}{french.NBSP}: {words}")


def check(result: CheckResult, *, schema: Table | None = None) -> Fragment:
    """A diagnostic's outcome in words, with its table when ``schema`` says how to mask it."""
    outcome = {
        True: "Contrôle satisfait",
        False: "Contrôle non satisfait",
        None: "Pour information" if result.evaluated else "Contrôle non évalué",
    }[result.passed]
    kind = {True: "passed", False: "failed", None: "informs"}[result.passed]
    sign = {True: "✓", False: "✗", None: "•"}[result.passed]
    words = french.typeset(french.months_named(f"{gate_title(result.name)} : {result.text}"))
    html = (
        f'<p><span aria-hidden="true">{sign}</span> <strong>{outcome}.</strong> {escape(words)}</p>'
    )
    text = f"{outcome}. {words}"
    if schema is not None and len(result.table):
        behind = table(result.table, schema, caption=f"Détail du contrôle : {result.name}")
        summary = f"Détail{french.NBSP}: {escape(result.name)}"
        html += f"<details><summary>{summary}</summary>{behind.html}</details>"
        text = f"{text}\n{behind.text}"
    return Fragment(wrap(html, f"check {kind}"), text)


KeyFigure = str | int | tuple[Mapping[str, Any] | pd.Series | pd.DataFrame, str]


def key_figures(
    figures: Sequence[tuple[str, KeyFigure]] | Mapping[str, KeyFigure],
    *,
    within: pd.DataFrame | None = None,
) -> Fragment:
    r"""A row of one to five headline figures, each named.

    A figure is a text; a count, masked when small; or a row of ``tables.ESTIMATES`` and the column
    wanted, masked with the table ``within`` it stands. Raises StudyError beyond five figures.

    >>> print(key_figures({"Personnes suivies": 12034, "Décès": 7}).text)
    Personnes suivies\xa0: 12\u202f034
    Décès\xa0: <\xa011
    """
    pairs = list(figures.items()) if isinstance(figures, Mapping) else list(figures)
    if not 1 <= len(pairs) <= 5:
        raise StudyError(f"Chiffres clés : {len(pairs)} donnés ; il en faut de 1 à 5.")
    told = [(french.typeset(name), _headline(figure, within)) for name, figure in pairs]
    items = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(figure)}</dd></div>" for name, figure in told
    )
    text = "\n".join(f"{name}{french.NBSP}: {figure}" for name, figure in told)
    return Fragment(wrap(f'<dl class="key">{items}</dl>', "figures"), text)


def _headline(figure: KeyFigure, within: pd.DataFrame | None) -> str:
    if isinstance(figure, str):
        return french.typeset(figure)
    if isinstance(figure, tuple):
        row, withheld = masked_row(figure[0], within)
        content = row[figure[1]]
        if french.absent(content) and figure[1] == "estimate" and (reason := not_seen(row)):
            return reason
        if french.absent(content):
            return WITHHELD if withheld or figure[1] in ("persons", "events") else french.MISSING
        if figure[1] in ("estimate", "ci_low", "ci_high"):
            return labels.amount(float(content), str(row["measure"]))
        return french.number(float(content))
    page = context.current()
    if page.told.hidden(int(figure)):
        return WITHHELD
    hidden = (1 if page.show_zero else 0) <= int(figure) < page.threshold
    return small(page.threshold) if hidden else french.number(int(figure))


def keep(frame: pd.DataFrame, schema: Table, name: str) -> pd.DataFrame:
    """``frame``, checked against ``schema`` and written to the run's ``results/NAME.parquet``.

    What is kept is exact, therefore sensitive: it never leaves the run folder. By hand nothing is
    written. Raises TableError when a declared column is absent, StudyError for an unusable name.
    """
    checked = tables.check(frame, schema)
    if name != slug(name).replace("-", "_") and name != slug(name):
        raise StudyError(f"Nom de résultat « {name} » : attendu des minuscules, chiffres et « _ ».")
    folder = project.run_folder()
    if folder is not None:
        (folder / "results").mkdir(parents=True, exist_ok=True)
        checked.to_parquet(folder / "results" / f"{name}.parquet", index=False)
    return checked
