"""A replaced version that differs by a few persons does not stay beside the new one."""

import pandas as pd
import pytest

from studylib.runs import versions


@pytest.fixture
def folders(tmp_path):
    def write(name, persons):
        folder = tmp_path / name
        folder.mkdir()
        frame = pd.DataFrame({"arm": ["A", "B"], "persons": persons})
        frame.to_csv(folder / "01-x.csv", sep=";", index=False)
        return folder

    return write


@pytest.mark.parametrize(
    ("old", "new", "few"),
    [
        ([805, 40], [802, 40], True),
        ([805, 40], [805, 40], False),
        ([805, 40], [700, 20], False),
        (["805", "< 11"], ["805", "40"], False),
        ([805, 40], [794, 40], False),
        ([805, 40], [795, 40], True),
    ],
)
def test_versions_that_tell_of_a_few(folders, old, new, few):
    assert versions.tell_apart_few(folders("old", old), folders("new", new), 11) is few
