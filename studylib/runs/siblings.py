"""The other runs of a request: what its pages, read together, must not give away.

A count hidden in one region's report follows from the synthesis less the other regions. The
synthesis is therefore told the tables of the regions before it runs, and hides what it must; and
publication checks, whichever of the pages comes last.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from studylib.report import context, page
from studylib.report.disclosure import exposed_by_parts
from studylib.requests import STUDIES
from studylib.runs import record
from studylib.runs.record import GateOutcome, RunRecord

WHOLE = "ensemble"
RULE = "Aucun effectif d'une région déductible de l'ensemble"


def tell(run: RunRecord, work: Path) -> None:
    """Write in the work folder of a synthesis where the tables of its regions are."""
    regions = _regions(run) if run.scope == WHOLE else {}
    if not regions or len(regions) < len(run.regions):
        return
    places = {
        region.scope_label: os.path.relpath(record.folder_of(region) / record.TABLES, work)
        for region in regions.values()
    }
    text = json.dumps(places, ensure_ascii=False)
    (work / context.SIBLINGS).write_text(text, encoding="utf-8")


def outcome(run: RunRecord, tables_folder: Path) -> GateOutcome | None:
    """The rule's outcome for a run and its tables; None for a region without a synthesis yet.

    A synthesis is not published before each of its regions has been run. None too for a study that
    has no report of each region: what it sums was masked by those who sent it.
    """
    if run.study in STUDIES and STUDIES[run.study].parameters_model.one_scope:
        return None
    whole = run if run.scope == WHOLE else _latest_like(run, WHOLE)
    if whole is None:
        return None
    regions = _regions(whole)
    if run.scope != WHOLE:
        regions[run.scope] = run
    if len(regions) < len(whole.regions):
        # less the regions shown, the synthesis would show what the missing one must hide
        absent = ", ".join(code for code in whole.regions if code not in regions)
        told = f"régions sans rapport : {absent} ; lancer studylib run {run.request}"
        return GateOutcome(RULE, run.scope != WHOLE, told if run.scope == WHOLE else "")
    places = {
        each.run: record.folder_of(each) / record.TABLES for each in (whole, *regions.values())
    }
    places[run.run] = tables_folder
    tables = {name: page.read_tables(place) for name, place in places.items()}
    found = []
    for file, frame in tables[whole.run].items():
        parts = {each.scope_label: tables[each.run].get(file) for each in regions.values()}
        known = {label: part for label, part in parts.items() if part is not None}
        if len(known) == len(parts):
            found += exposed_by_parts(known, frame, threshold=run.threshold)
    remedy = f" ; relancer : studylib run {run.request} --force" if found else ""
    return GateOutcome(RULE, not found, " · ".join(found[:3]) + remedy)


def _regions(whole: RunRecord) -> dict[str, RunRecord]:
    """The runs of a synthesis's regions, by region."""
    found = {code: _latest_like(whole, code) for code in whole.regions}
    return {code: run for code, run in found.items() if run is not None}


def _latest_like(run: RunRecord, scope: str) -> RunRecord | None:
    """The latest good run of another scope made from the same things as ``run``.

    A run made from other data or choices has other counts: nothing follows from their difference.
    """
    for other in record.history(run.request, scope):
        if other.good and _made_from(other) == _made_from(run):
            return other
    return None


def _made_from(run: RunRecord) -> dict[str, str]:
    parts = {name: each for name, each in run.components.items() if name != "parameters"}
    return {**parts, "request": str(run.parameters.get("sha256", ""))}
