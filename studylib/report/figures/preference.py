"""How much two groups overlap in what leads to one treatment or the other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from studylib.report import french
from studylib.report import labels as words
from studylib.report.figures import style
from studylib.report.fragment import Fragment
from studylib.report.tables import review
from studylib.risk.propensity import PREFERENCE

_SHOWN = ("arm", "bin_low", "bin_high", "persons", "share")


def preference_plot(
    preference: pd.DataFrame,
    *,
    caption: str,
    alt: str,
    labels: Mapping[str, str] | None = None,
    low: float = 0.3,
    high: float = 0.7,
) -> Fragment:
    """Distribution of the preference score by arm, from a PREFERENCE table.

    Dashed marks at ``low`` and ``high``, the bounds of equipoise (Walker et al., 2013). Bins that
    may not be published, or that would give one back, are not drawn and hatched at the foot.
    Raises StudyError when caption or alternative text says nothing.
    """
    style.check_words(caption, alt)
    masked = review(preference, PREFERENCE, caption=caption)

    def draw(figure: Figure, narrow: bool) -> None:
        _draw(figure.subplots(), masked.frame, labels, (low, high), narrow=narrow)

    return style.publish(
        draw,
        3.6,
        masked,
        PREFERENCE,
        caption=caption,
        alt=alt,
        labels=labels,
        columns=_SHOWN,
        lacking=not masked.frame["share"].notna().any(),
    )


def _draw(
    axes: Axes,
    frame: pd.DataFrame,
    labels: Mapping[str, str] | None,
    bounds: tuple[float, float],
    *,
    narrow: bool,
) -> None:
    hidden = False
    for index, (arm, part) in enumerate(frame.groupby("arm", sort=False)):
        edges = np.r_[part["bin_low"], part["bin_high"].iloc[-1]].astype(float)
        shares = 100 * part["share"].astype(float).to_numpy()
        colour = style.COLOURS[index % 6]
        axes.stairs(
            np.nan_to_num(shares),
            edges,
            color=colour,
            lw=1.6,
            ls=style.DASHES[index % 6],
            label=words.value(str(arm), labels),
        )
        axes.stairs(np.nan_to_num(shares), edges, color=colour, fill=True, alpha=0.12)
        for place in np.flatnonzero(np.isnan(shares)):
            hidden = True
            axes.axvspan(
                edges[place],
                edges[place + 1],
                ymax=0.03,
                facecolor="none",
                edgecolor=style.GREY,
                hatch="/////",
                lw=0,
            )
    for side in bounds:
        axes.axvline(side, color=style.GREY, lw=0.9, ls="--")
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=0)
    told = " ; hachures : masqué" if hidden else ""
    before = "\n" if narrow else " "
    axes.set_xlabel(french.typeset(f"Score de préférence{before}(tirets : équipoise{told})"))
    axes.set_ylabel("Part des personnes du groupe (%)")
    style.french_axis(axes, x=True, y=True)
    if isinstance(axes.figure, Figure):
        axes.figure.legend(loc="outside upper center", ncols=2)
