"""One run of every benchmark, at a size and at ten times it, as a table.

``python -m benchmarks [PERSONS] [WORDS]``: 100,000 by default, then ten times as many, which are
ten copies of the first. WORDS, separated by commas, keep the works whose name holds one of them
(``Cox,matching``); those that stand on folders need the works that make them. CPU seconds are the
figure to read, and beside them how many times those of the bare scan of the same columns and of the
same work written by hand in DuckDB SQL. Ways of one same work must show one same result. pandas is
left out above a million persons, where it would need more memory than most machines have.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.measured import measure

SCAN, SQL, PANDAS = "bare scan", "DuckDB SQL by hand", "pandas"
LIMITS = {PANDAS: 1_000_000, "lifelines, quadratic": 10_000}
"""Rows beyond which a way is not tried: memory for pandas, minutes for lifelines' sandwich."""
COLUMNS = ("work", "way", "size", "CPU s", "wall s", "memory GB", "x scan", "x SQL", "growth")


@dataclass(frozen=True)
class Work:
    """One piece of work: its ways (a module each) and, by size, the arguments they are given.

    Ways that are not ``compared`` do another amount of work: their results may differ.
    """

    name: str
    ways: Mapping[str, str]
    sizes: Mapping[int, Sequence[str]]
    uncompared: Sequence[str] = field(default=(SCAN,))


def works(small: int, place: Path) -> list[Work]:
    """Every piece of work, in order: each stands on the folders made before."""
    large = 10 * small
    events = {size: (str(place / f"events-{size}"),) for size in (small, large)}
    raw = {size: (str(place / f"raw-{size}"),) for size in (small, large)}
    records = {200_000: (str(place / "records"),)}
    spark = importlib.util.find_spec("pyspark") is not None
    cohorts = {
        SCAN: "scan",
        SQL: "cohort_sql",
        "studylib": "cohort_studylib",
        PANDAS: "cohort_pandas",
    } | ({"studylib on Spark": "cohort_spark"} if spark else {})
    made = {"studylib": "simulation"}
    return [
        Work("simulation of events", made, {small: (str(small), *events[small])}),
        Work("ten copies", {SQL: "copies"}, {large: (*events[small], *events[large], str(small))}),
        Work("first opening, checks", {"studylib": "opening"}, events),
        Work("trial cohort and follow-up", cohorts, events),
        Work(
            "episodes of every drug",
            {SCAN: "scan", SQL: "episodes_sql", "studylib": "episodes_studylib"},
            events,
        ),
        Work("raw simulation", {"studylib": "raw_simulation"}, {small: (str(small), *raw[small])}),
        Work("ten raw copies", {SQL: "raw_copies"}, {large: (*raw[small], *raw[large])}),
        Work(
            "raw reading (SQL: drugs only)",
            {SCAN: "raw_scan", SQL: "raw_sql", "studylib": "raw_studylib"},
            raw,
            uncompared=(SCAN, SQL),
        ),
        Work("14 M records", {SQL: "records"}, records),
        Work(
            "200,000 x 10,000 sparse",
            {
                SCAN: "wide_scan",
                SQL: "wide_sql",
                "studylib": "wide_studylib",
                PANDAS: "wide_pandas",
            },
            records,
        ),
        Work(
            "Cox, 10 covariates",
            {"lifelines": "cox_lifelines", "studylib": "cox_studylib"},
            {size: (str(size),) for size in events},
        ),
        Work(
            "weighted Cox, robust, 10 covariates",
            {"lifelines, quadratic": "weighted_lifelines", "studylib": "weighted_studylib"},
            {size: (str(size),) for size in (small // 10, *events)},
        ),
        Work(
            "L1 score, 5,000 sparse columns (saga stops short)",
            {"scikit-learn, saga": "lasso_sklearn", "studylib": "lasso_studylib"},
            {small: (str(small),)},
            uncompared=("scikit-learn, saga",),
        ),
        Work(
            "the same, optimum checked",
            {"studylib": "lasso_studylib"},
            {size: (str(size),) for size in events},
        ),
        Work(
            "the same, penalty by cross-validation",
            {"studylib": "lasso_cross_validated"},
            {small: (str(small),)},
        ),
        Work(
            "matching, a tenth treated",
            {"scikit-learn neighbours": "matching_neighbours", "studylib": "matching_studylib"},
            {size: (str(size),) for size in events},
        ),
        Work(
            "case series, age and season",
            {"studylib": "case_series_studylib"},
            {size: (str(size),) for size in (small // 10, small)},
        ),
        Work(
            "conditional logistic, sets of five",
            {"studylib": "conditional_studylib"},
            {size: (str(size),) for size in (small // 20, small // 2)},
        ),
    ]


def main() -> None:
    """Prints the table; leaves with 1 when two ways of one thing disagree or one fails."""
    small = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    words = sys.argv[2].split(",") if len(sys.argv) > 2 else [""]
    table = Table(title="Cost of the same work, done several ways")
    for name in (*COLUMNS, "result"):
        table.add_column(name, justify="left" if name in ("work", "way", "result") else "right")
    agreed = True
    with tempfile.TemporaryDirectory() as place:
        for work in works(small, Path(place)):
            if any(word in work.name for word in words):
                agreed &= _compare(table, work)
    Console(width=170).print(table)
    sys.exit(0 if agreed else 1)


def _compare(table: Table, work: Work) -> bool:
    """Adds the rows of one work; whether its ways agree and none failed."""
    agreed = True
    smallest: dict[str, float] = {}
    for size, arguments in work.sizes.items():
        spent: dict[str, float] = {}
        results = set()
        for way, module in work.ways.items():
            if size > LIMITS.get(way, size):
                continue
            cost = measure(f"benchmarks.{module}", *arguments)
            result = str(cost.get("hash", cost.get("failure", "")))
            agreed &= "failure" not in cost
            if way not in work.uncompared:
                results.add(result)
            spent[way] = float(cost["cpu"])
            table.add_row(
                work.name, way, f"{size:,}", f"{cost['cpu']:.1f}", f"{cost['wall']:.1f}",
                f"{cost.get('memory', 0):.2f}", _times(spent, way, SCAN), _times(spent, way, SQL),
                f"{spent[way] / smallest[way]:.1f}" if way in smallest else "", result[:40],
            )  # fmt: skip
            smallest.setdefault(way, spent[way])
        agreed &= len(results) <= 1
        table.add_section()
    return agreed


def _times(spent: Mapping[str, float], way: str, measure_of: str) -> str:
    """CPU seconds of a way over those of the measure; nothing for the measure and those before."""
    if way == measure_of or measure_of not in spent:
        return ""
    return f"{spent[way] / spent[measure_of]:.2f}"


if __name__ == "__main__":
    main()
