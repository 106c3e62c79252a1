"""Code lists: never empty, never cut, never matching nothing in silence."""

import csv
import io
import re
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studylib import codes
from studylib.codes import Codelist
from studylib.errors import CodeError

BLEEDING = Codelist(
    "saignement", "CIM-10", ("I60", "K250", "M2506"), "2026-01-01", "exemple", "Saignement"
)


def message_of(caught: pytest.ExceptionInfo) -> str:
    return re.sub("[\u00a0\u202f]", " ", str(caught.value))


def refused(**changes) -> str:
    with pytest.raises(CodeError) as caught:
        replace(BLEEDING, **changes)
    return message_of(caught)


@pytest.fixture
def own_lists(tmp_path, monkeypatch):
    folder = tmp_path / "parameters" / "codelists"
    folder.mkdir(parents=True)
    monkeypatch.setenv("STUDYLIB_PROJECT", str(tmp_path))
    return folder


def test_is_frozen():
    with pytest.raises(FrozenInstanceError):
        BLEEDING.name = "autre"


def test_a_shorter_code_is_a_prefix_and_a_full_one_is_exact():
    ghm = replace(BLEEDING, system="GHM", codes=("05M09", "90", "28Z04Z"))
    assert ghm.prefixes == ("05M09", "90")
    assert ghm.full_codes == ("28Z04Z",)
    assert ghm.matches("05M092")
    assert ghm.matches("90Z00Z")
    assert ghm.matches("28Z04Z")
    assert not ghm.matches("05M102")


def test_a_full_code_does_not_match_what_begins_with_it():
    atc = replace(BLEEDING, system="ATC", codes=("B01AE07",))
    assert atc.matches("B01AE07")
    assert not atc.matches("B01AE07X")
    assert not atc.matches("B01AE")


def test_a_cip13_list_is_exact():
    cip = replace(BLEEDING, system="CIP13", codes=("3400949497294",))
    assert cip.full_codes == cip.codes
    assert cip.prefixes == ()
    assert not cip.matches("34009494972940")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"codes": ()}, "vide"),
        ({"codes": ("I60", "K250", "I60")}, "code n° 3 : « I60 » figure deux fois"),
        ({"codes": ("I60", "K25.0")}, "code n° 2 : Code CIM-10 « K25.0 » refusé"),
        ({"codes": "I60"}, "une suite de textes"),
        ({"system": "ATC", "codes": ("N06DA02", "N06DA0")}, "écrire « N06DA »"),
        ({"system": "CIM"}, "Système de codes « CIM » inconnu"),
        ({"version": "2026"}, "attendu une date"),
        ({"source": " "}, "« source » est vide"),
        ({"label": ""}, "« label » est vide"),
    ],
)
def test_what_a_list_refuses(changes, said):
    assert said in refused(**changes)


def test_matched_keeps_the_codes_that_match_something():
    assert BLEEDING.matched(["I609", "K251", "M2506", "Z000"]) == ("I60", "M2506")
    assert BLEEDING.matched([]) == ()


def test_require_match_returns_what_matches_nothing():
    assert BLEEDING.require_match(["I609", "K250"]) == ("M2506",)
    assert BLEEDING.require_match(["I60", "K250", "M2506"]) == ()


def test_a_list_that_matches_nothing_never_passes():
    with pytest.raises(CodeError) as caught:
        BLEEDING.require_match(["B01AF02", "B01AA03"])
    said = message_of(caught)
    assert "I60, K250, M2506" in said
    assert "« B01AF02 », « B01AA03 »" in said
    with pytest.raises(CodeError):
        BLEEDING.require_match([])


@pytest.mark.parametrize("written", ["K25.0", "k250", "M2506 ", "K 250"])
def test_data_written_otherwise_never_match_in_part(written):
    """I609 matches, and the other code would be lost without a word."""
    with pytest.raises(CodeError) as caught:
        BLEEDING.require_match(["I609", written])
    assert f"1 code(s) des données mal écrits pour ce système, par exemple « {written}" in (
        message_of(caught)
    )
    assert BLEEDING.require_match(["I609", "Z00.0"]) == ("K250", "M2506")


CODES = st.lists(st.from_regex(r"[IK][0-3][0-3][0-3]{0,3}", fullmatch=True), max_size=40)


