"""Faults of a page that can be seen without a browser."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from bs4 import BeautifulSoup, Tag

_FILLER = re.compile(r"no description|image description|lorem ipsum|untitled|click here", re.I)
_FILE_NAME = re.compile(r"^\S+\.(png|svg|jpe?g|gif|pdf|webp)$", re.I)
_OUTSIDE = re.compile(r"^\s*(https?:|ftp:|//|file:)", re.I)
_ENGLISH_NUMBER = re.compile(r"(?<![\w.])\d+\.\d+(?![\w.])")
_LONG_NUMBER = re.compile(r"(?<![\w.,-])\d{5,}(?![\w-])")


def lint(html: str) -> list[str]:
    """Faults in French, one sentence each; an empty list for a sound page.

    Checks language, unique ids, headings, alternative texts, table captions and headers, external
    addresses, scripts, English filler and numbers in English form (RGAA 4.1 themes 1, 5, 8, 9).

    >>> lint("<p>Bonjour</p>")[0]
    'La page ne déclare pas lang="fr".'
    """
    soup = BeautifulSoup(html, "html.parser")
    checks = (_language, _ids, _headings, _images, _tables, _addresses, _words, _numbers)
    return [fault for check in checks for fault in check(soup)]


def _language(soup: BeautifulSoup) -> Iterator[str]:
    root = soup.find("html")
    if not isinstance(root, Tag) or root.get("lang") != "fr":
        yield 'La page ne déclare pas lang="fr".'
    if not (soup.title and soup.title.get_text(strip=True)):
        yield "La page n'a pas de titre (title)."
    if soup.find("main") is None:
        yield "La page n'a pas de contenu principal (main)."
    if soup.find("script") is not None:
        yield "La page contient un script."


def _ids(soup: BeautifulSoup) -> Iterator[str]:
    ids = Counter(str(tag["id"]) for tag in soup.find_all(id=True))
    for name, times in ids.items():
        if times > 1:
            yield f"L'identifiant « {name} » est employé {times} fois."
    for link in soup.find_all("a", href=re.compile("^#.")):
        if str(link["href"])[1:] not in ids:
            yield f"Le lien interne « {link['href']} » ne mène nulle part."


def _headings(soup: BeautifulSoup) -> Iterator[str]:
    headings = soup.find_all(re.compile(r"^h[1-6]$"))
    titles = sum(tag.name == "h1" for tag in headings)
    if titles != 1:
        yield f"La page a {titles} titres de niveau 1 ; il en faut un."
    level = 0
    for tag in headings:
        own = int(tag.name[1])
        if level and own > level + 1:
            title = tag.get_text(strip=True)
            yield f"Saut de niveau de titre : « {title} » ({tag.name} après h{level})."
        if not tag.get_text(strip=True):
            yield f"Un titre {tag.name} est vide."
        level = own


def _images(soup: BeautifulSoup) -> Iterator[str]:
    for position, image in enumerate(soup.find_all(["img", "svg"]), start=1):
        words = str(image.get("alt") or image.get("aria-label") or "").strip()
        if not words:
            yield f"L'image {position} n'a pas de texte de remplacement."
        elif _FILE_NAME.match(words) or _FILLER.search(words) or " " not in words:
            yield f"L'image {position} a un texte de remplacement qui ne dit rien : « {words} »."
        figure = image.find_parent("figure")
        caption = figure.find("figcaption") if figure else None
        if caption is not None and caption.get_text(strip=True) == words:
            yield f"L'image {position} répète son titre en texte de remplacement."


def _tables(soup: BeautifulSoup) -> Iterator[str]:
    for position, table in enumerate(soup.find_all("table"), start=1):
        caption = table.find("caption")
        name = caption.get_text(" ", strip=True) if caption else ""
        place = f"Le tableau {position}" + (f" (« {name} »)" if name else "")
        if not name:
            yield f"{place} n'a pas de titre (caption)."
        scopes = {str(cell.get("scope")) for cell in table.find_all("th")}
        if "col" not in scopes:
            yield f"{place} n'a pas d'en-tête de colonne (scope=col)."
        if "row" not in scopes:
            yield f"{place} n'a pas d'en-tête de ligne (scope=row)."
        if "None" in scopes:
            yield f"{place} a un en-tête sans portée (scope)."
        if any(not cell.get_text(strip=True) for cell in table.find_all("th")):
            yield f"{place} a un en-tête vide."


def _addresses(soup: BeautifulSoup) -> Iterator[str]:
    for tag in soup.find_all(src=True):
        if _OUTSIDE.match(str(tag["src"])):
            yield f"Ressource externe : {tag['src']}."
    for tag in soup.find_all("link", href=True):
        if _OUTSIDE.match(str(tag["href"])):
            yield f"Ressource externe : {tag['href']}."
    styles = [tag.get_text() for tag in soup.find_all("style")]
    styles += [str(tag["style"]) for tag in soup.find_all(style=True)]
    for style in styles:
        for found in re.findall(r"url\(\s*['\"]?([^)'\"]+)|@import\s+['\"]?([^;'\"]+)", style):
            address = "".join(found)
            if not address.startswith(("data:", "#")):
                yield f"La feuille de style appelle « {address} »."


def _words(soup: BeautifulSoup) -> Iterator[str]:
    found = _FILLER.search(prose(soup))
    if found:
        yield f"Texte de remplissage anglais : « {found.group()} »."


def prose(soup: BeautifulSoup) -> str:
    """The page's text without code, styles and provenance hashes."""
    unwanted = {"code", "pre", "style", "script"}
    return " ".join(
        text.strip()
        for text in soup.find_all(string=True)
        if text.strip() and not any(parent.name in unwanted for parent in text.parents)
    )


def _numbers(soup: BeautifulSoup) -> Iterator[str]:
    for cell in soup.select("td.num, .key dd, figcaption, caption"):
        text = cell.get_text(" ", strip=True)
        found = _ENGLISH_NUMBER.search(text) or (
            _LONG_NUMBER.search(text) if cell.name == "td" else None
        )
        if found:
            yield f"Nombre sans forme française : « {found.group()} » dans « {text[:60]} »."
