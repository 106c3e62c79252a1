"""A masked table laid out as rows of French text, before HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from studylib.errors import StudyError
from studylib.report import cells, french, labels
from studylib.report.disclosure import Masked
from studylib.tables import Table


@dataclass(frozen=True)
class Grid:
    """Headers, rows of text, which columns align as figures, and what is common to all rows."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    figures: tuple[bool, ...]
    common: str = ""


def explanation(masked: Masked) -> str:
    """The sentence that says why cells are hidden; empty when none is."""
    found = set(masked.marks.to_numpy().ravel()) - {""}
    lowest = 1 if masked.show_zero else 0
    words = {
        "small": f"« {cells.small(masked.threshold)} » : effectif de {lowest} à "
        f"{masked.threshold - 1}, non diffusable.",
        "withheld": f"« {cells.WITHHELD} » : valeur retirée, car un petit effectif s'en déduirait.",
    }
    return french.typeset(" ".join(words[mark] for mark in words if mark in found))


def lay_out(
    masked: Masked,
    schema: Table,
    *,
    columns: Sequence[str] | None = None,
    names: Mapping[str, str] | None = None,
) -> Grid:
    """The table as text: the columns asked for, or those a reader needs of this schema."""
    frame = masked.frame
    if columns is not None:
        unknown = [name for name in columns if name not in frame.columns]
        if unknown:
            raise StudyError(
                f"Tableau « {schema.name} » : colonne {', '.join(unknown)} non déclarée ; "
                f"colonnes possibles : {', '.join(frame.columns)}."
            )
        return _chosen(masked, schema, list(columns), names)
    if schema.name == "balance":
        return _balance(masked, names)
    chosen = [str(name) for name in frame.columns if _says_something(frame, masked, str(name))]
    if schema.name == "estimates" and frame["method"].nunique() > 1:
        chosen.remove("method")
    common = _shared_by_all_rows(frame, chosen) if schema.name == "estimates" else {}
    grid = _plain(masked, schema, [name for name in chosen if name not in common], names)
    told = " · ".join(
        f"{labels.column(name, names)} : {cells.word(name, value, names)}"
        for name, value in common.items()
    )
    abbreviations = _abbreviations(frame) if schema.name == "estimates" else ""
    return Grid(
        grid.headers,
        grid.rows,
        grid.figures,
        french.typeset(f"{told}. {abbreviations}".strip(". ")),
    )


def _chosen(
    masked: Masked, schema: Table, columns: list[str], names: Mapping[str, str] | None
) -> Grid:
    """The columns asked for; of estimates, what is common or short is told under them."""
    if schema.name != "estimates":
        return _plain(masked, schema, columns, names)
    frame = masked.frame
    methods = set(frame["method"]) if "method" in columns else set()
    shared = methods.pop() if len(methods) == 1 and len(columns) > 1 else ""
    kept = [name for name in columns if not (name == "method" and shared)]
    told = [f"{labels.column('method', names)} : {labels.method(shared)}."] if shared else []
    told += [_abbreviations(frame)] if "measure" in columns else []
    return replace(_plain(masked, schema, kept, names), common=french.typeset(" ".join(told)))


def _abbreviations(frame: pd.DataFrame) -> str:
    """What the short names of the measures stand for."""
    measures = [labels.measure(str(name)) for name in frame["measure"].unique()]
    told = [
        f"{each.short} : {each.label[0].lower()}{each.label[1:]}" for each in measures if each.short
    ]
    return " ; ".join(told) + ("." if told else "")


def _says_something(frame: pd.DataFrame, masked: Masked, name: str) -> bool:
    """Whether a column holds anything: empty ones (no p-value, no label) are left out."""
    empty = frame[name].isna() | (frame[name].astype(str) == "")
    return not len(frame) or not (empty & (masked.marks[name] == "")).all()


def _shared_by_all_rows(frame: pd.DataFrame, columns: list[str]) -> dict[str, str]:
    """Labels that are the same on every row: said once rather than in each line."""
    candidates = ("population", "outcome", "method", "analysis")
    return {
        name: str(frame[name].iloc[0])
        for name in candidates
        if name in columns and frame[name].nunique() == 1 and (len(frame) > 1 or name == "method")
    }


