"""Versions of referentials: brought by a producer's file, dated, hashed, side by side."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from loopback import Server, serving

from studylib import referentials
from studylib.errors import ChoiceError, CodeError, DataMissing, StudyError, TableError
from studylib.referentials import shipped

TODAY = date(2026, 5, 4)
HEADER = "CIM_COD;CIM_LIB;ALD_030_COD;TEC_COL"
CODES = [("K25", "Ulcère de l'estomac", "99"), ("E10", "Diabète de type 1", "8")]


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    monkeypatch.setenv("STUDYLIB_DATA", str(folder))
    monkeypatch.setenv("STUDYLIB_PROJECT", str(tmp_path / "project"))
    return folder


def content(codes: list[tuple[str, str, str]] = CODES, encoding: str = "utf-8") -> bytes:
    lines = [HEADER, *(";".join((*row, "0")) for row in codes)]
    return ("\n".join(lines) + "\n").encode(encoding)


def written(folder: Path, given: bytes, name: str = "IR_CIM_V.csv") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(given)
    return file


def bring(file: Path, **options: object) -> referentials.Updated:
    return referentials.update("cim10", file, today=TODAY, **options)  # type: ignore[arg-type]


def kept_files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# --- bringing -----------------------------------------------------------------------------------


def test_a_version_is_dated_hashed_and_says_where_it_comes_from(tmp_path, data_folder):
    done = bring(written(tmp_path, content()), version=date(2020, 12, 1))
    assert done.is_new
    assert kept_files(data_folder) == [
        "referentials/cim10/2020-12-01/manifest.json",
        "referentials/cim10/2020-12-01/table.parquet",
    ]
    (row,) = referentials.versions("cim10").to_dict("records")
    assert (row["version"], row["rows"], row["source"]) == ("2020-12-01", 2, "IR_CIM_V.csv")
    assert row["added"] == "2026-05-04"
    assert "MPL-2.0" in row["licence"]
    assert len(row["file_sha256"]) == len(row["sha256"]) == 64
    table = referentials.referential("cim10")
    assert table.to_dict("list") == {
        "code": ["K25", "E10"],
        "label": ["Ulcère de l'estomac", "Diabète de type 1"],
        "ald": ["99", "8"],
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("compressed", [False, True])
def test_encodings_of_the_producers_give_the_same_table(tmp_path, encoding, compressed):
    given = content(encoding=encoding)
    name = "IR_CIM_V.csv.gz" if compressed else "IR_CIM_V.csv"
    bring(written(tmp_path, gzip.compress(given) if compressed else given, name))
    assert referentials.referential("cim10")["label"].tolist() == [label for _, label, _ in CODES]


def test_without_a_date_in_the_file_the_version_is_of_today(tmp_path):
    assert bring(written(tmp_path, content())).dated_by == "today"
    assert referentials.versions("cim10")["version"].tolist() == ["2026-05-04"]


def test_the_same_file_again_changes_nothing(tmp_path, data_folder):
    file = written(tmp_path, content())
    bring(file)
    manifest = data_folder / "referentials/cim10/2026-05-04/manifest.json"
    before = manifest.stat().st_mtime_ns
    again = bring(file)
    assert not again.is_new
    assert manifest.stat().st_mtime_ns == before


def test_another_content_for_the_same_date_is_refused(tmp_path):
    bring(written(tmp_path, content()))
    with pytest.raises(TableError, match="d'un autre contenu"):
        bring(written(tmp_path, content([*CODES, ("I50", "Insuffisance cardiaque", "5")])))
    assert len(referentials.referential("cim10")) == 2


def test_versions_stand_side_by_side_and_the_latest_before_a_date_is_used(tmp_path):
    more = [*CODES, ("I50", "Insuffisance cardiaque", "5")]
    bring(written(tmp_path, content(more)), version=date(2024, 1, 1))
    bring(written(tmp_path, content()), version=date(2020, 1, 1))
    assert referentials.versions("cim10")["version"].tolist() == ["2020-01-01", "2024-01-01"]
    rows = {
        at: len(referentials.referential("cim10", at))
        for at in (date(2020, 1, 1), date(2023, 12, 31), date(2024, 1, 1), None)
    }
    assert list(rows.values()) == [2, 2, 3, 3]
    with pytest.raises(DataMissing, match="aucune version au 31/12/2019"):
        referentials.referential("cim10", date(2019, 12, 31))


def test_far_fewer_rows_than_before_look_cut(tmp_path):
    ten = [(f"K{n}", "Maladie", "99") for n in range(10, 20)]
    bring(written(tmp_path, content(ten)), version=date(2020, 1, 1))
    with pytest.raises(TableError, match="7 lignes reçues contre 10"):
        bring(written(tmp_path, content(ten[:7])), version=date(2021, 1, 1))
    assert bring(written(tmp_path, content(ten[:8])), version=date(2021, 1, 1)).is_new
    assert bring(written(tmp_path, content(ten[:2])), version=date(2022, 1, 1), fewer_rows=True)


@pytest.mark.parametrize(
    ("given", "kind", "said"),
    [
        (b"", DataMissing, "vide"),
        (content().replace(b";", b","), TableError, "point-virgule attendu"),
        (content().replace(b"CIM_COD", b"CODE"), TableError, "colonnes absentes CIM_COD"),
        (content().replace(b"K25", b"K25.0"), TableError, "code CIM-10 sans point"),
        (content()[:-9], DataMissing, "tronqué"),
        (content(encoding="utf-16"), DataMissing, "ni UTF-8 ni cp1252"),
        (content([("K25", "UlcÃ¨re", "99")]), TableError, "accents abîmés"),
        (content([("K25", "Ulcère", "30x")]), TableError, "numéro d'ALD"),
        (content([CODES[0], CODES[0]]), TableError, "se répète"),
        (content([]), TableError, "aucune ligne"),
        (b"60234100\tA02BC01\tMOPRAL\thttp://x\n", TableError, "tabulation"),
        (b"\xd0\xcf\x11\xe0" + bytes(200), DataMissing, "ni UTF-8 ni cp1252"),
    ],
)
def test_a_wrong_file_is_refused_and_nothing_is_kept(tmp_path, data_folder, given, kind, said):
    with pytest.raises(kind) as caught:
        bring(written(tmp_path, given))
    assert said in str(caught.value)
    assert "IR_CIM_V.csv" in str(caught.value)
    assert referentials.versions("cim10").empty
    assert not data_folder.exists() or kept_files(data_folder) == []


def test_a_cut_compressed_file_is_refused(tmp_path):
    whole = gzip.compress(content([(f"K{n}", "Maladie", "99") for n in range(10, 99)]))
    with pytest.raises(DataMissing, match="tronqué"):
        bring(written(tmp_path, whole[:-12], "IR_CIM_V.csv.gz"))


def test_the_name_of_the_expected_file_is_said_when_another_is_given(tmp_path):
    with pytest.raises(StudyError, match=r"s'appelle comme IR_CIM_V\.csv"):
        bring(written(tmp_path, b"a,b\n1,2\n", "notes.csv"))


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("regions", DataMissing, "fourni avec studylib"),
        ("cim11", ChoiceError, "cim10"),
        ("../x", ChoiceError, "inconnu"),
    ],
)
def test_what_cannot_be_updated(tmp_path, name, kind, said):
    with pytest.raises(kind, match=said):
        referentials.update(name, written(tmp_path, content()), today=TODAY)


def test_a_version_of_the_future_or_a_missing_file_is_refused(tmp_path):
    with pytest.raises(TableError, match="dans le futur"):
        bring(written(tmp_path, content()), version=date(2026, 5, 5))
    with pytest.raises(DataMissing, match="absent"):
        bring(tmp_path / "nowhere.csv")


def test_the_file_is_found_by_its_name_in_the_data_folders(data_folder):
    with pytest.raises(DataMissing, match="--file ou --url"):
        referentials.at_hand("ddd")
    file = written(data_folder / "who", b"x", "ATC_DDD_2024.csv")
    assert referentials.at_hand("ddd") == file


# --- what is kept is what was checked -----------------------------------------------------------


def damage_table(folder: Path) -> None:
    table = folder / "table.parquet"
    given = bytearray(table.read_bytes())
    given[len(given) // 2] ^= 1
    table.write_bytes(bytes(given))


def lose_table(folder: Path) -> None:
    (folder / "table.parquet").unlink()


def cut_manifest(folder: Path) -> None:
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text()[:40])


def another_manifest(folder: Path) -> None:
    manifest = folder / "manifest.json"
    described = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(described | {"version": "2019-01-01"}))


@pytest.mark.parametrize("harm", [damage_table, lose_table, cut_manifest, another_manifest])
def test_a_damaged_version_is_never_read(tmp_path, harm):
    done = bring(written(tmp_path, content()))
    harm(Path(done.version.place))
    with pytest.raises(DataMissing, match="studylib codes update cim10"):
        referentials.referential("cim10")


def test_an_update_stopped_midway_leaves_no_version(tmp_path, data_folder, monkeypatch):
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("studylib.referentials.store.sha256_of", stop)
    with pytest.raises(KeyboardInterrupt):
        bring(written(tmp_path, content()))
    monkeypatch.undo()
    monkeypatch.setenv("STUDYLIB_DATA", str(data_folder))
    assert referentials.versions("cim10").empty
    assert bring(tmp_path / "IR_CIM_V.csv").is_new


def test_what_a_reader_changes_does_not_change_the_version(tmp_path):
    bring(written(tmp_path, content()))
    changed = referentials.referential("cim10")
    changed.loc[0, "label"] = "?"
    assert referentials.referential("cim10").loc[0, "label"] == "Ulcère de l'estomac"


# --- over a loopback server ---------------------------------------------------------------------


MANY = content([(f"{letter}{n}", "Maladie", "99") for letter in "ABC" for n in range(10, 100)])


@pytest.fixture
def server() -> Iterator[tuple[Server, str]]:
    with serving(MANY, "IR_CIM_V.csv") as served:
        yield served


def fetch(url: str, **options: object) -> referentials.Updated:
    return referentials.update_from("cim10", url, today=TODAY, **options)  # type: ignore[arg-type]


def test_a_referential_is_received_whole(server, data_folder):
    _, url = server
    done = fetch(url)
    assert done.version.source == url
    assert len(referentials.referential("cim10")) == 270
    assert all(name.startswith("referentials/cim10/2026") for name in kept_files(data_folder))


def test_a_cut_download_goes_on_where_it_stopped(server):
    state, url = server
    state.cuts, state.cut_at = 1, 1_000
    with pytest.raises(DataMissing, match="interrompu"):
        fetch(url, attempts=1)
    assert referentials.versions("cim10").empty
    assert fetch(url).version.rows == 270
    assert state.asked == [None, "bytes=1000-"]


def test_a_download_cut_without_announced_length_is_found_by_its_last_line(server, data_folder):
    state, url = server
    state.length, state.cuts, state.cut_at = False, 1, len(MANY) - 8
    with pytest.raises(DataMissing, match="tronqué"):
        fetch(url)
    assert kept_files(data_folder) == []


@pytest.mark.parametrize("page", [b"<html><body>Maintenance</body></html>", b"\x00\x01\x02" * 90])
def test_a_page_served_instead_of_the_file_is_refused(server, data_folder, page):
    state, url = server
    state.content = page
    with pytest.raises(StudyError):
        fetch(url)
    assert kept_files(data_folder) == []


def test_an_address_that_fails(server):
    state, url = server
    state.status = 404
    with pytest.raises(DataMissing, match="404"):
        fetch(url)
    with pytest.raises(ChoiceError, match="http"):
        fetch("ftp://127.0.0.1/IR_CIM_V.csv")


# --- what ships ---------------------------------------------------------------------------------


def test_every_shipped_file_has_a_source_a_licence_and_the_hash_of_its_content():
    folder = Path(shipped.__file__).parent / "data"
    index = shipped.index()
    assert sorted(index["file"]) == sorted(
        path.name for path in folder.glob("*.csv") if path.name != "index.csv"
    )
    assert index["version"].str.fullmatch(r"20\d\d-\d\d-\d\d").all()
    assert (
        index[["title", "producer", "licence", "source"]].apply(lambda c: c.str.len() > 3).all(None)
    )
    actual = {name: shipped.text_hash((folder / name).read_bytes()) for name in index["file"]}
    assert dict(zip(index["file"], index["sha256"], strict=True)) == actual


def test_a_shipped_file_changed_in_place_is_not_read(monkeypatch, tmp_path):
    monkeypatch.setattr(shipped, "_DATA", tmp_path)
    (tmp_path / "regions.csv").write_text("code,name,overseas\n84,Autre,false\n")
    shipped.index()
    shipped.read.cache_clear()
    with pytest.raises(DataMissing, match="contenu modifié"):
        shipped.read("regions")
    shipped.read.cache_clear()


def test_an_unknown_shipped_table_names_those_there_are():
    with pytest.raises(CodeError, match="regions"):
        shipped.read("nowhere")


def test_the_catalogue_says_what_is_there_and_how_to_get_the_rest(tmp_path):
    before = referentials.catalogue().set_index("name")
    assert not before.loc["cim10", "present"]
    assert before.loc["cim10", "obtain"].endswith("codes update cim10 --file IR_CIM_V.csv")
    assert before.loc["regions", ["present", "shipped", "rows"]].tolist() == [True, True, 18]
    bring(written(tmp_path, content()))
    after = referentials.catalogue().set_index("name")
    assert after.loc["cim10", ["present", "latest", "rows"]].tolist() == [True, "2026-05-04", 2]
    assert (after["licence"] != "").all()
