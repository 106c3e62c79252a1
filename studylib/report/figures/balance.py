"""How far apart two groups are at baseline."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from studylib.report import french
from studylib.report import labels as words
from studylib.report.figures import style
from studylib.report.fragment import Fragment
from studylib.report.tables import review
from studylib.tables import BALANCE

_LIMIT = 0.1  # usual mark of a negligible difference (Austin, 2009)


def balance_plot(
    balance: pd.DataFrame,
    *,
    caption: str,
    alt: str,
    labels: Mapping[str, str] | None = None,
) -> Fragment:
    """Standardised differences of a ``tables.BALANCE`` table, with the ± 0.1 mark (Austin 2009).

    Differences that may not be published are left out and named in the table behind. Raises
    StudyError when caption or alternative text says nothing.
    """
    style.check_words(caption, alt)
    masked = review(balance, BALANCE, caption=caption)
    covariates = list(masked.frame["covariate"].drop_duplicates())[::-1]
    with style.canvas(7.6, 1.2 + 0.27 * max(len(covariates), 3)) as figure:
        axes = figure.subplots()
        if masked.frame["smd"].notna().any():
            _draw(axes, masked.frame, covariates, labels)
        else:
            style.say_insufficient(axes)
        return style.publish(figure, masked, BALANCE, caption=caption, alt=alt, labels=labels)


def _draw(
    axes: Axes, frame: pd.DataFrame, covariates: list[str], labels: Mapping[str, str] | None
) -> None:
    arms = list(frame["arm"].drop_duplicates())
    for index, arm in enumerate(arms):
        part = frame[(frame["arm"] == arm) & frame["smd"].notna()]
        places = [covariates.index(name) for name in part["covariate"]]
        against = words.value(part["reference"].iloc[0], labels) if len(part) else ""
        axes.plot(
            part["smd"].astype(float),
            places,
            linestyle="",
            color=style.COLOURS[index % 6],
            marker=style.MARKERS[index % 6],
            markersize=6.5,
            label=f"{words.value(arm, labels)} contre {against}",
        )
    axes.axvline(0, color=style.INK, lw=0.9)
    for side in (-_LIMIT, _LIMIT):
        axes.axvline(side, color=style.GREY, lw=0.9, ls="--")
    axes.set_yticks(range(len(covariates)), [words.value(name, labels) for name in covariates])
    axes.set_ylim(-0.7, len(covariates) - 0.3)
    widest = max(0.15, float(frame["smd"].abs().max()) * 1.15)
    axes.set_xlim(-widest, widest)
    axes.xaxis.set_major_locator(MaxNLocator(7, prune="both"))  # no label on the very edge
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", color="#eceef0", linewidth=0.7)
    axes.set_xlabel(f"Différence standardisée (tirets{french.NBSP}: ± 0,1)")
    style.french_axis(axes, x=True)
    if len(arms) > 1:
        axes.legend(loc="best", fontsize=9)
