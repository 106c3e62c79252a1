"""A value month after month, with what was expected of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from studylib.errors import StudyError
from studylib.report import french
from studylib.report import labels as words
from studylib.report.figures import style
from studylib.report.fragment import Fragment
from studylib.report.tables import review
from studylib.tables import SERIES, Table


def time_series(
    series: pd.DataFrame,
    *,
    caption: str,
    alt: str,
    unit: str,
    shocks: Sequence[tuple[str, str]] = (),
    labels: Mapping[str, str] | None = None,
    schema: Table = SERIES,
) -> Fragment:
    """The ``tables.SERIES`` by period: observed, expected with its band, shocks shaded.

    ``schema`` is another contract with the same columns, when it says how values are masked.
    ``unit`` names the vertical axis; ``shocks`` are (first, last) periods; periods whose phase is
    "incomplete" are drawn apart, hollow and unlinked. Raises StudyError for a shock outside the
    series, or words that say nothing.
    """
    style.check_words(caption, alt)
    masked = review(series, schema)
    frame = masked.frame.sort_values("period", kind="stable")
    periods = sorted(frame["period"].unique())
    strata = [words.value(each, labels) for each in frame["stratum"].drop_duplicates()]

    def draw(figure: Figure, narrow: bool) -> None:
        axes = figure.subplots()
        for stratum_index, stratum in enumerate(frame["stratum"].drop_duplicates()):
            part = frame[frame["stratum"] == stratum]
            _draw_stratum(axes, part, periods, stratum_index, strata[stratum_index])
        for first, last in shocks:
            _shade(axes, periods, str(first), str(last))
        _dress(axes, periods, unit, strata, narrow=narrow)

    return style.publish(draw, 3.9, masked, schema, caption=caption, alt=alt, labels=labels)


def _draw_stratum(
    axes: Axes, part: pd.DataFrame, periods: list[str], index: int, name: str
) -> None:
    colour = style.COLOURS[index % 6]
    place = np.array([periods.index(period) for period in part["period"]], dtype=float)
    incomplete = (part["phase"] == "incomplete").to_numpy()
    observed = part["observed"].astype(float).to_numpy()
    marker = style.MARKERS[index % 6] if len(periods) <= 24 else ""
    axes.plot(
        place,
        np.where(incomplete, np.nan, observed),
        color=colour,
        lw=1.7,
        marker=marker,
        markersize=4,
        linestyle=style.DASHES[index % 6],
        label=name,
    )
    _draw_expected(axes, part, place, colour)
    if incomplete.any():
        axes.plot(
            place[incomplete],
            observed[incomplete],
            linestyle="",
            marker="o",
            markerfacecolor="white",
            color=colour,
            label="Mois incomplet",
        )


def _draw_expected(axes: Axes, part: pd.DataFrame, place: np.ndarray, colour: str) -> None:
    if part["expected"].notna().any():
        axes.plot(
            place,
            part["expected"].astype(float),
            color=style.INK,
            lw=1.1,
            linestyle="--",
            label="Attendu",
        )
    if part["ci_low"].notna().any():
        axes.fill_between(
            place,
            part["ci_low"].astype(float),
            part["ci_high"].astype(float),
            color=colour,
            alpha=0.15,
            linewidth=0,
        )


def _shade(axes: Axes, periods: list[str], first: str, last: str) -> None:
    inside = [index for index, period in enumerate(periods) if first <= period <= last]
    if not inside:
        raise StudyError(
            f"Choc {first} à {last} hors de la série, qui va de {periods[0]} à {periods[-1]}."
        )
    axes.axvspan(inside[0] - 0.5, inside[-1] + 0.5, color=style.PALE, zorder=0, linewidth=0)
    title = french.month(first, short=True)
    if last != first:
        title = f"{title} – {french.month(last, short=True)}"
    axes.text(
        inside[-1] + 0.8,
        0.02,
        title,
        transform=axes.get_xaxis_transform(),
        fontsize=8.5,
        color=style.GREY,
        va="bottom",
    )


def _dress(
    axes: Axes, periods: list[str], unit: str, strata: list[str], *, narrow: bool = False
) -> None:
    axes.set_ylabel(french.typeset(unit))
    januaries = [i for i, period in enumerate(periods) if period.endswith("-01")]
    if len(periods) > 18 and januaries:
        axes.set_xticks(januaries, [periods[i][:4] for i in januaries])
    else:
        step = 1 + len(periods) // (4 if narrow else 8)
        marks = list(range(0, len(periods), step))
        axes.set_xticks(marks, [french.month(periods[i], short=True) for i in marks])
    edge = max(0.7, len(periods) / 40)  # room for the marks of the first and last months
    axes.set_xlim(-edge, len(periods) - 1 + edge)
    axes.grid(axis="y", color=style.PALE, linewidth=0.7)
    style.french_axis(axes, y=True)
    axes.margins(y=0.12)
    if axes.dataLim.ymin >= 0 > axes.get_ylim()[0]:
        axes.set_ylim(bottom=0)  # nothing counted is below nothing
    told = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    names = [*strata, *(name for name in told if name not in strata)]  # then what is expected
    if len(names) > 1:
        handles, columns = [told[name] for name in names], 2 if narrow else 3
        axes.legend(
            handles, names, loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, fontsize=9
        )
