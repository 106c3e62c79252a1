"""The page of a run: banners, provenance, and the gate's opinion of it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from studylib.report import french, page
from studylib.runs import notebooks, siblings
from studylib.runs.record import GateOutcome, RunRecord

_one_at_a_time = threading.Lock()
INCOMPLETE = "Exécution incomplète, non publiable"


@dataclass(frozen=True)
class Page:
    """A report page and what the gate says of it."""

    html: str
    gate: tuple[GateOutcome, ...]


def report(
    record: RunRecord,
    notebook: NotebookNode,
    tables: Path,
    *,
    superseded_by: str = "",
) -> Page:
    """The report of a good run and the gate's opinion of it and of its ``tables`` folder.

    The gate looks at the page, then at what the request's other reports give away beside it.
    When the report may not be published, its banners say so.
    """
    banners = [f"Version remplacée par {superseded_by}"] if superseded_by else []
    if record.late_days:
        banners.append(f"Réponse en retard de {french.plural(record.late_days, 'jour')}")
    html = _rendered(record, notebook, banners, published=not record.obstacles)
    rules = page.gate(html, notebook, tables=page.read_tables(tables), threshold=record.threshold)
    together = siblings.outcome(record, tables)
    gate = (
        *(GateOutcome(rule.rule, rule.passed, rule.detail) for rule in rules),
        *([together] if together else []),
    )
    judged = record.replace(gate=gate)
    broken = [f"Règle de publication enfreinte : {rule.rule}" for rule in gate if not rule.passed]
    html = _rendered(judged, notebook, [*banners, *broken], published=not judged.refusals)
    return Page(html, gate)


def error_page(record: RunRecord, notebook: NotebookNode) -> str:
    """The page of a failed run: what was reached, under a banner that forbids its use."""
    shown = notebooks.without_papermill_errors(notebook)
    return _rendered(record, shown, [INCOMPLETE], published=False)


def _rendered(
    record: RunRecord, notebook: NotebookNode, banners: Sequence[str], *, published: bool
) -> str:
    with _one_at_a_time:  # runs end in several threads, and nbconvert's exporter is shared
        html: str = page.render(
            notebook,
            title=f"{record.title} · {record.scope_label}",
            provenance=provenance(record),
            banners=banners,
            published=published,
        )
    return html


def provenance(record: RunRecord) -> dict[str, Any]:
    """What the footer of a page tells, under the names ``report.page`` knows."""
    code, data = record.code, record.data
    lists = (f"{name} ({each['version']})" for name, each in record.references.items())
    source = str(data.get("source", ""))
    return {
        "run": record.run,
        "date": record.start,
        "request": record.request,
        "scope": record.scope_label,
        "notebook": code.get("notebook", ""),
        "notebook_sha256": code.get("notebook_sha256", ""),
        "commit": str(code.get("commit", ""))[:10],
        "dirty": bool(code.get("dirty")),
        "studylib": code.get("studylib", ""),
        "data": f"{source} (données synthétiques)" if record.synthetic else source,
        "data_fingerprint": data.get("fingerprint") or record.components.get("data", ""),
        "engine": page.engine_words(data.get("engine") or {}),
        "parameters_sha256": record.parameters.get("sha256", ""),
        "lock_sha256": record.environment.get("lock_sha256", ""),
        "threshold": str(record.threshold),
        "predecessor": record.predecessor,
        "Période": record.period,
        "Listes de codes": ", ".join(lists),
        "gate": tuple(page.Rule(each.rule, each.passed, each.detail) for each in record.gate),
    }
