"""Every choice that an estimator writes in ``method`` is told in French."""

import ast
from pathlib import Path

from studylib.report import method_words

ROOT = Path(__file__).resolve().parents[2]


def calls():
    for file in sorted((ROOT / "studylib" / "risk").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            if called == "method" or (
                called == "partial" and node.args[0:1] and ast.unparse(node.args[0]) == "method"
            ):
                yield file, node


def test_every_estimator_has_its_name_in_french():
    named = [
        (file.name, each.value)
        for file, call in calls()
        for each in ast.walk(call.args[0])
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]
    assert len(named) > 1
    unknown = [one for one in named if one[1] not in method_words.ESTIMATORS]
    assert not unknown


def test_every_choice_has_its_words_in_french():
    known = {*method_words.CHOICES, "not_estimable", "withheld"}
    unknown = [
        (file.name, keyword.arg)
        for file, call in calls()
        for keyword in call.keywords
        if keyword.arg is not None and keyword.arg not in known
    ]
    assert not unknown


def test_every_value_written_in_the_library_has_its_words_in_french():
    unknown = [
        (file.name, keyword.arg, each.value)
        for file, call in calls()
        for keyword in call.keywords
        if keyword.arg not in ("not_estimable", None)
        for each in ast.walk(keyword.value)
        if isinstance(each, ast.Constant)
        and isinstance(each.value, str)
        and each.value
        and each.value not in method_words.VALUES
    ]
    assert not unknown
