"""Each trap of the hospital tables, alone: the truth is met, and no longer without its treatment.

A mutation puts nothing in the place of one treatment; the reading must then miss the truth, or
refuse to read.
"""

from __future__ import annotations

from collections.abc import Callable

import narwhals as nw
import pandas as pd
import pytest
from snds.hospital_cases import SETTINGS, Recorded, World

from studylib.errors import StudyError
from studylib.sources import Engine
from studylib.sources.snds import (
    finess,
    hospital,
    hospital_drug_lines,
    hospital_drug_rules,
    hospital_rules,
    hospital_stays,
    hospital_tariffs,
)

TABLES = ("stays", "unlinked_stays", "diagnoses", "procedures", "hospital_drugs")
# What each trap touches; a trap leaves the other tables as they are (held by the last test).
TOUCHED = {
    "T9": ("stays", "hospital_drugs"),
    "T12": ("stays", "unlinked_stays", "diagnoses"),
    "T13": ("stays",),
    "T14": ("stays", "diagnoses", "hospital_drugs"),
    "T15": ("stays",),
    "T16": ("diagnoses",),
    "T18": ("hospital_drugs",),
    "T19": ("hospital_drugs",),
    "T21": ("stays",),
    "T22": ("stays",),
    "T23": ("stays", "diagnoses"),
}


def _nothing(*_: object, **__: object) -> nw.Expr:
    return nw.lit(False)


def _undated(table: pd.DataFrame) -> pd.Series:
    return table["ETA_NUM"].isin(finess.double_transmissions()["code"])


Mutation = tuple[str, str, object, str, object]
MUTATIONS: dict[str, Mutation] = {
    "codes in one form only": (
        "T9", "hospital_drugs", hospital_drug_rules, "ucd7", lambda column: nw.col(column)
    ),
    "return codes not looked at": (
        "T12", "stays", hospital_rules, "link_is_right", lambda *_: nw.lit(True)
    ),
    "return codes the wrong way round": (
        "T12", "stays", hospital_rules, "code_is_zero", lambda column: nw.col(column) != "0"
    ),
    "departments as written": (
        "T13", "stays", hospital_rules, "department", lambda: nw.col("BDI_DEP")
    ),
    "doubles kept": ("T14", "stays", hospital_rules, "is_duplicate_transmission", _nothing),
    "doubles kept, drugs": (
        "T14", "hospital_drugs", hospital_rules, "is_duplicate_transmission", _nothing
    ),
    "list of doubles without dates": ("T14", "stays", finess, "sent_twice", _undated),
    "error groups kept": ("T15", "stays", hospital_rules, "is_error_group", _nothing),
    "associated diagnoses only": (
        "T16", "diagnoses", hospital, "DIAGNOSIS_COLUMNS", {"T_MCOaaD": {"ASS_DGN": "DAS"}}
    ),
    "repeated diagnoses": (
        "T16", "diagnoses", hospital, "best_position", lambda lines: lines
    ),
    "shared lines counted whole": (
        "T18", "hospital_drugs", hospital_drug_rules, "shares", lambda column: nw.lit(1.0)
    ),
    "off the list": ("T19", "hospital_drugs", hospital_drug_rules, "is_off_list", _nothing),
    "no number": ("T19", "hospital_drugs", hospital_drug_rules, "has_no_number", _nothing),
    "too old": ("T19", "hospital_drugs", hospital_drug_rules, "is_too_old", _nothing),
    "above the tariff": (
        "T19", "hospital_drugs", hospital_drug_rules, "capped", lambda: nw.col("price")
    ),
    "without early access": (
        "T19", "hospital_drugs", hospital_drug_lines, "PUBLIC", hospital_drug_lines.PUBLIC[:1]
    ),
    "total with its drugs": (
        "T21", "stays", hospital_rules, "public_value", lambda: nw.col("MNT_TOT_AM")
    ),
    "services kept": ("T22", "stays", hospital_rules, "is_service_elsewhere", _nothing),
    "providers kept": ("T22", "stays", hospital_rules, "is_provider", _nothing),
    "automatic summaries kept": ("T22", "stays", hospital_rules, "is_automatic", _nothing),
    "key without its year": ("T23", "stays", hospital_stays, "year_part", lambda: nw.lit(0)),
}  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> World:
    """The world of these tests."""
    return World(SETTINGS, tmp_path_factory.mktemp("hospital"), engine)


@pytest.mark.parametrize("trap", TOUCHED)
def test_the_truth_is_met_with_the_trap_alone(world: World, trap: str) -> None:
    recorded = world.recorded(trap)
    for table in TOUCHED[trap]:
        assert recorded.read(table) == recorded.true(table), table


@pytest.mark.parametrize("name", MUTATIONS)
def test_without_its_treatment_the_truth_is_missed(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    trap, table, module, function, nothing = MUTATIONS[name]
    recorded = world.recorded(trap)
    monkeypatch.setattr(module, function, nothing)
    rules_of_stays = module in (hospital_rules, hospital_stays, finess)
    assert _missed(lambda: recorded.read(table, again=rules_of_stays), recorded.true(table))


def _missed(read: Callable[[], object], true: object) -> bool:
    try:
        return read() != true
    except StudyError:
        return True


def test_all_traps_together_and_none_meet_the_truth(world: World) -> None:
    every = world.recorded(*TOUCHED)
    bare = world.recorded()
    for table in TABLES:
        assert every.read(table) == every.true(table), table
        assert len(bare.true(table)) > 0 or table == "unlinked_stays"
    assert bare.read("stays") == bare.true("stays")


def test_tariffs_of_a_stay_follow_its_last_day(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = world.recorded("T24")
    tariffs = world.connection.execute("SELECT ghm, ghs, year, tariff FROM ghs_tariffs").df()
    true = sorted(pd.read_parquet(recorded.folder / "truth" / "stay")["tariff"].round(2))
    assert _tariffs(recorded, tariffs) == true
    monkeypatch.setattr(hospital_tariffs, "tariff_year", lambda month: nw.col(month) // 100)
    assert _tariffs(recorded, tariffs) != true
    bare = world.recorded()  # one tariff all year long
    stays = pd.read_parquet(bare.folder / "truth" / "stay")
    assert _tariffs(bare, tariffs) == sorted(stays["tariff"].round(2))


def _tariffs(recorded: Recorded, tariffs: pd.DataFrame) -> list[float]:
    read = hospital_tariffs.read_tariffs(recorded.opened(), tariffs)
    return sorted(recorded.engine.collect(read)["tariff"].round(2))
