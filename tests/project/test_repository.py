"""What git holds: everything the package needs, nothing that a run made, no path of a machine."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(
    not (ROOT / ".git").exists() or shutil.which("git") is None,
    reason="the project is not a git checkout here, or git is absent",
)


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [ROOT / name for name in listed]


def test_no_file_of_the_package_is_ignored():
    """A data file that .gitignore hides works here and fails in every clone."""
    made = {"__pycache__", ".ipynb_checkpoints"}
    present = {
        path
        for path in (ROOT / "studylib").rglob("*")
        if path.is_file() and not made & set(path.parts)
    }
    ignored = subprocess.run(
        ["git", "check-ignore", "--stdin"],
        cwd=ROOT,
        input="\n".join(str(path.relative_to(ROOT)) for path in present),
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    assert ignored == []


def test_nothing_that_a_run_made_is_held():
    made = re.compile(r"^(outputs|data|\.venv|build)/|\.parquet$|\.zip$")
    names = [path.relative_to(ROOT).as_posix() for path in tracked()]
    assert [name for name in names if made.search(name)] == []


def test_no_large_file_is_held():
    assert [path.name for path in tracked() if path.stat().st_size > 500_000] == []


def test_no_path_of_a_machine_and_no_index_address():
    told = re.compile(r"(?<![\w.])/(?:work|root|home/\w+)/\w|index-url|https?://\S+/simple\b")
    allowed = {"test_repository.py", "test_environment.py"}
    found = []
    for path in tracked():
        if path.name not in allowed and path.suffix not in {".png"} and path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            found += [f"{path.name}: {hit.group()}" for hit in told.finditer(text)]
    assert found == []
