"""The code lists shipped with studylib: valid, dated, sourced, and holding what they should."""

import pytest

from studylib import codes

SHIPPED = [
    "ace_inhibitors",
    "alcohol_disorders",
    "anaemia",
    "anticoagulant_haemorrhage",
    "antiplatelets",
    "antithrombotic_adverse_effects",
    "aod",
    "atrial_fibrillation",
    "avk",
    "benign_colon_polyp",
    "benzodiazepines",
    "cancer",
    "carpal_tunnel",
    "cataract",
    "chest_pain",
    "cough_remedies",
    "diabetes",
    "drug_adverse_effects",
    "drug_induced_disorders",
    "drug_poisoning",
    "gallstones",
    "gastroenteritis",
    "gastrointestinal_bleeding",
    "heart_failure",
    "heparins",
    "hip_fracture",
    "hypertension",
    "inguinal_hernia",
    "insulins",
    "intentional_self_poisoning",
    "intracranial_bleeding",
    "knee_osteoarthritis",
    "liver_disease",
    "major_bleeding",
    "meniscal_tear",
    "nsaids",
    "pneumonia",
    "ppi",
    "renal_disease",
    "ssri",
    "statins",
    "stroke",
    "topical_antifungals",
    "urinary_infection",
    "venous_thromboembolism",
]


@pytest.fixture
def no_own_list(tmp_path, monkeypatch):
    monkeypatch.setenv("STUDYLIB_PROJECT", str(tmp_path))


def test_the_lists_of_the_contract_are_shipped(no_own_list):
    assert codes.codelist_names() == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_list_is_valid_dated_sourced_and_labelled(name, no_own_list):
    made = codes.codelist(name)
    labels = codes.code_labels(name)
    assert tuple(labels) == made.codes
    assert all(label.strip() == label != "" for label in labels.values())
    covered = [c for c in made.codes for p in made.prefixes if c != p and c.startswith(p)]
    assert covered == []


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("avk", ["B01AA03", "B01AA12"], ["B01AF01", "B01AE07"]),
        ("aod", ["B01AE07", "B01AF01", "B01AF02", "B01AF03"], ["B01AA03", "B01AE06", "B01AX05"]),
        ("major_bleeding", ["I610", "K254", "K922", "M2506", "R31", "S0650"], ["K255", "I639"]),
        ("gastrointestinal_bleeding", ["K260", "K284", "I850"], ["K261", "K253", "I859"]),
        ("stroke", ["I634", "I64"], ["I619", "G459"]),
        ("atrial_fibrillation", ["I482", "I489"], ["I471"]),
        ("diabetes", ["A10AE04", "A10BA02"], ["A08AB01"]),
        ("antiplatelets", ["B01AC06", "B01AC24"], ["B01AC09", "B01AC21", "N02BA01"]),
        ("cancer", ["C349", "C787", "C97"], ["C440", "D051"]),
        ("renal_disease", ["N184", "Z491", "I120"], ["N179", "I129"]),
        ("anaemia", ["D509", "D649"], ["D62", "D571"]),
        ("statins", ["C10AA05", "C10BA02", "C10BX03"], ["C10AX09", "C10BA10"]),
        ("benzodiazepines", ["N05BA12", "N05CF02"], ["N05BB01", "N03AE01"]),
        ("venous_thromboembolism", ["I269", "I802"], ["I800"]),
    ],
)
def test_what_a_shipped_list_holds_and_leaves_out(name, inside, outside, no_own_list):
    made = codes.codelist(name)
    assert [code for code in inside if not made.matches(code)] == []
    assert [code for code in outside if made.matches(code)] == []


def test_bleeding_lists_nest_and_arms_do_not_overlap(no_own_list):
    major = set(codes.codelist("major_bleeding").codes)
    assert set(codes.codelist("intracranial_bleeding").codes) < major
    assert set(codes.codelist("gastrointestinal_bleeding").codes) < major
    avk, aod = codes.codelist("avk"), codes.codelist("aod")
    assert not any(avk.matches(code) for code in aod.codes)
    assert not any(aod.matches(code) for code in avk.codes)
