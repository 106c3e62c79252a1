"""Landing: files as users have them become Parquet in the raw layout, once and accounted for.

``LOCATION/<TABLE>/<part>.parquet`` for the lines, ``LOCATION/rejected/<TABLE>/<part>.parquet`` for
those set aside, ``LOCATION/import.json`` for what came from where, by hash.
"""

from studylib.sources.landing.database import Extraction, extract
from studylib.sources.landing.importing import Landed, Progress, Silent, land, unread
from studylib.sources.landing.manifest import REJECTED_SOURCE_LINES
from studylib.sources.landing.options import Options

__all__ = [
    "REJECTED_SOURCE_LINES",
    "Extraction",
    "Landed",
    "Options",
    "Progress",
    "Silent",
    "extract",
    "land",
    "unread",
]
