"""Code systems accept their codes, refuse cut or malformed ones, and say what to write."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studylib import codes
from studylib.codes import CodeSystem
from studylib.errors import CodeError, StudyError

NAMES = [
    "ATC",
    "CIP7",
    "CIP13",
    "UCD7",
    "UCD13",
    "CIM-10",
    "CCAM",
    "GHM",
    "FINESS",
    "region",
    "department",
    "OMOP",
]
SEVEN_DIGITS = st.text("0123456789", min_size=7, max_size=7)


def refusal(name: str, code: object, *, prefix: bool = False) -> str:
    """The message of the refusal, with ordinary spaces."""
    with pytest.raises(CodeError) as caught:
        codes.system(name).check(code, prefix=prefix)
    return re.sub("[\u00a0\u202f]", " ", str(caught.value))


def test_every_system_of_the_contract_accepts_its_example():
    assert list(codes.SYSTEMS) == NAMES
    for known in codes.SYSTEMS.values():
        assert known.check(known.example) == known.example


def test_unknown_system_names_the_closest():
    with pytest.raises(CodeError, match="vouliez-vous « CIM-10 »".replace(" ", r"\s")):
        codes.system("CIM10")


def test_a_code_error_is_a_study_error_with_exit_code_2():
    with pytest.raises(StudyError) as caught:
        codes.system("ATC").check("N06DA0")
    assert caught.value.exit_code == 2


ACCEPTED = {
    "ATC": ["A", "A10", "A10B", "A10BA", "A10BA02", "V20"],
    "CIP7": ["3696350", "3007651"],
    "UCD7": ["9261104", "9000294"],
    "CIM-10": ["I50", "I501", "M2506", "M62890", "E725B", "U071", "F05+0"],
    "CCAM": ["DZQM006", "HHQE002"],
    "GHM": ["05M092", "05M09T", "90H02Z", "28Z04Z", "14Z08Z", "05C021", "09Z02A"],
    # establishment numbers as published: AP-HP, AP-HM, CH Bastia, CH Calvi, CH Corte
    "FINESS": ["750712184", "130786049", "2B0000020", "2B0005342", "2B0004246"],
    "region": ["01", "06", "11", "94"],
    "department": ["01", "19", "2A", "2B", "21", "95", "971", "974", "976"],
}


@pytest.mark.parametrize(("name", "code"), [(n, c) for n, cs in ACCEPTED.items() for c in cs])
def test_accepted(name, code):
    assert codes.system(name).check(code) == code


REFUSED = [
    ("ATC", "N06DA0", "écrire « N06DA » (tout le groupe) ou le code à 7 caractères"),
    ("ATC", "A1", "écrire « A » (tout le groupe) ou le code à 3 caractères"),
    ("ATC", "N06DAO2", "écrire « N06DA02 »"),
    ("ATC", "b01af 02", "écrire « B01AF02 »"),
    ("ATC", "B01AF02 ", "écrire « B01AF02 »"),
    ("ATC", "B01AF0212", "trop long"),
    ("ATC", "E01AA01", "1, 3, 4, 5 ou 7 caractères"),
    ("CIP13", "4949729", "dont le CIP13 est « 3400949497294 »"),
    ("CIP13", "3400949497295", "la clé (dernier chiffre) devrait être 4"),
    ("CIP13", "340094949729", "12 chiffres au lieu de 13"),
    ("CIP13", "3,40095E+12", "un tableur a changé le code en nombre"),
    ("CIP13", "34OO949497294", "écrire « 3400949497294 »"),
    ("CIP13", "3400890002943", "préfixe des UCD13"),
    ("CIP13", "34009 494 972 9 4", "écrire « 3400949497294 »"),
    ("CIP7", "3400949497294", "dont le CIP7 est « 4949729 »"),
    ("CIP7", "٤949729", "7 chiffres"),
    ("UCD7", "4949729", "commençant par 9"),
    ("UCD7", "0000009261104", "écrire « 9261104 »"),
    ("UCD7", "3400890002943", "dont l'UCD7 est « 9000294 »"),
    ("UCD13", "9000294", "dont l'UCD13 est « 3400890002943 »"),
    ("UCD13", "0000009261104", "UCD7 « 9261104 »"),
    ("UCD13", "3400890002944", "devrait être 3"),
    ("CIM-10", "I50.1", "écrire « I501 »"),
    ("CIM-10", "i501", "écrire « I501 »"),
    ("CIM-10", "IS0", "une lettre, deux chiffres"),
    ("CIM-10", "I5O", "écrire « I50 »"),
    ("CIM-10", "I6", "une catégorie a 3 caractères"),
    ("CIM-10", "III", "une lettre, deux chiffres"),
    ("CIM-10", "M628901", "trop long"),
    ("CCAM", "DZQM00", "code coupé"),
    ("CCAM", "DZQM006-1", "écrire « DZQM006 »"),
    ("GHM", "05M09", "qui n'est admis que comme préfixe"),
    ("GHM", "05M09V", "d'avant 2009"),
    ("GHM", "1753", "un GHS (tarif)"),
    ("FINESS", "75071218", "« 750712184 » si la clé finale manque"),
    ("FINESS", "10780054", "« 010780054 » si le zéro initial s'est perdu"),
    ("FINESS", "90787460", "8 caractères, il en manque un"),
    ("FINESS", "750712185", "devrait être 4"),
    ("FINESS", "2A0000015", "devrait être 4"),
    ("FINESS", "2b0000020", "écrire « 2B0000020 »"),
    ("region", "1", "écrire « 01 »"),
    ("region", "82", "d'avant 2016"),
    ("region", "5", "cinq régions d'outre-mer"),
    ("region", "99", "un code INSEE de région"),
    ("department", "20", "« 2A » et « 2B »"),
    ("department", "201", "écrire « 2A »"),
    ("department", "202", "écrire « 2B »"),
    ("department", "001", "écrire « 01 »"),
    ("department", "1", "écrire « 01 »"),
    ("department", "975", "n'appartient à aucune région"),
    ("department", "96", "01 à 95"),
    ("ATC", "", "vide refusé"),
]


@pytest.mark.parametrize(("name", "code", "said"), REFUSED)
def test_refused_with_what_to_write(name, code, said):
    message = refusal(name, code)
    assert said in message
    assert codes.system(name).example in message
    assert "\n" not in message


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("code", [10, 3400949497294.0, None, True, ["A10"]])
def test_a_number_is_not_a_code(name, code):
    assert "un code est du texte" in refusal(name, code)
    assert not codes.system(name).is_valid(code)


@pytest.mark.parametrize(
    ("name", "accepted", "refused"),
    [
        ("ATC", ["B01", "B01AF"], ["B01AF0", "B0"]),
        ("CIM-10", ["I60", "S064"], ["I6", "S"]),
        ("GHM", ["90", "05M", "05M09"], ["05M0", "0", "05X"]),
        ("CCAM", ["D", "DZ", "DZQ", "DZQM"], ["DZQM0", "DZQM00", "1"]),
        ("CIP13", [], ["34009", "340094949729"]),
        ("UCD7", [], ["9", "926110"]),
        ("FINESS", [], ["75", "75071218"]),
        ("department", [], ["9", "97"]),
    ],
)
def test_prefixes_are_checked_as_prefixes(name, accepted, refused):
    known = codes.system(name)
    for prefix in accepted:
        assert known.check(prefix, prefix=True) == prefix
        assert not known.is_full(prefix)
    for prefix in refused:
        assert not known.is_valid(prefix, prefix=True)


def test_a_prefix_is_not_a_code_where_it_has_no_meaning_alone():
    assert codes.system("GHM").is_valid("05M09", prefix=True)
    assert not codes.system("GHM").is_valid("05M09")


@given(SEVEN_DIGITS)
def test_cip13_made_from_any_cip7_is_accepted(cip7):
    cip13 = codes.cip13_from_cip7(cip7)
    assert codes.system("CIP13").check(cip13)[5:12] == cip7


@given(SEVEN_DIGITS, st.integers(0, 12), st.integers(1, 9))
def test_any_single_wrong_digit_of_a_cip13_is_refused(cip7, rank, shift):
    right = codes.cip13_from_cip7(cip7)
    wrong = right[:rank] + str((int(right[rank]) + shift) % 10) + right[rank + 1 :]
    assert not codes.system("CIP13").is_valid(wrong)


@given(st.text("0123456789", min_size=6, max_size=6))
def test_ucd13_made_from_any_ucd7_is_accepted(end):
    assert codes.system("UCD13").is_valid(codes.ucd13_from_ucd7("9" + end))


FINESS_STEMS = st.builds(
    lambda department, end: department + end,
    st.sampled_from(["01", "13", "2A", "2B", "59", "75", "97", "98"]),
    st.text("0123456789", min_size=6, max_size=6),
)


@given(FINESS_STEMS, st.integers(2, 8), st.integers(1, 9))
def test_finess_with_its_key_is_accepted_and_any_single_wrong_digit_refused(stem, rank, shift):
    right = stem + codes.finess_key(stem)
    assert codes.system("FINESS").is_valid(right)
    wrong = right[:rank] + str((int(right[rank]) + shift) % 10) + right[rank + 1 :]
    assert not codes.system("FINESS").is_valid(wrong)


@given(FINESS_STEMS)
def test_a_finess_without_its_key_is_never_accepted(stem):
    assert not codes.system("FINESS").is_valid(stem)
    assert stem + codes.finess_key(stem) in refusal("FINESS", stem)


@given(st.sampled_from(NAMES), st.text(max_size=16))
@settings(max_examples=400)
def test_any_text_is_accepted_unchanged_or_refused_in_one_sentence(name, text):
    known = codes.system(name)
    if known.is_valid(text):
        assert known.check(text) == text
    else:
        assert "refusé" in refusal(name, text)


@given(st.sampled_from(["ATC", "CIM-10", "CCAM", "GHM", "FINESS"]), st.data())
def test_a_form_proposed_for_a_refused_code_is_itself_valid(name, data):
    known: CodeSystem = codes.system(name)
    right = data.draw(st.from_regex(known.pattern, fullmatch=True).filter(known.is_valid))
    spoilt = right.lower() if data.draw(st.booleans()) else f" {right}"
    if spoilt == right:
        return
    proposed = re.search(r"écrire « (.+?) »", refusal(name, spoilt))
    assert proposed
    assert proposed[1] == right
