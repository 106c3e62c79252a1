"""What an unmeasured confounder would have to be to change the answer."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from studylib.report import french
from studylib.report import labels as words
from studylib.report.figures import style
from studylib.report.fragment import Fragment
from studylib.report.tables import review
from studylib.risk.doubt import CONFOUNDER


def confounder_map(
    corrected: pd.DataFrame,
    *,
    caption: str,
    alt: str,
    labels: Mapping[str, str] | None = None,
) -> Fragment:
    """The corrected ratio over prevalence in the arm and the confounder's ratio (CONFOUNDER).

    One panel per prevalence in the reference (three at most), for the first estimate of the table.
    The thick line is where the corrected ratio is 1. Raises StudyError when caption or alternative
    text says nothing.
    """
    style.check_words(caption, alt)
    masked = review(corrected, CONFOUNDER, caption=caption)
    identity = ["analysis", "population", "comparison", "outcome"]
    frame = masked.frame
    first = frame[(frame[identity] == frame[identity].iloc[0]).all(axis=1)] if len(frame) else frame
    panels = sorted(first["prevalence_reference"].unique())[:3]
    with style.canvas(7.6, 3.9) as figure:
        shown = len(first) and first["estimate"].notna().all()
        drawn = np.atleast_1d(figure.subplots(1, max(len(panels), 1) if shown else 1, sharey=True))
        if shown:
            for axes, panel in zip(drawn, panels, strict=True):
                _draw(axes, first[first["prevalence_reference"] == panel], float(panel))
            drawn[0].set_ylabel("Rapport du facteur avec l'événement")
            figure.supxlabel(
                french.typeset(
                    f"Fréquence du facteur dans le groupe, "
                    f"{words.value(first['comparison'].iloc[0], labels)}"
                ),
                fontsize=10,
            )
        else:
            style.say_insufficient(drawn[0])
        return style.publish(figure, masked, CONFOUNDER, caption=caption, alt=alt, labels=labels)


def _draw(axes: Axes, part: pd.DataFrame, prevalence: float) -> None:
    grid = part.pivot_table(index="confounder_ratio", columns="prevalence_arm", values="estimate")
    axes.set_title(f"Référence{french.NBSP}: {french.percent(prevalence, decimals=0)}", fontsize=10)
    if min(grid.shape) < 2:
        style.say_insufficient(axes, "Au moins deux valeurs de chaque paramètre sont attendues")
        return
    x, y, z = 100 * grid.columns.to_numpy(float), grid.index.to_numpy(float), grid.to_numpy(float)
    lines = axes.contour(x, y, z, levels=6, colors=style.COLOURS[0], linewidths=1)
    axes.clabel(lines, fmt=lambda value: french.number(value, decimals=2), fontsize=8)
    if z.min() < 1 < z.max():
        axes.contour(x, y, z, levels=[1.0], colors=style.COLOURS[1], linewidths=2.4)
    axes.set_xlim(x.min(), x.max())
    style.french_axis(axes, x=True, suffix=f"{french.NBSP}%")
    style.french_axis(axes, y=True)
