"""Estimates side by side with their intervals."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from studylib.report import french
from studylib.report import labels as words
from studylib.report.cells import not_seen, word
from studylib.report.disclosure import Masked
from studylib.report.figures import style
from studylib.report.fragment import Fragment
from studylib.report.tables import review
from studylib.tables import ESTIMATES

_NAMING = ("population", "analysis", "comparison", "outcome", "measure", "method")
_MARKS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50)


def forest(
    estimates: pd.DataFrame,
    *,
    caption: str,
    alt: str,
    reference: float = 1.0,
    labels: Mapping[str, str] | None = None,
) -> Fragment:
    """A forest plot of ``tables.ESTIMATES`` rows, one line each, ``reference`` drawn as a rule.

    Ratios are drawn on a logarithmic axis. Rows whose estimate may not be published say so.
    Raises StudyError when caption or alternative text says nothing.
    """
    style.check_words(caption, alt)
    masked = review(estimates, ESTIMATES, caption=caption)
    frame = masked.frame
    names = _row_names(frame, labels)
    lines = max((name.count("\n") + 1 for name in names), default=1)
    with style.canvas(7.6, 1.1 + max(0.42, 0.17 * lines + 0.06) * max(len(frame), 2)) as figure:
        axes = figure.subplots()
        if frame["estimate"].notna().any() or frame.apply(not_seen, axis=1).any():
            _draw(axes, masked, names, reference)
        else:
            style.say_insufficient(axes)
        return style.publish(figure, masked, ESTIMATES, caption=caption, alt=alt, labels=labels)


def _row_names(frame: pd.DataFrame, labels: Mapping[str, str] | None) -> list[str]:
    """What tells the rows apart, in words."""
    telling: list[str] = []
    for name in _NAMING:
        told_apart = not telling or not frame.duplicated(telling).any()
        if frame[name].nunique() > 1 and not (telling and told_apart):
            telling.append(name)
    return [
        "\n".join(
            textwrap.wrap(
                ", ".join(
                    word(name, str(frame[name].iloc[row]), labels)
                    for name in telling or ["comparison"]
                ),
                38,
            )
        )
        for row in range(len(frame))
    ]


def _draw(axes: Axes, masked: Masked, names: list[str], reference: float) -> None:
    frame = masked.frame
    measures = frame["measure"].unique()
    ratio = all(words.measure(str(name)).scale == "ratio" for name in measures) and reference > 0
    for row, position in enumerate(range(len(frame))[::-1]):
        withheld = (masked.marks[["estimate", "events"]].iloc[row] != "").any()
        missing = "effectif insuffisant" if withheld else "non estimable"
        missing = "\n".join(textwrap.wrap(not_seen(frame.iloc[row]), 34)) or missing
        _draw_row(axes, frame.iloc[row], position, missing)
    axes.axvline(reference, color=style.GREY, linewidth=1, linestyle="--", zorder=0)
    axes.set_yticks(range(len(frame))[::-1], names)
    axes.set_ylim(-0.7, len(frame) - 0.3)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    if ratio:
        _logarithmic(axes, frame, reference)
    style.french_axis(axes, x=True)
    title = words.measure(str(measures[0])).label if len(measures) == 1 else "Estimation"
    axes.set_xlabel(french.typeset(f"{title}\n(intervalle de confiance à 95 %)"))


def _draw_row(axes: Axes, row: pd.Series, position: int, missing: str) -> None:
    right, primary = axes.get_yaxis_transform(), row["analysis"] == "primary"
    if pd.isna(row["estimate"]):
        told = missing
    else:
        if pd.notna(row["ci_low"]) and pd.notna(row["ci_high"]):
            axes.plot(
                [row["ci_low"], row["ci_high"]], [position] * 2, color=style.COLOURS[0], lw=1.8
            )
        face = style.COLOURS[0] if primary else "white"
        axes.plot(
            row["estimate"],
            position,
            "s" if primary else "o",
            color=style.COLOURS[0],
            markerfacecolor=face,
            markersize=7,
        )
        told = words.with_interval(row["estimate"], row["ci_low"], row["ci_high"], row["measure"])
    axes.text(1.02, position, told, transform=right, va="center", ha="left", fontsize=9)


def _logarithmic(axes: Axes, frame: pd.DataFrame, reference: float) -> None:
    """A logarithmic axis with round marks around what is shown."""
    shown = frame[["estimate", "ci_low", "ci_high"]].to_numpy(dtype=float).ravel()
    positive = [value for value in [*shown, reference] if 0 < value < float("inf")]
    low, high = max(min(positive), 0.02) / 1.15, min(max(positive), 50) * 1.15
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    inside = [mark for mark in _MARKS if low <= mark <= high or mark == reference]
    axes.xaxis.set_major_locator(FixedLocator(inside))
    axes.xaxis.set_minor_locator(NullLocator())
