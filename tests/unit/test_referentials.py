"""Reference tables hold together, and every spelling of a region leads to one code."""

import pytest

from studylib import codes, referentials
from studylib.errors import CodeError


def test_eighteen_regions_agree_with_the_code_system():
    table = referentials.regions()
    assert list(table.columns) == [
        "code",
        "name",
        "era",
        "overseas",
        "observatory",
        "open_data_zone",
    ]
    assert len(table) == 18
    assert table["code"].is_unique
    assert table["overseas"].sum() == 5
    assert table["overseas"].dtype == bool
    assert set(table["era"]) == {2016}
    assert not table.isna().any().any()
    everything = [f"{n:02d}" for n in range(100)]
    valid = {code for code in everything if codes.system("region").is_valid(code)}
    assert set(table["code"]) == valid


def test_departments_agree_with_the_code_system_and_cover_every_region():
    table = referentials.departments()
    candidates = [*(f"{n:02d}" for n in range(100)), "2A", "2B", *map(str, range(970, 990))]
    valid = {code for code in candidates if codes.system("department").is_valid(code)}
    assert set(table["code"]) == valid
    assert len(table) == 101
    assert set(table["region"]) == set(referentials.regions()["code"])
    sizes = table["region"].value_counts()
    assert (sizes["76"], sizes["84"], sizes["75"], sizes["11"], sizes["94"]) == (13, 12, 12, 8, 2)


def test_every_region_has_one_observatory_and_one_zone():
    for groups in (referentials.observatories(), referentials.open_data_zones()):
        held = [region for regions in groups["regions"] for region in regions]
        assert sorted(held) == sorted(referentials.regions()["code"])


def test_interregional_observatories():
    table = referentials.observatories().set_index("code")
    shared = table[table["interregional"]]["regions"].to_dict()
    assert shared == {"NAG": ("01", "03", "75"), "OI": ("04", "06"), "PACAC": ("93", "94")}
    assert referentials.observatory("93") == referentials.observatory("94")
    assert referentials.observatory("11") == "OMEDIT Île-de-France"


def test_open_data_zones_follow_the_contract():
    zones = referentials.open_data_zones().set_index("code")["regions"].to_dict()
    assert zones.pop("93") == ("93", "94")
    assert zones.pop("5") == ("01", "02", "03", "04", "06")
    assert all(regions == (code,) for code, regions in zones.items())
    assert len(zones) == 11


def test_old_regions_each_lie_in_one_region():
    old = referentials.old_regions()
    before = old[old["era"] == "2015"]
    assert len(before) == 27
    assert before["code"].is_unique
    assert before["region"].value_counts()["44"] == 3
    assert set(old["region"]) == set(referentials.regions()["code"])


OPEN_MEDIC = {
    "Régions et Départements d'outre-mer ": "5",
    "Ile-de-France": "11",
    "Centre-Val de Loire": "24",
    "Bourgogne-Franche-Comté": "27",
    "Normandie": "28",
    "Nord-Pas-de-Calais-Picardie": "32",
    "Alsace-Champagne-Ardenne-Lorraine": "44",
    "Pays de la Loire": "52",
    "Bretagne": "53",
    "Aquitaine-Limousin-Poitou-Charentes": "75",
    "Languedoc-Roussillon-Midi-Pyrénées": "76",
    "Auvergne-Rhône-Alpes": "84",
    "Provence-Alpes-Côte d'Azur et Corse": "93",
}


def test_names_of_open_medic_lead_to_every_zone():
    assert {name: referentials.zone_code(name) for name in OPEN_MEDIC} == OPEN_MEDIC
    assert set(OPEN_MEDIC.values()) == set(referentials.open_data_zones()["code"])


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Guadeloupe ", "01"),
        ("Centre-Val-de-Loire", "24"),
        ("CENTRE VAL DE LOIRE", "24"),
        ("Provence-Alpes-Côte d’Azur", "93"),
        ("PROVENCE-ALPES-COTE D'AZUR", "93"),
        ("ile de france", "11"),
        ("REUNION", "04"),
        ("La\u00a0Réunion", "04"),
        ("GRAND-EST", "44"),
        ("Nord-Pas-de-Calais-Picardie", "32"),
        ("84", "84"),
    ],
)
def test_region_spellings(name, code):
    assert referentials.region_code(name) == code


def test_every_region_is_found_by_its_own_name_and_code():
    for code, name in referentials.regions()[["code", "name"]].to_numpy():
        assert referentials.region_code(name) == referentials.region_code(code) == code
        assert referentials.region_name(code) == name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Ile-de-Frence", r"Île-de-France \(11\)"),
        ("Alsace", r"comprise dans Grand Est \(44\)"),
        ("82", r"comprise dans Auvergne-Rhône-Alpes \(84\)"),
        ("Provence-Alpes-Côte d'Azur et Corse", "réunit plusieurs régions"),
        ("Inconnu", "non renseignée"),
        ("0 et 99", "non renseignée"),
        ("France métropolitaine et DOM", "inconnue"),
        ("", "inconnue"),
    ],
)
def test_what_is_not_a_region(name, said):
    with pytest.raises(CodeError, match=said):
        referentials.region_code(name)


@pytest.mark.parametrize("name", ["Inconnu", "DOM", "France métropolitaine", "Alsace", "0"])
def test_what_is_not_a_zone(name):
    with pytest.raises(CodeError):
        referentials.zone_code(name)


@pytest.mark.parametrize("code", ["5", "99", "Bretagne", 11, None])
def test_an_unknown_region_code_names_the_known_ones(code):
    with pytest.raises(CodeError, match="84 Auvergne-Rhône-Alpes"):
        referentials.region_name(code)


def test_atc_labels():
    table = referentials.atc_labels()
    assert (table["code"].str.len().value_counts().to_dict()) == {3: 94, 1: 14}
    assert table["code"].is_unique
    assert table["label"].is_unique
    assert all(codes.system("ATC").is_valid(code) for code in table["code"])
    assert set(table["code"].str[0]) == set(table.loc[table["code"].str.len() == 1, "code"])
    assert referentials.atc_label("A") == "Système digestif et métabolisme"
    assert referentials.atc_label("B01AF02") == referentials.atc_label("B01") == "Antithrombotiques"


@pytest.mark.parametrize("code", ["", "E", "B0", "b01", "B01AF0", "C06", "B01-", None])
def test_unknown_atc_groups(code):
    with pytest.raises(CodeError, match="Groupe ATC"):
        referentials.atc_label(code)


def test_what_a_reader_changes_does_not_change_the_reference():
    departments, labels = referentials.departments(), referentials.atc_labels()
    departments.loc[0, "region"] = "99"
    labels.loc[0, "label"] = "?"
    assert referentials.departments().loc[0, "region"] == "84"
    assert referentials.atc_label("A").startswith("Système")
