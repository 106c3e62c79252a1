"""What will run and why: one item per request and scope, before any kernel starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from studylib import requests
from studylib.errors import Problem, RequestError, StudyError
from studylib.requests import Scope, StudyRequest
from studylib.runs import hashing, provenance, record, staleness
from studylib.runs.record import RunRecord

WHOLE = "ensemble"
Action = Literal["execute", "render", "none"]


@dataclass(frozen=True)
class PlannedRun:
    """One scope of one request: what is to be done with it, and why.

    ``request`` is already narrowed to the scope; ``previous`` is the latest good run, if any.
    """

    request: StudyRequest[Any]
    scope: Scope
    overrides: Mapping[str, str]
    action: Action
    reasons: tuple[str, ...]
    components: Mapping[str, str]
    previous: RunRecord | None

    @property
    def key(self) -> str:
        """The staleness key of the run."""
        return staleness.key(self.components)

    @property
    def scope_label(self) -> str:
        """The region's name, or that it is the synthesis over regions."""
        if self.scope.name == WHOLE:
            several = len(self.scope.regions) > 1
            return f"Synthèse des {len(self.scope.regions)} régions" if several else "Synthèse"
        return self.scope.label

    @property
    def name(self) -> str:
        """The request and its scope, as shown to people."""
        return f"{self.request.id} · {self.scope_label}"

    @property
    def command(self) -> str:
        """The command that runs just this one again."""
        file = provenance.relative(self.request.file)
        try:
            found = requests.find(self.request.id).resolve() == self.request.file.resolve()
        except StudyError:
            found = False
        return f"studylib run {self.request.id if found else file} --region {self.scope.name}"


@dataclass(frozen=True)
class Plan:
    """The runs of one command, and the state of the code they will be made with."""

    items: tuple[PlannedRun, ...]
    commit: provenance.Commit

    def count(self, action: Action) -> int:
        """How many items call for ``action``."""
        return sum(item.action == action for item in self.items)


def make(files: Sequence[Path], *, regions: Sequence[str] = (), force: bool = False) -> Plan:
    """The plan of the requests in ``files``; regions first, then their synthesis.

    ``regions`` keeps only these scopes (region codes, or « ensemble »). Raises ``RequestError``
    with the problems of every file.
    """
    items = []
    for request in read_all(files):
        for scope in _chosen(request, regions):
            items.append(_planned(request, scope, force))
    return Plan(tuple(items), provenance.commit())


def read_all(files: Sequence[Path]) -> list[StudyRequest[Any]]:
    """The requests of several files, or one ``RequestError`` with the problems of all of them."""
    found: dict[str, StudyRequest[Any]] = {}
    problems: list[Problem] = []
    for file in dict.fromkeys(file.resolve() for file in files):
        try:
            request = requests.read(file)
        except RequestError as error:
            problems.extend(error.problems)
            continue
        twin = found.setdefault(request.id, request)
        if twin is not request:
            accepted = f"un identifiant que {provenance.relative(twin.file)} ne porte pas déjà"
            given = f"« {request.id} »"
            problems.append(Problem(provenance.relative(file), None, "request.id", given, accepted))
    if problems:
        raise RequestError(problems)
    return list(found.values())


def _chosen(request: StudyRequest[Any], regions: Sequence[str]) -> list[Scope]:
    scopes = request.scopes()
    if not regions:
        return list(scopes)
    unknown = [code for code in regions if code not in {scope.name for scope in scopes}]
    if unknown:
        given = ", ".join(f"« {code} »" for code in unknown)
        accepted = "une portée de la demande : " + ", ".join(scope.name for scope in scopes)
        file = provenance.relative(request.file)
        raise RequestError([Problem(file, None, "--region", given, accepted)])
    return [scope for scope in scopes if scope.name in regions]


def _planned(whole: StudyRequest[Any], scope: Scope, force: bool) -> PlannedRun:
    overrides = {} if scope.name == WHOLE else {"region": scope.regions[0]}
    request = requests.read(whole.file, overrides) if overrides else whole
    components = staleness.components(request, scope)
    history = record.history(request.id, scope.name)
    previous = next((run for run in history if run.good), None)
    action, reasons = _decided(components, history, previous, force)
    return PlannedRun(request, scope, overrides, action, reasons, components, previous)


def _decided(
    components: Mapping[str, str],
    history: Sequence[RunRecord],
    previous: RunRecord | None,
    force: bool,
) -> tuple[Action, tuple[str, ...]]:
    if force:
        return "execute", ("demandé par --force",)
    if previous is None:
        return "execute", (_why_no_good_run(history),)
    changes = staleness.changed(previous.components, components)
    if changes:
        return "execute", changes
    faults = artefact_faults(previous)
    if faults:
        return "execute", faults
    if previous.template_sha256 != staleness.template_sha256():
        return "render", ("la mise en page a changé",)
    if _page_fault(previous):
        return "render", (_page_fault(previous),)
    if any(not rule.passed for rule in previous.gate):  # what the page is judged beside may change
        return "render", ("la publication avait été refusée : la page est jugée à nouveau",)
    return "none", ("à jour",)


def _why_no_good_run(history: Sequence[RunRecord]) -> str:
    last = history[0].status if history else ""
    return {
        record.FAILED: "la dernière exécution a échoué",
        record.NO_DATA: "les données manquaient à la dernière exécution",
        record.INTERRUPTED: "la dernière exécution a été interrompue",
        record.RUNNING: "une exécution est en cours dans un autre processus",
    }.get(last, "jamais exécuté")


def artefact_faults(run: RunRecord) -> tuple[str, ...]:
    """Results and tables of a run that vanished or whose content changed since."""
    folder, faults = record.folder_of(run), []
    for artefact in run.artefacts:
        if artefact.path in (record.REPORT, record.LOG):
            continue
        file = folder / artefact.path
        if not file.is_file():
            faults.append(f"le fichier {artefact.path} a disparu")
        elif hashing.of_file(file) != artefact.sha256:
            faults.append(f"le fichier {artefact.path} a été modifié")
    return tuple(faults)


def _page_fault(run: RunRecord) -> str:
    expected = {each.path: each.sha256 for each in run.artefacts}.get(record.REPORT)
    page = record.folder_of(run) / record.REPORT
    if not page.is_file():
        return "la page a disparu"
    return "" if hashing.of_file(page) == expected else "la page a été modifiée"
