"""The site's front page: which reports are published, by request and region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from studylib.errors import StudyError
from studylib.report import french
from studylib.report.cover import KINDS
from studylib.report.fragment import slug
from studylib.report.page.render import environment, stylesheet


@dataclass(frozen=True)
class _Line:
    request: str
    title: str
    kind: str
    region: str
    period: str
    date: str
    status: str
    href: str
    tables: tuple[str, ...]
    synthetic: bool
    replaced: bool


def index(
    entries: Sequence[Any],
    *,
    title: str = "Rapports publiés",
    organisation: str = "Observatoire du médicament",
    accessibility_href: str | None = None,
) -> str:
    """The index of published reports as one HTML file with relative links only.

    An entry is a mapping or an object with request, title, kind, scope_label (or region), date,
    report (or href), and optionally period, status, tables (addresses), synthetic (flag),
    superseded_by (the run that replaces it; such entries are listed apart) and superseded
    (mappings with date and href). Raises StudyError for an address that is not relative.
    """
    lines = [line for entry in entries for line in _lines(entry)]
    groups = [_group([line for line in lines if line.request == name]) for name in _names(lines)]
    current = sum(not line.replaced for line in lines)
    told = f"{french.plural(current, 'rapport')}, {french.plural(len(groups), 'demande')}"
    return (
        environment()
        .get_template("index.html.j2")
        .render(
            title=french.typeset(title),
            organisation=organisation,
            subtitle=told if lines else "",
            requests=groups,
            accessibility_href=accessibility_href,
            css=stylesheet(),
        )
    )


def _names(lines: Sequence[_Line]) -> list[str]:
    return sorted({line.request for line in lines}, reverse=True)


def _field(entry: Any, *names: str, default: Any = "") -> Any:
    """The first of ``names`` that the entry, a mapping or an object, holds."""
    for name in names:
        found = entry.get(name) if isinstance(entry, Mapping) else getattr(entry, name, None)
        if found not in (None, ""):
            return found
    return default


def _lines(entry: Any) -> Iterator[_Line]:
    tables = _field(entry, "tables", default=())
    line = _Line(
        request=str(_field(entry, "request")),
        title=str(_field(entry, "title")),
        kind=str(_field(entry, "kind")),
        region=str(_field(entry, "scope_label", "region", default=french.MISSING)),
        period=str(_field(entry, "period")),
        date=_day(_field(entry, "date")),
        status=str(_field(entry, "status", default="en vigueur")),
        href=_relative(_field(entry, "report", "href")),
        tables=tuple(map(_relative, [tables] if isinstance(tables, str) else tables)),
        synthetic=bool(_field(entry, "synthetic", default=False)),
        replaced=bool(_field(entry, "superseded_by")),
    )
    yield line
    for old in _field(entry, "superseded", default=()):
        yield replace(
            line, date=_day(old["date"]), href=_relative(old["href"]), tables=(), replaced=True
        )


def _relative(address: Any) -> str:
    text = str(address)
    if ":" in text or text.startswith(("/", "\\")):
        raise StudyError(f"Index du site : adresse « {text} » ; elle doit être relative.")
    return text


def _group(lines: Sequence[_Line]) -> dict[str, Any]:
    first = lines[0]
    current = [line for line in lines if not line.replaced]
    return {
        "id": first.request,
        "anchor": f"demande-{slug(first.request)}",
        "title": french.typeset(first.title),
        "kind": KINDS.get(first.kind, first.kind),
        "synthetic": any(line.synthetic for line in lines),
        "dated": any(line.period for line in current),
        "entries": current,
        "superseded": [line for line in lines if line.replaced],
    }


def _day(value: Any) -> str:
    try:
        return french.day(value) if value else french.MISSING
    except (TypeError, ValueError):
        return str(value)
