"""Files of prescribing rules: what they hold, and every fault with its line."""

import pytest

from studylib.errors import RequestError
from studylib.requests import rule_files
from studylib.usage.rules import LEVELS

HEAD = """label: Essai
version: 2026-01-01
status: à valider
sources:
  x: "Auteur, revue 2020"
rules:
"""
GOOD = """  - id: one
    label: Une règle
    category: Famille
    level: inappropriate
    source: x
    drugs: [N05BA, benzodiazepines]
    age_from: 75
    together: [[avk, aod], [C03]]
    present: [G20, diabetes]
"""


def read(text):
    return rule_files.read_rules(text.encode(), "essai.yaml", name="essai")


def faults(text):
    with pytest.raises(RequestError) as refusal:
        read(text)
    return [(each.line, str(each)) for each in refusal.value.problems]


def test_a_rule_gathers_codes_and_lists_of_one_system():
    made = read(HEAD + GOOD)
    rule = made.rules[0]
    assert (made.version, made.status, rule.source) == ("2026-01-01", "à valider",
                                                        "Auteur, revue 2020")  # fmt: skip
    assert rule.drugs.codes == ("N05BA", "N05CD", "N05CF")
    assert [one.codes for one in rule.together] == [("B01AA", "B01AE07", "B01AF"), ("C03",)]
    assert {one.system: one.codes for one in rule.present} == {"CIM-10": ("G20",), "ATC": ("A10",)}
    assert (rule.minimum_days, rule.substances, rule.lookback_days) == (1, 1, 365)


@pytest.mark.parametrize(
    ("before", "after", "line", "said"),
    [
        ("level: inappropriate", "level: bad", 10, "l'une de ces valeurs"),
        ("drugs: [N05BA, benzodiazepines]", "drugs: [N05BA0]", 12, "un code ATC"),
        ("drugs: [N05BA, benzodiazepines]", "drugs: [benzo]", 12, "benzodiazepines"),
        ("drugs: [N05BA, benzodiazepines]", "drugs: [renal_disease]", 12, "liste de codes ATC"),
        ("drugs: [N05BA, benzodiazepines]", "drugs: []", 12, "au moins une valeur"),
        ("age_from: 75", "age_from: 75 ans", 13, "un entier"),
        ("age_from: 75", "age_from: 75\n    age_to: 70", 14, "au moins l'âge minimal"),
        ("age_from: 75", "minimum_days: 0", 13, "de 1 à"),
        ("age_from: 75", "substances: 1", 13, "de 2 à 20"),
        ("age_from: 75", "dose_above: 0,5", 13, "écrivez 0.5"),
        ("age_from: 75", "dose_above: -1", 13, "plus grande que 0"),
        ("age_from: 75", "age_frm: 75", 13, "age_from"),
        ("present: [G20, diabetes]", "present: [Q]", 15, "un code CIM-10"),
        ("present: [G20, diabetes]", "present: [G20]\n    lookback_days: 0", 16, "recul d'un jour"),
        ("age_from: 75", "exposure: missing", 14, "règle d'omission"),
        ("source: x", "source: y", 11, "citée en tête de fichier"),
    ],
)  # fmt: skip
def test_each_fault_is_one_french_sentence_with_its_line(before, after, line, said):
    found = faults(HEAD + GOOD.replace(before, after))
    assert len(found) == 1, found
    assert found[0][0] == line
    assert found[0][1].startswith(f"essai.yaml, ligne {line}")
    assert said in found[0][1].replace("\u00a0", " ")


def test_all_faults_are_told_at_once_in_the_order_of_the_file():
    wrong = GOOD.replace("level: inappropriate", "level: bad").replace(
        "[[avk, aod], [C03]]", "[[c]]"
    )
    text = HEAD.replace("2026-01-01", "hier") + wrong + GOOD
    assert [line for line, _ in faults(text)] == [2, 10, 14, 16]


def test_an_unknown_name_gives_the_known_ones():
    with pytest.raises(RequestError, match="older_people"):
        rule_files.rule_set("older_peple")


def test_the_shipped_file_is_whole():
    made = rule_files.rule_set("older_people")
    assert 40 <= len(made.rules) <= 80
    assert made.status == "à valider par un pharmacien"
    assert all(rule.source and rule.label and rule.category for rule in made.rules)
    assert {rule.level for rule in made.rules} == set(LEVELS)
