"""Persons by the time between two beginnings: the picture of a prescription sequence."""

from __future__ import annotations

import textwrap
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
from studylib.risk import GAPS


def gap_chart(
    gaps: pd.DataFrame,
    *,
    caption: str,
    alt: str,
    labels: Mapping[str, str] | None = None,
) -> Fragment:
    """The ``risk.GAPS`` of each pair in bars: weeks from index to marker, persons.

    Bars of the weeks before the index are pale, so that an excess after it stands out. A row that
    may not be shown has no bar, and says so; same-day starts are left out, they have no order.
    Raises StudyError when caption or alternative text says nothing.
    """
    style.check_words(caption, alt)
    masked = review(gaps, GAPS, caption=caption)
    pairs = list(masked.frame["comparison"].drop_duplicates())
    frame = masked.frame

    def draw(figure: Figure, narrow: bool) -> None:
        panels = figure.subplots(len(pairs), 1, squeeze=False)[:, 0]
        for axes, pair in zip(panels, pairs, strict=True):
            _draw(axes, frame[frame["comparison"] == pair])
            name = textwrap.wrap(words.value(pair, labels), 38 if narrow else 80)
            axes.set_title("\n".join(name), fontsize=10)
        weeks = "Semaines depuis le début" + ("\n" if narrow else " ") + "du médicament étudié"
        panels[-1].set_xlabel(french.typeset(weeks))

    hidden = frame.loc[frame["first_week"] != 0, "persons"].isna().any()
    return style.publish(
        draw,
        0.6 + 2.3 * max(len(pairs), 1),
        masked,
        GAPS,
        caption=caption,
        alt=alt,
        labels=labels,
        note="« n. p. » : effectif trop petit pour être publié." if hidden else "",
        lacking=not pairs,
        reason="Estimations retenues",
    )


def _draw(axes: Axes, rows: pd.DataFrame) -> None:
    apart = rows[rows["first_week"] != 0]
    low = apart["first_week"].to_numpy(float) - (apart["first_week"] > 0)
    high = apart["last_week"].to_numpy(float) + (apart["last_week"] < 0)
    persons = apart["persons"].to_numpy(dtype=float, na_value=np.nan)
    known = ~np.isnan(persons)
    after = (apart["first_week"] > 0).to_numpy()
    for side, face in ((after, style.COLOURS[0]), (~after, style.PALE)):
        axes.bar(
            low[side & known],
            persons[side & known],
            (high - low)[side & known],
            align="edge",
            color=face,
            edgecolor=style.INK,
            linewidth=0.6,
        )
    for place in ((low + high) / 2)[~known]:
        axes.text(
            place,
            0.03,
            "n. p.",
            transform=axes.get_xaxis_transform(),
            ha="center",
            fontsize=style.SMALLEST,
            color=style.GREY,
        )
    axes.axvline(0, color=style.INK, linewidth=1)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("Personnes")
    style.french_axis(axes, x=True, y=True)
