"""From an executed notebook to one offline HTML page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, Tag
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from nbconvert import HTMLExporter
from nbformat import NotebookNode

from studylib.report import french
from studylib.report.fragment import slug
from studylib.report.page.gate import Rule

TEMPLATES = Path(__file__).resolve().parents[1] / "template"
DRAFT = "Version de travail, non publiée : ne pas diffuser."

PROVENANCE: Mapping[str, str] = {
    "run": "Exécution",
    "date": "Date d'exécution",
    "request": "Demande",
    "scope": "Périmètre",
    "notebook": "Notebook",
    "notebook_sha256": "Empreinte du notebook (sha256)",
    "commit": "Version du code (commit)",
    "dirty": "Modifications locales",
    "studylib": "Version de studylib",
    "data": "Données",
    "data_fingerprint": "Empreinte des données",
    "engine": "Moteur de calcul",
    "parameters_sha256": "Empreinte des paramètres (sha256)",
    "lock_sha256": "Empreinte de l'environnement (sha256)",
    "threshold": "Seuil de diffusion",
    "predecessor": "Remplace l'exécution",
}


_UNITS = {"GiB": "Gio", "MiB": "Mio", "KiB": "Kio", "GB": "Go", "MB": "Mo", "g": "Go", "m": "Mo"}


def engine_words(described: Mapping[str, str]) -> str:
    r"""What computed a run, in French: engine and version, threads or cluster, memory.

    >>> engine_words({"engine": "DuckDB 2.0.0", "threads": "2", "memory_limit": "1.8 GiB"})
    'DuckDB 2.0.0, 2 fils de calcul, mémoire limitée à 1,8\xa0Gio'
    >>> engine_words({"engine": "Spark 4.0.0", "master": "spark", "executor_memory": "4g"})
    'Spark 4.0.0 (spark), 4\xa0Go de mémoire par exécuteur'
    """
    if not described:
        return ""
    told = described["engine"] + (f" ({described['master']})" if "master" in described else "")
    threads, memory = described.get("threads"), described.get("memory_limit")
    if threads:
        told += f", {threads} fil{'s' if threads != '1' else ''} de calcul"
    if memory:
        told += f", mémoire limitée à {_quantity(memory)}"
    if "executor_memory" in described:
        told += f", {_quantity(described['executor_memory'])} de mémoire par exécuteur"
    return told


def _quantity(written: str) -> str:
    """An amount of memory, as the engine writes it, in French."""
    found = re.fullmatch(r"([\d.]+)\s*([A-Za-z]+)", written)
    if not found:
        return written
    return f"{found[1].replace('.', ',')}{french.NBSP}{_UNITS.get(found[2], found[2])}"


@dataclass(frozen=True)
class Heading:
    """An entry of the table of contents."""

    level: int
    id: str
    text: str


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The Jinja environment of the page and index templates; everything is escaped."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined
    )


@lru_cache(maxsize=1)
def stylesheet() -> str:
    """The page's whole style sheet."""
    return (TEMPLATES / "page.css").read_text("utf-8").strip()


@lru_cache(maxsize=1)
def _exporter() -> HTMLExporter:
    return HTMLExporter(
        template_name="report",
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_anchor_links=True,
        sanitize_html=False,
    )


def render(
    notebook: NotebookNode,
    *,
    title: str,
    provenance: Mapping[str, Any],
    banners: Sequence[str] = (),
    published: bool = True,
) -> str:
    """The report as one HTML file that calls nothing outside.

    ``title`` is the page's only h1; the notebook's own title stands above it. ``provenance`` maps
    the keys of ``PROVENANCE`` (others are shown under their own name) to text, and "gate" to
    ``Rule`` outcomes. ``banners`` come first, then those of ``report.header``; a page that is not
    ``published`` says so. What a cell tagged ``essential`` shows comes first, under
    « L'essentiel ».
    """
    body, _ = _exporter().from_notebook_node(notebook)
    soup = BeautifulSoup(body, "html.parser")
    kicker = _take_title(soup)
    notices = [*([] if published else [DRAFT]), *banners, *_take_banners(soup)]
    _typeset_prose(soup)
    _bring_essentials_up(soup)
    contents = _number_headings(soup)
    rules = tuple(provenance.get("gate") or ())
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            title=_unbroken(french.typeset(title or kicker)),
            kicker=french.typeset(kicker) if kicker and kicker != title else "",
            subtitle=_subtitle(provenance),
            banners=list(dict.fromkeys(french.typeset(text) for text in notices)),
            contents=contents,
            body=str(soup),
            provenance=list(_told(provenance)),
            rules=[rule if isinstance(rule, Rule) else Rule(*rule) for rule in rules],
            css=stylesheet(),
        )
    )


