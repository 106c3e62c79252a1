"""Raw tables that lack something: refused when care would vanish or count twice, told otherwise."""

from __future__ import annotations

import json
import random
import shutil
import warnings
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from snds import broken
from snds.broken import Break

from studylib import sources
from studylib.errors import DataMissing, DataNotice, StudyError, TableError
from studylib.sources import Engine, landing
from studylib.sources.engine import EngineSettings
from studylib.sources.landing import manifest
from studylib.sources.simulated.settings import Settings
from studylib.sources.snds import damaged, reading
from studylib.sources.snds.calendar import period, within_hospital_years
from studylib.sources.snds.filled import check_filled
from studylib.sources.snds.findings import Findings
from studylib.sources.snds.raw import Raw
from studylib.sources.snds.same_period import lines_of
from studylib.sources.snds.simulation import simulate


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small SNDS that lacks nothing."""
    folder = tmp_path_factory.mktemp("whole") / "raw"
    simulate(Settings(persons=500, first_year=2020, last_year=2022, regions=("11",)), folder)
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy to be spoilt."""
    return shutil.copytree(whole, tmp_path / "raw", ignore=shutil.ignore_patterns("truth"))


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """One engine for all."""
    with Engine.start(EngineSettings(threads=1)) as started:
        yield started


def opened(folder: Path, engine: Engine) -> pd.DataFrame:
    """What is told of the tables before a line is read."""
    raw, findings = Raw("essai", folder, engine), Findings(engine, folder / "events")
    reading.check_tables(raw, findings)
    within_hospital_years(raw, period(raw), findings)
    return findings.table("notices")


