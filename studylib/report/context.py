"""What the page being written has settled: disclosure threshold, tables written so far.

One kernel writes one page, so the state is the module's; ``report.header`` starts a page afresh.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from studylib import project
from studylib.report.disclosure import DEFAULT_THRESHOLD, Masked, Told, combine
from studylib.report.fragment import slug

SIBLINGS = "siblings.json"  # in a synthesis's run folder: region → folder of its tables


@dataclass(frozen=True)
class Page:
    """The settings of the page in progress."""

    threshold: int = DEFAULT_THRESHOLD
    show_zero: bool = True
    written: int = 0
    shown: Mapping[str, Masked] = field(default_factory=dict)
    told: Told = field(default_factory=Told)


_page = Page()


def current() -> Page:
    """The settings of the page in progress.

    >>> current().threshold >= 11
    True
    """
    return _page


def start(*, threshold: int = DEFAULT_THRESHOLD, show_zero: bool = True) -> Page:
    """A fresh page with its settings; a threshold below the default is raised to it."""
    global _page
    _page = Page(max(threshold, DEFAULT_THRESHOLD), show_zero)
    return _page


def remember(schema: str, masked: Masked) -> None:
    """Keep what the page has told, for later tables not to give away what it hides.

    Of estimates, the rows themselves are kept; of other tables, their counts.
    """
    global _page
    shown = dict(_page.shown)
    if schema == "estimates":
        shown[schema] = combine(_page.shown.get(schema), masked)
    _page = replace(_page, shown=shown, told=masked.told)


def write_table(shown: pd.DataFrame, name: str) -> Path | None:
    """The CSV written in the run folder's ``tables/`` (None by hand).

    The file is as French spreadsheets read it: UTF-8 with mark, semicolons, decimal commas. It
    holds only what the page shows.
    """
    global _page
    folder = project.run_folder()
    if folder is None:
        return None
    file = folder / "tables" / _next_file(name)
    _page = replace(_page, written=_page.written + 1)
    file.parent.mkdir(parents=True, exist_ok=True)
    shown.map(_with_comma).to_csv(file, sep=";", index=False, encoding="utf-8-sig")
    return file


def _with_comma(value: object) -> object:
    """Decimal numbers as French spreadsheets read them, whatever else the column holds."""
    if isinstance(value, float) and not pd.isna(value):
        return str(int(value) if value.is_integer() else value).replace(".", ",")
    return value


def _next_file(name: str) -> str:
    return f"{_page.written + 1:02d}-{slug(name)}.csv"


def region_tables(name: str) -> dict[str, pd.DataFrame]:
    """What each region's own report shows where this page is about to show ``name``, as text.

    Empty unless this page is a synthesis that was told of its regions.
    """
    folder = project.run_folder()
    if folder is None or not (folder / SIBLINGS).is_file():
        return {}
    places = json.loads((folder / SIBLINGS).read_text(encoding="utf-8"))
    files = {region: folder / place / _next_file(name) for region, place in places.items()}
    return {region: read_table(file) for region, file in files.items() if file.is_file()}


def read_table(file: Path) -> pd.DataFrame:
    """A table as ``write_table`` wrote it, every cell as text."""
    return pd.read_csv(file, sep=";", dtype=str, keep_default_na=False, encoding="utf-8-sig")
