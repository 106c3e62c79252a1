"""What the ``bundle`` commands do and say."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from studylib import requests
from studylib.cli.shown import plural, results, say
from studylib.errors import ChoiceError
from studylib.report import bundle
from studylib.runs import bundles

FAULTY = 2


def export(name: str, regions: Sequence[str], to: Path | None, whole: bool) -> int:
    """Write the bundles of a request's regions, say where and what was withheld; 0.

    ChoiceError for a region that is not of the request, StudyError where there is nothing to send.
    """
    request = requests.read(requests.find(name))
    others = [region for region in regions if region not in request.regions]
    if others:
        raise ChoiceError(
            f"Région {', '.join(others)} absente de la demande {request.id} ; "
            f"régions : {', '.join(request.regions)}."
        )
    rule: bundle.ArmRule = "whole" if whole else "each_arm"
    files = bundles.export(request.id, regions or request.regions, folder=to, arm_rule=rule)
    console = results()
    for file in files:
        content = json.loads(file.read_text(encoding="utf-8"))
        say(console, f"{content['identity']['site']} : {file}")
        for withheld in content["withheld"]:
            say(console, f"  non transmis : {withheld}")
    say(console, plural(len(files), "lot écrit.", "lots écrits."))
    return 0


def check(files: Sequence[Path], request: str) -> int:
    """Say what is wrong with each bundle; 2 when one is to be refused, else 0."""
    console, wrong = results(), 0
    for file in files:
        found = bundle.faults(file, request=request)
        wrong += bool(found)
        for fault in found or [f"{file.name} : lot recevable."]:
            say(console, fault, style="bold red" if found else "")
    say(console, f"{plural(len(files), 'lot vérifié', 'lots vérifiés')}, dont {wrong} à refuser.")
    return FAULTY if wrong else 0
