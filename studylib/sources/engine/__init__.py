"""The data engine: the one room that knows what runs underneath, DuckDB or Spark.

Cohort code and readers are written once, as lazy Narwhals frames, and call ``checkpoint`` between
named steps: one giant expression would be planned, and paid, several times over. Days are integers.
"""

from studylib.sources.engine.base import Engine, Frame
from studylib.sources.engine.duck import DuckEngine
from studylib.sources.engine.settings import (
    MEMORY_VARIABLE,
    TEMP_VARIABLE,
    THREADS_VARIABLE,
    EngineSettings,
)

__all__ = [
    "MEMORY_VARIABLE",
    "TEMP_VARIABLE",
    "THREADS_VARIABLE",
    "DuckEngine",
    "Engine",
    "EngineSettings",
    "Frame",
]
