"""One run of every benchmark, at a size and at ten times it, as a table.

``python -m benchmarks [PERSONS]``: 100,000 by default, then ten times as many. CPU seconds are the
figure to read; rows that build one same thing must show one same result.
"""

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
MODELS = {"lifelines": "benchmarks.cox_lifelines", "studylib": "benchmarks.cox_studylib"}


def main() -> None:
    """Prints the table; leaves with 1 when two ways of one thing disagree or one fails."""
    small = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    table = Table(title="Cost of the same work, done several ways")
    for name in ("work", "way", "persons", "CPU s", "wall s", "memory GB", "growth", "result"):
        table.add_column(name, justify="right" if name[0] in "pCwmg" and name != "way" else "left")
    agreed = True
    with tempfile.TemporaryDirectory() as place:
        folders = {size: str(Path(place) / str(size)) for size in (small, 10 * small)}
        agreed &= _compare(
            table, "simulation", {"studylib": "benchmarks.simulation"}, folders, sized=True
        )
        agreed &= _compare(table, "cohort and follow-up", COHORTS, folders)
        sizes = {size: "" for size in (small, 10 * small)}
        agreed &= _compare(table, "Cox, 10 covariates", MODELS, sizes, sized=True)
    Console(width=140).print(table)
    sys.exit(0 if agreed else 1)


def _compare(
    table: Table, work: str, ways: dict[str, str], sizes: dict[int, str], *, sized: bool = False
) -> bool:
    agreed = True
    first: dict[str, float] = {}
    for size, folder in sizes.items():
        results = set()
        for way, module in ways.items():
            given = ([str(size)] if sized else []) + ([folder] if folder else [])
            cost = measure(module, *given)
            result = str(cost.get("hash", cost.get("failure", "")))
            if way != "bare scan":
                results.add(result)
            growth = f"{cost['cpu'] / first[way]:.1f}" if way in first else ""
            first.setdefault(way, float(cost["cpu"]))
            table.add_row(
                work, way, f"{size:,}", f"{cost['cpu']:.1f}", f"{cost['wall']:.1f}",
                f"{cost.get('memory', 0):.2f}", growth, result[:40],
            )  # fmt: skip
        agreed &= len(results) == 1 and "failure" not in cost
        table.add_section()
    return agreed


if __name__ == "__main__":
    main()
