"""OMOP CDM 5.3 and 5.4: its tables, as Parquet or CSV, read once into the common event tables."""

from studylib.sources.omop.reading import event_folder_of, fingerprint
from studylib.sources.omop.settings import Settings

__all__ = ["Settings", "event_folder_of", "fingerprint"]
