"""Strict types for what a request file may hold: only the written forms chosen here are accepted.

Each type turns one written form into one value, and lets an already typed value through, so that
resolved values can be read back. The French names are those the error messages use.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BeforeValidator, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError

EARLIEST_YEAR, LATEST_YEAR = 1990, 2100
LONGEST_WINDOW = 7305  # twenty years, in days
_TWENTY_YEARS = "7 305"


class Fault(NamedTuple):
    """One fault found by a check: what is accepted, where below the field, what was given."""

    accepted: str
    at: tuple[str | int, ...] = ()
    given: object = ...


def refusal(*faults: Fault | str) -> PydanticCustomError:
    """The error that a validator raises to report these faults, in French, each at its place.

    >>> refusal("une date").context["faults"][0].accepted
    'une date'
    """
    found = tuple(fault if isinstance(fault, Fault) else Fault(fault) for fault in faults)
    return PydanticCustomError("faults", "see context", {"faults": found})


@dataclass(frozen=True, eq=False)  # hashed by identity, as typing asks of an annotation
class SchemaExtra:
    """Adds keys to a type's JSON schema; a callable value is called when the schema is made."""

    extra: Mapping[str, Any]

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The type's own schema, and the keys added."""
        added = {key: made() if callable(made) else made for key, made in self.extra.items()}
        return {**handler(core), **added}


def _written(
    pattern: str,
    convert: Callable[[str], Any],
    accepted: str,
    hint: Callable[[str], str] = lambda given: "",
) -> BeforeValidator:
    def parse(value: object) -> object:
        if not isinstance(value, str):
            return value
        if not re.fullmatch(pattern, value, re.ASCII):
            raise refusal(accepted + hint(value))
        try:
            return convert(value)
        except ValueError:
            raise refusal(f"{accepted} ; celle-ci n'existe pas au calendrier") from None

    return BeforeValidator(parse)


def _digits_only(given: str) -> str:
    digits = re.sub(r"[\s_\u00a0\u202f]", "", given)
    if re.fullmatch(r"-?[1-9]\d{0,8}", digits, re.ASCII):
        return f" ; écrivez {digits}"
    return ""


def _dotted_form(given: str) -> str:
    if re.fullmatch(r"-?\d+,\d+", given, re.ASCII):
        return f" ; la virgule décimale n'est pas lue, écrivez {given.replace(',', '.')}"
    return ""


def _iso_form(given: str) -> str:
    found = re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", given, re.ASCII)
    if not found:
        return ""
    day, month, year = found.groups()
    return f" ; écrivez {year}-{int(month):02d}-{int(day):02d}"


def _month_form(given: str) -> str:
    found = re.fullmatch(r"(\d{1,2})[/.-](\d{4})", given, re.ASCII)
    return f" ; écrivez {found[2]}-{int(found[1]):02d}" if found else ""


def _plausible_day(day: date) -> date:
    if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        raise refusal(f"une date des années {EARLIEST_YEAR} à {LATEST_YEAR}")
    return day


def _plausible_month(month: str) -> str:
    if not EARLIEST_YEAR <= int(month[:4]) <= LATEST_YEAR:
        raise refusal(f"un mois des années {EARLIEST_YEAR} à {LATEST_YEAR}")
    return month


ENTIER = "un entier écrit en chiffres seuls, par exemple 180"
NOMBRE = "un nombre avec un point décimal, par exemple 0.10"
JOUR = "une date AAAA-MM-JJ, par exemple 2026-03-02"
MOIS = "un mois AAAA-MM, par exemple 2024-09"
OUI_NON = "oui ou non"

Entier = Annotated[int, _written(r"-?(0|[1-9]\d{0,8})", int, ENTIER, _digits_only)]
Nombre = Annotated[
    float,
    _written(r"-?(0|[1-9]\d{0,14})(\.\d{1,17})?([eE][-+]?\d{1,2})?", float, NOMBRE, _dotted_form),
]
Jour = Annotated[
    date,
    AfterValidator(_plausible_day),
    _written(r"\d{4}-\d{2}-\d{2}", date.fromisoformat, JOUR, _iso_form),
]
_MONTH_PATTERN = r"\d{4}-(0[1-9]|1[0-2])"
Mois = Annotated[
    str,
    AfterValidator(_plausible_month),
    _written(_MONTH_PATTERN, str, MOIS, _month_form),
    SchemaExtra({"pattern": f"^{_MONTH_PATTERN}$"}),
]
# true and false are how a JSON dump writes oui and non; yes, no, on and off stay ambiguous.
OuiNon = Annotated[bool, _written(r"oui|non|true|false", lambda t: t in ("oui", "true"), OUI_NON)]


