"""A toy project: a request, and a notebook that only writes the results its study declares."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import nbformat
import pyarrow
import pyarrow.parquet
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from studylib import requests

REQUEST = """\
request:
  id: {id}
  title: Essai
  kind: {kind}
  requester: Direction générale de la santé
  legal_basis: CSP R1413-90
  received: 2026-03-02
  question: Une question.
study: iatrogenic_risk
source: simulated
regions: [{regions}]
parameters:
  arms: {{AVK: avk, AOD: aod}}
  reference: AVK
  outcome: {{codelist: major_bleeding, positions: [DP], label: Hémorragie majeure}}
  inclusion: {{start: 2022-01-01, end: 2023-12-31}}
  follow_up_end: 2024-12-31
  washout_days: 365
  history_days: 365
  minimum_age: 18
  prior_outcome_days: 365
  grace_days: {grace_days}
  follow_up_days: 365
  lookback_days: 365
  covariates: [renal_disease]
  sensitivity: {{}}
"""

# Nothing slow is imported: the results, prepared beforehand, are copied.
READ = """\
import os, shutil
folder = os.environ["STUDYLIB_RUN_FOLDER"]
prepared = os.path.join(os.environ["STUDYLIB_PROJECT"], "prepared")
region = overrides.get("region", "ensemble")"""
KEEP = """\
copied = shutil.copytree(prepared, os.path.join(folder, "results"), dirs_exist_ok=True)
os.makedirs(os.path.join(folder, "tables"), exist_ok=True)
with open(os.path.join(folder, "tables", "effectifs.csv"), "w") as table:
    written = table.write(f"groupe;personnes\\n{region};120\\n")"""


def write_request(
    root: Path,
    identifier: str,
    *,
    regions: Sequence[str] = ("11",),
    kind: str = "regional",
    grace_days: int = 30,
) -> Path:
    """The file of a toy request."""
    file = root / "parameters" / f"{identifier}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    quoted = ", ".join(f'"{region}"' for region in regions)
    text = REQUEST.format(id=identifier, kind=kind, regions=quoted, grace_days=grace_days)
    file.write_text(text, encoding="utf-8")
    return file


def write_notebook(root: Path, *, extra: Sequence[str] = ()) -> Path:
    """The toy notebook; ``extra`` cells come in a section of their own, before the results."""
    cells = [
        new_markdown_cell("# Étude d'essai"),
        new_code_cell(
            'request_file = "parameters/absent.yaml"\noverrides = {}',
            metadata={"tags": ["parameters"]},
        ),
        new_markdown_cell("## Lecture"),
        new_code_cell(READ),
        new_markdown_cell("## Calcul"),
        *(new_code_cell(source) for source in extra),
        new_markdown_cell("## Résultats"),
        new_code_cell(KEEP),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    notebook = new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "somebody-else", "display_name": "X"}
    file = root / "notebooks" / "iatrogenic_risk.ipynb"
    file.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, str(file))
    return file


def write_project(root: Path, *, regions: Sequence[str] = ("11",)) -> Path:
    """A project with one good request, 2026-001."""
    write_request(root, "2026-001", regions=regions)
    write_notebook(root)
    prepared = root / "prepared"
    prepared.mkdir()
    for name, table in requests.STUDIES["iatrogenic_risk"].artefacts.items():
        rows = pyarrow.table({column: [0] for column in table.names})
        pyarrow.parquet.write_table(rows, prepared / f"{name}.parquet")
    return root
