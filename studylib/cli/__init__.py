"""The ``studylib`` command."""

from studylib.cli.main import main

__all__ = ["main"]
