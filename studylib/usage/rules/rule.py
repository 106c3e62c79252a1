"""What a prescribing rule says: drugs, persons, durations, and where it was published."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Literal, get_args

from studylib.codes import Codelist
from studylib.errors import EstimationError, refuse_choices, refuse_counts

Level = Literal[
    "inappropriate", "omission", "contraindicated", "discouraged", "precaution", "considered"
]
LEVELS: tuple[Level, ...] = (
    "inappropriate",
    "omission",
    "contraindicated",
    "discouraged",
    "precaution",
    "considered",
)
DoseUnit = Literal["DDD", "mg"]


@dataclass(frozen=True)
class Rule:
    """One rule, whose times are whole days and whose intervals are half-open.

    The persons concerned have the age (completed years on their first day observed in the period,
    ``age_from`` to ``age_to`` included), the sex and the conditions: an event of one of
    ``present``, and of none of ``absent``, with a day in the ``lookback_days`` before the period.

    ``exposure`` ``given``: a day of the period falls in a run of treatment by ``drugs`` that has
    lasted ``minimum_days`` by then. With ``substances`` above 1, that many different substances of
    ``drugs`` are in use at once. With ``together``, each of its lists is in use on the same days,
    ``overlap_days`` of them at least in one stretch within the period. With ``without``, no day of
    those runs within the period is covered by it. ``dose_above`` keeps the dispensings whose mean
    dose a day is larger.

    ``exposure`` ``missing``: a person observed the whole period has no day of it covered by
    ``drugs``.
    """

    id: str
    label: str
    category: str
    level: Level
    source: str
    drugs: Codelist
    exposure: Literal["given", "missing"] = "given"
    age_from: int = 0
    age_to: int | None = None
    sex: Literal["F", "M"] | None = None
    minimum_days: int = 1
    substances: int = 1
    dose_above: float | None = None
    dose_unit: DoseUnit = "DDD"
    together: tuple[Codelist, ...] = ()
    overlap_days: int = 1
    without: Codelist | None = None
    present: tuple[Codelist, ...] = ()
    absent: tuple[Codelist, ...] = ()
    lookback_days: int = 365

    def __post_init__(self) -> None:
        named = f"Règle « {self.id} »"
        refuse_choices(
            named,
            level=(self.level, LEVELS),
            exposure=(self.exposure, ("given", "missing")),
            sex=(self.sex, ("F", "M", None)),
            dose_unit=(self.dose_unit, get_args(DoseUnit)),
        )
        refuse_counts(named, 0, age_from=self.age_from)
        if self.age_to is not None:
            refuse_counts(named, self.age_from, age_to=self.age_to)
        for name in ("minimum_days", "substances", "overlap_days", "lookback_days"):
            refuse_counts(named, 1, **{name: getattr(self, name)})
        if self.dose_above is not None and not 0 < self.dose_above < inf:
            raise EstimationError(
                f"{named} : dose_above vaut {self.dose_above} ; plus de 0 attendu."
            )

    def drug_sets(self) -> dict[str, Codelist]:
        """The lists of drugs by the part they play: drugs, together_1…, without."""
        sets = {"drugs": self.drugs}
        sets |= {f"together_{rank}": one for rank, one in enumerate(self.together, start=1)}
        return sets | ({"without": self.without} if self.without else {})


@dataclass(frozen=True)
class RuleSet:
    """The rules of one file, in its order, with its version and what it says of itself."""

    name: str
    label: str
    version: str
    status: str
    sha256: str
    rules: tuple[Rule, ...]

    def labels(self) -> dict[str, str]:
        """The label of each rule, by its identifier."""
        return {rule.id: rule.label for rule in self.rules}
