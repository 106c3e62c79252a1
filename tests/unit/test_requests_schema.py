"""The JSON schema accepts what the reader accepts, refuses plain mistakes, and speaks French."""

import copy
import json
from pathlib import Path

import pytest
import yaml

from studylib import requests
from studylib.errors import RequestError

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema n'est pas installé")

# fields whose English name is also the French word
SAME_WORD = {"source", "question", "inclusion", "positions", "substance"}
ROOT = Path(__file__).resolve().parents[2]


class EditorLoader(yaml.SafeLoader):
    """YAML as an editor reads it (version 1.2): a date stays text."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith("timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


@pytest.fixture(scope="module", params=list(requests.STUDIES))
def study(request):
    return requests.STUDIES[request.param]


def check(study, content):
    jsonschema.Draft202012Validator(requests.schema(study.name)).validate(content)


def example(study):
    return yaml.load((ROOT / study.example).read_text("utf-8"), Loader=EditorLoader)


def test_the_schema_is_valid_and_json_native(study):
    schema = requests.schema(study.name)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema


def test_the_example_file_is_valid_as_an_editor_sees_it_and_as_resolved(study, monkeypatch):
    monkeypatch.setenv("STUDYLIB_PROJECT", str(ROOT))
    check(study, example(study))
    check(study, requests.read(study.example).resolved())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("regions",), ["99"]),
        (("regions",), []),
        (("regions",), ["11", "11"]),
        (("request", "kind"), "saisin"),
        (("request", "inconnu"), "x"),
        (("request", "id"), "../x"),
        (("study",), "autre"),
        (("disclosure_threshold",), 5),
        (("parameters",), None),
    ],
)
def test_the_schema_refuses_plain_mistakes(study, path, value):
    content = copy.deepcopy(example(study))
    block = content
    for part in path[:-1]:
        block = block[part]
    block[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        check(study, content)


def test_a_saisine_without_requester_is_refused_by_the_schema_too(study):
    content = example(study)
    content["request"] |= {"kind": "saisine", "legal_basis": "CSP R1413-90"}
    del content["request"]["requester"]
    with pytest.raises(jsonschema.ValidationError, match="requester"):
        check(study, content)


def test_codelists_and_regions_are_enumerated_for_completion():
    definitions = requests.schema("iatrogenic_risk")["$defs"]
    assert "major_bleeding" in definitions["Outcome"]["properties"]["codelist"]["enum"]
    assert "avk" not in definitions["Outcome"]["properties"]["codelist"]["enum"]
    arms = definitions["IatrogenicRiskParameters"]["properties"]["arms"]
    assert {"avk", "aod"} <= set(arms["additionalProperties"]["enum"])
    informed = definitions["RequestHeader"]["properties"]["agencies_informed"]
    assert "84" in informed["propertyNames"]["enum"]


def test_every_field_has_a_french_title(study):
    schema = requests.schema(study.name)
    for name, block in {"": schema, **schema["$defs"]}.items():
        assert "description" not in block
        for field, about in block["properties"].items():
            assert about.get("title") or "$ref" in about, (name, field)
            made_up = about.get("title") == field.replace("_", " ").title()
            assert not made_up or field in SAME_WORD, (name, field)


def test_an_unknown_study_has_no_schema():
    with pytest.raises(RequestError, match="regional_spending"):
        requests.schema("regional_spendin")
