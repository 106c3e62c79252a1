"""ARCHITECTURE.md cannot lie: what it names exists, and no room is left out."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAP = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
MADE_LATER = {"outputs", "data"}


def test_it_fits_on_two_pages():
    assert len(MAP.splitlines()) <= 120


def test_every_path_named_exists():
    named = {
        path.strip().removeprefix("./")
        for path in re.findall(
            r"`((?:studylib|notebooks|parameters|tests|benchmarks)[\w/.]*)`", MAP
        )
    }
    assert len(named) > 15
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_every_room_is_on_the_map():
    rooms = {
        f"studylib/{path.name}"
        for path in (ROOT / "studylib").iterdir()
        if not path.name.startswith("_") and (path.is_dir() or path.suffix == ".py")
    }
    assert [room for room in sorted(rooms) if f"`{room}`" not in MAP] == []


def test_the_folders_of_tests_are_on_the_map():
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()} - {"__pycache__"}
    assert [name for name in sorted(folders) if f"`{name}`" not in MAP] == []
