"""How the estimates of a page were made, said once under them and not in each of their rows."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from studylib.report import cells, french, labels
from studylib.report.fragment import Fragment, escape, wrap
from studylib.tables import ESTIMATES, check

_TELLING = ("analysis", "measure", "population", "comparison", "outcome")


def methods(
    estimates: pd.DataFrame,
    *,
    title: str = "Méthode et choix de chaque estimation",
    names: Mapping[str, str] | None = None,
) -> Fragment:
    """A list of the distinct methods of ``tables.ESTIMATES`` rows, each with the rows it made.

    Every choice that moves an answer (ties, variance, interval, order of matching, formula of the
    score…) is in it, in French. ``names`` gives French text for values.
    """
    known = check(estimates, ESTIMATES)
    told = known["method"].map(labels.method)
    telling = [name for name in _TELLING if known[name].nunique() > 1]
    lines = []
    for method, rows in known.groupby(told, sort=False):
        about = [_about(rows, name, names) for name in telling if rows[name].nunique() == 1]
        lines.append((" · ".join(about), str(method)))
    items = "".join(
        f"<li>{f'<strong>{escape(about)}</strong>{french.NBSP}: ' if about else ''}"
        f"{escape(method)}.</li>"
        for about, method in lines
    )
    html = f"<details><summary>{escape(french.typeset(title))}</summary><ul>{items}</ul></details>"
    text = "\n".join(f"{about} : {method}." if about else f"{method}." for about, method in lines)
    return Fragment(wrap(html, "methods"), f"{title}\n{text}")


def _about(rows: pd.DataFrame, name: str, names: Mapping[str, str] | None) -> str:
    return french.typeset(cells.word(name, str(rows[name].iloc[0]), names))
