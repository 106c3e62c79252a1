"""Each trap of the DCIR and of the person referentials, alone: the truth is met to the cent.

A mutation puts nothing in the place of one treatment: the reading must then miss the truth, or
refuse to read. That is how each treatment is known to matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import narwhals as nw
import pandas as pd
import pytest
from snds.compared import PARTS, Read, World

from studylib.errors import StudyError
from studylib.sources import Engine
from studylib.sources.engine import EngineSettings, Frame
from studylib.sources.simulated.settings import Settings
from studylib.sources.snds import (
    columns,
    conditions,
    lines,
    netting,
    noted,
    packs,
    people,
    residence,
    retrocession,
    town,
)
from studylib.sources.snds.raw import Part, Raw

SETTINGS = Settings(persons=1_200, first_year=2021, last_year=2022, regions=("94", "04"), seed=5)
OLDER = Settings(persons=400, first_year=2013, last_year=2014, regions=("94",), seed=5)
# What each trap touches; the reading without any trap holds for the rest.
TOUCHED: dict[str, tuple[str, ...]] = {
    "T1": ("dispensings", "consultations"),
    "T2": ("dispensings",),
    "T3": ("dispensings",),
    "T4": ("dispensings", "consultations"),
    "T5": ("dispensings", "consultations"),
    "T6": ("persons", "dispensings"),
    "T7": ("persons", "dispensings"),
    "T8": ("dispensings",),
    "T9": ("dispensings", "retrocession"),
    "T10": ("dispensings", "consultations"),
    "T11": ("dispensings",),
    "T13": ("persons",),
    "T20": ("retrocession",),
    "T25": ("long_term_conditions",),
    "T26": ("long_term_conditions",),
    "T27": ("long_term_conditions",),
    "T28": ("dispensings",),
    "T30": ("persons", "dispensings"),
}


def _never(*_: object, **__: object) -> nw.Expr:
    return nw.lit(False)


def _not_netted(_engine: Engine, rows: Frame, _group: Any, _f: Any, _t: str, key: Any) -> Frame:
    return rows.drop(*key)


def _positive_lines(_e: Engine, rows: Frame, _g: Any, _f: Any, _t: str, key: Any) -> Frame:
    return rows.filter(nw.col("quantity") > 0).drop(*key)


def _distinct(*given: Any) -> Frame:
    return netting.netted(*given).unique(["person_id", "day", "product", "quantity"], keep="any")


def _of_the_prestation() -> nw.Expr:
    return nw.col("BSE_REM_MNT")


def _by_pseudonym(rows: Frame) -> Frame:
    alone = nw.concat_str([nw.col("psa"), nw.col("rng_gem").cast(nw.String())])
    return rows.with_columns(alone.alias("key"))


def _years_of_care(raw: Raw, declared: Any) -> list[Part]:
    return [part for part in _LOOK_FOR(raw, declared) if part.year != 0 and part.year is not None]


_LOOK_FOR = Raw._look_for


def _latest_atc(table: pd.DataFrame) -> pd.DataFrame:
    last = table.sort_values("from_").drop_duplicates("cip13", keep="last")
    return last.assign(from_=-packs.EVER, to_=packs.EVER)


def _known_atc(rows: Frame, table: Frame) -> Frame:
    return packs.with_packs(rows, table).filter(nw.col("atc") != "")


def _insee_only() -> pd.DataFrame:
    known = SPELLINGS()
    return known[known["home"].str.len() == 2]


SPELLINGS = residence.spellings


def _home_of_the_referential(engine: Engine, persons: Frame, _care: Any) -> Frame:
    named = engine.load(residence.spellings(), "spellings")
    placed = persons.join(named, on="home", how="left")
    return placed.select("person_id", nw.col("region").fill_null("99"))


# Name: trap, part that must differ, then what is put in the place of a treatment.
MUTATIONS: dict[str, tuple[str, str, object, str, object]] = {
    "no netting": ("T1", "dispensings", town, "netted", _not_netted),
    "negative lines dropped": ("T1", "dispensings", town, "netted", _positive_lines),
    "no netting of visits": ("T1", "consultations", town, "netted", _not_netted),
    "distinct lines": ("T2", "dispensings", town, "netted", _distinct),
    "amount of the prestation": ("T3", "dispensings", town, "box_amount", _of_the_prestation),
    "a line met twice counts twice": ("T4", "dispensings", lines, "not_met", lambda rows, *_: rows),
    "tables of the years of care": ("T4", "dispensings", Raw, "_look_for", _years_of_care),
    "lines for information": ("T5", "dispensings", lines, "for_information", _never),
    "direct billing": ("T5", "consultations", lines, "direct_billing", lambda *_: None),
    "person is the pseudonym": ("T6", "persons", people, "person_key", _by_pseudonym),
    "twins together": (
        "T6", "persons", people, "ambiguous",
        lambda rows: rows.with_columns(nw.lit(False).alias("shared")),
    ),
    "any NIR": ("T7", "persons", people, "certified", lambda: ~nw.col("cdi").is_null()),
    "units as boxes": ("T11", "dispensings", town, "unit_dose", _never),
    "supplements": ("T10", "consultations", lines, "supplement", _never),
    "departments of INSEE only": ("T13", "persons", residence, "spellings", _insee_only),
    "both collections": ("T20", "retrocession", retrocession, "in_the_pmsi", _never),
    "UCD as written": ("T9", "retrocession", retrocession, "ucd7", lambda: nw.col("UCD_UCD_COD")),
    "accidents at work as ALD": (
        "T25", "long_term_conditions", conditions, "ald_ground",
        lambda: ~nw.col("IMB_ETM_NAT").is_null(),
    ),
    "every record": (
        "T26", "long_term_conditions", conditions, "latest_record",
        lambda rows: rows.with_columns(nw.lit(True).alias("latest")),
    ),
    "ALD 0 left out": (
        "T27", "long_term_conditions", conditions, "ald_ground", lambda: nw.col("IMB_ALD_NUM") > 0
    ),
    "ATC of today": ("T28", "dispensings", packs, "historised", _latest_atc),
    "packs without ATC dropped": ("T28", "dispensings", town, "with_packs", _known_atc),
    "care after death": ("T30", "dispensings", lines, "after_death", _never),
    "home of the referential": (
        "T30", "persons", residence, "regions", _home_of_the_referential
    ),
    "deaths of the referential": ("T30", "persons", people, "death_certificates", lambda _: None),
}  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The persons every trap of this file is recorded on."""
    return World(SETTINGS, tmp_path_factory.mktemp("town"))


