"""Regions compared without a map: one dot per region against control limits."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from studylib.errors import StudyError
from studylib.report import french
from studylib.report import labels as words
from studylib.report.figures import style
from studylib.report.fragment import Fragment
from studylib.report.tables import review
from studylib.tables import Table


def region_chart(
    frame: pd.DataFrame,
    *,
    schema: Table,
    value: str,
    caption: str,
    alt: str,
    unit: str,
    region: str = "region",
    low: str | None = None,
    high: str | None = None,
    reference: float | None = None,
    reference_name: str = "France",
    requested: Sequence[str] = (),
    labels: Mapping[str, str] | None = None,
) -> Fragment:
    """One dot per region, sorted, with the limits ``low``–``high`` and a ``reference``, named.

    ``region`` names the column of region names or codes, ``requested`` the regions to bring out
    (same writing as that column). Raises StudyError for an unknown column or region.
    """
    style.check_words(caption, alt)
    _check_names(frame, [value, region, *[n for n in (low, high) if n]], f"« {caption} »")
    _check_regions(frame[region], requested, f"« {caption} »")
    masked = review(frame, schema)
    drawn = masked.frame.dropna(subset=[value]).sort_values(value, kind="stable")

    def draw(figure: Figure, narrow: bool) -> None:
        axes = figure.subplots()
        names = _draw(axes, drawn, value, region, (low, high), requested, labels)
        axes.set_yticks(range(len(drawn)), [_wrapped(each, 24 if narrow else 44) for each in names])
        if narrow:
            axes.xaxis.set_major_locator(MaxNLocator(4))
        if reference is not None:
            _mark_nation(axes, reference, reference_name)
        axes.set_xlabel(_wrapped(french.typeset(unit), 26 if narrow else 80))

    tall = max(len(drawn), 3)
    return style.publish(
        draw,
        (1.3 + 0.27 * tall, 1.5 + 0.36 * tall),
        masked,
        schema,
        caption=caption,
        alt=alt,
        labels=labels,
        lacking=drawn.empty,
    )


def _wrapped(text: str, width: int) -> str:
    return "\n".join(textwrap.wrap(text, width)) or text


def _check_names(frame: pd.DataFrame, wanted: Sequence[str], title: str) -> None:
    absent = [name for name in wanted if name not in frame.columns]
    if absent:
        raise StudyError(
            f"Graphique {title} : colonne {', '.join(absent)} absente ; "
            f"colonnes reçues : {', '.join(map(str, frame.columns))}."
        )


def _check_regions(regions: pd.Series, requested: Sequence[str], title: str) -> None:
    strangers = sorted(set(requested) - set(regions))
    if strangers:
        raise StudyError(f"Graphique {title} : région {', '.join(strangers)} absente du tableau.")


def _mark_nation(axes: Axes, reference: float, name: str) -> None:
    axes.axvline(reference, color=style.INK, lw=1, ls="--", zorder=1)
    axes.annotate(
        f"{name}{french.NBSP}: {french.significant(reference)}",
        (reference, 1),
        xycoords=axes.get_xaxis_transform(),
        xytext=(0, 3),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=9,
    )


def _draw(
    axes: Axes,
    drawn: pd.DataFrame,
    value: str,
    region: str,
    limits: tuple[str | None, str | None],
    requested: Sequence[str],
    labels: Mapping[str, str] | None,
) -> list[str]:
    """Draw each region; their names come back."""
    low, high = limits
    names = []
    for position in range(len(drawn)):
        row = drawn.iloc[position]
        brought_out = row[region] in requested
        ends = (row[low], row[high]) if low and high else (None, None)
        _draw_region(axes, position, row[value], ends, brought_out)
        name = words.place(row[region], labels, zone=region == "zone")
        names.append(f"▸ {name}" if brought_out else name)
    axes.set_ylim(-0.7, len(drawn) - 0.3)
    axes.margins(x=0.1)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", color="#eceef0", linewidth=0.7)
    axes.set_axisbelow(True)
    style.french_axis(axes, x=True)
    return names


def _draw_region(
    axes: Axes,
    position: int,
    value: float,
    ends: tuple[float | None, float | None],
    brought_out: bool,
) -> None:
    """A dot over its limits; a requested region has its own shape, colour and figure."""
    known = [end for end in ends if end is not None and not french.absent(end)]
    if len(known) == 2:
        pale = "#f0b58a" if brought_out else style.PALE
        axes.plot(known, [position] * 2, color=pale, lw=5, solid_capstyle="butt", zorder=1)
    colour = style.COLOURS[1] if brought_out else style.COLOURS[0]
    axes.plot(value, position, "D" if brought_out else "o", color=colour, markersize=7, zorder=3)
    if brought_out:
        axes.annotate(
            french.significant(value),
            (value, position),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            fontweight="bold",
        )
