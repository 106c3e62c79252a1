"""Two versions of one report: what their difference would tell, and the notice left instead."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import nbformat
import pandas as pd

from studylib.report import page
from studylib.report.disclosure import across
from studylib.runs import render
from studylib.runs.record import RunRecord

NOTICE = (
    "## Version retirée\n\nCette version a été remplacée. Elle n'est plus publiée : la différence "
    "entre ses effectifs et ceux de la version en vigueur aurait fait connaître de petits nombres "
    "de personnes."
)


def tell_apart_few(old: Path, new: Path, threshold: int) -> bool:
    """Whether a count printed in both folders of tables changed by fewer than ``threshold``."""
    before, after = page.read_tables(old), page.read_tables(new)
    shared = before.keys() & after.keys()
    return any(_differ_by_few(before[file], after[file], threshold) for file in shared)


def _differ_by_few(old: pd.DataFrame, new: pd.DataFrame, threshold: int) -> bool:
    labels = across.row_labels(new)
    for column in across.COUNTED:
        if column in old.columns and column in new.columns and set(labels) <= set(old.columns):
            before, after = (across.printed(frame, labels, column) for frame in (old, new))
            for key, count in after.items():
                earlier = before.get(key)
                if count is None or earlier is None:
                    continue
                if 0 < abs(count - earlier) < threshold:
                    return True
    return False


def notice(record: RunRecord, superseded_by: str) -> str:
    """The page that stands where a withdrawn version was."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(NOTICE)])
    told: Mapping[str, str] = {
        key: value
        for key, value in render.provenance(record).items()
        if key in ("run", "date", "request", "scope")
    }
    html: str = page.render(
        notebook,
        title=f"{record.title} · {record.scope_label}",
        provenance=told,
        banners=[f"Version remplacée par {superseded_by}"],
    )
    return html
