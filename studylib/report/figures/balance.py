"""How far apart two groups are at baseline, and once adjusted."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from studylib.report import french
from studylib.report import labels as words
from studylib.report.cells import WITHHELD
from studylib.report.disclosure import Masked
from studylib.report.figures import style
from studylib.report.fragment import Fragment
from studylib.report.tables import review
from studylib.tables import BALANCE

_ASIDE: dict[str, Any] = {"fontsize": style.SMALLEST, "color": style.GREY, "va": "center"}
_LIMIT = 0.1  # usual mark of a negligible difference (Austin, 2009)


def balance_plot(
    balance: pd.DataFrame,
    *,
    caption: str,
    alt: str,
    labels: Mapping[str, str] | None = None,
    limit: float = _LIMIT,
    most: int | None = None,
) -> Fragment:
    """Love plot: standardised differences of a ``tables.BALANCE`` table, before and after.

    Hollow marks before adjustment, full ones after it, with the ± ``limit`` mark (0.1: Austin,
    2009); without adjustment, full marks alone. ``most`` keeps the covariates whose largest
    difference, before or after, is the largest: for tables of thousands. Differences that may not
    be published are left out and named in the table behind. Raises StudyError when caption or
    alternative text says nothing.
    """
    style.check_words(caption, alt)
    masked = review(farthest(balance, most), BALANCE, caption=caption)
    covariates = list(masked.frame["covariate"].drop_duplicates())[::-1]
    names = {small: _names(covariates, labels, 28 if small else 48) for small in (False, True)}

    def draw(figure: Figure, narrow: bool) -> None:
        axes = figure.subplots()
        _draw(axes, masked.frame, covariates, labels, limit)
        axes.set_yticks(range(len(covariates)), names[narrow])
        _dress(axes, masked.frame, limit, narrow=narrow)

    rows = max(len(covariates), 3)
    height = (1.2 + 0.28 * rows, 1.8 + 0.36 * rows)
    shown = _differences(masked)
    return style.publish(
        draw,
        height,
        shown,
        BALANCE,
        caption=caption,
        alt=alt,
        labels=labels,
        columns=[str(name) for name in shown.frame.columns],
        lacking=not masked.frame["smd"].notna().any(),
    )


def _names(covariates: list[str], labels: Mapping[str, str] | None, width: int) -> list[str]:
    return ["\n".join(textwrap.wrap(words.value(name, labels), width)) for name in covariates]


_SHOWN = ("covariate", "arm", "reference", "smd", "smd_after", "variance_ratio_after")


def _differences(masked: Masked) -> Masked:
    """What the figure shows and nothing else: counts stand in the table of characteristics.

    Shown a second time, they would have to be hidden alike in both.
    """
    after = bool(masked.frame["smd_after"].notna().any())
    names = [name for name in _SHOWN if after or not name.endswith("_after")]
    return replace(masked, frame=masked.frame[names], marks=masked.marks[names])


def farthest(balance: pd.DataFrame, most: int | None) -> pd.DataFrame:
    """The rows of the ``most`` covariates with the largest differences, the largest first."""
    if most is None or balance["covariate"].nunique() <= most:
        return balance
    size = balance[["smd", "smd_after"]].astype(float).abs().max(axis=1)
    worst = size.groupby(balance["covariate"]).max().sort_values(ascending=False, kind="stable")
    kept = balance[balance["covariate"].isin(worst.index[:most])]
    place = kept["covariate"].map({name: i for i, name in enumerate(worst.index)})
    return kept.iloc[place.argsort(kind="stable")].reset_index(drop=True)


def _draw(
    axes: Axes,
    frame: pd.DataFrame,
    covariates: list[str],
    labels: Mapping[str, str] | None,
    limit: float,
) -> None:
    arms = list(frame["arm"].drop_duplicates())
    adjusted = bool(frame["smd_after"].notna().any())
    for index, arm in enumerate(arms):
        part = frame[frame["arm"] == arm]
        against = words.value(part["reference"].iloc[0], labels) if len(part) else ""
        named = f"{words.value(arm, labels)} contre {against}"
        colour, marker = style.COLOURS[index % 6], style.MARKERS[index % 6]
        if adjusted:
            _mark(axes, part, "smd", covariates, colour, marker, f"{named}, avant", hollow=True)
            _mark(axes, part, "smd_after", covariates, colour, marker, f"{named}, après")
        else:
            _mark(axes, part, "smd", covariates, colour, marker, named)
    for place, name in enumerate(covariates):
        if not frame.loc[frame["covariate"] == name, "smd"].notna().any():
            axes.text(0.01, place, WITHHELD, transform=axes.get_yaxis_transform(), **_ASIDE)
    axes.axvline(0, color=style.INK, lw=0.9)
    for side in (-limit, limit):
        axes.axvline(side, color=style.GREY, lw=0.9, ls="--")
    axes.set_ylim(-0.7, len(covariates) - 0.3)
    sizes = np.abs(frame[["smd", "smd_after"]].to_numpy(float))
    widest = max(1.5 * limit, float(np.nanmax(sizes)) * 1.15)
    axes.set_xlim(-widest, widest)


def _dress(axes: Axes, frame: pd.DataFrame, limit: float, *, narrow: bool) -> None:
    # no label on the very edge
    axes.xaxis.set_major_locator(MaxNLocator(4 if narrow else 7, prune="both"))
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", color="#eceef0", linewidth=0.7)
    mark = french.number(limit, decimals=2).rstrip("0").rstrip(",")
    break_line = "\n" if narrow else " "
    axes.set_xlabel(f"Différence standardisée{break_line}(tirets{french.NBSP}: ± {mark})")
    style.french_axis(axes, x=True)
    several = frame["arm"].nunique() > 1 or frame["smd_after"].notna().any()
    if several and isinstance(axes.figure, Figure):
        axes.figure.legend(loc="outside lower center", ncols=1 if narrow else 2, fontsize=9)


def _mark(
    axes: Axes,
    part: pd.DataFrame,
    column: str,
    covariates: list[str],
    colour: str,
    marker: str,
    named: str,
    *,
    hollow: bool = False,
) -> None:
    shown = part[part[column].notna()]
    axes.plot(
        shown[column].astype(float),
        [covariates.index(name) for name in shown["covariate"]],
        linestyle="",
        color=colour,
        marker=marker,
        markersize=6.5,
        markerfacecolor="white" if hollow else colour,
        label=named,
    )
