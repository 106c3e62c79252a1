"""The library, hand-written DuckDB SQL and pandas build one same cohort, row by row."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from studylib.sources import simulated

ROOT = Path(__file__).resolve().parents[2]


def built(way: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", f"benchmarks.cohort_{way}", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])["hash"]


@pytest.fixture(scope="module")
def population(tmp_path_factory):
    folder = tmp_path_factory.mktemp("population")
    simulated.generate(simulated.Settings(persons=40_000, seed=3), folder)
    return folder


@pytest.mark.parametrize("way", ["sql", "pandas"])
def test_one_same_cohort(population, way):
    found = built("studylib", population)
    assert int(found.split()[0]) > 300
    assert built(way, population) == found
