"""Values that cannot be: each line set aside has its reason, and every event its person."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from snds import broken
from snds.drawn_town import write, write_dispensings, write_persons

from studylib.sources import Engine
from studylib.sources.engine import EngineSettings
from studylib.sources.simulated.settings import Settings
from studylib.sources.snds import reading
from studylib.sources.snds.simulation import simulate, traps

MOMENT = pa.timestamp("us")
NAN = float("nan")
# Each value on one line in a number of its own, so that no two fall always together.
SPOIL = broken.every(
    broken.valued("ER_PRS_F*", "PRS_ACT_QTE", NAN, pa.float64(), one_in=11),
    broken.valued("ER_PHA_F*", "PHA_ACT_QSN", None, one_in=13),
    broken.valued("ER_PHA_F*", "PHA_ACT_PRU", float("inf"), one_in=17),
    broken.valued("ER_PRS_F*", "EXE_SOI_DTD", datetime(2099, 1, 1), one_in=19),
    broken.valued("ER_PRS_F*", "BEN_RES_DPT", "ZZZ"),
    broken.valued("IR_BEN_R*", "BEN_RES_DPT", "ZZZ"),
    broken.valued("IR_BEN_R", "BEN_SEX_COD", 9, one_in=23),
    broken.valued("IR_BEN_R", "BEN_NAI_ANN", 2099, one_in=29),
    broken.valued("IR_BEN_R", "BEN_DCD_DTE", date(2020, 12, 20), one_in=31),
    broken.valued("IR_IMB_R", "IMB_ALD_DTD", date(1600, 1, 1), one_in=7),
    broken.valued("IR_IMB_R", "MED_MTF_COD", None, one_in=8),
    broken.valued("IR_IMB_R", "INS_DTE", None, one_in=5),
    broken.valued("T_MCO21C", "EXE_SOI_DTD", datetime(1600, 1, 1), MOMENT, one_in=7),
    broken.valued("T_MCO21C", "EXE_SOI_DTF", datetime(2020, 1, 1), MOMENT, one_in=6),
    broken.valued("T_MCO21B", "ETA_NUM", None, one_in=16),
    broken.valued("T_MCO21B", "SOR_MOI", "XX", one_in=3),
    broken.valued("T_MCO21MED", "ADM_NBR_PRI", None, one_in=2),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The event folder of raw tables full of such values, without any trap."""
    place = tmp_path_factory.mktemp("impossible")
    settings = Settings(persons=900, first_year=2021, last_year=2021, regions=("11",), seed=4)
    simulate(settings, place / "raw", traps=traps.only(["T8"]))
    SPOIL(place / "raw")
    with Engine.start(EngineSettings(threads=1)) as engine:
        reading.read("essai", place / "raw", place / "events", engine=engine)
    return place / "events"


@pytest.fixture(scope="module")
def rejected(folder: Path) -> pd.DataFrame:
    """Lines set aside, by table and reason."""
    rows = pd.read_parquet(folder / "quality" / "rejected.parquet")
    return rows[rows["lines"] > 0].set_index(["table", "reason"])


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("ER_PRS_F", "no_quantity"),
        ("ER_PHA_F", "no_quantity"),
        ("ER_PHA_F", "impossible_date"),
        ("ER_PHA_F", "unknown_sex"),
        ("ER_PHA_F", "out_of_period"),
        ("IR_BEN_R", "unknown_sex"),
        ("IR_BEN_R", "impossible_birth"),
        ("IR_BEN_R", "out_of_period"),
        ("IR_IMB_R", "impossible_date"),
        ("IR_IMB_R", "unknown_code"),
        ("T_MCOaaB", "no_key"),
        ("T_MCOaaC", "no_exact_date"),
    ],
)
def test_set_aside_with_their_reason(table: str, reason: str, rejected: pd.DataFrame) -> None:
    assert (table, reason) in rejected.index


