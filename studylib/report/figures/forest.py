"""Estimates side by side with their intervals."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from studylib.report import french
from studylib.report import labels as words
from studylib.report.cells import not_seen, word
from studylib.report.disclosure import Masked
from studylib.report.figures import style
from studylib.report.figures.sides import sides
from studylib.report.fragment import Fragment
from studylib.report.tables import review
from studylib.tables import ESTIMATES

_NAMING = ("population", "analysis", "comparison", "outcome", "measure", "method")
_MARKS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50)
_FINE = (0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2)  # when all estimates are close
_NAME, _TOLD, _ABOVE = 36, 26, 46  # letters of a line: left of the drawing, right of it, above
_AROUND, _INTERVAL = 1.5, 0.3  # inches: the axis and its words; an interval under its text


def forest(
    estimates: pd.DataFrame,
    *,
    caption: str,
    alt: str,
    reference: float = 1.0,
    labels: Mapping[str, str] | None = None,
) -> Fragment:
    """A forest plot of ``tables.ESTIMATES`` rows, one line each, ``reference`` drawn as a rule.

    Ratios are drawn on a logarithmic axis; under it stands which side is more of the outcome, and
    with whom when there is one comparison. Rows whose estimate may not be published say so.
    Raises StudyError when caption or alternative text says nothing.
    """
    style.check_words(caption, alt)
    masked = review(estimates, ESTIMATES, caption=caption)
    frame = masked.frame
    named, told = _row_names(frame, labels), _told(masked)
    wide, narrow = (_rows(frame, named, told, above=above) for above in (False, True))
    return style.publish(
        lambda figure, small: _draw(figure, frame, narrow if small else wide, reference, labels),
        (_AROUND + wide.height, _AROUND + narrow.height),
        masked,
        ESTIMATES,
        caption=caption,
        alt=alt,
        labels=labels,
        note=_marks_told(frame, labels),
        lacking=not (frame["estimate"].notna().any() or frame.apply(not_seen, axis=1).any()),
    )


def _marks_told(frame: pd.DataFrame, labels: Mapping[str, str] | None) -> str:
    """What full and hollow marks are, when both are drawn."""
    drawn = frame.loc[frame["estimate"].notna(), "analysis"] == "primary"
    if drawn.nunique() < 2:
        return ""
    primary = words.value("primary", labels)
    return f"Carré plein : {primary[0].lower()}{primary[1:]} ; rond vide : autres lignes."


def _row_names(frame: pd.DataFrame, labels: Mapping[str, str] | None) -> list[str]:
    """What tells the rows apart, in words: one word each when that is enough."""
    telling: list[str] = []
    for name in _NAMING:
        told_apart = not telling or not frame.duplicated(telling).any()
        if frame[name].nunique() > 1 and not (telling and told_apart):
            telling.append(name)
    telling = telling or ["comparison"]
    alone = [~frame[name].duplicated(keep=False) for name in telling]
    enough = len(frame) > 1 and bool(np.any(alone, axis=0).all())
    names = []
    for row in range(len(frame)):
        own = [name for name, single in zip(telling, alone, strict=True) if single.iloc[row]]
        kept = own[:1] if enough else telling
        names.append(", ".join(word(name, str(frame[name].iloc[row]), labels) for name in kept))
    return names


def _told(masked: Masked) -> list[str]:
    """The estimate of each row as text, or why it has none."""
    told = []
    for row in range(len(masked.frame)):
        line = masked.frame.iloc[row]
        if pd.notna(line["estimate"]):
            sizes = (line["estimate"], line["ci_low"], line["ci_high"])
            told.append(words.with_interval(*sizes, line["measure"]))
        else:
            withheld = (masked.marks[["estimate", "events"]].iloc[row] != "").any()
            missing = "effectif insuffisant" if withheld else "non estimable"
            told.append(not_seen(line) or missing)
    return told


@dataclass(frozen=True)
class _Rows:
    """Where each row is drawn, in inches from the foot, and its text, wrapped."""

    names: Sequence[str]
    told: Sequence[str]
    tops: Sequence[float]
    middles: Sequence[float]
    height: float
    above: bool


def _rows(frame: pd.DataFrame, names: list[str], told: list[str], *, above: bool) -> _Rows:
    """Rows as high as their text: beside the drawing, or ``above`` each interval."""
    if above:
        texts = [
            [*_lines(name, _ABOVE), *_lines(text, _ABOVE)]
            for name, text in zip(names, told, strict=True)
        ]
        sizes = [style.LINE * len(text) + _INTERVAL for text in texts]
        wrapped, beside = ["\n".join(text) for text in texts], [""] * len(texts)
    else:
        wrapped, beside = (
            ["\n".join(_lines(text, width)) for text in each]
            for each, width in ((names, _NAME), (told, _TOLD))
        )
        lines = [
            1 + max(a.count("\n"), b.count("\n")) for a, b in zip(wrapped, beside, strict=True)
        ]
        sizes = [max(0.4, style.LINE * count + 0.1) for count in lines]
    height = float(sum(sizes))
    tops = [height - float(done) for done in np.cumsum([0.0, *sizes[:-1]])]
    middles = [
        top - (size - _INTERVAL / 2 if above else size / 2)
        for top, size in zip(tops, sizes, strict=True)
    ]
    return _Rows(wrapped, beside, tops, middles, height, above)


def _draw(
    figure: Figure,
    frame: pd.DataFrame,
    rows: _Rows,
    reference: float,
    labels: Mapping[str, str] | None,
) -> None:
    axes = figure.subplots()
    measures = [str(name) for name in frame["measure"].unique()]
    ratio = all(words.measure(name).scale == "ratio" for name in measures) and reference > 0
    for row in range(len(frame)):
        _draw_row(axes, frame.iloc[row], rows, row)
    axes.axvline(reference, color=style.GREY, linewidth=1, linestyle="--", zorder=0)
    axes.set_yticks(rows.middles, [""] * len(frame) if rows.above else rows.names)
    axes.set_ylim(-0.05, rows.height + 0.05)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    if ratio:
        _logarithmic(axes, frame, reference)
    style.french_axis(axes, x=True)
    title = words.measure(measures[0]).label if len(measures) == 1 else "Estimation"
    told = french.typeset(f"{title}\n(intervalle de confiance à 95 %)")
    directions = sides(frame, labels)
    most = max(len(text.splitlines()) for text in directions)
    axes.set_xlabel(told, labelpad=4 + 14 * most)
    for place, text in zip((0.0, 1.0), directions, strict=True):
        axes.annotate(
            text,
            (place, 0),
            xycoords="axes fraction",
            xytext=(0, -20),
            textcoords="offset points",
            ha="right" if place else "left",
            va="top",
            fontsize=9,
            color=style.GREY,
        )


def _lines(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_on_hyphens=False)


def _draw_row(axes: Axes, row: pd.Series, rows: _Rows, place: int) -> None:
    primary, position = row["analysis"] == "primary", rows.middles[place]
    if pd.notna(row["estimate"]):
        limits = [row["ci_low"], row["ci_high"]]
        if all(pd.notna(limit) for limit in limits):
            axes.plot(limits, [position] * 2, color=style.COLOURS[0], lw=1.8)
        axes.plot(
            row["estimate"],
            position,
            "s" if primary else "o",
            color=style.COLOURS[0],
            markerfacecolor=style.COLOURS[0] if primary else "white",
            markersize=7,
        )
    if rows.above:
        across, where = (0.0, rows.tops[place] - 0.02), "top"
    else:
        across, where = (1.02, position), "center"
    text = rows.names[place] if rows.above else rows.told[place]
    transform = axes.get_yaxis_transform()
    ground = {"facecolor": "white", "edgecolor": "none", "pad": 1} if rows.above else None
    axes.text(*across, text, transform=transform, va=where, ha="left", fontsize=9, bbox=ground)


def _logarithmic(axes: Axes, frame: pd.DataFrame, reference: float) -> None:
    """A logarithmic axis with round marks around what is shown."""
    shown = frame[["estimate", "ci_low", "ci_high"]].to_numpy(dtype=float).ravel()
    positive = [value for value in [*shown, reference] if 0 < value < float("inf")]
    low, high = max(min(positive), 0.02) / 1.15, min(max(positive), 50) * 1.15
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    shown_marks = [mark for mark in _MARKS if low <= mark <= high]
    fine = shown_marks if len(shown_marks) > 2 else [m for m in _FINE if low <= m <= high]
    inside = sorted({*fine, reference})
    axes.xaxis.set_major_locator(FixedLocator(inside))
    axes.xaxis.set_minor_locator(NullLocator())
