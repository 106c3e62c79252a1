"""Cases of the DCIR worked by hand: netting, several lines, archives, qualifiers, dates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from snds.compared import Read
from snds.drawn_town import CIP, FLOW, write, write_dispensings, write_persons

from studylib.sources import Engine
from studylib.sources.engine import EngineSettings
from studylib.sources.snds.conditions import long_term_conditions
from studylib.sources.snds.findings import Findings
from studylib.sources.snds.people import hospital_identities, identities
from studylib.sources.snds.raw import Raw

LATE = date(2023, 12, 1)  # a last flow late enough for March 2023 to be complete


@pytest.fixture
def engine() -> Iterator[Engine]:
    """An engine that ends with the test."""
    with Engine.start(EngineSettings(threads=1)) as started:
        yield started


def _read(folder: Path, engine: Engine, lines: list[dict[str, Any]]) -> Read:
    """Reads these lines, and one of a late flow by a person of its own."""
    last = {"psa": "Z", "day": date(2023, 5, 2), "boxes": 1, "FLX_DIS_DTD": LATE}
    write_dispensings(folder, [*lines, last])
    write_persons(folder, *sorted({line["psa"] for line in lines} | {"Z"}))
    return Read(folder, engine, folder / "events")


def _boxes(reading: Read) -> pd.DataFrame:
    """Dispensings but those of the late flow: psa, day, boxes, euros."""
    events = reading.engine.collect(reading.table("dispensings"))
    known = reading.engine.collect(reading.reading.identities)
    named = events.merge(known[["person_id", "psa"]], on="person_id")
    kept = named[named["psa"] != "Z"]
    day = pd.to_datetime(kept["start"], unit="D").dt.strftime("%Y-%m-%d")
    table = kept.assign(day=day, boxes=kept["quantity"], euros=kept["cost"].round(2))
    return table[["psa", "day", "boxes", "euros"]].sort_values(["psa", "day"], ignore_index=True)


def _reasons(reading: Read) -> dict[str, int]:
    told = reading.reading.findings.table("rejected")
    return {row["reason"]: row["lines"] for row in told.to_dict("records") if row["lines"]}


def test_the_seven_lines(tmp_path: Path, engine: Engine) -> None:
    """A has two true boxes, B was cancelled, C cancelled and billed again: 3 boxes, 2 persons."""
    lines = [
        {"psa": "A", "day": date(2023, 3, 1), "boxes": 1},
        {"psa": "A", "day": date(2023, 3, 1), "boxes": 1},
        {"psa": "B", "day": date(2023, 3, 5), "boxes": 1},
        {"psa": "B", "day": date(2023, 3, 5), "boxes": -1},
        {"psa": "C", "day": date(2023, 3, 9), "boxes": 1},
        {"psa": "C", "day": date(2023, 3, 9), "boxes": -1},
        {"psa": "C", "day": date(2023, 3, 10), "boxes": 1},
    ]
    reading = _read(tmp_path, engine, lines)
    found = _boxes(reading)
    assert found["boxes"].sum() == 3
    assert found["psa"].unique().tolist() == ["A", "C"]
    assert found["euros"].sum() == 19.5
    assert _reasons(reading) == {"cancelled": 4}


def test_a_cancellation_months_later(tmp_path: Path, engine: Engine) -> None:
    """One box of three is taken back in a later flow: two are left, with their euros."""
    lines = [
        {"psa": "A", "day": date(2023, 3, 1), "boxes": 3},
        {"psa": "A", "day": date(2023, 3, 1), "boxes": -1, "FLX_DIS_DTD": date(2023, 7, 1)},
    ]
    reading = _read(tmp_path, engine, lines)
    assert _boxes(reading)[["boxes", "euros"]].to_numpy().tolist() == [[2.0, 13.0]]
    assert _reasons(reading) == {"regularised": 1}


def test_an_orphan_cancellation(tmp_path: Path, engine: Engine) -> None:
    """A cancellation of something that is not there is set aside, with its key and its euros."""
    reading = _read(tmp_path, engine, [{"psa": "A", "day": date(2023, 3, 1), "boxes": -2}])
    assert _boxes(reading).empty
    told = reading.reading.findings.table("rejected").query("lines > 0").iloc[0]
    assert (told["reason"], told["amount"]) == ("orphan_cancellation", -13.0)
    files = list((tmp_path / "events" / "rejected_lines").glob("*.parquet"))
    line = pd.read_parquet(files[0]).iloc[0]
    assert line["line"].split("|")[6:] == ["1", "1", "0", "1"]
    assert line["code"] == CIP


def test_another_prescription_is_another_dispensing(tmp_path: Path, engine: Engine) -> None:
    """A cancellation takes back the box of its own prescriber, not that of another one."""
    lines = [
        {"psa": "A", "day": date(2023, 3, 1), "boxes": 1, "PFS_PRE_NUM": "1"},
        {"psa": "A", "day": date(2023, 3, 1), "boxes": 1, "PFS_PRE_NUM": "2"},
        {"psa": "A", "day": date(2023, 3, 1), "boxes": -1, "PFS_PRE_NUM": "2"},
    ]
    assert _boxes(_read(tmp_path, engine, lines))["boxes"].tolist() == [1.0]


def test_who_prescribed_in_town_is_told_a_hospital_and_a_missing_number_are_not(
    tmp_path: Path, engine: Engine
) -> None:
    """The number of a practitioner is kept through a correction; a hospital has none."""
    lines: list[dict[str, Any]] = [
        {"psa": "A", "day": date(2023, 3, 1), "boxes": 2, "PFS_PRE_NUM": "1"},
        {"psa": "A", "day": date(2023, 3, 1), "boxes": -1, "PFS_PRE_NUM": "1"},
        {"psa": "A", "day": date(2023, 3, 2), "PFS_PRE_NUM": None, "ETB_PRE_FIN": "69000001"},
        {"psa": "A", "day": date(2023, 3, 3), "PFS_PRE_NUM": None},
    ]
    reading = _read(tmp_path, engine, [{"boxes": 1, **line} for line in lines])
    events = reading.engine.collect(reading.table("dispensings")).sort_values("start")
    told = events[["prescriber", "establishment"]].fillna("-").to_numpy().tolist()
    assert told[:3] == [["1", "-"], ["-", "69000001"], ["-", "-"]]


SET_ASIDE = [
    ({"DPN_QLF": 71}, "dpn_qlf_71"),
    ({"PRS_DPN_QLP": 71}, "dpn_qlf_71"),
    ({"CPL_MAJ_TOP": 2}, "supplement"),
    ({"EXE_SOI_DTD": date(1600, 1, 1)}, "impossible_date"),
    ({"EXE_SOI_DTD": date(2099, 12, 31)}, "impossible_date"),
    ({"EXE_SOI_DTD": None}, "impossible_date"),
    ({"EXE_SOI_DTD": date(2023, 9, 1)}, "out_of_flow"),
    ({"EXE_SOI_DTD": date(2023, 2, 1)}, "before_period"),
    ({"BEN_NIR_PSA": "unheard of"}, "unknown_person"),
]


def test_lines_set_aside(tmp_path: Path, engine: Engine) -> None:
    """Each under its reason; a null qualifier is no reason."""
    kept = {"psa": "A", "day": date(2023, 3, 1), "boxes": 1, "DPN_QLF": None}
    reading = _read(tmp_path, engine, [kept, *({**kept, **columns} for columns, _ in SET_ASIDE)])
    assert _boxes(reading)["boxes"].tolist() == [1.0]
    assert _reasons(reading) == Counter(reason for _, reason in SET_ASIDE)


def test_lines_of_two_archives(tmp_path: Path, engine: Engine) -> None:
    """The flows of an archive and of the live table are one table; a line of both counts once."""
    lines = [{"psa": "A", "day": date(2023, 3, d), "boxes": 1} for d in (1, 2)]
    _read(tmp_path, engine, lines)
    live = {table: pd.read_parquet(tmp_path / table) for table in ("ER_PRS_F", "ER_PHA_F")}
    for table, whole in live.items():
        older = whole[whole["FLX_DIS_DTD"] == FLOW].head(1)
        target = tmp_path / f"{table}_2022" / "0.parquet"
        target.parent.mkdir()
        older.to_parquet(target, index=False)
    reading = Read(tmp_path, engine, tmp_path / "events")
    assert _boxes(reading)["day"].tolist() == ["2023-03-01", "2023-03-02"]
    rejected = reading.reading.findings.table("rejected").query("lines > 0")
    assert rejected["reason"].tolist() == ["met_twice", "met_twice"]
    counted = {name: len(whole) + 1 for name, whole in live.items()}  # among all lines
    assert rejected.set_index("table")["of_lines"].to_dict() == counted


def test_several_fine_lines_of_one_prestation(tmp_path: Path, engine: Engine) -> None:
    """The prestation's amount covers its lines: it is not repeated on each of them."""
    _read(tmp_path, engine, [{"psa": "A", "day": date(2023, 3, 1), "boxes": 2}])
    fine = pd.read_parquet(tmp_path / "ER_PHA_F")
    one = fine[fine["DCT_ORD_NUM"] == 1]
    both = pd.concat(
        [one.assign(PHA_ORD_NUM=n, PHA_ACT_QSN=1.0) for n in (1, 2)]
        + [fine[fine["DCT_ORD_NUM"] != 1]]
    )
    both.to_parquet(tmp_path / "ER_PHA_F" / "0.parquet", index=False)
    found = _boxes(Read(tmp_path, engine, tmp_path / "events"))
    assert (found["boxes"].sum(), found["euros"].sum()) == (2.0, 13.0)


