"""Referentials by name and date, and what is at hand."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date

import pandas as pd

from studylib.referentials import store
from studylib.referentials.catalogue import all_known, how_to_get

VERSION_COLUMNS = list(store.Version.__dataclass_fields__)


def referential(name: str, at: date | None = None) -> pd.DataFrame:
    """The table of the latest version of a referential that is not later than ``at``.

    Columns: those of its contract in ``referentials.schemas``, or of its shipped file.
    DataMissing when no version is at hand (with how to get one) or when its content has changed.

    >>> len(referential("regions"))
    18
    """
    return store.table_of(store.version_at(name, at))


def versions(name: str) -> pd.DataFrame:
    """One row per version at hand, oldest first, none when the referential is absent.

    Columns: name, version (ISO date), title, producer, licence, source (address or file name),
    file_sha256 (producer's file), sha256 (table kept), rows, added, place.

    >>> versions("regions")["version"].tolist()
    ['2016-01-01']
    """
    rows = [asdict(version) for version in store.versions_of(name)]
    return pd.DataFrame(rows, columns=VERSION_COLUMNS)


def catalogue() -> pd.DataFrame:
    """One row per referential, present or not.

    Columns: name, title, system, producer, licence, shipped (bool), present (bool), versions
    (how many), latest (ISO date or ""), rows (of the latest), obtain (what to do), page.
    """
    rows = []
    for entry in all_known().values():
        present = store.versions_of(entry.name)
        rows.append(
            {
                "name": entry.name,
                "title": entry.title,
                "system": entry.system,
                "producer": entry.producer,
                "licence": entry.licence,
                "shipped": entry.is_shipped,
                "present": bool(present),
                "versions": len(present),
                "latest": present[-1].version if present else "",
                "rows": present[-1].rows if present else 0,
                "obtain": how_to_get(entry.name),
                "page": entry.page,
            }
        )
    return pd.DataFrame(rows)
