"""Opening a source by the name a request gives it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from studylib import project
from studylib.errors import ChoiceError
from studylib.sources import event_folder, integrity, omop, simulated, snds
from studylib.sources.engine import Engine
from studylib.sources.schemas import EVENT_TABLES
from studylib.sources.site import (
    AnySource,
    EventsSource,
    OmopSource,
    SimulatedSndsSource,
    SimulatedSource,
    SndsSource,
    declared,
)
from studylib.sources.source import Source
from studylib.sources.table_checks import check_tables

RUN_FILE = "data.json"  # in the folder of a run: what its notebook read, and with what


def names() -> list[str]:
    """Names of the person-level sources that can be opened here."""
    return sorted(declared())


def open(
    name: str,
    location: Path | None = None,
    *,
    regions: Sequence[str] | None = None,
    engine: Engine | None = None,
    cut_off: date | None = None,
    flow_lag_months: int | None = None,
) -> Source:
    """The source called ``name``, restricted to ``regions`` (default: all of its regions).

    With ``location``, ``name`` is a kind of data (``events``, ``snds`` or ``omop``) and the folder
    need not be declared; for ``snds``, ``cut_off`` is the last day of care that counts, or
    ``flow_lag_months`` the months of flow a month of care must be seen through. Raw data are read
    into event tables the first time, a simulated population is generated first; both are found
    again later. DataMissing or TableError when what is there cannot be read; ChoiceError for an
    unknown name, or a choice that is not for this source.
    """
    period = {"cut_off": cut_off, "flow_lag_months": flow_lag_months}
    asked = {key: value for key, value in period.items() if value is not None}
    if asked and (name != "snds" or location is None):
        raise ChoiceError(
            f"Source « {name} », {' et '.join(asked)} : réservé à un dossier de données snds "
            "ouvert par son emplacement ; pour une source déclarée, l'écrire dans sources.yaml."
        )
    source = _declared(name) if location is None else _at(name, location, asked)
    chosen = engine or (Engine.start(source.engine.settings()) if source.engine else None)
    simulation = source.settings() if isinstance(source, SimulatedSource) else None
    opened = event_folder.open_folder(
        name,
        _event_folder(name, source, chosen),
        regions=regions,
        engine=chosen,
        truth=simulated.planted_effects(simulation) if simulation else None,
        synthetic=simulation is not None,
    )
    _tell_run(opened)
    return opened


def _tell_run(source: Source) -> None:
    """Tells the run in progress, if any, what computes; its report prints it."""
    folder = project.run_folder()
    if folder is not None and folder.is_dir():
        told = json.dumps({"engine": source.engine.describe()}, ensure_ascii=False, indent=1)
        (folder / RUN_FILE).write_text(told + "\n", encoding="utf-8")


def is_synthetic(name: str) -> bool:
    """Whether the source called ``name`` holds simulated persons; False when it is not known.

    >>> is_synthetic("simulated")
    True
    """
    return isinstance(declared().get(name), SimulatedSource)


def fingerprint(name: str) -> str:
    """What identifies the data of this source, without opening it."""
    source = _declared(name)
    if isinstance(source, SimulatedSndsSource):
        return snds.simulation.fingerprint(source.settings(), source.traps())
    if isinstance(source, SimulatedSource):
        return source.settings().fingerprint
    if isinstance(source, SndsSource):
        return snds.fingerprint(source.folder(), **source.period_asked())
    if isinstance(source, OmopSource):
        return omop.fingerprint(source.folder(), settings=source.settings())
    return integrity.fingerprint(source.folder())


def from_tables(tables: Mapping[str, pd.DataFrame], *, engine: Engine | None = None) -> Source:
    """A source over pandas tables, for small cases worked by hand and for tests.

    Tables left out are empty; days are integers.
    """
    chosen = engine or Engine.start()
    frames = {name: chosen.load(frame, name) for name, frame in tables.items()}
    check_tables("tables", {name: frames[name] for name in frames if name in EVENT_TABLES})
    observed = tables["observation"]
    return Source(
        name="tables",
        engine=chosen,
        tables=frames,
        days=(int(observed["start"].min()), int(observed["end"].max())),
        regions=tuple(sorted(set(tables["persons"]["region"]))),
        fingerprint="tables",
        synthetic=True,
    )


def _event_folder(name: str, source: AnySource, engine: Engine | None) -> Path:
    """The folder of event tables of this source, made first where raw data have to be read."""
    if isinstance(source, SimulatedSndsSource):
        raw = snds.simulation.ensure(source.settings(), source.traps())
        return snds.event_folder_of(name, raw, engine=engine)
    if isinstance(source, SimulatedSource):
        return simulated.ensure(source.settings())
    if isinstance(source, SndsSource):
        return snds.event_folder_of(name, source.folder(), engine=engine, **source.period_asked())
    if isinstance(source, OmopSource):
        return omop.event_folder_of(
            name, source.folder(), engine=engine, settings=source.settings()
        )
    return source.folder()


_KINDS: Mapping[str, type[EventsSource | SndsSource | OmopSource]] = {
    "events": EventsSource,
    "snds": SndsSource,
    "omop": OmopSource,
}


def _at(kind: str, location: Path, asked: Mapping[str, object]) -> AnySource:
    if kind not in _KINDS:
        raise ChoiceError(
            f"Données de la sorte « {kind} » inconnues ; sont connues {', '.join(_KINDS)}."
        )
    model = _KINDS[kind]
    return model.model_validate({"kind": kind, "location": Path(location).resolve(), **asked})


def _declared(name: str) -> AnySource:
    known = declared()
    if name not in known:
        close = get_close_matches(name, known, 1)
        hint = f" (vouliez-vous « {close[0]} » ?)" if close else ""
        raise ChoiceError(
            f"Source « {name} » inconnue{hint} ; sources connues : {', '.join(sorted(known))}."
        )
    return known[name]