def _plain(
    masked: Masked, schema: Table, columns: list[str], names: Mapping[str, str] | None
) -> Grid:
    leader = _interval_leader(schema, columns)
    shown = [name for name in columns if not (leader and name in ("ci_low", "ci_high"))]
    headers = [
        french.typeset(
            labels.column(name, names)
            + (f" ({(names or {}).get('interval', 'IC 95 %')})" if name == leader else "")
        )
        for name in shown
    ]
    rows = [
        tuple(
            cells.written(masked, schema, row, name, limits=name == leader, names=names)
            for name in shown
        )
        for row in range(len(masked.frame))
    ]
    return Grid(tuple(headers), tuple(rows), tuple(cells.is_figure(schema, n) for n in shown))


def _interval_leader(schema: Table, columns: list[str]) -> str:
    """The column whose cells take in the limits that follow it, if any."""
    if "ci_low" not in columns or "ci_high" not in columns:
        return ""
    before = columns[: columns.index("ci_low")]
    return before[-1] if before and cells.is_figure(schema, before[-1]) else ""


def _balance(masked: Masked, names: Mapping[str, str] | None) -> Grid:
    """Baseline characteristics: one column per group, then the standardised differences.

    The one after adjustment has a column only where there was an adjustment.
    """
    frame = masked.frame
    arms, references = ([*frame[side].unique()] for side in ("arm", "reference"))
    extra = [
        str(n) for n in ("analysis", "population") if n in frame.columns and frame[n].nunique() > 1
    ]
    several = ["arm"] if len(arms) > 1 else []
    headers = [
        labels.column("covariate", names),
        *(labels.column(n, names) for n in [*extra, *several]),
    ]
    headers.append("Groupe" if several else _headed(masked, "arm", arms, names))
    headers.append(_headed(masked, "reference", references, names))
    smds = ["smd"] + ["smd_after"] * bool(_says_something(frame, masked, "smd_after"))
    headers += [labels.column(name, names) for name in smds]
    rows = []
    for row in range(len(frame)):
        text = [labels.value(frame[n].iloc[row], names) for n in ["covariate", *extra, *several]]
        sides = [_side(masked, row, side) for side in ("arm", "reference")]
        differences = [
            cells.hidden(masked, row, name) or french.number(frame[name].iloc[row], decimals=3)
            for name in smds
        ]
        rows.append((*text, *sides, *differences))
    figures = tuple([False] * (len(headers) - len(smds) - 2) + [True] * (len(smds) + 2))
    return Grid(tuple(headers), tuple(rows), figures)


def _headed(masked: Masked, side: str, arms: Sequence[str], names: Mapping[str, str] | None) -> str:
    """« AOD (n = 1 234) » when the group and its size are the same on every row."""
    if len(arms) != 1:
        return labels.column(side, names)
    sizes = masked.frame[f"{side}_persons"]
    name = labels.value(arms[0], names)
    if sizes.isna().any() or sizes.nunique() != 1:
        return name
    return f"{name} (n{french.NBSP}={french.NBSP}{french.number(int(sizes.iloc[0]))})"


def _side(masked: Masked, row: int, side: str) -> str:
    """One group's cell: count and share, or mean and standard deviation."""
    frame, marks = masked.frame, masked.marks
    mean, spread = frame[f"{side}_mean"].iloc[row], frame[f"{side}_sd"].iloc[row]
    if str(frame["kind"].iloc[row]) != "share":
        told = f"{french.number(mean, decimals=1)} ({french.number(spread, decimals=1)})"
        return cells.hidden(masked, row, f"{side}_mean") or told
    told = cells.hidden(masked, row, f"{side}_count")
    if told:
        return told
    count = french.number(frame[f"{side}_count"].iloc[row])
    if marks[f"{side}_mean"].iloc[row]:
        return count
    return f"{count} ({french.percent(mean)})"
