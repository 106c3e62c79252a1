"""A simulated SNDS: the world written as raw tables, with traps whose truth is known."""

from studylib.sources.snds.simulation.generation import ensure, fingerprint, simulate

__all__ = ["ensure", "fingerprint", "simulate"]
