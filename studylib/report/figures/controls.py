"""Where negative controls fall: the picture of systematic error."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from studylib.report import french
from studylib.report.figures import style
from studylib.report.fragment import Fragment
from studylib.report.tables import review
from studylib.risk.doubt import EmpiricalNull
from studylib.risk.logarithms import on_log_scale
from studylib.tables import ESTIMATES

_MARKS = (0.1, 0.2, 0.5, 1, 2, 5, 10)
_Z = 1.959963984540054


def negative_controls(
    controls: pd.DataFrame,
    null: EmpiricalNull,
    *,
    caption: str,
    alt: str,
    labels: Mapping[str, str] | None = None,
) -> Fragment:
    """Negative controls (ESTIMATES) by ratio and standard error, with what they reveal.

    Below the dashed lines a control is significant although nothing is there to be found; the
    shaded region is where it remains so once calibrated with ``null``. Raises StudyError when
    caption or alternative text says nothing.
    """
    style.check_words(caption, alt)
    masked = review(controls, ESTIMATES, caption=caption)
    values, errors = on_log_scale(masked.frame)

    def draw(figure: Figure, narrow: bool) -> None:
        axes = figure.subplots()
        _draw(axes, values, errors, null)
        told = "(tirets : signification brute ; zone : après calibrage)"
        broken = told.replace(" ; ", " ;\n") if narrow else told
        axes.set_xlabel(french.typeset("Rapport estimé" + ("\n" if narrow else " ") + broken))

    lacking = not np.isfinite(errors).any()
    return style.publish(
        draw, 4.4, masked, ESTIMATES, caption=caption, alt=alt, labels=labels, lacking=lacking
    )


def _draw(axes: Axes, values: np.ndarray, errors: np.ndarray, null: EmpiricalNull) -> None:
    top = max(0.5, 1.1 * float(np.nanmax(errors)))
    heights = np.linspace(0, top, 200)
    axes.axvline(1, color=style.GREY, lw=0.9)
    for side in (-1, 1):
        axes.plot(np.exp(side * _Z * heights), heights, color=style.GREY, lw=1, ls="--")
    if null.fitted:
        spread = _Z * np.sqrt(heights**2 + null.sd**2)
        for side in (-1, 1):
            edge, wall = np.exp(null.mean + side * spread), 100.0**side
            axes.fill_betweenx(heights, edge, wall, color=style.COLOURS[4], alpha=0.18, lw=0)
            axes.plot(edge, heights, color=style.COLOURS[4], lw=1.2)
    axes.plot(np.exp(values), errors, "o", color=style.COLOURS[0], markersize=6, clip_on=True)
    axes.set_xscale("log")
    axes.set_xlim(0.1, 10)
    axes.set_ylim(0, top)
    axes.xaxis.set_major_locator(FixedLocator(_MARKS))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylabel("Erreur type")
    style.french_axis(axes, x=True, y=True)
