"""The flow chart: from the population to the persons analysed."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from studylib.errors import StudyError
from studylib.report import french
from studylib.report import labels as words
from studylib.report.cells import WITHHELD, small
from studylib.report.disclosure import Masked
from studylib.report.figures import style
from studylib.report.fragment import Fragment
from studylib.report.tables import review
from studylib.tables import FLOW


def flow_chart(
    flow: pd.DataFrame,
    *,
    caption: str,
    alt: str,
    labels: Mapping[str, str] | None = None,
) -> Fragment:
    """The steps of a ``tables.FLOW`` table as boxes, exclusions at their side.

    An exclusion under the threshold hides enough neighbouring counts that it cannot be
    subtracted. Raises StudyError for an empty flow, or words that say nothing.
    """
    style.check_words(caption, alt)
    if flow.empty:
        raise StudyError(
            f"Diagramme de flux « {caption} » : aucune étape ; il en faut une au moins."
        )
    masked = review(flow, FLOW, caption=caption)

    def draw(figure: Figure, narrow: bool) -> None:
        axes = figure.subplots()
        axes.set_axis_off()
        axes.set_xlim(0, 10)
        axes.set_ylim(-len(flow) + 0.45, 0.55)
        for row in range(len(flow)):
            _draw_step(axes, masked, row, labels, width=32 if narrow else 58)

    height = (0.3 + 0.86 * len(flow), 0.3 + 1.05 * len(flow))
    return style.publish(draw, height, masked, FLOW, caption=caption, alt=alt, labels=labels)


def _written(masked: Masked, row: int, name: str) -> str:
    mark = masked.marks[name].iloc[row]
    if mark:
        return small(masked.threshold) if mark == "small" else WITHHELD
    return french.number(int(masked.frame[name].iloc[row]))


def _persons(masked: Masked, row: int) -> str:
    written = _written(masked, row, "persons")
    return f"effectif {WITHHELD}" if written == WITHHELD else f"{written}{french.NBSP}personnes"


def _draw_step(
    axes: Axes, masked: Masked, row: int, labels: Mapping[str, str] | None, *, width: int
) -> None:
    step = textwrap.shorten(
        words.value(masked.frame["step"].iloc[row], labels), 110, placeholder="…"
    )
    step = "\n".join(textwrap.wrap(step, width, break_long_words=False)[:4])
    box: dict[str, Any] = {
        "boxstyle": "round,pad=0.5",
        "facecolor": "#eef3f8",
        "edgecolor": style.COLOURS[0],
    }
    last = row == len(masked.frame) - 1
    box["linewidth"] = 1.8 if last else 0.9
    axes.text(
        3.1,
        -row,
        f"{step}\n{_persons(masked, row)}",
        ha="center",
        va="center",
        bbox=box,
        fontsize=9,
        linespacing=1.35,
        zorder=3,
        fontweight="bold" if last else "normal",
    )
    if row:
        _draw_exclusion(axes, row, _written(masked, row, "excluded"))


def _draw_exclusion(axes: Axes, row: int, excluded: str) -> None:
    axes.annotate(
        "",
        (3.1, -row + 0.3),
        (3.1, -row + 0.75),
        zorder=1,
        arrowprops={"arrowstyle": "-|>", "color": style.GREY},
    )
    axes.plot([3.1, 6.3], [-row + 0.5] * 2, color=style.GREY, lw=0.9, zorder=1)
    axes.text(
        6.4,
        -row + 0.5,
        f"exclues{french.NBSP}: {excluded}",
        va="center",
        ha="left",
        fontsize=9,
    )