def _unbroken(title: str) -> str:
    r"""A title whose lines begin neither with a dot nor with a lone letter.

    >>> _unbroken("Antivitamines K · Bretagne")
    'Antivitamines\xa0K\xa0· Bretagne'
    """
    return re.sub(r" (?=[A-Z]\b(?!['’-])|·)", french.NBSP, title)


def _take_title(soup: BeautifulSoup) -> str:
    first = soup.find("h1")
    if not isinstance(first, Tag):
        return ""
    first.extract()
    return first.get_text(" ", strip=True)


def _take_banners(soup: BeautifulSoup) -> list[str]:
    """Banners shown by ``report.header``, moved to the top of the page."""
    return [tag.extract().get_text(" ", strip=True) for tag in soup.select(".cover .banner")]


def _typeset_prose(soup: BeautifulSoup) -> None:
    """French spaces in what the notebook's author wrote, code apart."""
    for prose in soup.select("div.prose"):
        for text in prose.find_all(string=True):
            if text.find_parent(["code", "pre"]) is None:
                spaced = re.sub(r"(?<=\d) (?=\d{3}\b)", french.THIN, str(text))
                text.replace_with(french.typeset(spaced))


def _bring_essentials_up(soup: BeautifulSoup) -> None:
    """What cells tagged ``essential`` show, moved before the first section: it is read first.

    A notebook can only show a result once it is computed; a reader wants it at the top.
    """
    found, first = soup.select("div.essential"), soup.find("h2")
    if not found or not isinstance(first, Tag):
        return
    section = soup.new_tag("section", attrs={"class": "essentials"})
    heading = soup.new_tag("h2")
    heading.string = "L'essentiel"
    section.append(heading)
    for part in found:
        section.append(part.extract())
    place = first.find_parent("div", class_="prose") or first
    place.insert_before(section)


def _number_headings(soup: BeautifulSoup) -> list[Heading]:
    """Headings for the contents, each with an id that no other has."""
    used = {"contenu", "provenance"}
    contents = []
    for tag in soup.find_all(re.compile(r"^h[1-6]$")):
        text = tag.get_text(" ", strip=True)
        stem = name = slug(text)
        repeat = 2
        while name in used:
            name, repeat = f"{stem}-{repeat}", repeat + 1
        used.add(name)
        tag["id"] = name
        level = int(tag.name[1])
        if level in (2, 3):
            contents.append(Heading(level, name, french.typeset(text)))
    return contents


def _subtitle(provenance: Mapping[str, Any]) -> str:
    day = provenance.get("date") or provenance.get("Date")
    return f"Rapport produit le {_day(day)}" if day else ""


def _day(value: Any) -> str:
    try:
        return french.day(value) if value else ""
    except (TypeError, ValueError):
        return str(value)


def _told(provenance: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    known = [name for name in PROVENANCE if name in provenance]
    others = [name for name in provenance if name not in PROVENANCE and name != "gate"]
    for name in [*known, *others]:
        value = provenance[name]
        if value is None or value == "":
            continue
        text = {True: "oui", False: "non"}[value] if isinstance(value, bool) else str(value)
        if name in ("date", "Date"):
            text = _day(value) + (f" à {text[11:16]}" if len(text) >= 16 else "")
        yield french.typeset(PROVENANCE.get(name, str(name))), text
