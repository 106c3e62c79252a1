"""The resolved parameters of a request as lines of French text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, get_args

from studylib.report import french
from studylib.report import labels as words
from studylib.report.doubt_words import gate_title
from studylib.report.parameter_words import ADJUSTMENT, CHOICES, OVER_CODES, PARAMETERS
from studylib.report.wording import VALUES


def parameter_lines(values: Mapping[str, Any], model: type) -> Iterator[tuple[str, str]]:
    """Each parameter's name and value in words; ``model`` gives the titles of its fields."""
    titles = _titles(model)
    inside = _titles_inside(model)
    for name, value in values.items():
        title = french.typeset(titles.get(name) or PARAMETERS.get(name) or _spaced(name))
        if isinstance(value, Mapping) and any(
            isinstance(inner, Mapping) for inner in value.values()
        ):
            for key, inner in value.items():
                named = dict(inner) if isinstance(inner, Mapping) else {"": inner}
                label = named.pop("label", None) or VALUES.get(str(key)) or _spaced(str(key))
                yield french.typeset(f"{title} : {label}"), said(named, titles=inside)
        else:
            yield title, said(value, name, inside)


def _titles(model: Any) -> dict[str, str]:
    fields = getattr(model, "model_fields", {})
    return {
        name: field.title.removesuffix(" (jours)") for name, field in fields.items() if field.title
    }


def _titles_inside(annotation: Any) -> dict[str, str]:
    """The titles of the fields of the models that a model or an annotation leads to."""
    found: dict[str, str] = {}
    for field in getattr(annotation, "model_fields", {}).values():
        found |= _titles(field.annotation) | _titles_inside(field.annotation)
    for inner in get_args(annotation):
        found |= _titles(inner) | _titles_inside(inner)
    return found


def _spaced(name: str) -> str:
    return name.replace("_", " ").strip().capitalize()


def said(value: Any, name: str = "", titles: Mapping[str, str] | None = None) -> str:
    """A parameter's value in words; ``name`` is its field, ``titles`` those of its own fields.

    >>> said([0.8, 1.25]), said(False), said("on_treatment")
    ('0,8 / 1,25', 'non', 'sous traitement')
    """
    if value is None or value == "":
        return french.MISSING
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, date):
        return french.day(value)
    if isinstance(value, Mapping):
        return _pairs(value, titles or {})
    if isinstance(value, (list, tuple, set, frozenset)):
        return _listed([said(item, titles=titles) for item in value])
    if isinstance(value, int):
        return _whole(value, name)
    if isinstance(value, float):
        return _decimal(value, name)
    text = gate_title(str(value)) if name == "gate" else str(value)
    return words.value(french.month(text) if re.fullmatch(r"\d{4}-\d{2}", text) else text, CHOICES)


def _listed(items: list[str]) -> str:
    """Items apart: by commas, unless a comma is already a decimal one."""
    decimal = any(re.search(r"\d,\d", item) for item in items)
    return (" / " if decimal else ", ").join(items) or french.MISSING


def _whole(value: int, name: str) -> str:
    if name.endswith(("year", "seed")):
        return str(value)
    if name.endswith("_days"):
        return french.plural(value, "jour")
    return french.plural(value, "an") if name.endswith("_age") else french.number(value)


def _decimal(value: float, name: str) -> str:
    """A decimal as it was chosen: 0,1 and not 0,100."""
    if name.endswith(("tolerance", "share")):
        return french.percent(value, decimals=0)
    if value.is_integer():
        return french.number(value)
    return french.significant(value, figures=6).rstrip("0").rstrip(",")


def _pairs(value: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    if set(value) == {"start", "end"}:
        start, end = said(value["start"]), said(value["end"])
        if len(str(value["start"])) == 7:  # months
            of = "d'" if start[0] in "ao" else "de "
            return f"{of}{start} à {end}"
        return f"du {start} au {end}"
    told = {key: said(inner, str(key), titles) for key, inner in _that_matter(value).items()}
    return " ; ".join(
        _pair(str(key), text, same=text == said(key), titles=titles)
        for key, text in told.items()
        if text != french.MISSING
    ).replace(" ;", f"{french.THIN};")


def _that_matter(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """An adjustment without the choices of other methods; anything else as it is."""
    if "caliper" not in value:
        return value
    used = ("method", *ADJUSTMENT[str(value["method"])])
    used += OVER_CODES[str(value["score"])] if "score" in used else ()
    kept = {name: inner for name, inner in value.items() if name in used}
    if value["trim"] == "none":
        kept.pop("trim_bound", None)
    return kept


def _pair(key: str, text: str, *, same: bool, titles: Mapping[str, str]) -> str:
    """« name : value »; a name which only repeats its value is not written."""
    known = PARAMETERS.get(key)
    if known is None and key in titles:
        known = titles[key][0].lower() + titles[key][1:]
    return text if same else french.typeset(f"{known or key} : {text}")
