"""A small reader of formulas: which terms a model has, without running anything a request says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import chain

from studylib.errors import EstimationError

_NAME = r"(?:`[^`]+`|[^\W\d]\w*)"
_FACTOR = re.compile(
    rf"(?:(?P<call>C|spline)\(\s*(?P<inside>{_NAME})\s*(?:,\s*(?P<knots>\d+)\s*)?\)"
    rf"|(?P<name>{_NAME})(?:\^(?P<power>\d+))?)$"
)
KNOTS = range(3, 8)
"""Numbers of knots a spline may have (Harrell, 2001, table 2.3)."""


@dataclass(frozen=True, order=True)
class Factor:
    """A column and what is made of it: itself, a power, categories or a restricted cubic spline."""

    column: str
    kind: str = "itself"
    number: int = 1

    def __str__(self) -> str:
        told = {
            "itself": self.column,
            "power": f"{self.column}^{self.number}",
            "categories": f"C({self.column})",
            "spline": f"spline({self.column}, {self.number})",
        }
        return told[self.kind]


def terms(formula: str) -> list[tuple[Factor, ...]]:
    """The terms of ``formula``, each a product of factors.

    ``a + b`` adds terms, ``a:b`` multiplies them, ``a*b`` is ``a + b + a:b``, ``a^2`` a power (1 to
    5), ``C(a)`` one column per category but the first, ``spline(a, 4)`` a restricted cubic spline
    of 4 knots (3 to 7), linear part included. A name that is not one word stands between
    backquotes. Nothing else is read, and nothing is evaluated: a request runs no code.

    >>> [" : ".join(map(str, term)) for term in terms("age*male + spline(age, 4) + C(region)")]
    ['age', 'male', 'age : male', 'spline(age, 4)', 'C(region)']
    """
    read = list(chain.from_iterable(_term(part.strip(), formula) for part in formula.split("+")))
    return list(dict.fromkeys(read))


def columns(formula: str) -> list[str]:
    """The columns that ``formula`` needs, in the order they are met.

    >>> columns("age + age^2 + C(region):male")
    ['age', 'region', 'male']
    """
    return list(dict.fromkeys(factor.column for term in terms(formula) for factor in term))


def _term(text: str, formula: str) -> list[tuple[Factor, ...]]:
    crossed = [tuple(_factor(one.strip(), formula) for one in part.split(":"))
               for part in text.split("*")]  # fmt: skip
    if len(crossed) == 1:
        return crossed
    if len(crossed) > 2:
        raise EstimationError(
            f"Formule « {formula} » : « {text} » croise plus de deux termes ; écrire les "
            "interactions avec « : »."
        )
    return [*crossed, crossed[0] + crossed[1]]


def _factor(text: str, formula: str) -> Factor:
    found = _FACTOR.match(text)
    if found is None:
        raise EstimationError(
            f"Formule « {formula} » : « {text or 'terme vide'} » n'est pas lu ; sont acceptés "
            "age, age^2, C(region), spline(age, 4), a:b, a*b, joints par « + »."
        )
    call, knots, power = found["call"], found["knots"], found["power"]
    name = (found["inside"] or found["name"]).strip("`")
    if call == "C" and knots is None:
        return Factor(name, "categories")
    if call == "spline" and knots is not None and int(knots) in KNOTS:
        return Factor(name, "spline", int(knots))
    if call is None and power is None:
        return Factor(name)
    if call is None and 1 <= int(power) <= 5:
        return Factor(name, "power", int(power)) if int(power) > 1 else Factor(name)
    raise EstimationError(
        f"Formule « {formula} » : « {text} » ; une spline a de {KNOTS[0]} à {KNOTS[-1]} nœuds, "
        "spline(age, 4), une puissance vaut de 1 à 5, et C(…) ne prend qu'une colonne."
    )
