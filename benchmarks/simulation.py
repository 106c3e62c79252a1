"""Generating a population of the size given, into the folder given."""

import sys
from pathlib import Path

from benchmarks.measured import told
from studylib.sources import simulated

folder = Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
settings = simulated.Settings(persons=int(sys.argv[1]))
told(sum(simulated.generate(settings, folder).values()))
