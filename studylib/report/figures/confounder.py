"""What an unmeasured confounder would have to be to change the answer."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

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

    def draw(figure: Figure, narrow: bool) -> None:
        across = (len(panels), 1) if narrow else (1, len(panels))
        drawn = figure.subplots(*across, sharex=True, sharey=True, squeeze=False).ravel()
        for axes, panel in zip(drawn, panels, strict=True):
            _draw(axes, first[first["prevalence_reference"] == panel], float(panel))
        figure.supylabel("Rapport du facteur avec l'événement", fontsize=10)
        compared = words.value(first["comparison"].iloc[0], labels)
        figure.supxlabel(
            french.typeset("Fréquence du facteur dans le groupe,")
            + ("\n" if narrow else " ")
            + compared,
            fontsize=10,
        )

    height = (3.9, 1.2 + 2.2 * len(panels))
    note = (
        "Lignes fines : rapport corrigé. Ligne épaisse, quand elle existe : plus aucun effet (1)."
    )
    return style.publish(
        draw,
        height,
        masked,
        CONFOUNDER,
        caption=caption,
        alt=alt,
        labels=labels,
        note=note,
        lacking=not len(first) or not first["estimate"].notna().all(),
    )


def _draw(axes: Axes, part: pd.DataFrame, prevalence: float) -> None:
    grid = part.pivot_table(index="confounder_ratio", columns="prevalence_arm", values="estimate")
    axes.set_title(f"Référence{french.NBSP}: {french.percent(prevalence, decimals=0)}", fontsize=10)
    if min(grid.shape) < 2:
        style.say_insufficient(axes, "Au moins deux valeurs de chaque paramètre sont attendues")
        return
    x, y, z = 100 * grid.columns.to_numpy(float), grid.index.to_numpy(float), grid.to_numpy(float)
    lines = axes.contour(x, y, z, levels=6, colors=style.COLOURS[0], linewidths=1)
    axes.clabel(lines, fmt=lambda value: french.number(value, decimals=2), fontsize=style.SMALLEST)
    if z.min() < 1 < z.max():
        axes.contour(x, y, z, levels=[1.0], colors=style.COLOURS[1], linewidths=2.4)
    axes.set_xlim(x.min(), x.max())
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10], prune="both"))  # panels touch
    style.french_axis(axes, x=True, suffix=f"{french.NBSP}%")
    style.french_axis(axes, y=True)
