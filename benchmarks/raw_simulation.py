"""Writing the raw tables of a simulated SNDS of the size given (2020 to 2024), into a folder."""

import sys
from pathlib import Path

from benchmarks.measured import told
from studylib.sources.simulated import Settings
from studylib.sources.snds import simulation

folder = Path(sys.argv[2])
settings = Settings(persons=int(sys.argv[1]), first_year=2020, last_year=2024)
simulation.simulate(settings, folder)
told(sum(file.stat().st_size for file in folder.rglob("*.parquet")))
