"""A source: the common event tables, checked, over one engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_

import narwhals as nw
import pandas as pd

from studylib.codes import Codelist
from studylib.errors import CodeError, DataMissing, StudyError
from studylib.sources.engine import Engine, Frame
from studylib.sources.schemas import CODE_COLUMNS, CONCEPT_SYSTEMS
from studylib.tables import CheckResult


@dataclass(frozen=True)
class Source:
    """Lazy event tables over one engine, restricted to the regions asked for.

    ``days`` are the first day of the data and the day after its last. ``truth`` holds the effects
    planted in a simulated source, and is None for real data. ``quality`` is what the reading of
    raw data kept about itself (the tables of ``sources.quality``); empty when nothing was read.
    """

    name: str
    engine: Engine
    tables: Mapping[str, Frame]
    days: tuple[int, int]
    regions: tuple[str, ...]
    fingerprint: str
    synthetic: bool
    truth: pd.DataFrame | None = None
    quality: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def table(self, name: str) -> Frame:
        """The lazy table called ``name``, or a StudyError that lists those there are."""
        if name not in self.tables:
            raise StudyError(
                f"Source « {self.name} » : pas de table « {name} » ; "
                f"tables présentes : {', '.join(sorted(self.tables))}."
            )
        return self.tables[name]

    def events(self, codelist: Codelist, *, positions: Sequence[str] | None = None) -> Frame:
        """Events whose code is in ``codelist``: person_id, code, start, end, quantity, cost.

        ICD-10 lists are looked up among hospital diagnoses (all positions, or those given) and,
        when no position is asked for, among long-term conditions too.
        """
        if codelist.system not in CODE_COLUMNS:
            raise CodeError(
                f"Liste « {codelist.name} » : le système {codelist.system} n'est pas cherché dans "
                f"les événements ; systèmes possibles : {', '.join(CODE_COLUMNS)}."
            )
        codelist = self.as_coded(codelist)
        places = self._places(codelist, positions)
        return nw.concat(
            [self._events_of(table, column, codelist, positions) for table, column in places]
        )

    def _places(self, codelist: Codelist, positions: Sequence[str] | None) -> list[tuple[str, str]]:
        """Tables and columns where the list's codes stand; DataMissing when there is none."""
        places = [
            (table, column)
            for table, column in CODE_COLUMNS.get(codelist.system, ())
            if table in self.tables and not (positions and table == "long_term_conditions")
        ]
        if not places:
            raise DataMissing(
                f"Source « {self.name} » : aucune table où chercher les codes {codelist.system} "
                f"de la liste « {codelist.name} »."
            )
        return places

    def _events_of(
        self, table: str, column: str, codelist: Codelist, positions: Sequence[str] | None
    ) -> Frame:
        frame = self.table(table).filter(code_filter(nw.col(column), codelist))
        return _positioned(table, frame, positions).select(
            "person_id",
            nw.col(column).alias("code"),
            "start",
            self._end(),
            nw.col("quantity").cast(nw.Float64()),
            nw.col("cost").cast(nw.Float64()),
        )

    def marked(
        self, codelists: Mapping[str, Codelist], *, positions: Sequence[str] | None = None
    ) -> Frame:
        """Events of any of the lists: person_id, start, end, and per list whether it is of it.

        Each table is read once, however many lists look into it. ``positions`` restricts diagnoses
        as in ``events``.
        """
        codelists = {name: self.as_coded(codelist) for name, codelist in codelists.items()}
        by_table: dict[tuple[str, str], list[str]] = {}
        for name, codelist in codelists.items():
            for place in self._places(codelist, positions):
                by_table.setdefault(place, []).append(name)
        return nw.concat(
            [
                self._marked_in(table, column, names, codelists, positions)
                for (table, column), names in by_table.items()
            ]
        )

    def _marked_in(
        self,
        table: str,
        column: str,
        names: Sequence[str],
        codelists: Mapping[str, Codelist],
        positions: Sequence[str] | None,
    ) -> Frame:
        tests = {name: code_filter(nw.col(column), codelists[name]) for name in names}
        marks = [tests.get(name, nw.lit(False)).alias(name) for name in codelists]
        listed = self.table(table).filter(reduce(or_, tests.values()))
        positioned = _positioned(table, listed, positions)
        return positioned.select("person_id", "start", self._end(), *marks)

    def as_coded(self, codelist: Codelist) -> Codelist:
        """The list in the codes that events carry: itself, or the OMOP concepts that it covers.

        A source read from an OMOP CDM has a dictionary of what stands above its concepts; a list
        that covers none of them comes back as it is.
        """
        if codelist.system not in CONCEPT_SYSTEMS or "concept_codes" not in self.tables:
            return codelist
        covered = self._dictionary(codelist.system).filter(code_filter(nw.col("code"), codelist))
        concepts = sorted(self.engine.collect(covered.select("concept").unique())["concept"])
        return replace(codelist, system="OMOP", codes=tuple(concepts)) if concepts else codelist

    def _dictionary(self, system: str) -> Frame:
        return self.table("concept_codes").filter(nw.col("system") == system)

    def _end(self) -> nw.Expr:
        """The day an event ends; one that has no end yet lasts as long as the data."""
        return nw.col("end").fill_null(self.days[1]).alias("end")

    def check_codelists(self, codelists: Mapping[str, Codelist]) -> CheckResult:
        """Which lists match nothing in the data: to be read before any result.

        Table: codelist, codes, unmatched. Passes when every list matches something.
        """
        rows = []
        for name, codelist in codelists.items():
            try:
                unmatched = self.unmatched_codes(codelist)
            except CodeError:
                unmatched = codelist.codes
            rows.append((codelist.label or name, len(codelist.codes), len(unmatched)))
        table = pd.DataFrame(rows, columns=["codelist", "codes", "unmatched"])
        empty = table.loc[table["codes"] == table["unmatched"], "codelist"].tolist()
        text = (
            "ne correspondent à rien dans les données, et ne distinguent donc personne : "
            + ", ".join(empty)
            if empty
            else "chaque liste de codes correspond à des événements présents dans les données."
        )
        return CheckResult("Listes de codes", not empty, table, text)

    def unmatched_codes(self, codelist: Codelist) -> tuple[str, ...]:
        """The codes of the list that match nothing here; CodeError when none matches.

        A list that selects nobody is nearly always a mistake of writing, not a finding.
        """
        return codelist.require_match(self.present_codes(codelist.system))

    def present_codes(self, system: str) -> set[str]:
        """The distinct codes of a system in the events here, empty when none is looked up."""
        present: set[str] = set()
        places = [
            self.table(table).select(nw.col(column).alias("code"))
            for table, column in CODE_COLUMNS.get(system, ())
            if table in self.tables
        ]
        if system in CONCEPT_SYSTEMS and "concept_codes" in self.tables:
            places.append(self._dictionary(system).select("code"))
        for codes in places:
            present |= set(self.engine.collect(codes.unique())["code"].dropna())
        return present


def _positioned(table: str, events: Frame, positions: Sequence[str] | None) -> Frame:
    """The events of these positions; one that is no diagnosis has none, and is not asked for it."""
    if not positions or table not in ("diagnoses", "concepts"):
        return events
    return events.filter(nw.col("position").is_in([*positions, ""]))


def code_filter(column: nw.Expr, codelist: Codelist) -> nw.Expr:
    """True where ``column`` holds a full code of the list or begins with one of its prefixes."""
    tests = [column.str.starts_with(prefix) for prefix in codelist.prefixes]
    if codelist.full_codes:
        tests.append(column.is_in(list(codelist.full_codes)))
    return reduce(or_, tests)
