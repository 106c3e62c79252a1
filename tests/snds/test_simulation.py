"""The simulated SNDS as files: the same bytes whatever the machine does, begun again, refused."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from studylib.cli.main import leave_code
from studylib.errors import StudyError
from studylib.sources.engine import MEMORY_VARIABLE, THREADS_VARIABLE
from studylib.sources.simulated.settings import Settings
from studylib.sources.snds.layout import NINE_KEYS, tables
from studylib.sources.snds.simulation import generation, identities, simulate
from studylib.sources.snds.simulation import traps as every

TINY = Settings(persons=60, first_year=2021, last_year=2021, regions=("94",), seed=3)
# Of ``TINY`` with all traps: a change of this hash is a change of every simulated SNDS.
EXPECTED = "cc81889ce37b27f8f4076ba8839aac4034c6839c7341a02c536f579f20363bfc"


def _hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.parquet"))
    }


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny SNDS with every trap."""
    folder = tmp_path_factory.mktemp("tiny") / "raw"
    simulate(TINY, folder)
    return folder


def test_the_bytes_are_those_expected(tiny: Path) -> None:
    """One hash over all files, the same on every machine."""
    text = json.dumps(_hashes(tiny), sort_keys=True)
    assert hashlib.sha256(text.encode()).hexdigest() == EXPECTED


def test_threads_and_order_of_blocks_do_not_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two blocks made in turn on one thread, or the last first on three."""
    settings = Settings(persons=70, first_year=2021, last_year=2021, regions=("94",), seed=8)
    for module in (identities, generation):
        monkeypatch.setattr(module, "BLOCK", 40)
    monkeypatch.setenv(MEMORY_VARIABLE, "2")
    made = {}
    for name, threads, order in (("one", "1", (0, 1)), ("three", "3", (1, 0))):
        monkeypatch.setenv(THREADS_VARIABLE, threads)
        for block in order:
            generation.write_block(settings, every.everything(), tmp_path / name, block)
        made[name] = _hashes(tmp_path / name)
    assert made["one"] == made["three"]
    assert "ER_PRS_F_2021/00001.parquet" in made["one"]


def test_it_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Finished blocks are kept; a folder of other settings, or of something else, is refused."""
    monkeypatch.setattr(generation, "BLOCK", 40)
    monkeypatch.setattr(identities, "BLOCK", 40)
    settings = Settings(persons=70, first_year=2021, last_year=2021, regions=("94",), seed=8)
    calls: list[int] = []
    stop = True

    def written(_s: Settings, _t: every.Traps, folder: Path, block: int) -> None:
        if block == 1 and stop:
            raise OSError(28, "No space left on device")
        calls.append(block)
        (folder / f"{block}.parquet").touch()

    monkeypatch.setattr(generation, "write_block", written)
    with pytest.raises(StudyError, match="le disque est plein ; libérer de la place"):
        simulate(settings, tmp_path / "raw")
    stop = False
    simulate(settings, tmp_path / "raw")
    simulate(settings, tmp_path / "raw")
    assert calls == [0, 1]
    with pytest.raises(StudyError, match="avec d'autres réglages"):
        simulate(settings, tmp_path / "raw", traps=every.nothing())
    with pytest.raises(StudyError, match="n'est pas vide"):
        simulate(settings, tmp_path)


def test_nine_keys_are_unique(tiny: Path) -> None:
    """But for the few lines that two archives share (T4); fine lines find their prestation."""
    connection = duckdb.connect()
    keys = ", ".join(NINE_KEYS)
    for table, more in (("ER_PRS_F", ""), ("ER_PHA_F", ", PHA_ORD_NUM")):
        connection.execute(
            f"CREATE VIEW {table} AS SELECT DISTINCT * FROM '{tiny}/{table}*/*.parquet'"
        )
        query = f"SELECT count(*), count(DISTINCT ({keys}{more})) FROM {table}"
        lines, different = connection.execute(query).fetchall()[0]
        assert lines == different > 100
    lone = connection.execute(f"SELECT count(*) FROM ER_PHA_F ANTI JOIN ER_PRS_F USING ({keys})")
    assert lone.fetchall() == [(0,)]


def test_columns_are_those_of_the_layout(tiny: Path) -> None:
    """Every table written is one the reader knows, with the columns it needs."""
    written = {path.name for path in tiny.iterdir() if path.is_dir()} - {"truth"}
    for table in ("ER_PRS_F", "ER_PHA_F", "ER_UCD_F", "ER_ETE_F", "IR_BEN_R", "IR_BEN_R_ARC",
                  "IR_IMB_R", "IR_PHA_R", "KI_CCI_R", "KI_ECD_R", "BE_IDE_R"):  # fmt: skip
        assert table in written
        found = pd.read_parquet(tiny / table).columns
        needed = {column.name for column in tables()[table].columns if column.required}
        assert needed <= set(found), table
        assert set(found) <= set(tables()[table].names), table


def test_the_log_tells_the_lines_of_each_trap(tmp_path: Path) -> None:
    """Under T1 alone, the lines listed are those that hold more versions than the first, or did."""
    settings = Settings(persons=300, first_year=2021, last_year=2021, regions=("94",), seed=3)
    simulate(settings, tmp_path / "raw", traps=every.only(["T1"]))
    log = pd.read_parquet(tmp_path / "raw" / "truth" / "trap_log")
    fine = pd.read_parquet(tmp_path / "raw" / "ER_PHA_F_2021")
    assert set(log["trap"]) == {"T1"}
    negative = fine[fine["PHA_ACT_QSN"] < 0]
    assert len(negative)
    keys = negative[list(NINE_KEYS)].astype(str).agg("|".join, axis=1)
    assert set(keys) <= set(log["line"])
    fates = Counter(pd.read_parquet(tmp_path / "raw" / "truth" / "dispensing")["fate"])
    regularised = sum(fates.values()) - fates["plain"]
    assert 0.01 < regularised / sum(fates.values()) < 0.06


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It writes, tells, and says what it does not understand."""
    out = str(tmp_path / "raw")
    good = ["simulate", "--persons", "30", "--years", "2021", "--regions", "94", "--only", "t1"]
    assert leave_code([*good, "--out", out]) == 0
    assert "30 personnes simulées de 2021 à 2021" in capsys.readouterr().out.replace("\xa0", " ")
    assert leave_code([*good, "--seed", "2", "--out", out]) == 1
    assert "autres réglages" in capsys.readouterr().err
    assert leave_code(["simulate", "--persons", "30", "--years", "21", "--out", out]) == 2
    assert leave_code([*good, "--without", "T2", "--out", out]) == 2
    assert leave_code(["simulate", "--persons", "30", "--only", "T31", "--out", out]) == 2
    assert "vouliez-vous" in capsys.readouterr().err
