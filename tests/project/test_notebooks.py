"""What every study notebook must look like: stripped, one parameters cell, no logic of its own."""

import ast
import json
import re
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest

from studylib import requests

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
DISPLAYS = ("report.",)


def cells(path, kind):
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == kind]


def code_trees(path):
    return [(cell, ast.parse(cell.source)) for cell in cells(path, "code")]


def is_parameters(cell):
    return "parameters" in cell.metadata.get("tags", [])


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return request.param


def test_there_is_a_notebook_for_each_study_and_no_other():
    assert {path.name for path in NOTEBOOKS} == {
        Path(study.notebook).name for study in requests.STUDIES.values()
    }
    assert not list((ROOT / "notebooks").glob("*.py")), "a .py beside notebooks shadows modules"


def test_stripped(notebook):
    raw = json.loads(notebook.read_text(encoding="utf-8"))
    for cell in raw["cells"]:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None
        assert set(cell["metadata"]) <= {"tags"}
    assert set(raw["metadata"]) == {"kernelspec", "language_info"}
    assert raw["metadata"]["language_info"] == {"name": "python"}
    assert raw["metadata"]["kernelspec"]["name"] == "python3"
    ids = [cell["id"] for cell in raw["cells"]]
    assert len(set(ids)) == len(ids)


def test_written_as_git_likes_it(notebook):
    text = notebook.read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), indent=1, ensure_ascii=False) + "\n"


def test_one_parameters_cell_with_the_agreed_names(notebook):
    tagged = [cell for cell in cells(notebook, "code") if is_parameters(cell)]
    assert len(tagged) == 1
    names = [node.targets[0].id for node in ast.parse(tagged[0].source).body]
    assert names == ["request_file", "overrides"]


def test_headings_start_at_one_and_do_not_jump(notebook):
    text = "\n".join(cell.source for cell in cells(notebook, "markdown"))
    levels = [len(marks) for marks in re.findall(r"^(#+) ", text, flags=re.M)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_no_definition_no_query_no_loop(notebook):
    for cell, tree in code_trees(notebook):
        for node in ast.walk(tree):
            assert not isinstance(
                node, ast.FunctionDef | ast.ClassDef | ast.For | ast.While | ast.Lambda
            ), cell.source
        assert not re.search(r"\bSELECT\b|\bWHERE\b", cell.source)


def test_no_number_that_is_a_choice_no_path_no_code(notebook):
    for cell, tree in code_trees(notebook):
        if is_parameters(cell):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not re.fullmatch(r"(\.{0,2}/)?\w+/[\w/.]+", node.value), node.value
                assert not re.fullmatch(r"[A-Z]\d{2}[A-Z]{2}\d{2}|34009\d{8}", node.value)
            if isinstance(node, ast.Constant) and type(node.value) in (int, float):
                assert node.value in (-1, 0, 1, 2, 3), f"{node.value} belongs in the request"


def test_cells_are_short_and_end_in_a_name_or_a_report(notebook):
    for cell, tree in code_trees(notebook):
        assert len(tree.body) <= 8, cell.source
        last = tree.body[-1]
        if isinstance(last, ast.Expr):
            assert ast.unparse(last).startswith(DISPLAYS), f"shown past report: {cell.source}"


def test_prose_is_french_and_surrounds_the_code(notebook):
    prose = " ".join(cell.source for cell in cells(notebook, "markdown"))
    assert len(prose.split()) > 150
    assert "Limites" in prose
    assert not re.search(r"\b(the|and|TODO|Lorem)\b", prose)