def test_lines_whose_prestation_is_not_there_are_told(tmp_path: Path, engine: Engine) -> None:
    """A box, and a drug sold by a hospital, that no line of ER_PRS_F bears."""
    line = {"psa": "A", "day": date(2023, 3, 1), "boxes": 1}
    _read(tmp_path, engine, [line, line])
    sold = {"UCD_ORD_NUM": 1, "UCD_UCD_COD": "0000009000001", "UCD_DLV_NBR": 1.0,
            "UCD_TTF_MNT": 50.0, "UCD_TOP_UCD": 0}  # fmt: skip
    write(tmp_path, "ER_UCD_F", [{**sold, "DCT_ORD_NUM": bill} for bill in (1, 2)])
    prestations = pd.read_parquet(tmp_path / "ER_PRS_F")
    kept = prestations[prestations["DCT_ORD_NUM"] != 2]
    kept.to_parquet(tmp_path / "ER_PRS_F" / "0.parquet", index=False)
    reading = Read(tmp_path, engine, tmp_path / "events")
    assert _boxes(reading)["boxes"].tolist() == [1.0]
    assert engine.collect(reading.table("retrocession"))["cost"].tolist() == [50.0]
    told = reading.reading.findings.table("rejected").query("lines > 0")
    assert dict(zip(told["table"], told["reason"], strict=True)) == {
        "ER_PHA_F": "no_prestation",
        "ER_UCD_F": "no_prestation",
    }


