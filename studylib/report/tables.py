"""Tables as a page shows them: masked, captioned, with headers both ways, in French."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from studylib.errors import StudyError
from studylib.report import context, disclosure, french
from studylib.report.cells import WITHHELD, not_seen, small
from studylib.report.disclosure import Masked
from studylib.report.fragment import Fragment, escape, wrap
from studylib.report.grid import Grid, explanation, lay_out
from studylib.report.methods import methods
from studylib.tables import Table

_COUNTED = {"persons", "events", "excluded", "arm_persons", "at_risk"}
_FIGURES = 4
_LONG = 100  # rows; a longer table is folded, and is read on screen or in its file
_WORD = 12  # letters; beyond, what stands for a figure is a sentence, which may wrap
_FIT_A_PHONE = 3  # columns; a wider table is read row by row on a narrow screen


def table(
    frame: pd.DataFrame,
    schema: Table,
    *,
    caption: str,
    columns: Sequence[str] | None = None,
    labels: Mapping[str, str] | None = None,
    note: str = "",
    row_headers: int = 1,
    totals: Mapping[str, str] | None = None,
) -> Fragment:
    """A captioned table of what may be shown of ``frame``; its CSV goes to the run's tables.

    ``columns`` chooses and orders columns (default: those a reader needs), ``labels`` gives
    French text for column names and for values, ``totals`` the label of the row that sums the
    others in a column. Raises StudyError for an empty caption, an undeclared column.

    >>> from studylib.tables import FLOW
    >>> flow = pd.DataFrame({"step": ["Population"], "persons": [1200], "excluded": [0]})
    >>> table(flow, FLOW, caption="Population étudiée").text.splitlines()[0]
    'Population étudiée'
    """
    masked = review(frame, schema, totals=totals, caption=caption)
    several = schema.name == "estimates" and masked.frame["method"].nunique() > 1
    if several and columns is not None:
        columns = [name for name in columns if name != "method"]
    grid = lay_out(masked, schema, columns=columns, names=labels)
    context.write_table(as_text(masked), caption)
    notes = [grid.common, french.typeset(note), explanation(masked)]
    html = grid_html(grid, caption=caption, notes=notes, row_headers=row_headers)
    if len(grid.rows) > _LONG:
        html = _folded(html, caption, len(grid.rows))
    text = grid_text(grid, caption, notes)
    if several:  # too long for a column: each is said once, below
        below = methods(frame, names=labels)
        html, text = html + below.html, f"{text}\n{below.text}"
    return Fragment(wrap(html, "table"), text)


def _folded(html: str, caption: str, rows: int) -> str:
    """A long table to open, since what follows it should not be pages away."""
    told = escape(french.typeset(f"{caption} : {french.plural(rows, 'ligne')}"))
    paper = f"{told}, à lire à l'écran ou dans le fichier des tableaux."
    return f'<details><summary>{told}</summary>{html}</details><p class="note paper">{paper}</p>'


def review(
    frame: pd.DataFrame,
    schema: Table,
    *,
    totals: Mapping[str, str] | None = None,
    caption: str = "",
) -> Masked:
    """``frame`` masked with the page's threshold, and in agreement with what the page has shown.

    Under a ``caption``, it also agrees with what each region's own report shows under it.

    Counts and estimates are remembered from one display to the next, whatever table tells them: the
    total of two arms may not stand below, or above, a table that hides one of them; nor below it
    what is computed from an estimate it hides.
    """
    page = context.current()
    masked = disclosure.review(
        frame,
        schema,
        threshold=page.threshold,
        show_zero=page.show_zero,
        totals=totals,
        earlier=page.shown.get(schema.name),
        parts=context.region_tables(caption) if caption else None,
        page=page.told,
    )
    context.remember(schema.name, masked)
    if schema.name == "estimates":
        return masked
    return disclosure.hide_derived(masked, schema, page.shown.get("estimates"))


def as_text(masked: Masked) -> pd.DataFrame:
    """The masked frame with « < 11 » or « masqué » written in its hidden cells.

    Beside counts of people, numbers are rounded to four significant figures, and person-time to
    whole years: the digits beyond would give the counts back. Columns without a hidden cell keep
    their type.
    """
    shown = masked.frame.copy()
    if _COUNTED & set(shown.columns):
        for name in shown.select_dtypes("float"):
            digits = None if name == "person_years" else _FIGURES
            shown[name] = [_rounded(value, digits) for value in shown[name]]
    for name in shown.columns:
        marks = masked.marks[name]
        if (marks != "").any():
            words = marks.map({"small": small(masked.threshold), "withheld": WITHHELD})
            shown[name] = shown[name].astype(object).where(marks == "", words)
    if {"estimate", "method"} <= set(shown.columns):
        reasons = masked.frame.apply(not_seen, axis=1) if len(shown) else shown["method"]
        if (reasons != "").any():
            kept = shown["estimate"].astype(object)
            shown["estimate"] = kept.where((reasons == "") | kept.notna(), reasons)
    return shown


def _rounded(value: float, figures: int | None) -> float:
    if pd.isna(value) or value == 0 or math.isinf(value):
        return value
    if figures is None:
        return float(round(value))
    return round(value, figures - 1 - math.floor(math.log10(abs(value))))


def grid_html(grid: Grid, *, caption: str, notes: Sequence[str] = (), row_headers: int = 1) -> str:
    """The grid as a captioned HTML table inside a scroll region that the keyboard can reach."""
    if not caption.strip():
        raise StudyError("Tableau sans titre : donnez un « caption » qui dise ce qu'il montre.")
    if not 1 <= row_headers <= len(grid.headers):
        raise StudyError(
            f"Tableau « {caption} » : row_headers={row_headers}, "
            f"attendu de 1 à {len(grid.headers)}."
        )
    title = escape(french.typeset(caption))
    head = "".join(
        f'<th scope="col"{_figure_class(is_figure and place >= row_headers)}>{escape(header)}</th>'
        for place, (header, is_figure) in enumerate(zip(grid.headers, grid.figures, strict=True))
    )
    body = "".join(f"<tr>{_row(row, grid, row_headers)}</tr>" for row in grid.rows)
    if not grid.rows:
        body = f'<tr><th scope="row" colspan="{len(grid.headers)}">Aucune ligne</th></tr>'
    wide = ' class="wide"' if len(grid.headers) > _FIT_A_PHONE else ""
    told = "".join(f'<p class="note">{escape(text)}</p>' for text in notes if text)
    return (
        f'<div class="scroll" role="region" tabindex="0" '
        f'aria-label="Tableau{french.NBSP}: {title}">'
        f"<table{wide}><caption>{title}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>{told}"
    )


def _figure_class(is_figure: bool) -> str:
    return ' class="num"' if is_figure else ""


def _row(row: Sequence[str], grid: Grid, row_headers: int) -> str:
    cells = []
    for position, (text, is_figure) in enumerate(zip(row, grid.figures, strict=True)):
        named = f' data-label="{escape(grid.headers[position])}"'
        named = named if len(grid.headers) > _FIT_A_PHONE else ""
        if position < row_headers:
            text = _capital(text) if position == 0 else text
            cells.append(f'<th scope="row"{named}>{escape(text)}</th>')
        else:
            long_code = ' class="hash"' if len(text) > 40 and " " not in text else ""
            reason = is_figure and text[:1].isalpha() and len(text) > _WORD
            kind = ' class="reason"' if reason else long_code or _figure_class(is_figure)
            cells.append(f"<td{kind}{named}>{escape(text)}</td>")
    return "".join(cells)


def _capital(text: str) -> str:
    """A row's name with a capital, unless its first word is not plain French: a code, « p »."""
    first = text.split(" ")[0].rstrip(",;:")
    plain = len(first) > 1 and first.replace("-", "").replace("'", "").isalpha()
    return text[0].upper() + text[1:] if plain and first.islower() else text


def grid_text(grid: Grid, caption: str, notes: Sequence[str] = ()) -> str:
    """The grid as aligned plain text."""
    lines = [grid.headers, *grid.rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(grid.headers))]
    body = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    return "\n".join([caption, *body, *[text for text in notes if text]])
