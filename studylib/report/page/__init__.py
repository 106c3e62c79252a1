"""The page: rendering, index, lints, publish gate."""

from studylib.report.page.gate import Rule, gate, read_tables
from studylib.report.page.index import index
from studylib.report.page.lint import lint
from studylib.report.page.render import engine_words, render

__all__ = ["Rule", "engine_words", "gate", "index", "lint", "read_tables", "render"]
