"""Sources: the common event tables, over one engine, from whatever holds the data."""

from studylib.sources.engine import Engine, EngineSettings, Frame
from studylib.sources.opening import RUN_FILE, fingerprint, from_tables, is_synthetic, names, open
from studylib.sources.schemas import EVENT_TABLES
from studylib.sources.source import Source, code_filter

__all__ = [
    "EVENT_TABLES",
    "RUN_FILE",
    "Engine",
    "EngineSettings",
    "Frame",
    "Source",
    "code_filter",
    "fingerprint",
    "from_tables",
    "is_synthetic",
    "names",
    "open",
]
