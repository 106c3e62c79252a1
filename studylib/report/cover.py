"""The top of a report: who asks what, on what basis, with what choices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Protocol

from studylib import sources
from studylib.report import context, french
from studylib.report import labels as words
from studylib.report.doubt_words import gate_title
from studylib.report.fragment import Fragment, escape, wrap
from studylib.report.grid import Grid
from studylib.report.parameter_lines import parameter_lines
from studylib.report.tables import grid_html, grid_text

KINDS: Mapping[str, str] = {
    "saisine": "Saisine ministérielle",
    "ars": "Demande de l'agence régionale de santé",
    "ansm": "Demande de l'ANSM",
    "regional": "Initiative régionale",
    "urgent": "Demande urgente",
}
SOURCES: Mapping[str, str] = {
    "simulated": "données simulées",
    "simulated_snds": "données simulées, écrites comme le SNDS",
    "open_data": "données ouvertes",
}
SYNTHETIC = "Données synthétiques : aucun patient réel, aucun résultat à citer."


class Request(Protocol):
    """What is shown of a study request."""

    id: str
    title: str
    kind: str
    requester: str
    legal_basis: str
    received: date | None
    due: date | None
    question: str
    study: str
    source: str
    regions: tuple[str, ...]
    parameters: Any
    disclosure_threshold: int

    def publication_obstacles(self) -> tuple[str, ...]:
        """French sentences that forbid publication."""

    def days_late(self, on: date) -> int | None:
        """Days past the due date."""


def banners(request: Request, *, on: date | None = None) -> tuple[str, ...]:
    """What a reader must know first: synthetic data, obstacles, gates opened, lateness."""
    found = [SYNTHETIC] if sources.is_synthetic(str(request.source)) else []
    found += [f"Non publiable : {sentence}" for sentence in request.publication_obstacles()]
    found += _openings(request)
    late = request.days_late(on) if on else 0
    found += [f"Réponse en retard de {french.plural(late, 'jour')}."] if late else []
    return tuple(french.typeset(sentence) for sentence in found)


def _openings(request: Request) -> list[str]:
    """Each diagnostic gate that the request opens: which, by whom, when, why."""
    return [
        f"Contrôle « {gate_title(str(each.gate))} » levé par {each.by}, le {french.day(each.on)}, "
        f"motif : {str(each.reason).rstrip('.')}."
        for each in getattr(request.parameters, "opened_gates", ())
    ]


def header(request: Request, *, show_zero: bool = True, on: date | None = None) -> Fragment:
    """The request in brief, and its banners; starts the page with the request's threshold.

    ``request`` has the attributes of ``Request``. ``show_zero`` False also hides counts of zero;
    with the day ``on``, an answer past its due date says so.
    """
    context.start(threshold=request.disclosure_threshold, show_zero=show_zero)
    facts, told = list(_facts(request)), banners(request, on=on)
    notices = "".join(f'<p class="banner">{escape(text)}</p>' for text in told)
    items = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(fact)}</dd></div>" for name, fact in facts
    )
    question = escape(french.typeset(str(request.question).strip()))
    asked = (
        f'<p class="question"><strong>Question posée.</strong> {question}</p>' if question else ""
    )
    html = f'{notices}<dl class="facts">{items}</dl>{asked}'
    text = "\n".join([*told, *(f"{name}{french.NBSP}: {fact}" for name, fact in facts)])
    return Fragment(wrap(html, "cover"), text)


def _facts(request: Request) -> Iterator[tuple[str, str]]:
    yield "Demande", french.typeset(f"{request.id} · {request.title}")
    yield "Nature", KINDS.get(request.kind, str(request.kind))
    yield "Demandeur", str(request.requester or french.MISSING)
    if request.legal_basis:
        yield "Fondement", str(request.legal_basis)
    if request.received:
        yield "Reçue le", french.day(request.received)
    if request.due:
        yield "Échéance", french.day(request.due)
    yield _scope(request)
    source = str(request.source)
    yield "Source", SOURCES.get(source, source)


def _scope(request: Request) -> tuple[str, str]:
    scope = getattr(request, "scope", None)
    regions = tuple(getattr(scope, "regions", None) or request.regions)
    names = french.listing([words.place(code) for code in regions])
    return ("Région" if len(regions) == 1 else "Régions"), names or "France entière"


def parameters(request: Request) -> Fragment:
    """The resolved parameters of the study, one per line, named in French.

    Names come from the parameters model's field titles, else from known names. Choices that the
    method of adjustment does not use are left out.
    """
    model = request.parameters
    values = model.model_dump() if hasattr(model, "model_dump") else dict(model)
    told = parameter_lines(values, type(model))
    rows = tuple((name, text) for name, text in told if text not in ("", french.MISSING))
    caption = "Paramètres de l'étude"
    grid = Grid(("Paramètre", "Valeur retenue"), rows, (False, False))
    return Fragment(wrap(grid_html(grid, caption=caption), "table"), grid_text(grid, caption))
