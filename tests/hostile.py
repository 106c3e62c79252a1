"""Tables as nobody should give them, and what an estimator may answer to one."""

import warnings

import numpy as np
import pandas as pd

from studylib.errors import StudyError


def same(table):
    """Forms of a table that hold the same thing: the answer may not move."""
    n = len(table)
    return {
        "index repeated": table.set_axis([0] * n),
        "index of text": table.set_axis([f"r{place}" for place in range(n)]),
        "index shifted": table.set_axis(np.arange(n) + 1000),
        "two levels of index": table.set_axis(pd.MultiIndex.from_product([[1], range(n)])),
        "rows shuffled": table.sample(frac=1, random_state=3),
        "columns reversed": table[table.columns[::-1]],
        "objects": table.astype(object),
        "nullable": table.convert_dtypes(),
        "one column more": table.assign(zz="?"),
    }


def wrong(table, *, keys=(), days=(), flags=(), numbers=()):
    """Forms of a table that hold something else, or nothing."""
    found = {
        "no column": pd.DataFrame(),
        "empty": table.head(0),
        "one row": table.head(1),
        "two rows": table.head(2),
        "rows twice": pd.concat([table, table]),
    }
    for name in (*keys, *days, *flags, *numbers):
        changed = {
            "absent": table.drop(columns=name),
            "twice": pd.concat([table, table[[name]]], axis=1),
            "missing": table.assign(**{name: np.nan}),
            "one missing": with_first(table, name, None),
            "category": table.assign(**{name: pd.Categorical(table[name])}),
            "date": table.assign(**{name: pd.Timestamp("2020-01-01")}),
            "text": table.assign(**{name: "a"}),
        }
        if name in (*days, *numbers):
            values = (np.inf, -np.inf, 1e12, 1e300, 0.5, -40.0)
            changed |= {str(value): with_first(table, name, value) for value in values}
            changed |= {
                "numbers as text": table.assign(**{name: table[name].astype(str)}),
                "complex": table.assign(**{name: table[name] + 1j}),
                "constant": table.assign(**{name: 5}),
            }
        if name in flags:
            changed |= {
                "0 and 2": table.assign(**{name: table[name].astype(int) * 2}),
                "words": table.assign(**{name: np.where(table[name], "oui", "non")}),
                "always": table.assign(**{name: True}),
                "never": table.assign(**{name: False}),
            }
        found |= {f"{name}: {form}": one for form, one in changed.items()}
    return found


def with_first(table, name, value):
    """The table with one value changed, in a column that can hold it."""
    kind = float if isinstance(value, float) else object
    return table.assign(**{name: [value, *table[name].iloc[1:]]}).astype({name: kind})


def answer(call):
    """What a call answers; the sentence of a refusal. A warning or another error gets through."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return call()
        except StudyError as refusal:
            return str(refusal)


def unsound(answered):
    """What is wrong with an answer, empty when nothing is: a refusal, or rows that say enough."""
    if not isinstance(answered, pd.DataFrame) or "ci_low" not in answered:
        return ""
    for row in answered.itertuples():
        told = getattr(row, "method", "")
        stated = "not_estimable=" in told or "withheld=" in told
        if np.isnan(row.estimate) and not stated:
            return f"no estimate and no reason: {told}"
        if stated and not np.isnan(row.estimate):
            return f"an estimate beside {told}"
        if not stated and not (
            row.ci_low < row.ci_high and row.ci_low <= row.estimate <= row.ci_high
        ):
            return f"{row.estimate} [{row.ci_low}, {row.ci_high}]"
    return ""