def test_people_behind_pseudonyms(tmp_path: Path, engine: Engine) -> None:
    """Two pseudonyms of one person, twins under one, a provisional NIR later certified."""
    rows = [
        {"BEN_NIR_PSA": "a1", "BEN_IDT_ANO": "A", "BEN_NIR_ANO": "A"},
        {"BEN_NIR_PSA": "a2", "BEN_IDT_ANO": "A", "BEN_NIR_ANO": "A"},
        {"BEN_NIR_PSA": "t", "BEN_IDT_ANO": "T1", "BEN_NIR_ANO": "T1"},
        {"BEN_NIR_PSA": "t", "BEN_RNG_GEM": 2, "BEN_IDT_ANO": "T2", "BEN_NIR_ANO": "T2"},
        {"BEN_NIR_PSA": "p1", "BEN_IDT_ANO": "P", "BEN_CDI_NIR": "04"},
        {"BEN_NIR_PSA": "p2", "BEN_IDT_ANO": "P", "BEN_NIR_ANO": "P"},
        {"BEN_NIR_PSA": "f", "BEN_IDT_ANO": "f1", "BEN_CDI_NIR": "06"},
    ]
    write(tmp_path, "IR_BEN_R", rows[:4])
    write(tmp_path, "IR_BEN_R_ARC", rows[4:])
    raw = Raw("essai", tmp_path, engine)
    found = engine.collect(identities(raw)).set_index(["psa", "rng_gem"]).sort_index()
    person = found["person_id"]
    assert person["a1", 1] == person["a2", 1]
    assert person["p1", 1] == person["p2", 1]
    assert person["t", 1] != person["t", 2]
    assert sorted(set(person)) == list(range(5))
    assert found["reason"].dropna().to_dict() == {
        ("f", 1): "fictitious_nir",
        ("t", 1): "ambiguous_twins",
        ("t", 2): "ambiguous_twins",
    }
    assert set(engine.collect(hospital_identities(raw))["psa"]) == {"a1", "a2", "p1", "p2"}


def test_long_term_conditions_keep_the_last_record(tmp_path: Path, engine: Engine) -> None:
    """A changed record is a new line: the last one inserted says whether the ALD goes on."""
    write_persons(tmp_path, "A")
    begun, changed = date(2020, 1, 1), date(2022, 1, 1)
    record = {
        "BEN_NIR_PSA": "A", "IMB_ALD_DTD": begun, "IMB_ETM_NAT": 41, "IMB_ALD_NUM": 8,
        "MED_MTF_COD": "E119",
    }  # fmt: skip
    open_end = date(1600, 1, 1)
    write(
        tmp_path,
        "IR_IMB_R",
        [
            {**record, "IMB_ALD_DTF": date(2024, 12, 31), "INS_DTE": begun},
            {**record, "IMB_ALD_DTF": open_end, "INS_DTE": changed},
            {**record, "IMB_ALD_DTF": open_end, "INS_DTE": begun, "IMB_ETM_NAT": 13},
            {**record, "IMB_ALD_DTF": date(2020, 12, 31), "INS_DTE": begun, "IMB_ALD_NUM": 0,
             "MED_MTF_COD": "C509"},
        ],
    )  # fmt: skip
    raw = Raw("essai", tmp_path, engine)
    findings = Findings(engine, tmp_path / "events")
    frame = long_term_conditions(raw, identities(raw), findings, 0)
    found = engine.collect(frame).set_index("code").sort_index()
    last = (date(2021, 1, 1) - date(1970, 1, 1)).days
    assert found["end"].fillna(0).astype(int).to_dict() == {"C509": last, "E119": 0}
    told = findings.table("rejected").set_index("reason")["lines"]
    assert (told["not_ald"], told["superseded"]) == (1, 1)
