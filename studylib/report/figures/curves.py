"""Survival and cumulative incidence curves, with the numbers still at risk."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from studylib.report import french
from studylib.report import labels as words
from studylib.report.figures import style
from studylib.report.fragment import Fragment
from studylib.report.tables import review
from studylib.tables import CURVES


def survival_curves(
    curves: pd.DataFrame,
    *,
    caption: str,
    alt: str,
    horizon_days: int | None = None,
    labels: Mapping[str, str] | None = None,
) -> Fragment:
    """The curves of a ``tables.CURVES`` table by arm, with intervals and numbers at risk.

    Steps are merged until each holds the threshold of events; a curve stops where fewer persons
    are at risk. Raises StudyError when caption or alternative text says nothing.
    """
    style.check_words(caption, alt)
    reason = _reason(curves)
    kept = curves if horizon_days is None else curves[curves["day"] <= horizon_days]
    kept = kept.assign(withheld=reason) if reason else kept
    masked = review(kept, CURVES)
    frame = masked.frame
    arms = [str(arm) for arm in curves["arm"].drop_duplicates()]
    horizon = horizon_days or int(max(frame["day"].max(), 1)) if len(frame) else 1
    points = frame.groupby("arm").size().reindex(arms, fill_value=0)

    def draw(figure: Figure, narrow: bool) -> None:
        axes, below = figure.subplots(2, 1, height_ratios=[5, 0.5 + 0.35 * len(arms)])
        _draw_curves(axes, frame, arms, horizon, labels)
        _draw_at_risk(below, frame, arms, horizon, labels, marks=4 if narrow else 6)

    note = (
        f"Les marches sont regroupées : entre deux points, aucun événement ou au moins "
        f"{masked.threshold}. Personnes à risque et événements sont arrondis à la dizaine "
        "supérieure."
    )
    note += _without_curve([arm for arm in arms if points[arm] < 2], labels)
    return style.publish(
        draw,
        4.1 + 0.22 * len(arms),
        masked,
        CURVES,
        caption=caption,
        alt=alt,
        labels=labels,
        note=note,
        lacking=not (points > 1).any(),
        reason=reason,
    )


def _without_curve(arms: list[str], labels: Mapping[str, str] | None) -> str:
    """Which groups have no curve, so that nobody takes their absence for an absence of risk."""
    names = french.listing([words.value(arm, labels) for arm in arms])
    return f" Sans courbe, faute d'un effectif suffisant : {names}." if arms else ""


def _reason(curves: pd.DataFrame) -> str:
    """Why gates withhold the curves, in words; empty when they do not."""
    if "withheld" not in curves or curves.empty:
        return ""
    told = words.method(f"curves; {curves['withheld'].iloc[0]}")
    return told[0].upper() + told[1:]


def _draw_curves(
    axes: Axes,
    frame: pd.DataFrame,
    arms: list[str],
    horizon: int,
    labels: Mapping[str, str] | None,
) -> None:
    for index, arm in enumerate(arms):
        curve = frame[frame["arm"] == arm].sort_values("day")
        if len(curve) < 2:
            continue
        colour, dash = style.COLOURS[index % 6], style.DASHES[index % 6]
        days, values = curve["day"].astype(float), 100 * curve["estimate"].astype(float)
        # points joined by straight lines: the day of each event is not shown
        axes.plot(
            days,
            values,
            color=colour,
            linestyle=dash,
            lw=1.8,
            marker=style.MARKERS[index % 6],
            markersize=4.5,
            label=words.value(arm, labels),
        )
        low, high = (100 * curve[side].astype(float) for side in ("ci_low", "ci_high"))
        axes.fill_between(days, low, high, color=colour, alpha=0.15, linewidth=0)
    measure = str(frame["measure"].iloc[0])
    axes.set_ylabel(f"{words.value(measure)} (%)")
    axes.set_xlabel("Jours depuis l'entrée dans l'étude")
    axes.set_xlim(0, horizon)
    if measure != "survival":
        axes.set_ylim(bottom=0)
    axes.grid(axis="y", color=style.PALE, linewidth=0.7)
    axes.legend(loc="best")
    style.french_axis(axes, x=True, y=True)


def _draw_at_risk(
    axes: Axes,
    frame: pd.DataFrame,
    arms: list[str],
    horizon: int,
    labels: Mapping[str, str] | None,
    *,
    marks: int = 6,
) -> None:
    """Numbers at risk, written under the points of the curve where they may be known."""
    axes.set_xlim(0, horizon)
    axes.set_ylim(-len(arms) + 0.5, 1.0)
    axes.set_axis_off()
    axes.text(
        0, 0.65, "Personnes à risque", fontsize=8.5, color=style.GREY, transform=axes.transData
    )
    for index, arm in enumerate(arms):
        curve = frame[frame["arm"] == arm].sort_values("day")
        axes.annotate(
            words.value(arm, labels),
            (0, -index),
            xycoords=axes.get_yaxis_transform(),
            xytext=(-18, 0),  # the first number is centred on the axis
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=8.5,
            color=style.COLOURS[index % 6],
        )
        nearest = _spread(curve["day"].tolist(), horizon, marks=marks)
        for position in nearest:
            at_risk = french.number(int(curve["at_risk"].iloc[position]))
            axes.text(
                curve["day"].iloc[position], -index, at_risk, ha="center", va="center", fontsize=8.5
            )


def _spread(days: list[int], horizon: int, *, marks: int) -> list[int]:
    """Positions of days spread far enough for figures not to overlap."""
    chosen: list[int] = []
    for position, day in enumerate(days):
        if not chosen or day - days[chosen[-1]] >= horizon / marks:
            chosen.append(position)
    return chosen
