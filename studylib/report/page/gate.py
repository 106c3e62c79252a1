"""What must hold of a page before it may leave the observatory."""

from __future__ import annotations

import getpass
import platform
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from bs4 import BeautifulSoup, Tag
from nbformat import NotebookNode

from studylib.report import french
from studylib.report.context import read_table
from studylib.report.disclosure import DEFAULT_THRESHOLD, exposed_together
from studylib.report.page.lint import lint
from studylib.report.wording import COLUMNS

COUNTS = (
    "persons",
    "events",
    "excluded",
    "at_risk",
    "arm_count",
    "arm_persons",
    "reference_count",
    "reference_persons",
)
_PATH = re.compile(r"""(?:^|[\s"'(=«\xa0])((?:/[\w.@-]+){2,}|[A-Za-z]:\\[\w.\\-]+|file://\S+)""")
_IDENTIFIER = re.compile(r"(?<![\w.,])\d(?:[ \xa0]?\d){12}(?:[ \xa0]?\d{2})?(?![\w,])")
_DRUG_CODE = re.compile(r"^3400[89]\d{8}$")
_PSEUDONYM = re.compile(
    r"BEN_NIR_\w+|BEN_IDT_\w+|PFS_(?:PRE|EXE)_NUM|NUM_ENQ\b|\bNIR\s*[:=]\s*\d", re.I
)
_COMMON_NAMES = {
    "root",
    "user",
    "admin",
    "jovyan",
    "runner",
    "ubuntu",
    "debian",
    "localhost",
    "data",
}


@dataclass(frozen=True)
class Rule:
    """One rule of the publish gate and its outcome; ``detail`` names where it is broken."""

    rule: str
    passed: bool
    detail: str = ""


def gate(
    html: str,
    notebook: NotebookNode | None = None,
    *,
    tables: Mapping[str, pd.DataFrame] | None = None,
    threshold: int = DEFAULT_THRESHOLD,
) -> tuple[Rule, ...]:
    """The rules that can be read from a page, its notebook and its published tables.

    Always the same rules in the same order; publication needs all of them passed. ``tables`` maps
    file names to the tables published beside the page.

    >>> [each.rule for each in gate("<p></p>") if not each.passed]
    ['Accessibilité et forme de la page']
    """
    soup = BeautifulSoup(html, "html.parser")
    words = _everything_readable(soup, tables or {})
    rules: Mapping[str, Callable[[], Iterable[str]]] = {
        "Aucune sortie brute": lambda: _raw_outputs(notebook),
        "Tout affichage passe par le contrôle de diffusion": lambda: _bare_displays(soup),
        "Aucun effectif sous le seuil": lambda: _small_counts(soup, tables or {}, threshold),
        "Aucun chemin absolu": lambda: _PATH.findall(words),
        "Aucun nom d'utilisateur ni de machine": lambda: _names(words),
        "Aucun identifiant de personne": lambda: _identifiers(words),
        "Accessibilité et forme de la page": lambda: lint(html),
    }
    return tuple(_outcome(name, faults()) for name, faults in rules.items())


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """The published tables of a run's ``tables/`` folder, as text, by file name."""
    return {file.name: read_table(file) for file in sorted(folder.glob("*.csv"))}


def _outcome(name: str, faults: Iterable[str]) -> Rule:
    found = list(dict.fromkeys(str(fault).strip() for fault in faults))
    detail = " · ".join(found[:5]) + (f" · et {len(found) - 5} autres" if len(found) > 5 else "")
    return Rule(name, not found, french.typeset(detail))


def _everything_readable(soup: BeautifulSoup, tables: Mapping[str, pd.DataFrame]) -> str:
    """Text, folded code, comments, alternative texts, metadata, file names and tables' cells."""
    parts = [str(text) for text in soup.find_all(string=True)]
    for tag in soup.find_all(True):
        for name, value in tag.attrs.items():
            told = " ".join(value) if isinstance(value, list) else str(value)
            if name in ("alt", "title", "content", "aria-label", "href", "summary"):
                parts.append(told[:2000])
    for name, frame in tables.items():
        parts.append(name)
        parts += [*map(str, frame.columns), *map(str, frame.to_numpy().ravel())]
    return "\n".join(parts)


def _raw_outputs(notebook: NotebookNode | None) -> Iterable[str]:
    """Prints and errors; warnings on stderr never reach the page."""
    for position, cell in enumerate(notebook.cells if notebook else [], start=1):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                yield f"cellule {position} : erreur {output.get('ename', '')}"
            elif output.output_type == "stream" and output.name == "stdout":
                yield f"cellule {position} : texte imprimé"


def _bare_displays(soup: BeautifulSoup) -> Iterable[str]:
    for position, tag in enumerate(soup.select("main table, main img, main .bare, main svg"), 1):
        if tag.find_parent(class_="studylib") is None:
            yield f"affichage {position} ({tag.name}) hors de report"


def _small_counts(
    soup: BeautifulSoup, tables: Mapping[str, pd.DataFrame], threshold: int
) -> Iterable[str]:
    headers = {COLUMNS[name] for name in COUNTS}
    for table in soup.select("main table"):
        yield from _small_in_html(table, headers, threshold)
    for name, frame in tables.items():
        for column in COUNTS:
            if column in frame.columns:
                values = pd.to_numeric(frame[column], errors="coerce")
                if ((values > 0) & (values < threshold)).any():
                    yield f"{name}, colonne {column}"
    yield from exposed_together(tables, threshold=threshold)


def _small_in_html(table: Tag, headers: set[str], threshold: int) -> Iterable[str]:
    names = [cell.get_text(" ", strip=True) for cell in table.select("thead th")]
    for row in table.select("tbody tr"):
        for name, cell in zip(names, row.find_all(["th", "td"]), strict=False):
            text = cell.get_text(strip=True)
            if name in headers and text.isdigit() and 0 < int(text) < threshold:
                caption = table.find("caption")
                yield f"tableau « {caption.get_text(strip=True) if caption else ''} », {name}"


def _names(words: str) -> Iterable[str]:
    for name in {_user(), platform.node()}:
        telling = len(name) >= 4 and name.lower() not in _COMMON_NAMES
        if telling and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", words, re.I):
            yield "nom de l'utilisateur ou de la machine"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def _identifiers(words: str) -> Iterable[str]:
    """Numbers shaped as a NIR (13 figures, 15 with its key); drug codes have their own shape."""
    for found in _IDENTIFIER.finditer(words):
        figures = re.sub(r"\D", "", found.group())
        if not _DRUG_CODE.match(figures):
            yield f"nombre de {len(figures)} chiffres commençant par {figures[:3]}"
    for found in _PSEUDONYM.finditer(words):
        yield found.group()[:12]
