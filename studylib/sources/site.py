"""The sources a site knows by name: the simulated one, and those of its ``sources.yaml``.

.. code-block:: yaml

    simulated: {kind: simulated, persons: 100000, first_year: 2021, last_year: 2024}
    region_snds: {kind: events, location: data/snds_2026}
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from studylib import project
from studylib.errors import Problem, RequestError
from studylib.sources.simulated import Settings

FILE = "sources.yaml"


class SimulatedSource(BaseModel):
    """A simulated population: its size, years, regions and seed."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Literal["simulated"] = "simulated"
    persons: int = Settings().persons
    first_year: int = Settings().first_year
    last_year: int = Settings().last_year
    regions: tuple[str, ...] = Settings().regions
    seed: int = Settings().seed

    def settings(self) -> Settings:
        """The same, as the simulation takes them."""
        return Settings(**self.model_dump(exclude={"kind"}))


class EventsSource(BaseModel):
    """A folder of event tables as Parquet."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Literal["events"]
    location: Path

    def folder(self) -> Path:
        """The folder, relative to the project unless absolute."""
        return project.root() / self.location


Declared = Annotated[SimulatedSource | EventsSource, Field(discriminator="kind")]


def declared() -> Mapping[str, SimulatedSource | EventsSource]:
    """Every source known by name; RequestError when ``sources.yaml`` cannot be understood."""
    known: dict[str, SimulatedSource | EventsSource] = {"simulated": SimulatedSource()}
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
            fields = ", ".join(".".join(map(str, e["loc"])) or "kind" for e in error.errors())
            problems.append(
                Problem(
                    FILE,
                    None,
                    name,
                    f"{values}"[:80],
                    f"une source simulated ou events bien écrite (à revoir : {fields})",
                )
            )
    if problems:
        raise RequestError(problems)
    return known
