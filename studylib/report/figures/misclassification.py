"""What errors in recording the outcome would do to the ratio."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from studylib.report import french
from studylib.report import labels as words
from studylib.report.cells import not_seen
from studylib.report.figures import style
from studylib.report.fragment import Fragment
from studylib.report.tables import review
from studylib.risk.doubt import MISCLASSIFICATION

_PANELS = 3
_MARKERS = ("s", "o", "D", "^", "v", "P")


def misclassification_plot(
    corrected: pd.DataFrame,
    *,
    caption: str,
    alt: str,
    labels: Mapping[str, str] | None = None,
) -> Fragment:
    """The corrected ratio by the sensitivity of the record in the arm (MISCLASSIFICATION).

    One panel per predictive value, else per specificity in both arms (three at most), one mark per
    sensitivity in the reference, for the first estimate of the table. Impossible corrections are
    not drawn. Raises StudyError when caption or alternative text says nothing.
    """
    style.check_words(caption, alt)
    masked = review(corrected, MISCLASSIFICATION, caption=caption)
    frame = masked.frame
    first = frame[frame["comparison"] == frame["comparison"].iloc[0]] if len(frame) else frame
    panels = _panels(first.dropna(subset=["estimate"]))

    def draw(figure: Figure, narrow: bool) -> None:
        across = (len(panels), 1) if narrow else (1, len(panels))
        drawn = figure.subplots(*across, sharex=narrow, sharey=True, squeeze=False).ravel()
        for axes, (title, part) in zip(drawn, panels, strict=True):
            _draw(axes, title, part)
        ratio = french.typeset(words.measure("risk_ratio").label + " corrigé")
        figure.supylabel(ratio, fontsize=10)
        between = "\n" if narrow else " "
        figure.supxlabel(f"Sensibilité du codage{between}dans le groupe comparé", fontsize=10)

    reasons = [not_seen(row) for _, row in frame.iterrows()]
    return style.publish(
        draw,
        (3.9, 1.2 + 2.2 * len(panels)),
        masked,
        MISCLASSIFICATION,
        caption=caption,
        alt=alt,
        labels=labels,
        lacking=not panels,
        reason=next((one for one in reasons if one), ""),
    )


def _panels(seen: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Title and rows of each panel: predictive values when few enough to have been given."""
    if seen.empty:
        return []
    given = seen["predictive_value"].round(6)
    if given.nunique() < seen["specificity_arm"].round(6).nunique():
        by, name = given, "Valeur prédictive"
    else:
        same = seen["specificity_arm"] == seen["specificity_reference"]
        seen = seen[same]
        by, name = seen["specificity_arm"], "Spécificité"
    parts = [(float(value), part) for value, part in seen.groupby(by)]
    return [
        (f"{name}{french.NBSP}: {french.percent(value)}", part)
        for value, part in parts[-_PANELS:][::-1]
    ]


def _draw(axes: Axes, title: str, part: pd.DataFrame) -> None:
    axes.set_title(title, fontsize=10)
    alike = (part["sensitivity_arm"] == part["sensitivity_reference"]).all()
    groups = [("", part)] if alike else list(part.groupby("sensitivity_reference"))
    for place, (reference, rows) in enumerate(groups):
        rows = rows.sort_values("sensitivity_arm")
        colour = style.COLOURS[place % len(style.COLOURS)]
        shift = 0 if alike else 1.2 * (place - (len(groups) - 1) / 2)
        axes.errorbar(
            100 * rows["sensitivity_arm"] + shift,
            rows["estimate"],
            yerr=[rows["estimate"] - rows["ci_low"], rows["ci_high"] - rows["estimate"]],
            fmt=_MARKERS[place % len(_MARKERS)] + ("-" if alike else ""),
            color=colour,
            lw=1.2,
            markersize=5,
            label="" if alike else french.percent(float(str(reference)), decimals=0),
        )
    axes.axhline(1, color=style.GREY, lw=1, ls="--", zorder=0)
    axes.margins(x=0.12)
    axes.set_xticks(100 * part["sensitivity_arm"].unique())
    if not alike:
        axes.legend(
            title="Référence", fontsize=style.SMALLEST, title_fontsize=style.SMALLEST, frameon=False
        )
    style.french_axis(axes, x=True, suffix=f"{french.NBSP}%")
    style.french_axis(axes, y=True)
