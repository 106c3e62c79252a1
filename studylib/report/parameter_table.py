"""The parameters of a study as a reader sees them: every name and choice in French."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from studylib.report import french
from studylib.report import labels as words
from studylib.report.cover import Request
from studylib.report.doubt_words import gate_title
from studylib.report.fragment import Fragment, wrap
from studylib.report.grid import Grid
from studylib.report.parameter_words import CHOICES, PARAMETERS
from studylib.report.tables import grid_html, grid_text
from studylib.report.wording import VALUES

_DEPTH = 1  # of a line's own parts; deeper, only what differs from the defaults is said


def parameters(request: Request) -> Fragment:
    """The resolved parameters of the study, one per line, named in French.

    Names come from the titles of the model's fields and of the models they hold, else from known
    names.
    """
    rows = tuple(
        (name, told)
        for name, told in _lines(request.parameters)
        if told not in ("", french.MISSING)
    )
    caption = "Paramètres de l'étude"
    grid = Grid(("Paramètre", "Valeur retenue"), rows, (False, False))
    return Fragment(wrap(grid_html(grid, caption=caption), "table"), grid_text(grid, caption))


def _parts(value: Any) -> dict[str, Any] | None:
    """The parts of a model or of a mapping by name; None for anything else."""
    if hasattr(type(value), "model_fields"):
        return {name: getattr(value, name) for name in type(value).model_fields}
    return dict(value) if isinstance(value, Mapping) else None


def _title(holder: Any, name: str) -> str:
    """What a field of ``holder`` is called."""
    field = getattr(type(holder), "model_fields", {}).get(name)
    title = field.title if field is not None else None
    return french.typeset((title or PARAMETERS.get(name) or name).removesuffix(" (jours)"))


def _lines(model: Any) -> Iterator[tuple[str, str]]:
    for name, value in (_parts(model) or {}).items():
        title = _title(model, name)
        title = _spaced(name) if title == name else title
        inner = value if isinstance(value, Mapping) else {}
        if not any(_parts(each) is not None for each in inner.values()):
            yield title, _said(value, name)
            continue
        for key, each in inner.items():
            parts = _parts(each)
            label = (parts or {}).get("label") or VALUES.get(str(key)) or _spaced(str(key))
            told = _said(each) if parts is None else _pairs(each, parts, without="label")
            yield french.typeset(f"{title} : {label}"), told


def _spaced(name: str) -> str:
    return name.replace("_", " ").strip().capitalize()


def _said(value: Any, name: str = "", depth: int = 0) -> str:
    """A parameter's value in words."""
    if value is None or value == "":
        return french.MISSING
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, date):
        return french.day(value)
    parts = _parts(value)
    if parts is not None:
        return _pairs(value, parts, depth=depth)
    if isinstance(value, (list, tuple, set, frozenset)):
        # neither the comma of a decimal nor that of the parts of an item may separate items
        apart = any(isinstance(item, float) or _parts(item) is not None for item in value)
        between = " · " if apart else ", "
        return between.join(_said(item) for item in value) or french.MISSING
    if isinstance(value, (int, float)):
        return _figure(value, name)
    text = gate_title(str(value)) if name == "gate" else str(value)
    return words.value(french.month(text) if re.fullmatch(r"\d{4}-\d{2}", text) else text, CHOICES)


def _figure(value: float, name: str) -> str:
    """A number as it was chosen: 0,1 and not 0,100."""
    if name.endswith("year") or name == "seed":
        return str(value)
    if isinstance(value, int):
        return french.plural(value, "jour") if name.endswith("_days") else french.number(value)
    if name.endswith(("tolerance", "share")):
        return french.percent(value, decimals=0)
    told = french.number(value) if value.is_integer() else french.significant(value)
    return told.rstrip("0").rstrip(",") if "," in told else told


def _pairs(holder: Any, parts: Mapping[str, Any], *, without: str = "", depth: int = 0) -> str:
    """The parts of a parameter, named, one after the other."""
    if set(parts) == {"start", "end"}:
        start, end = _said(parts["start"]), _said(parts["end"])
        if len(str(parts["start"])) == 7:  # months
            of = "d'" if start[0] in "ao" else "de "
            return f"{of}{start} à {end}"
        return f"du {start} au {end}"
    kept = parts if depth < _DEPTH else _changed(holder, parts)
    told = [
        (_title(holder, str(key)), _said(each, str(key), depth + 1))
        for key, each in kept.items()
        if key != without
    ]
    named = hasattr(type(holder), "model_fields")
    return " ; ".join(
        french.typeset(f"{_lower(title) if named else title} : {text}")
        for title, text in told
        if text != french.MISSING
    ).replace(" ;", f"{french.THIN};")


def _changed(holder: Any, parts: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first part, which names the choice, and those that are not as they are by default."""
    fields = getattr(type(holder), "model_fields", {})
    return {
        name: value
        for place, (name, value) in enumerate(parts.items())
        if not place or name not in fields or value != fields[name].default
    }


def _lower(title: str) -> str:
    """A title within a sentence; initials stay as they are."""
    return title[:1].lower() + title[1:] if title[1:2].islower() else title
