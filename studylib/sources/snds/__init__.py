"""The SNDS: raw tables read into the common event tables, every line set aside being kept."""

from studylib.sources.snds import simulation
from studylib.sources.snds.reading import event_folder_of, fingerprint

__all__ = ["event_folder_of", "fingerprint", "simulation"]
