"""How every figure is drawn and put on the page: palette, fonts, alternative text, data behind."""

from __future__ import annotations

import base64
import io
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from studylib.errors import StudyError
from studylib.report import context, french
from studylib.report.disclosure import Masked
from studylib.report.fragment import Fragment, escape, slug, wrap
from studylib.report.grid import explanation, lay_out
from studylib.report.tables import as_text, grid_html, grid_text
from studylib.tables import Table

# Okabe & Ito (2008), yellow left out: too pale on white. Never colour alone: markers, dashes.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 3)))
INK, GREY, PALE = "#1b1b1b", "#5f6368", "#d9dce0"
WIDE, NARROW = 7.6, 3.9  # inches: on a page, on a phone held upright
LINE = 0.19  # inches taken by a line of text
SMALLEST = 8.5  # points: no text of a figure is smaller
INSUFFICIENT = "Effectif insuffisant pour être publié"

Draw = Callable[[Figure, bool], None]
_SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same drawing everywhere
    "font.size": 10,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "legend.frameon": False,
    "figure.facecolor": "white",  # a light ground, so that dark pages stay readable
    "axes.facecolor": "white",
    "svg.hashsalt": "studylib",
    "svg.fonttype": "path",
}


@contextmanager
def canvas(width: float, height: float) -> Iterator[Figure]:
    """A figure of that many inches in the report's style, apart from pyplot's global state."""
    with matplotlib.rc_context(_SETTINGS):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure


def check_words(caption: str, alt: str) -> None:
    """Refuse (StudyError) a figure that a blind reader, or any reader, could not identify.

    >>> check_words("Risque par groupe", "Courbes d'incidence : AOD au-dessous de AVK")
    """
    if not caption.strip():
        raise StudyError("Figure sans titre : donnez un « caption » qui dise ce qu'elle montre.")
    text = alt.strip()
    place = f"Figure « {caption} » : texte de remplacement (alt)"
    if len(text) < 15:
        raise StudyError(f"{place} « {text} » trop court ; décrivez en une phrase ce qui se voit.")
    if slug(text, length=500) == slug(caption, length=500):
        raise StudyError(f"{place} identique au titre ; décrivez ce qui se voit.")
    if re.search(r"\.(png|svg|jpe?g|gif|pdf|webp)$", text, re.I) or " " not in text:
        raise StudyError(f"{place} « {text} » semblable à un nom de fichier ; écrivez une phrase.")
    if re.search(r"no description|image|figure\s*\d*$", text, re.I) and len(text) < 25:
        raise StudyError(f"{place} « {text} » ne décrit rien ; écrivez ce qui se voit.")


def french_axis(axes: Axes, *, x: bool = False, y: bool = False, suffix: str = "") -> None:
    """Write the axis' figures in French."""

    def written(value: float, position: int) -> str:
        text = french.significant(value, figures=4)
        if "," in text:
            text = text.rstrip("0").rstrip(",")
        return text + suffix

    for wanted, axis in ((x, axes.xaxis), (y, axes.yaxis)):
        if wanted:
            axis.set_major_formatter(FuncFormatter(written))


def say_insufficient(axes: Axes, reason: str = "") -> None:
    """Say on an empty drawing why nothing is drawn: too few persons, unless ``reason`` is given."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, reason or INSUFFICIENT, ha="center", va="center", transform=axes.transAxes)


def _insufficient(reason: str) -> Draw:
    """A drawing that only says why nothing is drawn."""

    def draw(figure: Figure, narrow: bool) -> None:
        say_insufficient(figure.subplots(), textwrap.fill(reason, 44 if narrow else 90))

    return draw


def svg_address(figure: Figure) -> str:
    """The drawing as a ``data:`` address: nothing to fetch, ids isolated, the same at each run."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()


def _picture(draw: Draw, height: float | tuple[float, float], alt: str) -> str:
    """The image as drawn for a page, and as drawn for a phone, whose text is then as large."""
    heights = height if isinstance(height, tuple) else (height, height)
    shapes = []
    for narrow, tall in zip((False, True), heights, strict=True):
        with canvas(NARROW if narrow else WIDE, tall) as figure:
            draw(figure, narrow)
            size = " ".join(
                f'{side}="{round(96 * inches)}"'
                for side, inches in zip(("width", "height"), figure.get_size_inches(), strict=True)
            )
            shapes.append((svg_address(figure), size))
    (page, page_size), (phone, phone_size) = shapes
    return (
        f'<picture><source media="screen and (max-width:40rem)" srcset="{phone}" {phone_size}>'
        f'<img src="{page}" alt="{escape(french.typeset(alt))}" {page_size}></picture>'
    )


def publish(
    draw: Draw,
    height: float | tuple[float, float],
    masked: Masked,
    schema: Table,
    *,
    caption: str,
    alt: str,
    columns: Sequence[str] | None = None,
    labels: Mapping[str, str] | None = None,
    note: str = "",
    lacking: bool = False,
    reason: str = "",
) -> Fragment:
    """The figure with its caption, alternative text and the masked table behind it.

    ``draw`` draws on the figure it is given, for a narrow screen when it is told so; ``height`` is
    in inches, a pair when the narrow drawing has its own. What is ``lacking`` is not drawn: the
    figure says why, in a ``reason`` or that persons are too few.
    """
    if lacking:
        draw, height, note = _insufficient(reason), 1.2, ""
    grid = lay_out(masked, schema, columns=columns, names=labels)
    context.write_table(as_text(masked), caption)
    notes = [grid.common, explanation(masked)]
    data_caption = f"Données de la figure : {caption}"
    table = grid_html(grid, caption=data_caption, notes=notes)
    title = escape(french.typeset(caption))
    told = f'<p class="note">{escape(french.typeset(note))}</p>' if note else ""
    html = (
        f'<figure><figcaption>{title}</figcaption><div class="scroll" role="region" tabindex="0" '
        f'aria-label="Figure{french.NBSP}: {title}">{_picture(draw, height, alt)}</div>{told}'
        f"<details><summary>Données de la figure{french.NBSP}: {title}</summary>"
        f"{table}</details></figure>"
    )
    return Fragment(wrap(html, "figure"), f"{alt}\n{grid_text(grid, caption, notes)}")
