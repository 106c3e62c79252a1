"""Bundles of finished runs: what one observatory sends for a synthesis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from studylib.errors import StudyError
from studylib.report import bundle
from studylib.runs import record
from studylib.runs.record import RunRecord

FOLDER = "bundles"
PIECES: Mapping[str, str] = {
    "profile": "profiles",
    "hazard_ratios": "estimates",
    "rate_ratios": "estimates",
    "incidence": "incidence",
    "balance": "balance",
    "gates": "gates",
}
"""What a run keeps, and the table of a bundle it goes to."""
ARM_EVENTS = "arm_events"
"""Outcomes by arm, or by window, that a run keeps only to know whether its profile may be sent."""


def export(
    request: str,
    regions: Sequence[str],
    *,
    folder: Path | None = None,
    arm_rule: bundle.ArmRule = "each_arm",
) -> list[Path]:
    """One bundle for each region's latest good run of ``request``; their files come back.

    They go to ``folder``, by default ``bundles`` beside the request's runs. StudyError when a
    region has no good run, when its report may not be published, when it kept nothing to send.
    """
    target = folder or record.runs_folder(request) / FOLDER
    return [
        bundle.write(made, target / f"{request}-{region}.json")
        for region, made in _made(request, regions, arm_rule)
    ]


def _made(
    request: str, regions: Sequence[str], arm_rule: bundle.ArmRule
) -> Iterator[tuple[str, dict[str, object]]]:
    for region in regions:
        runs = [run for run in record.history(request, region) if run.good]
        if not runs:
            raise StudyError(
                f"Lot de résultats de {request}, région {region} : aucune exécution réussie ; "
                f"commencer par « studylib run {request} --region {region} »."
            )
        latest = runs[0]
        if latest.refusals:
            raise StudyError(
                f"Lot de résultats de {request}, région {region} : le rapport n'est pas "
                f"publiable ({latest.refusals[0]})."
            )
        results = _results(latest)
        by_arm = results.pop(ARM_EVENTS, results.get("incidence"))
        made = bundle.bundle(identity_of(latest), results, arm_events=by_arm, arm_rule=arm_rule)
        yield region, made


def identity_of(run: RunRecord) -> bundle.Identity:
    """What the bundle of a run answers, and what it was made with."""
    return bundle.Identity(
        request=run.request,
        title=run.title,
        study=run.study,
        fingerprint=bundle.fingerprint(run.parameters["resolved"]),
        site=run.scope_label,
        regions=run.regions,
        run=run.run,
        synthetic=run.synthetic,
        threshold=run.threshold,
        studylib=str(run.code.get("studylib", "")),
        library_sha256=str(run.code.get("library_sha256", "")),
        data_fingerprint=str(run.data.get("fingerprint", "")),
    )


def _results(run: RunRecord) -> dict[str, pd.DataFrame]:
    folder = record.folder_of(run) / record.RESULTS
    found = {
        piece: pd.read_parquet(folder / f"{name}.parquet")
        for name, piece in (*PIECES.items(), (ARM_EVENTS, ARM_EVENTS))
        if (folder / f"{name}.parquet").is_file()
    }
    return {
        piece: _of_site(frame, run.scope_label).reset_index(drop=True)
        for piece, frame in found.items()
    }


def _of_site(frame: pd.DataFrame, site: str) -> pd.DataFrame:
    """The rows about the region, where a table also has others."""
    if "population" not in frame or site not in set(frame["population"]):
        return frame
    return frame[frame["population"] == site]
