"""A seeded population whose truth is known, written as event tables.

The *world* (who lives, what truly happens) is apart from how it is written out; the event tables
are one way to write it.
"""

from studylib.sources.simulated.generation import ensure, folder_of, generate
from studylib.sources.simulated.settings import Settings
from studylib.sources.simulated.truth import planted_effects

__all__ = ["Settings", "ensure", "folder_of", "generate", "planted_effects"]
