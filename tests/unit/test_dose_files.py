"""Files of doses per pack that a request names, and what the page says of rules with a dose."""

import pytest

from studylib import project
from studylib.errors import RequestError
from studylib.requests.dose_files import dose_table, own_file, read_doses
from studylib.requests.studies.inappropriate_medication import InappropriateMedicationParameters
from studylib.sources.simulated.formulary import formulary


def test_the_example_holds_what_simulated_packs_hold():
    packs = formulary().set_index("cip13")
    table = dose_table("simulated_doses")
    assert len(table.packs) == 2
    assert len(table.sha256) == 64
    for row in table.packs.itertuples():
        assert row.unit == "DDD"
        assert row.dose == packs.loc[row.cip13, "units"] * packs.loc[row.cip13, "ddd"]


def test_the_file_shipped_is_part_of_the_library():
    assert own_file("simulated_doses") is None


def test_french_files_are_read():
    read = read_doses("\ufeffcip13;libellé;unit;dose\n3400999900669;x;mg;7,5\n".encode(), "d.csv")
    assert read.to_numpy().tolist() == [["3400999900669", "mg", 7.5]]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"cip13,dose\n", "manque unit"),
        (b"cip13,unit,dose\n", "une ligne au moins"),
        (b"cip13,unit,dose\n12,DDD,1\n", "ligne 2 · cip13"),
        (b"cip13,unit,dose\n3400999900669,g,1\n", "attendu : DDD ou mg"),
        (b"cip13,unit,dose\n3400999900669,mg,0\n", "ligne 2 · dose"),
        (b"cip13,unit,dose\n3400999900669,mg,nan\n", "ligne 2 · dose"),
        (b"cip13,unit,dose\n3400999900669,mg,1\n3400999900669,mg,2\n", "ligne 3 · cip13"),
        (b"cip13,unit,dose\n\xe9,mg,1\n", "UTF-8"),
        (b"cip13,unit,dose\n3400999900669\n", "ligne 2 · unit"),
    ],
)
def test_faults_are_told_with_their_line(content, said):
    with pytest.raises(RequestError, match=said):
        read_doses(content, "doses.csv")


@pytest.mark.parametrize("name", ["/etc/doses", "../doses", "simulated_doze", "older_people"])
def test_only_a_file_of_doses(name):
    with pytest.raises(RequestError, match="simulated_doses"):
        dose_table(name)
    with pytest.raises(ValueError, match="context"):
        InappropriateMedicationParameters.model_validate({"doses": name})


def test_the_file_of_a_project_goes_first(tmp_path, monkeypatch):
    monkeypatch.setenv(project.ROOT_VARIABLE, str(tmp_path))
    own = tmp_path / "parameters" / "doses" / "simulated_doses.csv"
    own.parent.mkdir(parents=True)
    own.write_text("cip13,unit,dose\n3400999900669,DDD,7\n", encoding="utf-8")
    assert dose_table("simulated_doses").packs["dose"].tolist() == [7.0]
    assert own_file("simulated_doses") == own, "a run is stale when it changes"
    own.write_text("cip13,unit,dose\n3400999900669,DDD,-7\n", encoding="utf-8")
    with pytest.raises(RequestError, match=r"parameters/doses/simulated_doses\.csv, ligne 2"):
        dose_table("simulated_doses")
