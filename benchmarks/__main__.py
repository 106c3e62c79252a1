"""One run of every benchmark, at a size and at ten times it, as a table.

``python -m benchmarks [PERSONS]``: 100,000 by default, then ten times as many, which are ten copies
of the first. Raw tables are written and read at a tenth of these sizes. CPU seconds are the figure
to read; rows that build one same thing must show one same result. pandas is left out above a
million persons, where it would need more memory than most machines have.
"""

import importlib.util
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.measured import measure

COHORTS = {
    "bare scan": "benchmarks.scan",
    "DuckDB SQL by hand": "benchmarks.cohort_sql",
    "studylib": "benchmarks.cohort_studylib",
    "pandas": "benchmarks.cohort_pandas",
}
EPISODES = {
    "DuckDB SQL by hand": "benchmarks.episodes_sql",
    "studylib": "benchmarks.episodes_studylib",
}
WIDE = {"studylib": "benchmarks.wide_studylib", "pandas": "benchmarks.wide_pandas"}
RAW = {
    "bare scan": "benchmarks.raw_scan",
    "DuckDB SQL, drugs alone": "benchmarks.raw_sql",
    "studylib, every table": "benchmarks.raw_studylib",
}
MODELS = {"lifelines": "benchmarks.cox_lifelines", "studylib": "benchmarks.cox_studylib"}
COMPARED = {"pandas", "DuckDB SQL by hand", "studylib", "lifelines", "studylib on Spark"}
PANDAS_LIMIT = 1_000_000


def main() -> None:
    """Prints the table; leaves with 1 when two ways of one thing disagree or one fails."""
    small = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    table = Table(title="Cost of the same work, done several ways")
    for name in ("work", "way", "size", "CPU s", "wall s", "memory GB", "growth", "result"):
        table.add_column(name, justify="right" if name[0] in "pCwmg" and name != "way" else "left")
    agreed = True
    with tempfile.TemporaryDirectory() as place:
        events = {size: str(Path(place) / str(size)) for size in (small, 10 * small)}
        raw = {size: str(Path(place) / f"raw-{size}") for size in (small // 10, small)}
        simulated = {small: events[small]}
        works = [
            ("simulation", {"studylib": "benchmarks.simulation"}, simulated, True),
            ("ten copies", {"duckdb": "benchmarks.copies"}, {10 * small: _copied(events)}, False),
            ("trial cohort and follow-up", _cohorts(), events, False),
            ("episodes of every drug", EPISODES, events, False),
            ("raw simulation", {"studylib": "benchmarks.raw_simulation"}, raw, True),
            ("raw reading", RAW, raw, False),
            ("records", {"duckdb": "benchmarks.records"}, {14_000_000: f"{place}/wide"}, False),
            ("200,000 x 10,000 sparse", WIDE, {14_000_000: f"{place}/wide"}, False),
            ("Cox, 10 covariates", MODELS, {size: "" for size in events}, True),
        ]
        for work, ways, sizes, sized in works:
            agreed &= _compare(table, work, ways, sizes, sized=sized)
    Console(width=150).print(table)
    sys.exit(0 if agreed else 1)


def _copied(events: dict[int, str]) -> str:
    """Arguments of ``copies``: from, to, and how far apart the persons of two copies are."""
    (small, source), (_, target) = events.items()
    return f"{source}|{target}|{small}"


def _cohorts() -> dict[str, str]:
    """The ways of the trial cohort, Spark among them where it is installed."""
    spark = importlib.util.find_spec("pyspark") is not None
    return COHORTS | ({"studylib on Spark": "benchmarks.cohort_spark"} if spark else {})


def _compare(
    table: Table, work: str, ways: dict[str, str], sizes: dict[int, str], *, sized: bool = False
) -> bool:
    agreed = True
    first: dict[str, float] = {}
    for size, folder in sizes.items():
        results = set()
        for way, module in ways.items():
            if way == "pandas" and PANDAS_LIMIT < size < 14_000_000:
                continue
            given = ([str(size)] if sized else []) + (folder.split("|") if folder else [])
            cost = measure(module, *given)
            result = str(cost.get("hash", cost.get("failure", "")))
            if way in COMPARED:
                results.add(result)
            growth = f"{cost['cpu'] / first[way]:.1f}" if way in first else ""
            first.setdefault(way, float(cost["cpu"]))
            table.add_row(
                work, way, f"{size:,}", f"{cost['cpu']:.1f}", f"{cost['wall']:.1f}",
                f"{cost.get('memory', 0):.2f}", growth, result[:40],
            )  # fmt: skip
        agreed &= len(results) <= 1 and "failure" not in cost
        table.add_section()
    return agreed


if __name__ == "__main__":
    main()
