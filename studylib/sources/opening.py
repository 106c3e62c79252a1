"""Opening a source by the name a request gives it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

import pandas as pd

from studylib.errors import StudyError
from studylib.sources import event_folder, simulated
from studylib.sources.engine import Engine
from studylib.sources.schemas import EVENT_TABLES
from studylib.sources.site import EventsSource, SimulatedSource, declared
from studylib.sources.source import Source, check_tables


def names() -> list[str]:
    """Names of the person-level sources that can be opened here."""
    return sorted(declared())


def open(
    name: str, *, regions: Sequence[str] | None = None, engine: Engine | None = None
) -> Source:
    """The source called ``name``, restricted to ``regions`` (default: all of its regions).

    A simulated population that is not there yet is generated first.
    """
    source = _declared(name)
    if isinstance(source, SimulatedSource):
        settings = source.settings()
        return event_folder.open_folder(
            name,
            simulated.ensure(settings),
            regions=regions,
            engine=engine,
            truth=simulated.planted_effects(settings),
            synthetic=True,
        )
    return event_folder.open_folder(name, source.folder(), regions=regions, engine=engine)


def is_synthetic(name: str) -> bool:
    """Whether the source called ``name`` holds simulated persons; False when it is not known.

    >>> is_synthetic("simulated")
    True
    """
    return isinstance(declared().get(name), SimulatedSource)


def fingerprint(name: str) -> str:
    """What identifies the data of this source, without opening it."""
    source = _declared(name)
    if isinstance(source, SimulatedSource):
        return source.settings().fingerprint
    return event_folder.fingerprint(source.folder())


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


def _declared(name: str) -> SimulatedSource | EventsSource:
    known = declared()
    if name not in known:
        close = get_close_matches(name, known, 1)
        hint = f" (vouliez-vous « {close[0]} » ?)" if close else ""
        raise StudyError(
            f"Source « {name} » inconnue{hint} ; sources connues : {', '.join(sorted(known))}."
        )
    return known[name]
