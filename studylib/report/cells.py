"""One cell of a table as French text, by its column's kind and unit."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

from studylib.report import estimator_words, french, labels
from studylib.report.disclosure import Masked
from studylib.tables import Column, Table

WITHHELD = "masqué"
_MONTHS = ("period", "month", "level_from", "pulse_months")


def small(threshold: int) -> str:
    r"""What stands for a count under the threshold.

    >>> small(11)
    '<\xa011'
    """
    return f"<{french.NBSP}{threshold}"


def hidden(masked: Masked, row: int, name: str) -> str:
    """What stands in a hidden cell; empty when the cell is shown."""
    mark = masked.marks[name].iloc[row]
    return {"": "", "small": small(masked.threshold), "withheld": WITHHELD}[mark]


def written(
    masked: Masked,
    schema: Table,
    row: int,
    name: str,
    *,
    limits: bool = False,
    names: Mapping[str, str] | None = None,
) -> str:
    """The cell as a reader sees it; with ``limits``, followed by ci_low and ci_high."""
    frame = masked.frame
    told = hidden(masked, row, name)
    if told:
        return told
    if name == "estimate" and (reason := not_seen(frame.iloc[row])):
        return reason
    if "measure" in frame.columns and name in ("estimate", "ci_low", "ci_high"):
        measure = str(frame["measure"].iloc[row])
        low, high = (frame[side].iloc[row] if limits else None for side in ("ci_low", "ci_high"))
        return labels.with_interval(frame[name].iloc[row], low, high, measure)
    text = plain(frame, schema, row, name, names)
    if limits and not french.absent(frame["ci_low"].iloc[row]):
        ends = [plain(frame, schema, row, side, names) for side in ("ci_low", "ci_high")]
        return f"{text} ({ends[0]} à {ends[1]})"
    return text


def not_seen(row: pd.Series) -> str:
    """Why gates withhold the estimate of a row, in words; empty when they do not."""
    how = str(row.get("method", ""))
    return labels.method(how) if "; withheld=" in how and french.absent(row["estimate"]) else ""


def plain(
    frame: pd.DataFrame, schema: Table, row: int, name: str, names: Mapping[str, str] | None = None
) -> str:
    """One value as its column's kind and unit are written."""
    content = frame[name].iloc[row]
    column = schema.column(name) if name in schema.names else Column(name, "text", "")
    if french.absent(content):
        return french.MISSING
    if column.kind == "text":
        return word(name, str(content), names)
    if column.kind == "flag":
        return "oui" if content else "non"
    if column.kind == "day":
        return french.day(int(content))
    return _figure(float(content), column, frame[name])


def _figure(amount: float, column: Column, values: pd.Series) -> str:
    """A number; amounts of one column share their unit and decimals."""
    if column.kind == "integer" and column.name.endswith("year"):
        return str(int(amount))
    if column.name == "p_value":
        told = french.p_value(amount).removeprefix(f"p{french.NBSP}")
        return told.removeprefix(f"={french.NBSP}")
    largest = float(values.abs().max())
    if "per inhabitant" in column.unit or "par habitant" in column.unit:
        return f"{french.number(amount, decimals=0 if largest >= 100 else 2)}{french.NBSP}€"
    if "euros" in column.unit or "€" in column.unit:
        return french.euros(amount, like=float(values.abs().median()))
    if column.unit in ("share", "part") or "0 to 1" in column.meaning:
        return french.percent(amount, decimals=2 if column.name.startswith("specificity") else 1)
    if column.kind == "integer" or column.unit in ("years", "days"):
        return french.number(amount)
    if column.unit == "seven figures":
        return french.significant(amount, figures=7)
    if "ratio" in (column.name, *column.meaning.replace(",", "").split()):
        return french.number(amount, decimals=3)
    told = french.significant(amount)
    limit = column.name in ("at_least", "at_most") and "," in told  # as it was chosen: 0,05
    return told.rstrip("0").rstrip(",") if limit else told


def word(name: str, content: str, names: Mapping[str, str] | None = None) -> str:
    """A text cell in French: regions by name, months in words, methods told, other values named."""
    if not content:
        return french.MISSING
    if name in ("age_band", "stratum") and _ages(content):
        return _ages(content)
    if name in ("region", "population", "zone", "stratum"):
        return labels.place(content, names, zone=name == "zone")
    if name in _MONTHS:
        return " à ".join(french.month(each) for each in content.split(" – "))
    if name == "method":
        return labels.method(content)
    if name == "withheld":  # told already
        return content
    if name == "estimator":
        return estimator_words.estimator(content)
    if name == "measure":
        return labels.measure(content).short or labels.measure(content).label
    if name == "group" and content not in (names or {}):
        return content.replace("_", " ").capitalize()
    return labels.value(content, names)


def _ages(band: str) -> str:
    """An age band in words; empty for what is none.

    >>> _ages("75-84"), _ages("85+")
    ('75 à 84 ans', '85 ans ou plus')
    """
    if closed := re.fullmatch(r"(\d+)-(\d+)", band):
        return f"{closed[1]} à {closed[2]} ans"
    return f"{band[:-1]} ans ou plus" if re.fullmatch(r"\d+\+", band) else ""


def is_figure(schema: Table, name: str) -> bool:
    """Whether a column aligns as figures do."""
    return name in schema.names and schema.column(name).kind in ("integer", "number")
