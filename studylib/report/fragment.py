"""What a display function returns: a piece of page, with the same content as plain text."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from html import escape as _escape
from typing import Any

from studylib import project

# Outside a run the fragment stands in a notebook interface, without the page's own styles.
_BY_HAND_STYLE = (
    "<style>.studylib{max-width:70em}.studylib caption,.studylib figcaption"
    "{font-weight:600;text-align:left;padding:.4em 0}.studylib figure{margin:1em 0}"
    ".studylib img{max-width:100%;background:#fff}.studylib .scroll{overflow-x:auto}"
    ".studylib th{text-align:left}.studylib td.num{text-align:right}"
    ".studylib .key{display:flex;flex-wrap:wrap;gap:2em;margin:1em 0}"
    ".studylib .key dd{margin:0;font-size:1.6em}</style>"
)


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
        html = self.html if project.run_folder() else _BY_HAND_STYLE + self.html
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
