"""How plans and outcomes are told, to people and to programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from rich.console import Console

from studylib import runs
from studylib.cli.shown import STYLES, duration, error_log, path, plural, say, table

_ACTIONS = {"execute": "à exécuter", "render": "à remettre en page", "none": "à jour"}
_JSON_VERSION = 1
NO_DATA = "données absentes"


def plan(console: Console, planned: runs.Plan, *, verbose: bool = False) -> None:
    """Tell what will run and why, before the first kernel."""
    rows = [
        [item.request.id, item.scope_label, _ACTIONS[item.action], _why(item)]
        for item in planned.items
    ]
    to_do = planned.count("execute")
    counts = [plural(to_do, "exécution", "exécutions")]
    if planned.count("render"):
        counts.append(f"{planned.count('render')} à remettre en page")
    counts.append(f"{planned.count('none')} à jour")
    table(console, ["demande", "région", "plan", "raison"], rows)
    say(console, f"{', '.join(counts)} · code : {planned.commit}")
    for request in {item.request.id: item.request for item in planned.items}.values():
        late = request.days_late(date.today())
        if late:
            say(console, f"Demande {request.id} : en retard de {plural(late, 'jour', 'jours')}.")
    if verbose:
        for item in planned.items:
            say(console, f"{item.name} : clé {item.key[:16]}")
            for name, value in item.components.items():
                say(console, f"  {name} {value[:16]}")


def outcomes(console: Console, ended: Sequence[runs.Outcome]) -> None:
    """Tell what became of each run: one line each."""
    rows = []
    for outcome in ended:
        run = outcome.record
        seconds = duration(run.seconds) if run is not None else ""
        status = outcome.status
        if outcome.publication == "refusé":
            status = f"{status}, publication refusée"
        where = "" if outcome.status == NO_DATA else path(outcome.report)
        rows.append([outcome.item.request.id, outcome.item.scope_label, status, seconds, where])
    columns = ["demande", "région", "statut", "durée", "rapport"]
    widest = [max(len(text) for text in cells) for cells in zip(columns, *rows, strict=True)]
    if not console.is_terminal or sum(widest) + 2 * len(widest) <= console.width:
        table(console, columns, rows)
        return
    table(console, columns[:-1], [row[:-1] for row in rows])
    for _, region, _, _, where in rows:  # a path on its own line can still be copied whole
        if where:
            what = "Page d'erreur" if where.endswith("error.html") else "Rapport"
            say(console, f"{what}, {region} :\n  {where}")


def problems(console: Console, ended: Sequence[runs.Outcome]) -> None:
    """Tell what went wrong with each run; data absent for a whole request are told once."""
    told: set[tuple[str, str]] = set()
    for outcome in ended:
        failure = outcome.record.failure if outcome.record is not None else None
        if outcome.status != NO_DATA or failure is None:
            _problem(console, outcome)
        elif (outcome.item.request.id, failure.message) not in told:
            told.add((outcome.item.request.id, failure.message))
            _headed(console, outcome.item.request.id, NO_DATA)
            say(console, f"{failure.message}\n  Puis : studylib run {outcome.item.request.id}")


def _problem(console: Console, outcome: runs.Outcome) -> None:
    """Tell what went wrong with a run, where its log is, and the command that runs it again."""
    run = outcome.record
    if run is None:
        _headed(console, outcome.item.name, "échec")
        say(console, f"  {outcome.problem}")
        if outcome.trace:
            say(console, f"  Détail : {path(error_log(outcome.trace))}")
        say(console, f"  Relancer : {outcome.item.command}")
        return
    if run.good:
        if outcome.publication == "refusé":
            _headed(console, outcome.item.name, "refusé", "publication refusée")
            for refusal in run.refusals:
                say(console, f"  {refusal}")
        return
    _headed(console, outcome.item.name, run.status)
    if run.failure is not None:
        say(console, f"  {runs.describe(run.failure)}")
        for line in run.failure.source:
            say(console, f"    | {line}")
    say(console, f"  Journal : {path(outcome.log)}")
    say(console, f"  Relancer : {outcome.item.command}")


def plan_as_json(planned: runs.Plan) -> dict[str, Any]:
    """The plan for a program."""
    return {
        "schema": _JSON_VERSION,
        "commit": planned.commit.sha,
        "dirty": planned.commit.dirty,
        "items": [
            {
                "request": item.request.id,
                "scope": item.scope.name,
                "regions": list(item.scope.regions),
                "action": item.action,
                "reasons": list(item.reasons),
                "key": item.key,
            }
            for item in planned.items
        ],
    }


def outcomes_as_json(ended: Sequence[runs.Outcome], exit_code: int) -> dict[str, Any]:
    """What became of each run, for a program."""
    index = runs.index()
    return {
        "schema": _JSON_VERSION,
        "exit_code": exit_code,
        "site": str(index) if index.is_file() else None,
        "items": [_as_json(outcome) for outcome in ended],
    }


def print_json(value: Mapping[str, Any]) -> None:
    """Write a value as JSON on stdout."""
    print(json.dumps(value, ensure_ascii=False, indent=1))


def _as_json(outcome: runs.Outcome) -> dict[str, Any]:
    run, item = outcome.record, outcome.item
    failure = run.failure if run is not None else None
    return {
        "request": item.request.id,
        "scope": item.scope.name,
        "status": outcome.status,
        "executed": outcome.executed,
        "publication": outcome.publication,
        "run": run.run if run is not None else None,
        "seconds": run.seconds if run is not None else None,
        "report": str(outcome.report) if outcome.report else None,
        "log": str(outcome.log) if outcome.log else None,
        "problem": outcome.problem or (runs.describe(failure) if failure else None),
        "refusals": list(run.refusals) if run is not None else [],
        "command": item.command,
    }


def _why(item: runs.PlannedRun) -> str:
    return "" if item.action == "none" else " ; ".join(item.reasons)


def _headed(console: Console, name: str, status: str, words: str = "") -> None:
    say(console, f"{name} : {words or status}", style=STYLES.get(status, ""))
