"""What the simulator writes of the hospitals: columns by year, rates, bytes, blocks, doubles."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from math import sqrt
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from pyarrow import parquet
from snds.hospital_cases import SETTINGS, Recorded, World

from studylib.sources import Engine
from studylib.sources.simulated.generation import create_world
from studylib.sources.snds import finess, layout
from studylib.sources.snds.simulation import traps
from studylib.sources.snds.simulation.generation import simulate
from studylib.sources.snds.simulation.hospital import hospitals, write_hospital
from studylib.sources.snds.simulation.identities import create_identities
from studylib.sources.snds.simulation.traps import TRAPS

SMALL = replace(SETTINGS, persons=600, first_year=2017, last_year=2018)


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Recorded:
    """A world of years on both sides of many changes, with every trap of the hospitals."""
    settings = replace(SETTINGS, persons=4_000, first_year=2012, last_year=2016)
    world = World(settings, tmp_path_factory.mktemp("simulated"), engine)
    return world.recorded(
        "T9", "T12", "T13", "T14", "T15", "T16", "T18", "T19", "T21", "T22", "T23"
    )


def _write(settings, folder: Path, low: int, high: int, block: int, threads: int = 1) -> None:
    connection = duckdb.connect(config={"threads": threads})
    create_world(connection, settings, low, high)
    create_identities(connection, settings, traps.nothing())
    write_hospital(connection, settings, traps.everything(), folder, block)


def test_a_column_is_written_in_the_years_it_was_collected(every: Recorded) -> None:
    for folder in sorted(every.folder.glob("T_MCO*")):
        year, name = 2000 + int(folder.name[5:7]), "T_MCOaa" + folder.name[7:]
        written = parquet.read_schema(folder / "00000.parquet").names
        declared = layout.table(name)
        assert all(declared.column(column).collected_in(year) for column in written), folder.name
        missing = [column.name for column in declared.columns
                   if column.required and column.collected_in(year)
                   and column.name not in written]  # fmt: skip
        assert not missing, folder.name
    assert "UCD_COD" in parquet.read_schema(every.folder / "T_MCO14MED" / "00000.parquet").names
    assert "UCD_COD" not in parquet.read_schema(every.folder / "T_MCO16MED" / "00000.parquet").names


def test_each_trap_has_its_rate(every: Recorded) -> None:
    stays = pd.read_parquet(every.folder / "truth" / "stay")
    log = pd.read_parquet(every.folder / "truth" / "hospital_trap_log")
    lines = pd.concat([pd.read_parquet(path) for path in every.folder.glob("T_MCO1?MED")])
    shared = (lines["NBR_SEJ"] > 1).sum()
    counts = log["trap"].value_counts()
    assert _near(len(stays[~stays["linked"]]), len(stays), TRAPS["T12"].rate)
    assert _near(counts["T15"], len(stays), TRAPS["T15"].rate)
    services = stays["year"].ge(2015).sum() * TRAPS["T22"].rate
    services += stays["year"].lt(2015).sum() * TRAPS["T22"].rate * 0.75
    assert abs(counts["T22"] - services) < 5 * sqrt(services)
    assert 0.10 < shared / len(lines) < 0.35  # T18: 20 %, in bunches


def _near(count: int, of: int, rate: float) -> bool:
    return abs(count - of * rate) < 5 * sqrt(of * rate)


def test_numbers_of_stays_begin_again_each_year(every: Recorded) -> None:
    first = [pd.read_parquet(every.folder / f"T_MCO{year}B")["RSA_NUM"].min()
             for year in range(12, 17)]  # fmt: skip
    assert first == [1] * 5


def test_the_bytes_do_not_depend_on_threads(tmp_path: Path) -> None:
    for threads in (1, 2):
        _write(SMALL, tmp_path / str(threads), 0, SMALL.persons, 0, threads)
    hashes = [
        {
            path.relative_to(tmp_path / name).as_posix():
                hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (tmp_path / name).rglob("*.parquet")
        }
        for name in ("1", "2")
    ]  # fmt: skip
    assert hashes[0] == hashes[1]
    assert len(hashes[0]) > 25


def test_the_principal_diagnosis_changed_its_meaning_in_2009(tmp_path: Path) -> None:
    """Before, it may stand among the associated ones; since, or without T17, it is the true one."""
    settings = replace(SMALL, persons=300, first_year=2008, last_year=2009)
    wrong = {}
    for name, chosen in (("on", ["T17"]), ("off", [])):
        simulate(settings, tmp_path / name, traps=traps.only(chosen))
        truth = pd.read_parquet(tmp_path / name / "truth" / "diagnosis")
        true = sorted(truth.loc[truth["position"] == "DP", "code"])
        for year in (8, 9):
            written = pd.read_parquet(tmp_path / name / f"T_MCO{year:02d}B")["DGN_PAL"]
            others = pd.read_parquet(tmp_path / name / f"T_MCO{year:02d}D")["ASS_DGN"]
            wrong[name, year] = sorted(written), sorted([*written, *others])
    assert wrong["on", 8][0] != wrong["off", 8][0]
    assert wrong["on", 8][1] == wrong["off", 8][1]
    assert wrong["on", 9] == wrong["off", 9]
    assert sorted(wrong["off", 8][0] + wrong["off", 9][0]) == true


def test_numbers_of_hospitals_may_have_lost_their_zeros(tmp_path: Path, engine: Engine) -> None:
    """With T9, and no FINESS of Corse, which has a letter; the stays read are the true ones."""
    settings = replace(SMALL, regions=("84",))  # departments from 01
    simulate(settings, tmp_path / "raw", traps=traps.only(["T9"]))
    for table in ("B", "C"):
        folder = next((tmp_path / "raw").glob(f"T_MCO??{table}"))
        stored = parquet.read_table(folder / "00000.parquet")["ETA_NUM"].to_pylist()
        assert min(stored) < 100_000_000
    recorded = Recorded(tmp_path / "raw", engine)
    assert recorded.read("stays") == recorded.true("stays")
    assert recorded.true("stays")


def test_two_blocks_read_together_meet_the_truth(tmp_path: Path, engine: Engine) -> None:
    _write(SMALL, tmp_path / "raw", 0, 300, 0)
    _write(SMALL, tmp_path / "raw", 300, 600, 1)
    recorded = Recorded(tmp_path / "raw", engine)
    for table in ("stays", "unlinked_stays", "hospital_drugs"):
        assert recorded.read(table) == recorded.true(table)


def test_the_simulated_sites_are_in_the_list_of_doubles() -> None:
    settings = replace(SETTINGS, regions=("11", "24", "84", "93"))
    great = hospitals(settings).query("great")
    listed = finess.double_transmissions().query("group == 'fictive'")
    assert dict(zip(great["site"], great["code"], strict=True)) == dict(
        zip(listed["code"], listed["legal"], strict=True)
    )
    assert not great["site"].map(finess.key_is_wrong).any()


def test_private_drugs_are_in_two_collections_and_read_from_one(
    tmp_path: Path, engine: Engine
) -> None:
    settings = replace(SMALL, persons=1_200)
    simulate(settings, tmp_path / "raw", traps=traps.only(["T20"]))
    recorded = Recorded(tmp_path / "raw", engine)
    assert recorded.read("hospital_drugs") == recorded.true("hospital_drugs")
    truth = pd.read_parquet(tmp_path / "raw" / "truth" / "hospital_drug")
    private = truth[truth["collection"] == "FH"]
    folders = [path for path in (tmp_path / "raw").glob("ER_UCD_F*") if path.is_dir()]
    billed = pd.concat([pd.read_parquet(path) for path in folders])
    again = billed[billed["UCD_TOP_UCD"] == 1]
    assert len(private) > 0
    assert len(again) >= 0.9 * len(private)  # the last months of flow are not all there
    whole = truth["amount"].sum() + (again["UCD_DLV_NBR"] * again["UCD_TTF_MNT"]).sum()
    assert whole > truth["amount"].sum() * 1.05  # what adding both would give
