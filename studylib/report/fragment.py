"""What a display function returns: a piece of page, with the same content as plain text."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from html import escape as _escape
from pathlib import Path
from typing import Any

from studylib import project


@lru_cache(maxsize=1)
def _by_hand_style() -> str:
    """Styles of a fragment in a notebook interface, where the page's own are absent."""
    file = Path(__file__).parent / "template" / "notebook.css"
    return f"<style>{file.read_text('utf-8').strip()}</style>"


@dataclass(frozen=True)
class Fragment:
    """A piece of page: ``html`` for the report, ``text`` for everything else.

    >>> Fragment("<p>Bonjour</p>", "Bonjour")
    Bonjour
    """

    html: str
    text: str

    def _repr_html_(self) -> str:
        return self.html

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        html = self.html if project.run_folder() else _by_hand_style() + self.html
        return {"text/html": html, "text/plain": self.text}

    def __repr__(self) -> str:
        return self.text


def escape(value: object) -> str:
    """``value`` as text that HTML cannot misread.

    >>> escape("a < b & « c »")
    'a &lt; b &amp; « c »'
    """
    return _escape(str(value), quote=True)


def slug(text: str, *, length: int = 48) -> str:
    """``text`` as a short name of plain letters, figures and hyphens.

    >>> slug("Hémorragies majeures : AOD / AVK")
    'hemorragies-majeures-aod-avk'
    """
    plain = unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:length].strip("-") or "sans-titre"


def wrap(inside: str, kind: str) -> str:
    """``inside`` marked as made here, so that the gate knows it from a bare display."""
    return f'<div class="studylib {kind}">{inside}</div>'