REFUSED: dict[str, tuple[Break, str]] = {
    "direct billing counted twice": (
        broken.without("ER_ETE_F*"),
        r"table ER_ETE_F : absente alors que T_MCOaaB est là ; .* deux fois",
    ),
    "direct billing without a line": (
        broken.no_line("ER_ETE_F*"),
        r"table ER_ETE_F : aucune ligne alors que T_MCOaaB est là",
    ),
    "prestations of an archive": (
        broken.without("ER_PRS_F_2020"),
        r"table ER_PRS_F : année 2020 absente alors que ER_PHA_F l'a",
    ),
    "prestations of an archive without a line": (
        broken.no_line("ER_PRS_F_2020"),
        r"table ER_PRS_F : aucune ligne pour 2020-02 à 2020-12 alors que ER_PHA_F en a",
    ),
    "stays of the first year": (
        broken.without("T_MCO20B"),
        r"table T_MCOaaB : année 2020 absente alors que T_MCOaaC l'a",
    ),
    "direct billing, a year of flows": (
        broken.flows("ER_ETE_F*", lambda month: month.year != 2021),
        r"table ER_ETE_F : aucune ligne pour 2021-01 à 2021-12 alors que ER_PRS_F en a",
    ),
    "direct billing, recent flows": (
        broken.without("ER_ETE_F"),
        r"table ER_ETE_F : table sans année \(flux récents\) absente alors que ER_PRS_F l'a",
    ),
    "a month of prestations": (
        broken.flows("ER_*", lambda month: (month.year, month.month) != (2021, 5)),
        r"table ER_PRS_F, colonne FLX_DIS_DTD : aucun flux en 2021-05",
    ),
    "drugs on the list, a year": (
        broken.without("T_MCO22MED"),
        "table T_MCOaaMED : année 2022 absente alors que T_MCOaaB l'a",
    ),
    "value of stays, a year": (
        broken.without("T_MCO20VALO"),
        "table T_MCOaaVALO : année 2020 absente alors que T_MCOaaB l'a",
    ),
    "hospital before": (
        broken.without("T_MCO20*"),
        "table T_MCOaaB : année 2020 absente alors que le DCIR observe les soins du 2020-01-01",
    ),
    "hospital after": (
        broken.without("T_MCO22*"),
        r"table T_MCOaaB : année 2022 absente .* cut_off dans sources\.yaml",
    ),
    "associated diagnoses": (
        broken.without("T_MCO??D"),
        "table T_MCOaaD : absente alors que T_MCOaaB en a ; .* dossier T_MCO21D",
    ),
    "referential of drugs": (
        broken.no_line("IR_PHA_R"),
        "table IR_PHA_R : aucune ligne alors que ER_PHA_F en a",
    ),
    "a table under another name": (
        lambda folder: (folder / "IR_BEN_R").rename(folder / "IR_BENR") and None,
        r"table IR_BEN_R : absente .* dossier IR_BEN_R \(peut-être IR_BENR\)",
    ),
    "a column that filters": (
        broken.no_column("ER_PRS_F_2021", "PRS_DPN_QLP"),
        r"table ER_PRS_F_2021 \(00000\.parquet\) : colonne PRS_DPN_QLP absente parmi les 40",
    ),
    "a column under another name": (
        broken.renamed("T_MCO21B", "SEJ_TYP", "SEJ_TIP"),
        "colonne SEJ_TYP absente parmi les 26 reçues, dont le nom le plus proche est SEJ_TIP ;",
    ),
    "a column of the wrong type, not read": (
        broken.valued("T_MCO21B", "SEJ_NBJ", "douze", pa.string()),
        "table T_MCO21B, colonne SEJ_NBJ : type String, attendu un entier",
    ),
    "dates without a value": (
        broken.valued("ER_PRS_F_2021", "EXE_SOI_DTD", None),
        r"table ER_PRS_F_2021 \(00000\.parquet\), colonne EXE_SOI_DTD : aucune valeur",
    ),
    "blank pseudonyms": (
        broken.valued("ER_PRS_F_2021", "BEN_NIR_PSA", "  "),
        "table ER_PRS_F_2021 .* colonne BEN_NIR_PSA : aucune valeur",
    ),
    "packs without either code": (
        broken.every(
            broken.valued("ER_PHA_F_2021", "PHA_PRS_C13", None),
            broken.valued("ER_PHA_F_2021", "PHA_PRS_IDE", None),
        ),
        "table ER_PHA_F_2021 .* colonne PHA_PRS_C13 et PHA_PRS_IDE : aucune valeur",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str, folder: Path, engine: Engine) -> None:
    """In one sentence that names the table, and the column and file where there is one."""
    spoil, words = REFUSED[case]
    spoil(folder)
    with pytest.raises((DataMissing, TableError), match=words):
        opened(folder, engine)


def test_a_whole_extraction_has_nothing_to_tell(folder: Path, engine: Engine) -> None:
    """Nor does one that writes the code of packs in one column only."""
    broken.valued("ER_PHA_F*", "PHA_PRS_C13", None)(folder)
    assert opened(folder, engine).empty


def test_what_an_extraction_may_lack_is_told(folder: Path, engine: Engine) -> None:
    """One sentence per table, which says what follows; and the columns that can be done without."""
    absent = ("ER_UCD_F*", "IR_IMB_R", "KI_CCI_R", "BE_IDE_R", "IR_BEN_R_ARC", "T_MCO??A",
              "T_MCO??UM", "T_MCO??MED", "T_MCO??FB")  # fmt: skip
    broken.without(*absent)(folder)
    broken.no_column("ER_PRS_F*", "EXO_MTF")(folder)
    broken.no_column("ER_PRS_F_2021", "PSE_SPE_COD")(folder)
    (folder / "ER_CAM_F").mkdir()
    (folder / "ER_PHA_F_2021" / "suite.csv").touch()
    told = dict(opened(folder, engine)[["table", "sentence"]].itertuples(index=False))
    assert set(told) == {name.replace("??", "aa").rstrip("*") for name in absent} | {"ER_PRS_F", ""}
    assert told["T_MCOaaA"] == "absente ; aucun acte n'est connu"
    assert "EXO_MTF : les soins exonérés" in told["ER_PRS_F"]
    assert "PSE_SPE_COD (2021) :" in told["ER_PRS_F"]
    assert told[""].startswith("ER_CAM_F, ER_PHA_F_2021/suite.csv présent et non lu")


def test_town_alone_is_told(folder: Path, engine: Engine) -> None:
    """Without the PMSI, what public hospitals bill directly is counted once: told, not refused."""
    broken.without("T_MCO*", "ER_ETE_F*")(folder)
    told = dict(opened(folder, engine)[["table", "sentence"]].itertuples(index=False))
    assert told["T_MCOaaB"] == "absente ; ni séjours, ni diagnostics, ni actes de l'hôpital"
    assert told["ER_ETE_F"].startswith("absente ; ce que les hôpitaux publics facturent")


def test_the_month_before_the_first_flow(folder: Path, engine: Engine) -> None:
    """Observation begins with the PMSI when only that month precedes it."""
    broken.every(
        broken.without("T_MCO20*"),
        broken.flows("ER_*", lambda month: month >= date(2021, 1, 1)),
    )(folder)
    raw, findings = Raw("essai", folder, engine), Findings(engine, folder / "events")
    seen = period(raw)
    moved = within_hospital_years(raw, seen, findings)
    assert moved.start == seen.start + 31 == (date(2021, 1, 1) - date(1970, 1, 1)).days
    assert "l'observation commence le 2021-01-01" in findings.table("notices")["sentence"].iloc[0]


def test_notices_are_told_at_each_opening(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As warnings, and among the quality tables; columns of an absent table are absent."""
    monkeypatch.setenv("STUDYLIB_DATA", str(tmp_path / "data"))
    broken.without("IR_IMB_R", "T_MCO??A")(folder)
    for _ in range(2):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            source = sources.open("snds", location=folder)
        notices = [each for each in told if each.category is DataNotice]
        said = [str(each.message) for each in notices]
        assert [each.split(" : ")[0] for each in said] == [
            "Source « snds », table IR_IMB_R",
            "Source « snds », table T_MCOaaA",
        ]
        assert Path(notices[0].filename) == Path(__file__)
    codings = source.quality["codings"]
    absent = codings[codings["form"] == "absent"]
    assert {"IR_IMB_R", "T_MCOaaA"} <= set(absent["table"])
    assert set(absent.loc[absent["table"] == "T_MCOaaA", "year"]) == {2020, 2021, 2022}


def test_a_location_that_is_no_folder(tmp_path: Path) -> None:
    """A file is told to be one."""
    with pytest.raises(DataMissing, match="absent n'existe pas"):
        sources.open("snds", location=tmp_path / "absent")
    (tmp_path / "table.parquet").touch()
    with pytest.raises(DataMissing, match=r"table\.parquet est un fichier ; donner le dossier"):
        sources.open("snds", location=tmp_path / "table.parquet")


SPOILT = {
    "half": lambda content: content[: len(content) // 2],
    "end": lambda content: content[:-10],
    "empty": lambda content: b"",
    "text": lambda content: b"FLX_DIS_DTD;BEN_NIR_PSA\n" * 50,
    "first byte": lambda content: b"Q" + content[1:],
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_file_that_is_no_parquet(case: str, folder: Path, engine: Engine) -> None:
    """Named with its table."""
    broken.spoilt("ER_PHA_F_2021", SPOILT[case])(folder)
    with pytest.raises(DataMissing, match=r"table ER_PHA_F_2021 : le fichier 00000\.parquet"):
        opened(folder, engine)


@pytest.mark.parametrize("seed", range(20))
def test_a_flipped_bit_never_shows_the_engine(seed: int, whole: Path, tmp_path: Path) -> None:
    """Wherever it is: the file is named, or the tables are read."""
    draw = random.Random(seed)

    def flipped(content: bytes) -> bytes:
        place = draw.randrange(len(content)) if seed % 2 else len(content) - draw.randrange(1, 3000)
        spoilt = bytearray(content)
        spoilt[place] ^= 1 << draw.randrange(8)
        return bytes(spoilt)

    shutil.copytree(whole / "IR_BEN_R", tmp_path / "IR_BEN_R")
    broken.spoilt("IR_BEN_R", flipped)(tmp_path)
    told = "IR_BEN_R"
    try:
        with Engine.start(EngineSettings(threads=1)) as engine:
            raw = Raw("essai", tmp_path, engine)
            with damaged.named(raw):
                lines_of(raw, "IR_BEN_R")
                check_filled(raw)
                engine.checkpoint(raw.table("IR_BEN_R"), "whole")
    except StudyError as error:
        told = str(error)
    assert "IR_BEN_R" in told


def test_what_was_imported_is_sealed(folder: Path, tmp_path: Path, engine: Engine) -> None:
    """Lines set aside are told; a file changed since, whatever was changed in it, is named."""
    shutil.rmtree(folder / "KI_CCI_R")
    text = "DCD_IDT_ENC;BEN_IDT_ANO;BEN_DCD_DTE;DCD_CIM_COD\n"
    lines = [f"{n};{n:017d};0{n % 9 + 1}/03/2021;I500\n" for n in range(40)]
    source = tmp_path / "KI_CCI_R.csv"
    source.write_text(text + "".join(lines) + "99;1;32/13/2021;I500\n", encoding="utf-8")
    landing.land([source], folder, landing.Options(max_rejected=0.1))
    told = opened(folder, engine)
    assert told[["table", "lines"]].to_numpy().tolist() == [["KI_CCI_R", 1]]
    broken.valued("KI_CCI_R", "DCD_CIM_COD", "C50")(folder)
    with pytest.raises(DataMissing, match=r"ki_cci_r\.parquet absent ou modifié depuis l'import"):
        opened(folder, engine)


def test_an_import_that_was_interrupted_is_not_read(folder: Path, engine: Engine) -> None:
    """What it landed so far is not the table."""
    unfinished = {"ER_PRS_F_2021/2021": {"pieces": []}}
    said = {"version": manifest.VERSION, "parts": {}, "unfinished": unfinished}
    (folder / manifest.FILE).write_text(json.dumps(said))
    with pytest.raises(DataMissing, match="l'import de ER_PRS_F_2021/2021 est inachevé"):
        opened(folder, engine)
