"""Frames on the terminal and in JSON: missing values are empty there and null here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd


def cells(frame: pd.DataFrame, columns: Sequence[str] = ()) -> list[list[str]]:
    """Rows of text of a frame (of some of its columns), missing values empty.

    >>> cells(pd.DataFrame({"code": ["A", None], "rows": [1, 2]}))
    [['A', '1'], ['', '2']]
    """
    shown = frame[list(columns)] if columns else frame
    return [
        ["" if pd.isna(value) else str(value) for value in row]
        for row in shown.astype(object).to_numpy().tolist()
    ]


def print_json(value: Any) -> None:
    """Write a value as JSON on stdout, each frame in it as a list of records."""
    print(json.dumps(value, ensure_ascii=False, indent=1, default=_plain))


def _plain(given: Any) -> Any:
    if not isinstance(given, pd.DataFrame):
        return str(given)
    rows = given.astype(object).to_dict("records")
    return [
        {str(key): None if pd.isna(value) else value for key, value in row.items()} for row in rows
    ]
