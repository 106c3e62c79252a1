"""Generating a simulated population, chunk by chunk, whole or not at all."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from duckdb import DuckDBPyConnection

from studylib import project
from studylib.sources import integrity
from studylib.sources.engine.duck import DuckEngine
from studylib.sources.made_once import made_once
from studylib.sources.simulated import event_tables
from studylib.sources.simulated.adverse_effects import create_adverse_codes
from studylib.sources.simulated.anticoagulants import (
    create_anticoagulant_courses,
    create_bleedings,
)
from studylib.sources.simulated.consultations import create_consultations
from studylib.sources.simulated.deaths import create_deaths, create_lives
from studylib.sources.simulated.dispensings import create_dispensings
from studylib.sources.simulated.establishments import create_establishments
from studylib.sources.simulated.formulary import create_packs
from studylib.sources.simulated.hospital import create_stays
from studylib.sources.simulated.hospital_drugs import create_hospital_drugs
from studylib.sources.simulated.illness import create_conditions, create_courses
from studylib.sources.simulated.people import create_people
from studylib.sources.simulated.professionals import create_professionals
from studylib.sources.simulated.settings import Settings
from studylib.sources.simulated.tariffs import create_tariffs

CHUNK = 200_000  # persons whose world is in memory at once


def create_illnesses(
    connection: DuckDBPyConnection, settings: Settings, low: int, high: int
) -> None:
    """The world's first tables: the persons, what ails them, their courses and bleedings."""
    create_professionals(connection, settings)
    create_establishments(connection, settings)
    create_packs(connection)
    create_tariffs(connection)
    create_people(connection, settings, low, high)
    create_conditions(connection, settings)
    create_courses(connection, settings)
    create_anticoagulant_courses(connection, settings)
    create_bleedings(connection, settings)


def create_world(connection: DuckDBPyConnection, settings: Settings, low: int, high: int) -> None:
    """The world's tables for persons ``low`` to ``high - 1``: what truly happens to them.

    ``people``, ``lives``, ``conditions``, ``stays``, ``adverse_codes``, ``deaths``, ``en_sus``,
    ``dispensings`` (a view), ``consultation_events``, ``misusers``, and the lists they point to:
    ``packs``, ``prescribers``, ``pharmacies``, ``establishment_list``, ``territory``,
    ``ghs_tariffs``.
    """
    create_illnesses(connection, settings, low, high)
    create_lives(connection)
    create_deaths(connection, settings)
    create_stays(connection, settings)
    create_adverse_codes(connection, settings)
    create_hospital_drugs(connection, settings)
    create_dispensings(connection, settings)
    create_consultations(connection, settings)


def folder_of(settings: Settings) -> Path:
    """Where the population of these settings lives, made or not."""
    return project.writable_data() / "simulated" / settings.fingerprint[:16]


def ensure(settings: Settings) -> Path:
    """The folder of the population, generated first if it is not there.

    It appears by rename once complete, so that an interrupted generation leaves nothing that
    could be taken for a population. Of several processes that want it at once, one makes it and
    the others wait.
    """
    return made_once(folder_of(settings), lambda part: generate(settings, part))


def generate(settings: Settings, folder: Path) -> dict[str, int]:
    """Writes the event tables and ``manifest.json`` into ``folder``; total rows by table."""
    totals: dict[str, int] = {}
    with DuckEngine.start() as engine:
        connection = engine.connection
        connection.execute("SET preserve_insertion_order = true")  # the same bytes, any threads
        for chunk, low in enumerate(range(0, settings.persons, CHUNK)):
            create_world(connection, settings, low, min(low + CHUNK, settings.persons))
            rows = event_tables.write(connection, settings, folder, chunk)
            totals = {name: totals.get(name, 0) + rows.get(name, 0) for name in {**totals, **rows}}
    manifest = {
        "kind": "simulated",
        "files": integrity.contents(folder),
        "settings": asdict(settings),
        "fingerprint": settings.fingerprint,
        "rows": totals,
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1)
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    return totals
