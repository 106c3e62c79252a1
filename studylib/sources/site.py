"""The sources a site knows by name: the simulated ones, and those of its ``sources.yaml``.

.. code-block:: yaml

    simulated: {kind: simulated, persons: 100000, first_year: 2021, last_year: 2024}
    region_events: {kind: events, location: data/events_2026}
    region_snds: {kind: snds, location: data/snds_2026, cut_off: 2026-06-30}
    recent_snds: {kind: snds, location: data/snds_2026, flow_lag_months: 3}
    hospital_omop: {kind: omop, location: data/omop, region: "84"}
    national:
      kind: events
      location: /shared/events
      engine: {kind: spark, master: "spark://cluster:7077", memory_gb: 8}
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from studylib import project
from studylib.errors import Problem, RequestError
from studylib.sources import omop
from studylib.sources.engine import EngineSettings
from studylib.sources.simulated import Settings
from studylib.sources.snds.simulation import traps

FILE = "sources.yaml"


class EngineChoice(BaseModel):
    """What computes: DuckDB in this process (default), or Spark where the data sit in a cluster."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Literal["duckdb", "spark"] = "duckdb"
    master: str | None = None
    threads: int | None = None
    memory_gb: float | None = None
    temp_folder: str | None = None  # an address (hdfs://…) may be a cluster's
    conf: dict[str, str] = Field(default_factory=dict)

    def settings(self) -> EngineSettings:
        """The same, as the engine takes them.

        What DuckDB is not told comes from the run; a cluster is no part of this machine's share.
        """
        granted = EngineSettings.from_environment() if self.kind == "duckdb" else EngineSettings()
        return EngineSettings(
            threads=self.threads or granted.threads,
            memory_gb=self.memory_gb or granted.memory_gb,
            kind=self.kind,
            master=self.master,
            temp_folder=self.temp_folder or EngineSettings.from_environment().temp_folder,
            conf=self.conf,
        )


class _Declared(BaseModel):
    """What every source may say."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    engine: EngineChoice | None = None


class SimulatedSource(_Declared):
    """A simulated population: its size, years, regions and seed."""

    kind: Literal["simulated"] = "simulated"
    persons: int = Settings().persons
    first_year: int = Settings().first_year
    last_year: int = Settings().last_year
    regions: tuple[str, ...] = Settings().regions
    seed: int = Settings().seed

    def settings(self) -> Settings:
        """The same, as the simulation takes them."""
        return Settings(**self.model_dump(include=_SIMULATED))


_SIMULATED = {"persons", "first_year", "last_year", "regions", "seed"}


class SimulatedSndsSource(SimulatedSource):
    """A simulated population written as raw SNDS tables with their traps, then read back."""

    kind: Literal["simulated_snds"] = "simulated_snds"  # type: ignore[assignment]
    persons: int = 20_000
    without: tuple[str, ...] = ()

    def traps(self) -> traps.Traps:
        """The traps the raw tables hold: all but those named in ``without``."""
        return traps.everything().without(*self.without)


class _Located(_Declared):
    """A folder of files."""

    location: Path

    def folder(self) -> Path:
        """The folder, relative to the project unless absolute."""
        return project.root() / self.location


class EventsSource(_Located):
    """A folder of event tables as Parquet."""

    kind: Literal["events"]


class PeriodAsked(TypedDict):
    """Where the period of a raw SNDS ends, when its source says so."""

    cut_off: date | None
    flow_lag_months: int | None


class SndsSource(_Located):
    """A folder of raw SNDS tables, and where its period ends.

    ``cut_off`` is the last day of care that counts as complete; without it, that of the last month
    seen through ``flow_lag_months`` months of flow (six unless told).
    """

    kind: Literal["snds"]
    cut_off: date | None = None
    flow_lag_months: Annotated[int, Field(ge=0, le=36)] | None = None

    def period_asked(self) -> PeriodAsked:
        """The same, as the reading takes them."""
        return {"cut_off": self.cut_off, "flow_lag_months": self.flow_lag_months}


class OmopSource(_Located):
    """A folder of OMOP CDM tables, and the choices its reading rests on (``omop.Settings``)."""

    kind: Literal["omop"]
    region: str | None = None
    regions: dict[str, str] = Field(default_factory=dict)
    region_from: omop.settings.Place = "state"
    drugs: omop.settings.Drugs = "exposure"
    conditions: omop.settings.Conditions = "occurrence"
    unstated_position: omop.settings.Position = "DAS"
    hospital_drugs: omop.settings.HospitalDrugs = "apart"
    quantity: omop.settings.Quantity = "lines"
    outside_observation: omop.settings.Outside = "kept"

    def settings(self) -> omop.Settings:
        """The same, as the reading takes them."""
        return omop.Settings(**self.model_dump(exclude={"kind", "location", "engine"}))


AnySource = SimulatedSource | SimulatedSndsSource | EventsSource | SndsSource | OmopSource
Declared = Annotated[AnySource, Field(discriminator="kind")]


def declared() -> Mapping[str, AnySource]:
    """Every source known by name; RequestError when ``sources.yaml`` cannot be understood."""
    known: dict[str, AnySource] = {
        "simulated": SimulatedSource(),
        "simulated_snds": SimulatedSndsSource(),
    }
    path = project.root() / FILE
    if not path.exists():
        return known
    try:
        written: Any = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RequestError(
            [Problem(FILE, None, "", "un fichier illisible", "du YAML en UTF-8")]
        ) from error
    problems = []
    for name, values in (written or {}).items() if isinstance(written, Mapping | None) else ():
        try:
            known[name] = TypeAdapter(Declared).validate_python(values)
        except ValidationError as error:
            problems.append(_problem(name, values, error))
    if problems:
        raise RequestError(problems)
    return known


def _problem(name: str, values: Any, error: ValidationError) -> Problem:
    fields = ", ".join(".".join(map(str, e["loc"])) or "kind" for e in error.errors())
    accepted = (
        "une source simulated, simulated_snds, events, snds ou omop bien écrite "
        f"(à revoir : {fields})"
    )
    return Problem(FILE, None, name, f"{values}"[:80], accepted)