@pytest.fixture
def read(tmp_path: Path) -> Iterator[Callable[[Path], Read]]:
    """Reads a folder of raw tables, with an engine that ends with the test."""
    with Engine.start(EngineSettings(threads=1)) as engine:
        yield lambda folder: Read(folder, engine, tmp_path)


def test_without_any_trap(world: World, read: Callable[[Path], Read]) -> None:
    """The plain tables say the truth, and nothing is set aside but what is out of the period."""
    reading = read(world.recorded())
    assert reading.differences(*PARTS) == {}
    assert all(len(reading.engine.collect(reading.table(part))) for part in PARTS)
    rejected = reading.reading.findings.table("rejected")
    assert set(rejected.loc[rejected["lines"] > 0, "reason"]) <= {"before_period", "out_of_flow"}


@pytest.mark.parametrize("trap", list(TOUCHED))
def test_the_truth_is_met_under(trap: str, world: World, read: Callable[[Path], Read]) -> None:
    """One trap and no other."""
    assert read(world.recorded(trap)).differences(*TOUCHED[trap]) == {}


@pytest.mark.parametrize("mutation", list(MUTATIONS))
def test_the_truth_is_missed_with(
    mutation: str,
    world: World,
    read: Callable[[Path], Read],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One treatment less, under the trap it is for."""
    trap, part, place, name, nothing = MUTATIONS[mutation]
    folder = world.recorded(trap)
    if mutation == "amount of the prestation":
        monkeypatch.setattr(town, "_DRUG", (*town._DRUG, "BSE_REM_MNT"))
    monkeypatch.setattr(place, name, nothing)
    try:
        missed = read(folder).differences(part)
    except StudyError:
        return
    assert part in missed


def test_old_packs(
    tmp_path: Path, read: Callable[[Path], Read], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before 2014 a pack has its CIP7 alone (T9); without rebuilding, it is not found."""
    folder = World(OLDER, tmp_path).recorded("T9")
    assert read(folder).differences("dispensings") == {}
    monkeypatch.setattr(town, "cip13", lambda: nw.col("PHA_PRS_C13"))
    assert "dispensings" in read(folder).differences("dispensings")


def test_times_of_day(
    world: World, read: Callable[[Path], Read], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Care dates may carry an hour (T9); kept, they fall out of the day they belong to."""
    folder = world.recorded("T9")
    hour = nw.col("EXE_SOI_DTD").dt.hour()
    cut = columns._day
    monkeypatch.setattr(
        columns,
        "_day",
        lambda value, kind: (
            nw.when(hour == 0).then(cut(value, kind))
            if isinstance(kind, nw.Datetime)
            else cut(value, kind)
        ),
    )
    assert "dispensings" in read(folder).differences("dispensings")


def test_the_last_months_are_left_out(
    world: World, read: Callable[[Path], Read], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under T8 every month kept is nearly whole; without the guard the last ones are not."""
    folder = world.recorded("T8")
    truth = pd.read_parquet(folder / "truth" / "dispensing")
    true = truth.groupby(truth["start"] // 30)["quantity"].sum()

    def worst() -> float:
        reading = read(folder)
        boxes = reading.engine.collect(reading.table("dispensings"))
        found = boxes.groupby(boxes["start"] // 30)["quantity"].sum()
        whole = [m for m in found.index if m > reading.seen.start // 30 and m < found.index[-1]]
        return float((found[whole] / true[whole]).min())

    guarded = worst()
    monkeypatch.setattr(
        "studylib.sources.snds.calendar.observed_until",
        lambda complete, _: complete.replace(year=complete.year + 1),
    )
    assert guarded > 0.97
    assert worst() < 0.92


def test_both_definitions_of_ald(world: World, read: Callable[[Path], Read]) -> None:
    """Under T25 the register and exempted care disagree, in about the shares of 2017."""
    reading = read(world.recorded("T25"))
    known = reading.reading.identities
    raw = reading.reading.raw
    both = conditions.exempted_persons(raw, known, reading.seen, reading.places)
    noted.note_exemptions(reading.reading.findings, both)
    links = reading.reading.findings.table("links").set_index("from_table")
    shares = links["unmatched"] / links["lines"]
    assert 0.05 < shares["IR_IMB_R"] < 0.40
    assert 0.01 < shares[noted.EXEMPTED_CARE] < 0.12


def test_fees_stay_apart(
    world: World, read: Callable[[Path], Read], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fees are counted among the volumes under a name of their own (T10)."""
    reading = read(world.recorded("T10"))
    noted.note_volumes(reading.reading.raw, reading.reading.findings)
    volumes = reading.reading.findings.table("volumes").groupby("table")["amount"].sum()
    log = pd.read_parquet(reading.raw / "truth" / "trap_log")
    fees = log.loc[log["trap"] == "T10", "lines"].sum()
    assert 0 < volumes[noted.FEES_TABLE] <= 0.36 * fees + 0.01
    monkeypatch.setattr(noted, "FEES", (1,))
    again = read(world.recorded("T10"))
    noted.note_volumes(again.reading.raw, again.reading.findings)
    assert noted.FEES_TABLE not in set(again.reading.findings.table("volumes")["table"])


def test_packs_without_atc_are_told_with_their_euros(
    world: World, read: Callable[[Path], Read]
) -> None:
    """Under T28 a pack without ATC is kept, with an empty code, and its euros are listed."""
    reading = read(world.recorded("T28"))
    boxes = reading.engine.collect(reading.table("dispensings"))
    found = reading.reading
    noted.note_packs(
        found.raw, found.findings, reading.town.drug_lines, reading.table("dispensings")
    )
    listed = reading.reading.findings.table("unknown_codes")
    without = boxes[boxes["atc"] == ""]
    assert len(without)
    assert listed["amount"].sum() == pytest.approx(without["cost"].sum())
    assert set(listed["code"]) == set(without["cip13"])
