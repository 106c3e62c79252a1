"""The JSON schema of a request file, from which editors complete and check while one types."""

from __future__ import annotations

from typing import Any

from studylib.errors import RequestError
from studylib.requests.reading import request_model
from studylib.requests.registry import STUDIES
from studylib.requests.wording import problem, quoted, suggestion

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(study: str) -> dict[str, Any]:
    """The JSON schema of the whole request file of ``study``; titles are in French.

    Regions, kinds and codelists are enumerated. ``RequestError`` when the study is unknown.

    >>> schema("iatrogenic_risk")["properties"]["study"]["const"]
    'iatrogenic_risk'
    """
    if study not in STUDIES:
        accepted = suggestion(study, list(STUDIES), what="un type d'étude connu")
        raise RequestError([problem("studylib schema", None, ("study",), quoted(study), accepted)])
    known = STUDIES[study]
    made = request_model(study).model_json_schema()
    for block in (made, *made["$defs"].values()):
        block.pop("description", None)  # the models' docstrings, written for developers
    properties = made["properties"]
    properties["study"] |= {"const": study}
    properties["source"] |= {"examples": list(known.sources)}
    return {"$schema": DIALECT} | made | {"title": f"Demande d'étude : {known.title}"}
