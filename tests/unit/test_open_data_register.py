"""Files entering the data folder: by hand, or over a loopback server that misbehaves."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from loopback import Server, serving

from studylib import errors
from studylib.files import download
from studylib.sources import open_data
from studylib.sources.open_data import catalogue, locate

TODAY = date(2026, 5, 4)
LINES = [f"6{n:07d}\tC10AX09\tNOM {n}\thttp://exemple" for n in range(20_000)]
CONTENT = ("\r\n".join(LINES) + "\r\n").encode("cp1252")


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    monkeypatch.setenv("STUDYLIB_DATA", str(folder))
    monkeypatch.setenv("STUDYLIB_PROJECT", str(tmp_path / "project"))
    return folder


@pytest.fixture
def server() -> Iterator[tuple[Server, str]]:
    with serving(CONTENT, "CIS_MITM.txt") as served:
        yield served


def fetch(url: str, **options: object) -> open_data.Entry:
    return open_data.fetch("bdpm_essential_drugs", url=url, today=TODAY, **options)  # type: ignore[arg-type]


def everything_in(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


# --- downloading --------------------------------------------------------------------------------


def test_fetch_writes_the_file_and_its_register_entry(data_folder: Path, server) -> None:
    _, url = server
    entry = fetch(url)
    assert (data_folder / "bdpm" / "CIS_MITM.txt").read_bytes() == CONTENT
    assert entry.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert (entry.added, entry.origin, entry.bytes) == ("2026-05-04", url, len(CONTENT))
    assert everything_in(data_folder) == {"CIS_MITM.txt", "registry.json"}


def test_a_cut_download_goes_on_where_it_stopped(data_folder: Path, server) -> None:
    state, url = server
    state.cuts = 2
    fetch(url)
    assert state.asked == [None, "bytes=200000-", "bytes=400000-"]
    assert (data_folder / "bdpm" / "CIS_MITM.txt").read_bytes() == CONTENT


@pytest.mark.parametrize("cut_at", [0, 1, 65_536, len(CONTENT) - 1])
def test_wherever_the_cut_falls_the_file_comes_out_whole(
    data_folder: Path, server, cut_at: int
) -> None:
    state, url = server
    state.cuts, state.cut_at = 1, cut_at
    fetch(url)
    assert (data_folder / "bdpm" / "CIS_MITM.txt").read_bytes() == CONTENT
    assert everything_in(data_folder) == {"CIS_MITM.txt", "registry.json"}


def test_a_whole_download_that_was_not_renamed_is_not_fetched_again(
    data_folder: Path, server
) -> None:
    state, url = server
    state.cuts, state.cut_at = 1, 1_000
    with pytest.raises(errors.DataMissing):
        fetch(url, attempts=1)
    part = data_folder / "bdpm" / ".CIS_MITM.txt.part"
    part.write_bytes(CONTENT)  # as if stopped just before the rename
    fetch(url)
    assert len(state.asked) == 1
    assert (data_folder / "bdpm" / "CIS_MITM.txt").read_bytes() == CONTENT


def test_a_download_left_unfinished_leaves_no_half_file_and_resumes_later(
    data_folder: Path, server
) -> None:
    state, url = server
    state.cuts = 1
    with pytest.raises(errors.DataMissing, match="200000 octets reçus sur"):
        fetch(url, attempts=1)
    assert not (data_folder / "bdpm" / "CIS_MITM.txt").exists()
    assert locate.files_of(catalogue.dataset("bdpm_essential_drugs")) == []
    fetch(url)
    assert state.asked[-1] == "bytes=200000-"
    assert (data_folder / "bdpm" / "CIS_MITM.txt").read_bytes() == CONTENT


def test_a_server_without_range_starts_over(data_folder: Path, server) -> None:
    state, url = server
    state.cuts, state.ranges = 1, False
    fetch(url)
    assert len(state.asked) == 2
    assert (data_folder / "bdpm" / "CIS_MITM.txt").read_bytes() == CONTENT


def test_two_versions_are_never_glued(data_folder: Path, server) -> None:
    state, url = server
    state.cuts = 1
    with pytest.raises(errors.DataMissing):
        fetch(url, attempts=1)
    state.content, state.etag = CONTENT.replace(b"NOM", b"MOT"), '"v2"'
    fetch(url)
    assert (data_folder / "bdpm" / "CIS_MITM.txt").read_bytes() == state.content


def test_a_cut_gz_without_announced_size_is_found_by_reading_it(data_folder: Path, server) -> None:
    state, url = server
    state.content, state.length = gzip.compress(CONTENT), False
    state.cuts, state.cut_at = 1, 5_000
    with pytest.raises(errors.DataMissing, match="tronqué"):
        fetch(f"{url}.gz")
    assert everything_in(data_folder) == set()


def test_a_page_in_place_of_the_file_is_refused_and_forgotten(data_folder: Path, server) -> None:
    state, url = server
    state.content = b"<!DOCTYPE html>\n<title>Maintenance</title>\n"
    with pytest.raises(errors.TableError, match=r"CIS_MITM\.txt"):
        fetch(url)
    assert everything_in(data_folder) == set()


def test_another_hash_than_the_one_known_is_refused(data_folder: Path, server) -> None:
    _, url = server
    with pytest.raises(errors.DataMissing, match="SHA-256"):
        fetch(url, sha256="0" * 64)
    assert everything_in(data_folder) == set()


def test_a_failed_fetch_keeps_the_file_of_before(data_folder: Path, server) -> None:
    state, url = server
    fetch(url)
    state.content, state.etag = b"<html></html>", '"v2"'
    with pytest.raises(errors.TableError):
        fetch(url)
    assert (data_folder / "bdpm" / "CIS_MITM.txt").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("url", "kind", "said"),
    [
        (None, errors.DataMissing, "--url"),
        ("file:///etc/passwd", errors.ChoiceError, "http:// ou https:// attendu"),
        ("http://127.0.0.1:9/autre.txt", errors.DataMissing, "n'a pas le nom de"),
        ("http://127.0.0.1:9/CIS_MITM.txt", errors.DataMissing, r"interrompu \(connexion refusée"),
    ],
)
def test_addresses_that_cannot_serve_are_said(
    data_folder: Path, url: str | None, kind: type[errors.StudyError], said: str
) -> None:
    with pytest.raises(kind, match=said):
        open_data.fetch("bdpm_essential_drugs", url=url, today=TODAY, attempts=1)


def test_a_refusal_of_the_server_is_said(data_folder: Path, server) -> None:
    state, url = server
    state.status = 404
    with pytest.raises(errors.DataMissing, match="répond 404"):
        fetch(url)


def test_progress_tells_bytes_and_total(data_folder: Path, server) -> None:
    _, url = server
    told: list[tuple[int, int | None]] = []
    fetch(url, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in told] == sorted(done for done, _ in told)


# --- adding by hand -----------------------------------------------------------------------------


def test_add_copies_checks_and_registers(data_folder: Path, tmp_path: Path) -> None:
    given = tmp_path / "cis_mitm.TXT"
    given.write_bytes(CONTENT)
    entry = open_data.add(given, today=TODAY)
    assert entry.dataset == "bdpm_essential_drugs"
    assert (data_folder / entry.file).read_bytes() == CONTENT
    assert given.exists()
    assert json.loads((data_folder / "registry.json").read_text())[0]["sha256"] == entry.sha256
    status = open_data.status().set_index("dataset")
    assert status.loc["bdpm_essential_drugs", ["present", "registered"]].tolist() == [True, 1]
    assert not status.loc["insee_population", "present"]


def test_adding_twice_keeps_one_entry(data_folder: Path, tmp_path: Path) -> None:
    given = tmp_path / "CIS_MITM.txt"
    given.write_bytes(CONTENT)
    open_data.add(given, today=TODAY)
    given.write_bytes(CONTENT.replace(b"NOM", b"MOT"))
    second = open_data.add(given, today=date(2026, 6, 1))
    assert open_data.registered() == [second]


def test_a_file_of_the_wrong_layout_does_not_enter(data_folder: Path, tmp_path: Path) -> None:
    given = tmp_path / "CIS_MITM.txt"
    given.write_text("60000001,C10AX09\n")
    with pytest.raises(errors.TableError, match="tabulation attendu"):
        open_data.add(given, today=TODAY)
    assert everything_in(data_folder) == set()


def test_a_cut_gz_does_not_enter(data_folder: Path, tmp_path: Path) -> None:
    given = tmp_path / "CIS_MITM.txt.gz"
    whole = gzip.compress(CONTENT)
    given.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(errors.DataMissing, match="tronqué"):
        open_data.add(given, today=TODAY)
    assert everything_in(data_folder) == set()


def test_content_known_under_another_name_tells_the_name(tmp_path: Path, data_folder: Path) -> None:
    given = tmp_path / "telechargement.csv"
    given.write_text("ATC1;ATC5;CIP13;BOITES;REM\nA;A;1;1;1\n")
    with pytest.raises(errors.DataMissing, match=r"open_medic.*OPEN_MEDIC_2025"):
        open_data.add(given, today=TODAY)


@pytest.mark.parametrize(
    ("name", "said"),
    [("photo.jpg", "non reconnu"), ("OPEN_MEDIC_2025.zip", "extraire"), ("absent.csv", "absent")],
)
def test_what_is_no_data_file_is_said(
    tmp_path: Path, data_folder: Path, name: str, said: str
) -> None:
    given = tmp_path / name
    if name != "absent.csv":
        given.write_bytes(b"\xff\xd8 rien")
    with pytest.raises(errors.DataMissing, match=said):
        open_data.add(given, today=TODAY)


# --- catalogue ----------------------------------------------------------------------------------


def test_every_data_set_recognises_its_own_example_and_no_other() -> None:
    for entry in catalogue.datasets():
        assert catalogue.dataset_of(entry.example) == entry
        assert entry.page.startswith("https://")
        assert entry.obtain.endswith(".")


def test_an_unknown_data_set_names_close_ones() -> None:
    with pytest.raises(errors.ChoiceError, match="insee_population"):
        catalogue.dataset("insee_populations")


def test_the_same_period_in_two_folders_is_read_once(tmp_path: Path) -> None:
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "CIS_MITM.txt").write_bytes(CONTENT)
    (tmp_path / "b" / "CIS_MITM.txt.gz").write_bytes(gzip.compress(CONTENT))
    entry = catalogue.dataset("bdpm_essential_drugs")
    found = locate.files_of(entry, folders=[tmp_path / "a", tmp_path / "b"])
    assert found == [tmp_path / "a" / "CIS_MITM.txt"]


def test_a_resume_point_needs_the_same_address_and_tag(tmp_path: Path) -> None:
    part = tmp_path / ".x.part"
    part.write_bytes(b"12345")
    version = download._Version("http://a/x", '"v1"', 10)
    assert download._resume_point(part, version, "http://a/x") == 5
    assert download._resume_point(part, version, "http://b/x") == 0
    assert download._resume_point(part, download._Version("http://a/x", "", 10), "http://a/x") == 0
    assert (
        download._resume_point(part, download._Version("http://a/x", '"v"', 4), "http://a/x") == 0
    )