def within(low: int, high: int, accepted: str) -> tuple[AfterValidator, SchemaExtra]:
    """The annotations that keep a number between two bounds, both included.

    ``accepted`` is what the error message says.
    """

    def check(value: int) -> int:
        if not low <= value <= high:
            raise refusal(accepted)
        return value

    return AfterValidator(check), SchemaExtra({"minimum": low, "maximum": high})


_SINCE_NONE = f"un nombre de jours de 0 à {_TWENTY_YEARS} ; une fenêtre ne peut pas être négative"
_SINCE_ONE = f"un nombre de jours de 1 à {_TWENTY_YEARS} ; une fenêtre vide ne compte personne"

Fenetre = Annotated[Entier, *within(0, LONGEST_WINDOW, _SINCE_NONE)]
FenetreNonVide = Annotated[Entier, *within(1, LONGEST_WINDOW, _SINCE_ONE)]
Age = Annotated[Entier, *within(0, 120, "un âge de 0 à 120 ans")]
Annee = Annotated[Entier, *within(2014, LATEST_YEAR, f"une année de 2014 à {LATEST_YEAR}")]


def _proper_share(value: float) -> float:
    if not 0 < value < 1:
        raise refusal("une part entre 0 et 1, bornes exclues, par exemple 0.1")
    return value


_BETWEEN = SchemaExtra({"exclusiveMinimum": 0, "exclusiveMaximum": 1})
Part = Annotated[Nombre, AfterValidator(_proper_share), _BETWEEN]


# Characters that no report could show or no file could hold (controls, lone surrogates).
_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def _text(pattern: str, longest: int, accepted: str) -> tuple[AfterValidator, SchemaExtra]:
    def check(value: str) -> str:
        text = value.strip()  # a block opened by « > » ends with a line break
        if _UNWRITABLE.search(text):
            raise refusal("un texte sans caractère de commande")
        if len(text) > longest or not re.fullmatch(pattern, text, re.DOTALL):
            raise refusal(accepted)
        return text

    return AfterValidator(check), SchemaExtra({"maxLength": longest, "minLength": 1})


Ligne = Annotated[str, *_text(r"[^\n\r]+", 200, "un texte d'une ligne, 200 caractères au plus")]
Texte = Annotated[str, *_text(r".+", 10_000, "un texte de 10 000 caractères au plus")]
Nom = Annotated[
    str,
    *_text(
        r"[a-z][a-z0-9_]*",
        40,
        "un nom en minuscules, chiffres et « _ », commençant par une lettre, et non un chemin",
    ),
]
Libelle = Annotated[str, *_text(r"[^\n\r]+", 40, "un nom d'une ligne, 40 caractères au plus")]
Identifiant = Annotated[
    str,
    *_text(
        r"[0-9]{4}(-[A-Za-z0-9]+)+",
        40,
        "une année, un tiret, puis des lettres sans accent, chiffres ou tirets, "
        "40 caractères au plus, par exemple 2026-014",
    ),
    SchemaExtra({"pattern": r"^[0-9]{4}(-[A-Za-z0-9]+)+$"}),
]


class FrozenMapping(dict[Any, Any]):
    """A dict that cannot be changed: a frozen pydantic model does not freeze what it holds."""

    def _refuse(self, *_args: object, **_kwargs: object) -> Any:
        raise TypeError("a checked request cannot be changed; read it again with overrides")

    __setitem__ = __delitem__ = _refuse
    clear = pop = popitem = setdefault = update = __ior__ = _refuse

    def __reduce__(self) -> tuple[type, tuple[dict[Any, Any]]]:
        """How to copy or pickle it: from a plain dict, since items cannot be set one by one."""
        return type(self), (dict(self),)


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _without_repeats(values: tuple[Any, ...]) -> tuple[Any, ...]:
    again = [
        Fault("chaque valeur une seule fois ; retirez celle-ci", (index,), value)
        for index, value in enumerate(values)
        if value in values[:index]
    ]
    if again:
        raise refusal(*again)
    return values


def _at_least_one(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if not values:
        raise refusal("une liste d'au moins une valeur")
    return values


FROM_LIST = BeforeValidator(_as_tuple)
DISTINCT = (AfterValidator(_without_repeats), SchemaExtra({"uniqueItems": True}))
NOT_EMPTY = (AfterValidator(_at_least_one), SchemaExtra({"minItems": 1}))
FREEZE = AfterValidator(FrozenMapping)