@given(CODES.filter(bool), CODES)
def test_matched_and_engine_filters_agree_with_matches(listed, present):
    made = replace(BLEEDING, codes=tuple(dict.fromkeys(listed)))
    one_by_one = {
        code
        for code in made.codes
        if any(replace(made, codes=(code,)).matches(other) for other in present)
    }
    assert set(made.matched(present)) == one_by_one
    for code in present:
        kept = code in made.full_codes or any(code.startswith(p) for p in made.prefixes)
        assert made.matches(code) == kept


def test_fingerprint_depends_on_content_alone():
    same = replace(BLEEDING, codes=BLEEDING.codes[::-1], label="Autre", version="2020-01-01")
    assert same.sha256 == BLEEDING.sha256
    assert replace(BLEEDING, codes=("I60", "K250")).sha256 != BLEEDING.sha256
    assert re.fullmatch("[0-9a-f]{64}", BLEEDING.sha256)


# --- lists by name, the project's own first -----------------------------------------------------

HEADER = ("code", "label", "system", "version", "source", "list_label")


def write(folder, name, rows, *, header=HEADER, encoding="utf-8", delimiter=","):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows([header, *rows])
    (folder / f"{name}.csv").write_bytes(text.getvalue().encode(encoding))


def row(code, **changes):
    values = {
        "code": code,
        "label": "Apixaban, étude",
        "system": "ATC",
        "version": "2026-03-02",
        "source": "Étude 2026-014",
        "list_label": "Apixaban",
    }
    return list((values | changes).values())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_project_list_comes_first(own_lists, encoding):
    write(own_lists, "aod", [row("B01AF02")], encoding=encoding)
    made = codes.codelist("aod")
    assert made == Codelist("aod", "ATC", ("B01AF02",), "2026-03-02", "Étude 2026-014", "Apixaban")
    assert codes.code_labels("aod") == {"B01AF02": "Apixaban, étude"}


def test_a_project_list_is_named_among_others(own_lists):
    write(own_lists, "zz_etude", [row("B01AF02")])
    assert {"zz_etude", "aod", "avk"} < set(codes.codelist_names())


def test_an_unknown_list_names_the_closest(own_lists):
    with pytest.raises(CodeError, match="major_bleeding"):
        codes.codelist("major_bleding")
    with pytest.raises(CodeError, match=r"listes\sconnues"):
        codes.codelist("qqqqqqqq")


@pytest.mark.parametrize("name", ["../aod", "/etc/passwd", "", "AOD.csv", "index ", None, 3])
def test_a_name_is_never_a_path(own_lists, name):
    with pytest.raises(CodeError, match="inconnue"):
        codes.codelist(name)


def test_the_index_is_not_a_list(own_lists):
    with pytest.raises(CodeError, match="inconnue"):
        codes.codelist("index")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"rows": []}, "aucun code"),
        ({"rows": [row("B01AF0")]}, "parameters/codelists/etude.csv : Liste « etude », code n° 1"),
        ({"rows": [row("B01AF02")], "delimiter": ";"}, "colonnes absentes code, label"),
        ({"rows": [row("B01AF02")], "encoding": "latin-1"}, "enregistrer le fichier en UTF-8"),
        ({"rows": [row("B01AF02"), row("B01AF01", system="CIP13")]}, "« system »"),
        ({"rows": [row("B01AF02")[:-1]]}, "ligne 2 : 6 valeurs attendues"),
        ({"rows": [[*row("B01AF02"), "de trop"]]}, "ligne 2 : 6 valeurs attendues"),
        ({"rows": [row("B01AF02", version="hier")]}, "attendu une date"),
    ],
)
def test_a_wrong_project_list_says_where(own_lists, written, said):
    write(own_lists, "etude", **written)
    with pytest.raises(CodeError) as caught:
        codes.codelist("etude")
    assert said in message_of(caught)
    assert "parameters/codelists/etude.csv" in message_of(caught)


def test_an_empty_or_huge_file_is_refused(own_lists):
    (own_lists / "etude.csv").write_text("")
    with pytest.raises(CodeError, match="colonnes absentes"):
        codes.codelist("etude")
    (own_lists / "etude.csv").write_text("x" * 2_000_001)
    with pytest.raises(CodeError, match="plus de"):
        codes.codelist("etude")
