"""Raw SNDS tables read into event tables, through the library."""

import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.measured import told
from studylib.sources.snds import reading

place = Path(tempfile.mkdtemp(prefix="events-"))
try:
    reading.read("benchmark", Path(sys.argv[1]), place)
    told(sum(1 for _ in place.rglob("*.parquet")))
finally:
    shutil.rmtree(place)
