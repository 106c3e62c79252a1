"""From the raw tables to an opened source: what is kept, told, cut off, begun again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import narwhals as nw
import pandas as pd
import pytest

from studylib import sources
from studylib.errors import RequestError, StudyError
from studylib.sources import Engine
from studylib.sources.engine import Frame
from studylib.sources.quality import QUALITY_TABLES, REJECTED_LINES
from studylib.sources.simulated.settings import Settings
from studylib.sources.snds import event_folder_of, reading
from studylib.sources.snds.assembly import Reading
from studylib.sources.snds.calendar import days, month_after, period
from studylib.sources.snds.raw import Raw
from studylib.sources.snds.simulation import simulate
from studylib.tables import check


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small SNDS with all its traps."""
    folder = tmp_path_factory.mktemp("small") / "raw"
    simulate(Settings(persons=600, first_year=2021, last_year=2022, regions=("94",)), folder)
    return folder


@pytest.fixture(scope="module")
def opened(simulated: Path) -> Iterator[Path]:
    """Its event folder, in a place of its own for event folders."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STUDYLIB_DATA", str(simulated.parent / "data"))
        yield event_folder_of("essai", simulated)


def test_opened_as_a_source(simulated: Path, opened: Path) -> None:
    """The folder is made once, found again, and holds what every source must."""
    written = {path: path.stat().st_mtime_ns for path in opened.rglob("*.parquet")}
    source = sources.open("snds", location=simulated)
    assert written == {path: path.stat().st_mtime_ns for path in opened.rglob("*.parquet")}
    persons = source.engine.count(source.table("persons"))
    assert source.engine.count(source.table("observation")) == persons > 500
    observed = source.engine.collect(
        source.table("observation").select((nw.col("end") - nw.col("start")).min().alias("days"))
    )
    assert observed["days"].iloc[0] > 0


def test_a_location_opens_up_to_the_day_asked_for(simulated: Path, opened: Path) -> None:
    """The same by position, a cut-off of one's own; refused where it has no meaning."""
    assert (
        sources.open("snds", simulated).fingerprint
        == sources.open("snds", location=simulated).fingerprint
    )
    cut = sources.open("snds", simulated, cut_off=date(2021, 12, 31))
    assert cut.days == (days(date(2021, 1, 1)), days(date(2022, 1, 1)))
    for given in ({"cut_off": date(2021, 12, 31)}, {"flow_lag_months": 3}):
        with pytest.raises(StudyError, match=r"réservé à un dossier.*sources\.yaml"):
            sources.open("simulated", **given)


def test_what_is_set_aside_can_be_found_again(opened: Path) -> None:
    """Counts, keys and amounts of rejected lines agree, and every table keeps its contract."""
    folder = opened
    quality = {
        name: check(pd.read_parquet(folder / "quality" / f"{name}.parquet"), contract)
        for name, contract in QUALITY_TABLES.items()
    }
    listed = pd.read_parquet(folder / "rejected_lines")
    assert list(listed.columns) == REJECTED_LINES.names
    counts = listed.groupby(["table", "reason"]).agg(
        lines=("line", "size"), amount=("amount", "sum")
    )
    told = quality["rejected"].set_index(["table", "reason"]).query("lines > 0")
    assert counts["lines"].to_dict() == told["lines"].to_dict()
    assert counts["amount"].to_dict() == pytest.approx(told["amount"].fillna(0).to_dict())
    assert {"cancelled", "dpn_qlf_71", "out_of_flow", "met_twice"} <= set(
        told.loc["ER_PHA_F"].index
    )


def test_a_cut_off_is_the_last_day(simulated: Path) -> None:
    """Nothing after the day asked for; a day beyond the flows is refused."""
    with Engine.start() as engine:
        raw = Raw("essai", simulated, engine)
        seen = period(raw, cut_off=date(2021, 12, 31))
        assert seen.end == days(date(2022, 1, 1))
        assert seen.start == days(date(2021, 1, 1))
        assert seen.complete_to == days(month_after(seen.last_flow, -5))
        with pytest.raises(StudyError, match="postérieure au dernier flux"):
            period(raw, cut_off=date(2026, 1, 1))
        with pytest.raises(StudyError, match="aucun mois de soins n'est complet"):
            period(raw, lag_months=40)


def test_the_lag_of_flows_is_a_line_of_the_source(
    simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two months of flow instead of six: four months more are observed, in a folder of its own."""
    monkeypatch.setenv("STUDYLIB_PROJECT", str(tmp_path))
    lines = [
        f"{name}: {{kind: snds, location: {simulated}, flow_lag_months: {months}}}"
        for name, months in (("usual", 6), ("recent", 2), ("wrong", -1))
    ]
    (tmp_path / "sources.yaml").write_text("\n".join(lines[:2]), encoding="utf-8")
    recent = sources.open("recent")
    assert recent.days[1] == days(date(2023, 1, 1))
    assert sources.fingerprint("recent") == recent.fingerprint != sources.fingerprint("usual")
    with Engine.start() as engine:
        assert period(Raw("essai", simulated, engine)).end == days(date(2022, 9, 1))
    (tmp_path / "sources.yaml").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(RequestError, match="flow_lag_months"):
        sources.open("usual")


def test_an_interrupted_reading_goes_on(
    simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that was done is kept with what it found; the one cut short is done again."""
    calls: list[str] = []
    ready = False

    def first(work: Reading) -> dict[str, Frame]:
        calls.append("first")
        lines = work.raw.engine.load(pd.DataFrame({"line": ["a|1"]}), "lines")
        work.findings.reject("ER_PRS_F", "cancelled", lines, 10)
        return {"persons": work.raw.engine.load(pd.DataFrame({"person_id": [2, 1]}), "persons")}

    def second(work: Reading) -> dict[str, Frame]:
        calls.append("second")
        lines = work.raw.engine.load(pd.DataFrame({"line": ["b|1", "b|2"]}), "lines")
        work.findings.reject("T_MCOaaB", "error_group", lines, 20)
        if not ready:
            raise KeyboardInterrupt
        return {}

    monkeypatch.setattr(reading, "STEPS", {"first": first, "second": second})
    with pytest.raises(KeyboardInterrupt):
        reading.read("essai", simulated, tmp_path)
    assert not (tmp_path / "manifest.json").exists()
    ready = True
    reading.read("essai", simulated, tmp_path)
    assert calls == ["first", "second", "second"]
    assert pd.read_parquet(tmp_path / "persons")["person_id"].tolist() == [1, 2]
    rejected = pd.read_parquet(tmp_path / "quality" / "rejected.parquet")
    assert dict(zip(rejected["reason"], rejected["lines"], strict=True)) == {
        "cancelled": 1,
        "error_group": 2,
    }
    assert len(pd.read_parquet(tmp_path / "rejected_lines")) == 3
    assert not [
        path for path in tmp_path.rglob("*") if "part" in path.suffix or ".part" in path.name
    ]
