"""The choices a reading of an OMOP CDM rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from studylib import codes
from studylib.errors import CodeError, StudyError

UNKNOWN_REGION = "99"  # as the Cnam writes a region that is not known

Drugs = Literal["exposure", "era"]
Conditions = Literal["occurrence", "era"]
Position = Literal["DP", "DR", "DAS"]
HospitalDrugs = Literal["apart", "with_dispensings"]
Outside = Literal["kept", "set_aside"]
Quantity = Literal["lines", "as_recorded"]
Place = Literal["state", "county", "zip", "location_source_value"]


@dataclass(frozen=True)
class Settings:
    """Choices of the reading; each changes the event tables and is part of their fingerprint.

    ``drugs`` and ``conditions`` say which tables give events: recorded lines, or the eras built
    from them. ``unstated_position`` is what a diagnosis without condition status counts as.
    ``hospital_drugs`` keeps administrations in hospital out of the dispensings, or among them.
    ``quantity``: each exposure counts as one box, or as the quantity recorded where that is boxes
    (most CDMs record tablets). ``outside_observation`` keeps the events of days on which the person
    is not observed (they are told in ``links``), or sets them aside. ``region`` is where everyone
    lives; without it, ``regions`` maps the values of the column ``region_from`` of ``location`` to
    region codes, and others live in the unknown region, 99.
    StudyError when a value is not one of these.

    >>> Settings(region="11").drugs
    'exposure'
    """

    region: str | None = None
    regions: Mapping[str, str] = field(default_factory=dict, hash=False)
    region_from: Place = "state"
    drugs: Drugs = "exposure"
    conditions: Conditions = "occurrence"
    unstated_position: Position = "DAS"
    hospital_drugs: HospitalDrugs = "apart"
    quantity: Quantity = "lines"
    outside_observation: Outside = "kept"

    def __post_init__(self) -> None:
        accepted = {
            "drugs": Drugs,
            "conditions": Conditions,
            "unstated_position": Position,
            "hospital_drugs": HospitalDrugs,
            "quantity": Quantity,
            "outside_observation": Outside,
            "region_from": Place,
        }
        for name, kind in accepted.items():
            given = getattr(self, name)
            if given not in get_args(kind):
                raise StudyError(
                    f"Source OMOP, réglage {name} : reçu « {given} » ; valeurs possibles : "
                    f"{', '.join(get_args(kind))}."
                )
        for code in (*self.regions.values(), *([self.region] if self.region else [])):
            try:
                codes.system("region").check(code)
            except CodeError as refusal:
                raise StudyError(f"Source OMOP, réglage region : {refusal}") from None

    def written(self) -> dict[str, Any]:
        """The same as JSON holds it."""
        return asdict(self) | {"regions": dict(sorted(self.regions.items()))}
