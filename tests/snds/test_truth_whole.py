"""From the raw tables to event tables, the truth is met: traps together, alone, and none.

``make truth`` (STUDYLIB_TEST_TRUTH=all) goes through five seeds and three sizes of each; the suite
through one seed of each size with every trap. Each trap alone is also met by the tests of traps.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from snds.compared import differences

from studylib.sources import Engine
from studylib.sources.engine import EngineSettings
from studylib.sources.simulated.settings import Settings
from studylib.sources.snds import reading
from studylib.sources.snds.people import identities
from studylib.sources.snds.raw import Raw
from studylib.sources.snds.simulation import simulate, traps

WHOLE = os.environ.get("STUDYLIB_TEST_TRUTH") == "all"
REGIONS = ("11", "84", "94", "04")
SEEDS = (1, 2, 3, 4, 5)
TOGETHER = [(1_000, 1), (3_000, 2), (10_000, 3)]
ALONE = (300, 600, 1_200)
CHOICES = {"every trap": traps.everything(), "none": traps.nothing()} | {
    key: traps.only([key]) for key in traps.TRAPS
}
CASES = [("every trap", *case) for case in TOGETHER]
if WHOLE:
    CASES = [("every trap", size, seed) for size, _ in TOGETHER for seed in SEEDS]
    CASES += [(name, size, seed) for name in CHOICES for size in ALONE for seed in SEEDS]
TABLES = (
    "persons",
    "dispensings",
    "consultations",
    "long_term_conditions",
    "stays",
    "diagnoses",
    "procedures",
)


@pytest.mark.parametrize(("choice", "persons", "seed"), CASES)
def test_the_truth_is_met(choice: str, persons: int, seed: int, tmp_path: Path) -> None:
    """Persons, boxes, units, euros, visits, ALD, stays, diagnoses, acts, drugs in hospital."""
    raw, events = tmp_path / "raw", tmp_path / "events"
    first = 2018 if persons > 5_000 else 2017
    settings = Settings(persons, first_year=first, last_year=2018, regions=REGIONS, seed=seed)
    simulate(settings, raw, traps=CHOICES[choice])
    with Engine.start(EngineSettings(threads=2)) as engine:
        reading.read("essai", raw, events, engine=engine)
        files = {name: sorted((events / name).glob("*.parquet")) for name in TABLES}
        files["retrocession"] = [events / "hospital_drugs" / "town.parquet"]
        files["hospital_drugs"] = [events / "hospital_drugs" / "hospital.parquet"]
        tables = {name: engine.read_parquet(found) for name, found in files.items()}
        start, end = json.loads((events / "manifest.json").read_text(encoding="utf-8"))["days"]
        known = identities(Raw("essai", raw, engine))
        assert differences(engine, raw, (start, end), known, tables) == {}
        assert all(engine.count(frame) for frame in tables.values()) or persons < 1_000
