"""What a simulated population is made from: size, years, regions, seed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from studylib.errors import ChoiceError

EPOCH = date(1970, 1, 1)
FIRST_YEAR = 2006  # first year of the SNDS
LAST_YEAR = 2030  # the model says nothing of later practice
MODEL = Path(__file__).parent / "model"
# Columns of the model's tables that stay text though they may look like numbers.
CODES = {"code", "cim10", "atc", "ccam", "exposure", "ghm_root", "ghm", "ghs", "ucd7"}


def model(name: str) -> pd.DataFrame:
    """One table of the simulation's model (``model/NAME.csv``), codes as text."""
    table = pd.read_csv(MODEL / f"{name}.csv", dtype=str, keep_default_na=False)
    return table.assign(**{c: _as_numbers(table[c]) for c in table.columns if c not in CODES})


def days_since_epoch(texts: pd.Series) -> list[int]:
    """Days since 1970-01-01 of dates written YYYY-MM-DD.

    >>> days_since_epoch(pd.Series(["1970-01-02", "2018-10-17"]))
    [1, 17821]
    """
    return [(date.fromisoformat(text) - EPOCH).days for text in texts]


def _as_numbers(values: pd.Series) -> pd.Series:
    """Numbers where every value is one, else the text as written."""
    numbers = pd.to_numeric(values, errors="coerce")
    return values if numbers.isna().any() else numbers


def effects() -> dict[str, float]:
    """The planted effects by name, as numbers.

    >>> effects()["bleeding_aod"]
    0.7
    """
    table = model("effects")
    return dict(zip(table["name"], table["value"].astype(float), strict=True))


def effect_start(name: str) -> int:
    """Day from which a planted effect holds (days since 1970-01-01).

    >>> effect_start("contract_ppi")
    19358
    """
    return days_since_epoch(model("effects").set_index("name").loc[[name], "start"])[0]


@dataclass(frozen=True)
class Settings:
    """Size, calendar, regions and seed of a simulated population.

    ``confounding`` False makes the choice between the two anticoagulant classes independent of
    the person, so that the crude hazard ratio is right too.

    >>> Settings(persons=1000).days
    (18628, 20089)
    """

    persons: int = 400_000
    first_year: int = 2021
    last_year: int = 2024
    regions: tuple[str, ...] = ("11", "32", "53", "84")
    seed: int = 20260302
    confounding: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "regions", tuple(self.regions))
        known = list(model("regions")["code"])
        unknown = [code for code in self.regions if code not in known]
        if self.persons < 1 or self.persons > 100_000_000:
            raise ChoiceError(
                f"Population simulée : {self.persons} personnes demandées ; "
                "de 1 à 100 000 000 sont possibles."
            )
        if not FIRST_YEAR <= self.first_year <= self.last_year <= LAST_YEAR:
            raise ChoiceError(
                f"Population simulée : années {self.first_year} à {self.last_year} ; "
                f"elles vont de {FIRST_YEAR} à {LAST_YEAR}, la première avant la dernière."
            )
        if not self.regions or unknown:
            raise ChoiceError(
                f"Population simulée : régions {', '.join(unknown) or 'absentes'} ; "
                f"celles qui existent sont {', '.join(known)}."
            )

    @property
    def days(self) -> tuple[int, int]:
        """First day of the period, and the day after its last one (days since 1970-01-01)."""
        first = (date(self.first_year, 1, 1) - EPOCH).days
        return first, (date(self.last_year + 1, 1, 1) - EPOCH).days

    @property
    def fingerprint(self) -> str:
        """Hash of these settings, the model's tables and the generator's code."""
        digest = hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode())
        for path in sorted(MODEL.parent.rglob("*.*")):
            if path.suffix in {".py", ".csv"}:
                digest.update(path.relative_to(MODEL.parent).as_posix().encode())
                digest.update(path.read_bytes())
        return digest.hexdigest()