def test_nothing_else_is_set_aside(rejected: pd.DataFrame) -> None:
    """Not taken for a cancellation, for instance, which it is not."""
    assert not {"cancelled", "superseded", "orphan_cancellation"} & set(
        rejected.index.get_level_values("reason")
    )


def test_every_line_of_the_register_is_kept_or_set_aside(
    folder: Path, rejected: pd.DataFrame
) -> None:
    """One without a day of insertion too."""
    kept = len(pd.read_parquet(folder / "long_term_conditions"))
    aside = rejected.loc["IR_IMB_R"]
    assert kept + aside["lines"].sum() == aside["of_lines"].iloc[0]


def test_every_event_has_its_person(folder: Path) -> None:
    persons = pd.read_parquet(folder / "persons")
    assert set(persons["sex"]) == {"M", "F"}
    assert set(persons["region"]) == {"99"}
    known = set(persons["person_id"])
    for table in ("observation", "dispensings", "consultations", "long_term_conditions", "stays",
                  "diagnoses", "procedures", "hospital_drugs"):  # fmt: skip
        events = pd.read_parquet(folder / table)
        assert len(events), table
        assert set(events["person_id"].dropna()) <= known, table


def test_no_event_has_an_impossible_day(folder: Path) -> None:
    """Stays of no known day keep their month, or their year, out of any cohort."""
    early = (date(1900, 1, 1) - date(1970, 1, 1)).days
    for table in ("dispensings", "long_term_conditions", "stays", "unlinked_stays"):
        events = pd.read_parquet(folder / table)
        assert events["start"].notna().all(), table
        assert (events["start"] > early).all(), table
        assert not (events["end"] <= events["start"]).any(), table


def test_what_matters_is_told(folder: Path) -> None:
    notices = pd.read_parquet(folder / "quality" / "notices.parquet")
    told = notices.groupby("table")["sentence"].apply(" / ".join)
    assert "département ZZZ inconnu des référentiels" in told["ER_PRS_F"]
    assert "n'ont pas de quantité" in told["ER_PRS_F"]
    assert "gardées à un coût nul" in told["ER_PHA_F"]
    assert "gardées à un coût nul" in told["T_MCOaaMED"]
    assert "naissance impossible" in told["IR_BEN_R"]
    assert "décédées avant elle" not in told["IR_BEN_R"]
    assert "décédées avant elle ou nées après" in told["ER_PHA_F"]
    assert "date impossible" in told["T_MCOaaC"]
    assert "mois de sortie impossible" in told["T_MCOaaB"]
    assert not told.str.contains("motif").any()


def test_negative_amounts_are_told(tmp_path: Path) -> None:
    """What remains negative once corrections are deducted is set aside, and said."""
    line = {"day": date(2023, 3, 1), "boxes": 1}
    lines = [{"psa": f"{n:03d}", **line} for n in range(30)]
    lines += [{"psa": "900", **line, "PHA_ACT_PRU": -4.0}]
    lines += [{"psa": "900", "day": date(2023, 3, 2), "boxes": -1}]
    last = {"psa": "000", "day": date(2023, 3, 9), "boxes": 1, "FLX_DIS_DTD": date(2023, 12, 1)}
    write_dispensings(tmp_path, [*lines, last])
    write_persons(tmp_path, "900", *[f"{n:03d}" for n in range(30)])
    write(tmp_path, "ER_ETE_F", [])
    reading.read("essai", tmp_path, tmp_path / "events")
    rejected = pd.read_parquet(tmp_path / "events" / "quality" / "rejected.parquet")
    counts = rejected.set_index("reason")["lines"]
    assert counts["negative_amount"] == counts["orphan_cancellation"] == 1
    kept = pd.read_parquet(tmp_path / "events" / "dispensings")
    assert len(kept) == 31
    assert (kept["cost"] > 0).all()
    sentences = " / ".join(
        pd.read_parquet(tmp_path / "events" / "quality" / "notices.parquet")["sentence"]
    )
    assert "des annulations n'ont pas d'original" in sentences
    assert "des montants restent négatifs" in sentences
