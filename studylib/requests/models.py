"""The request as a typed, frozen object: who asks, on what basis, where, with what choices."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

from pydantic import Field, PrivateAttr

from studylib import referentials
from studylib.requests.coded import RegionCode
from studylib.requests.header import Kind, RequestHeader
from studylib.requests.scalars import DISTINCT, FROM_LIST, NOT_EMPTY, Entier, Nom, within
from studylib.requests.strict import StrictModel, StudyParameters
from studylib.requests.wording import french

WHOLE = "ensemble"


@dataclass(frozen=True)
class Scope:
    """The regions one run bears on: a single one, or all those of the request (`ensemble`)."""

    name: str
    label: str
    regions: tuple[str, ...]


P = TypeVar("P", bound=StudyParameters)
_THRESHOLD = "un entier d'au moins 11 : aucun effectif de moins de 11 personnes n'est diffusé"


class StudyRequest(StrictModel, Generic[P]):
    """A checked request. Two requests are equal when they ask for the same thing.

    Its fields are those of the file; the header's fields are also read directly (``id``,
    ``title``, ``received``…). Where it was read from does not count in equality.
    """

    request: RequestHeader = Field(title="La demande", description="qui demande quoi, et quand")
    study: Nom = Field(title="Étude", description="le type d'étude, qui nomme aussi le notebook")
    source: Nom = Field(title="Source", description="le nom d'une source de données")
    regions: Annotated[tuple[RegionCode, ...], FROM_LIST, *NOT_EMPTY, *DISTINCT] = Field(
        title="Régions", description="codes de région de l'Insee entre guillemets, sans répétition"
    )
    parameters: P = Field(title="Paramètres", description="les choix propres à ce type d'étude")
    disclosure_threshold: Annotated[Entier, *within(11, 1_000_000, _THRESHOLD)] = Field(
        default=11,
        title="Seuil de diffusion",
        description="plus petit effectif diffusé, 11 ou plus",
    )

    _file: Path = PrivateAttr(default_factory=Path)
    _file_sha256: str = PrivateAttr(default="")
    _region: str | None = PrivateAttr(default=None)

    def read_from(self, file: Path, sha256: str, *, region: str | None = None) -> StudyRequest[P]:
        """The same request, knowing its file and the one region it is run for (None: all)."""
        placed = self.model_copy()
        placed._file, placed._file_sha256, placed._region = file, sha256, region
        return placed

    @property
    def id(self) -> str:
        """The identifier, safe as a folder name."""
        return self.request.id

    @property
    def title(self) -> str:
        """The title, on one line."""
        return self.request.title

    @property
    def kind(self) -> Kind:
        """What kind of request it is."""
        return self.request.kind

    @property
    def requester(self) -> str | None:
        """Who asks; never None for a saisine."""
        return self.request.requester

    @property
    def legal_basis(self) -> str | None:
        """The text the request rests on; never None for a saisine."""
        return self.request.legal_basis

    @property
    def received(self) -> date:
        """The day the request was received."""
        return self.request.received

    @property
    def due(self) -> date | None:
        """The day the answer is due, when there is one."""
        return self.request.due

    @property
    def agencies_informed(self) -> Mapping[str, date]:
        """For each region, the day its agency's director was told; absent when not told."""
        return self.request.agencies_informed  # type: ignore[return-value]  # None were dropped

    @property
    def question(self) -> str:
        """The question put, in French."""
        return self.request.question

    @property
    def file(self) -> Path:
        """The file it was read from."""
        return self._file

    @property
    def file_sha256(self) -> str:
        """The hash of that file's bytes."""
        return self._file_sha256

    @property
    def scope(self) -> Scope:
        """The regions of this run: the one of the override, or all of them."""
        return self._scope(self._region)

    def scopes(self) -> tuple[Scope, ...]:
        """One scope per region, then all together when there are several.

        Only all together for a study that has no report of each region.
        """
        if self.parameters.one_scope:
            return (self._scope(None),)
        single = tuple(self._scope(code) for code in self.regions)
        return (*single, self._scope(None)) if len(single) > 1 else single

    def _scope(self, region: str | None) -> Scope:
        if region is not None:
            return Scope(region, referentials.region_name(region), (region,))
        names = [referentials.region_name(code) for code in self.regions]
        label = ", ".join(names) if len(names) <= 3 else f"Ensemble des {len(names)} régions"
        return Scope(WHOLE, label, self.regions)

    def publication_obstacles(self) -> tuple[str, ...]:
        """French sentences saying what forbids publishing; empty when nothing does.

        Article R1413-90 of the public health code lets the minister commission observatories only
        *after* informing the agencies' directors. A date that is missing, or later than the day the
        saisine was received, may well be the truth: the study runs, its publication waits. The
        whole saisine waits, even for the report of a region whose agency was informed.
        """
        if self.kind != "saisine":
            return ()
        found = (self._obstacle(region) for region in self.regions)
        return tuple(french(sentence) for sentence in found if sentence)

    def _obstacle(self, region: str) -> str | None:
        name = f"{referentials.region_name(region)} ({region})"
        day = self.agencies_informed.get(region)
        if day is None:
            return (
                f"{name} : la date d'information du directeur général de l'ARS manque, alors que "
                "l'article R1413-90 du code de la santé publique demande cette information avant "
                "la saisine ; complétez agencies_informed."
            )
        if day > self.received:
            return (
                f"{name} : le directeur général de l'ARS a été informé le {day:%d/%m/%Y}, après la "
                f"réception de la saisine ({self.received:%d/%m/%Y}), alors que l'article R1413-90 "
                "du code de la santé publique demande cette information avant la saisine ; "
                "corrigez la date ou faites renouveler la saisine."
            )
        return None

    def days_late(self, on: date) -> int | None:
        """Days past the due date on the day ``on`` (0 when not late); None without due date."""
        return None if self.due is None else max(0, (on - self.due).days)

    def resolved(self) -> dict[str, Any]:
        """Every value, defaults included, in the shape of the file, as JSON holds it.

        Reading it back gives an equal request. The scope is not in it: it is a choice of the run.
        """
        return self.model_dump(mode="json")

    def _canonical(self) -> str:
        return json.dumps([self.resolved(), self._region], sort_keys=True, ensure_ascii=False)

    def __eq__(self, other: object) -> bool:
        """Whether both ask for the same thing, for the same regions."""
        return isinstance(other, StudyRequest) and self._canonical() == other._canonical()

    def __hash__(self) -> int:
        """The same for equal requests."""
        return int(hashlib.sha256(self._canonical().encode()).hexdigest()[:15], 16)
