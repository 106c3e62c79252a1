"""README and GLOSSARY cannot lie: names exist, examples run."""

import re
import shlex
from pathlib import Path

import pytest

from studylib import project, requests
from studylib.cli.main import leave_code
from studylib.sources import site

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GLOSSARY = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8")
SOURCE = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "studylib").rglob("*.py"))


def fences(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.S)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"\| `(\w+)` \|", GLOSSARY))))
def test_each_name_of_the_glossary_is_in_the_code(name):
    assert re.search(rf"\b{name}\b", SOURCE)


def test_the_glossary_has_enough_names_to_be_one():
    assert len(re.findall(r"\| `(\w+)` \|", GLOSSARY)) > 30


def test_sources_shown_are_sources(tmp_path, monkeypatch):
    (text,) = [text for text in fences("yaml") if "kind: snds" in text]
    monkeypatch.setenv(project.ROOT_VARIABLE, str(tmp_path))
    (tmp_path / "sources.yaml").write_text(text, encoding="utf-8")
    known = site.declared()
    assert (known["region_snds"].kind, known["region_omop"].kind) == ("snds", "omop")


@pytest.mark.parametrize("text", [t for t in fences("yaml") if t.startswith("request:")])
def test_requests_shown_are_requests(text, tmp_path, monkeypatch):
    for folder in ("parameters", "notebooks"):
        (tmp_path / folder).mkdir()
    monkeypatch.setenv(project.ROOT_VARIABLE, str(tmp_path))
    file = tmp_path / "parameters" / "shown.yaml"
    file.write_text(text, encoding="utf-8")
    assert requests.read(file).scopes()


@pytest.mark.parametrize("code", fences("python"))
def test_python_shown_runs(code, monkeypatch, tmp_path):
    monkeypatch.setenv(project.DATA_VARIABLE, str(tmp_path))
    (tmp_path / "sources.yaml").write_text("simulated: {kind: simulated, persons: 20000}\n")
    monkeypatch.setattr("studylib.sources.site.project.root", lambda *_: tmp_path)
    exec(compile(code, "README.md", "exec"), {})


COMMANDS = [
    line.split("#")[0].strip()
    for block in fences("console")
    for line in block.splitlines()
    if line.startswith("studylib ")
]


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_shown_do_what_they_say(line, tmp_path):
    """Each command is called: ``run`` with --plan, what writes into a folder of the test's own."""
    words = shlex.split(line)[1:]
    if "--out" in words:
        words[words.index("--out") + 1] = str(tmp_path / "out")
    assert leave_code([*words, "--plan"] if words[0] == "run" else words) == 0


def test_images_shown_exist():
    for path in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README):
        assert (ROOT / path).is_file(), path


def test_the_two_commands_are_there():
    shown = "\n".join(fences("console"))
    assert "make demo" in shown
    assert "make test" in shown
