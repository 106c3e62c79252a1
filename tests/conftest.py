"""Drawn tables: a small text table is a frame, its dates are days."""

from __future__ import annotations

import os
from datetime import date

import pandas as pd
import pytest

from studylib import sources
from studylib.codes import Codelist
from studylib.cohort import as_date, day
from studylib.sources import Engine, EngineSettings
from studylib.sources.engine import spark_session

DATES = ("start", "end", "index_date", "birth_date", "death_date", "entry", "exit")
NUMBERS = ("person_id", "days", "stay_id", "quantity", "cost", "days_supply", "persons", "excluded")


ENGINE = os.environ.get("STUDYLIB_TEST_ENGINE", "duckdb")


def examples(number: int) -> int:
    """How many tables to generate: fewer on a cluster, where each takes seconds."""
    return number if ENGINE == "duckdb" else max(5, number // 12)


def drawn(text: str) -> pd.DataFrame:
    """A frame from a table drawn with ``|``; date columns become days, ``-`` a missing value."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    frame = pd.DataFrame(rows[1:], columns=rows[0])
    for name in frame.columns:
        if name in DATES:
            frame[name] = [None if v == "-" else day(date.fromisoformat(v)) for v in frame[name]]
            frame[name] = frame[name].astype("Int64" if (frame[name].isna()).any() else "int64")
        elif name in NUMBERS:
            frame[name] = frame[name].astype("int64")
    return frame


def redrawn(frame: pd.DataFrame, columns: list[str]) -> list[tuple[str, ...]]:
    """Rows of ``frame`` as text, days as dates, sorted: what a drawn table is compared with."""
    shown = frame[columns].copy()
    for name in columns:
        if name in DATES:
            shown[name] = [as_date(value).isoformat() for value in shown[name]]
    return sorted(tuple(map(str, row)) for row in shown.itertuples(index=False))


def rows(text: str) -> list[tuple[str, ...]]:
    """The rows of a drawn table as text, sorted."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return sorted(tuple(cell.strip() for cell in line.split("|")) for line in lines[1:])


def _list(name: str, system: str, code: str) -> Codelist:
    return Codelist(name, system, (code,), version="2026-01-01", source="tests", label=name)


ARMS = {"AVK": _list("avk", "ATC", "B01AA"), "AOD": _list("aod", "ATC", "B01AF")}
BLEEDING = _list("bleeding", "CIM-10", "K922")
FIRST, LAST = day(date(2020, 1, 1)), day(date(2024, 1, 1))


@pytest.fixture
def arms() -> dict[str, Codelist]:
    """Two drug groups."""
    return ARMS


@pytest.fixture
def bleeding() -> Codelist:
    """The outcome."""
    return BLEEDING


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """A Spark cluster of this machine, with a master and two workers; skips where it cannot be."""
    why = spark_session.missing()
    if why:
        pytest.skip(why)
    from spark.cluster import Cluster

    made = Cluster(tmp_path_factory.mktemp("cluster"))
    yield made
    made.stop()


@pytest.fixture(scope="session")
def spark(cluster, tmp_path_factory):
    """An engine on that cluster."""
    with Engine.start(cluster.settings(tmp_path_factory.mktemp("checkpoints"))) as engine:
        yield engine


@pytest.fixture(scope="session")
def engine(request):
    """The engine of drawn examples: DuckDB, or Spark when STUDYLIB_TEST_ENGINE says so."""
    if ENGINE == "spark":
        yield request.getfixturevalue("spark")
        return
    with Engine.start(EngineSettings.from_environment()) as started:
        yield started


@pytest.fixture
def draw_source(engine):
    """A source from drawn dispensings (person_id, arm, start, days), stays and deaths.

    Everyone lives in region 11, is born on 1950-01-01 and is observed from 2020 to 2023, unless
    ``persons`` or ``observation`` say otherwise.
    """

    def build(
        dispensings: str,
        diagnoses: str = "person_id | start | end",
        deaths: str = "person_id | death_date",
        observation: str | None = None,
    ) -> sources.Source:
        given = drawn(dispensings)
        atc = given["arm"].map({"AVK": "B01AA03", "AOD": "B01AF02"})
        boxes = pd.DataFrame(
            {
                "person_id": given["person_id"],
                "atc": atc,
                "cip13": "3400999900010",
                "start": given["start"],
                "end": given["start"] + given["days"],
                "quantity": 1.0,
                "days_supply": given["days"],
                "cost": 10.0,
                "establishment": pd.Series([None] * len(given), dtype="object"),
            }
        ).astype({"establishment": "string"})
        codes = drawn(diagnoses)
        coded = pd.DataFrame(
            {
                "stay_id": range(len(codes)),
                "person_id": codes["person_id"].astype("int64"),
                "code": "K922",
                "position": codes.get("position", "DP"),
                "start": codes["start"].astype("int64"),
                "end": codes["end"].astype("int64"),
                "quantity": 1.0,
                "cost": 0.0,
            }
        ).astype({"code": "string", "position": "string"})
        ids = sorted({*given["person_id"], *codes["person_id"].astype("int64")})
        died = drawn(deaths).set_index("person_id")["death_date"].to_dict()
        persons = pd.DataFrame(
            {
                "person_id": ids,
                "sex": "F",
                "birth_date": day(date(1950, 1, 1)),
                "death_date": pd.Series([died.get(i) for i in ids], dtype="Int64"),
                "region": "11",
            }
        )
        seen = (
            drawn(observation)
            if observation
            else pd.DataFrame({"person_id": ids, "start": FIRST, "end": LAST})
        )
        return sources.from_tables(
            {"persons": persons, "observation": seen, "dispensings": boxes, "diagnoses": coded},
            engine=engine,
        )

    return build
