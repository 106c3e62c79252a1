"""Random draws as SQL expressions: a number is a function of seed, stream and keys.

Nothing is drawn in sequence, so the engine may work in any order, on any number of threads and in
any chunking, and each person stays the same. DuckDB's ``hash`` mixes 64 bits; it is applied after
every key because its combination of several arguments alone would tie streams to one another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import factorial


@dataclass(frozen=True)
class Draws:
    """The draws of one seed."""

    seed: int

    def _bits(self, stream: str, keys: Sequence[str]) -> str:
        constant = int.from_bytes(hashlib.sha256(f"{self.seed}/{stream}".encode()).digest()[:8])
        expression = f"{constant}::UBIGINT"
        for key in keys:
            expression = f"hash(xor(hash(({key})::UBIGINT), {expression}))"
        return expression

    def uniform(self, stream: str, *keys: str) -> str:
        """SQL for a number strictly between 0 and 1.

        >>> Draws(1).uniform("sex", "id").startswith("(((hash(xor(hash((id)::UBIGINT)")
        True
        """
        return f"((({self._bits(stream, keys)}) >> 11)::DOUBLE + 0.5) * 1.1102230246251565e-16"

    def exponential(self, stream: str, *keys: str) -> str:
        """SQL for an exponential number of mean 1."""
        return f"(-ln({self.uniform(stream, *keys)}))"

    def normal(self, stream: str, *keys: str) -> str:
        """SQL for a standard normal number (Box and Muller, 1958)."""
        radius = f"sqrt(-2 * ln({self.uniform(stream + '/radius', *keys)}))"
        return f"({radius} * cos(2 * pi() * {self.uniform(stream + '/angle', *keys)}))"


def poisson(draw: str, mean: str, *, most: int = 12) -> str:
    """SQL for a Poisson count of mean ``mean`` from a uniform column, cut at ``most``.

    Both arguments are column names: the inversion names them many times.

    >>> poisson("u", "m", most=1)
    'CASE WHEN u < exp(-m) * (1) THEN 0 ELSE 1 END'
    """
    terms, cases = ["1"], []
    for k in range(most):
        cases.append(f"WHEN {draw} < exp(-{mean}) * ({' + '.join(terms)}) THEN {k}")
        terms.append(f"pow({mean}, {k + 1}) / {factorial(k + 1)}.0")
    return f"CASE {' '.join(cases)} ELSE {most} END"


def pick(table_draw: str, choices: Sequence[tuple[str, float]]) -> str:
    """SQL that picks one of ``choices`` (value, weight) by the uniform draw given.

    >>> pick("u", [("'a'", 1), ("'b'", 3)])
    "CASE WHEN u < 0.25 THEN 'a' ELSE 'b' END"
    """
    whole = sum(weight for _, weight in choices)
    reached, cases = 0.0, []
    for value, weight in choices[:-1]:
        reached += weight / whole
        cases.append(f"WHEN {table_draw} < {reached:.10g} THEN {value}")
    last = choices[-1][0]
    return f"CASE {' '.join(cases)} ELSE {last} END" if cases else last
