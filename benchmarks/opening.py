"""What opening a folder of event tables costs the first time; what it finds is then kept."""

import sys
from pathlib import Path

from benchmarks.measured import told
from studylib.sources.event_folder import open_folder

source = open_folder("simulated", Path(sys.argv[1]))
told(len(source.regions))
