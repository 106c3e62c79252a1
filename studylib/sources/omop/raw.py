"""The tables of a CDM as typed frames: one set of names for both versions, days as integers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import narwhals as nw

from studylib.errors import TableError
from studylib.sources.engine import Engine, Frame
from studylib.sources.omop import files as cdm_files
from studylib.sources.omop import layout
from studylib.sources.omop.conversion import convert

_TYPES: Mapping[str, type[nw.Int64] | type[nw.Float64] | type[nw.String]] = {
    "integer": nw.Int64,
    "day": nw.Int64,
    "number": nw.Float64,
    "text": nw.String,
}
_KINDS = {
    "integer": "un nombre entier",
    "day": "une date (date, horodatage, AAAA-MM-JJ ou AAAAMMJJ)",
    "number": "un nombre",
    "text": "du texte",
}

# Tables that others look lines up in: a repeated key would multiply what is joined. Elsewhere
# identifiers do repeat (GiBleed has 4,384 such drug exposures), and nothing is joined on them.
_KEYED = ("person", "visit_occurrence", "concept", "location", "care_site")


@dataclass(frozen=True)
class Cdm:
    """A folder of OMOP tables over one engine; ``scratch`` receives CSV copied to Parquet."""

    name: str
    files: Mapping[str, Sequence[Path]]
    engine: Engine
    scratch: Path
    _read: dict[str, Frame] = field(default_factory=dict)

    @classmethod
    def open(cls, name: str, folder: Path, engine: Engine, scratch: Path) -> Cdm:
        """The CDM in ``folder``, its version checked."""
        cdm = cls(name, cdm_files.locate(name, folder), engine, scratch)
        cdm._check_version()
        return cdm

    def has(self, table: str) -> bool:
        """Whether the table is in the folder."""
        return table in self.files

    def table(self, name: str) -> Frame:
        """The table, its columns named as in CDM 5.4 and typed; optional ones may be empty.

        Days are integers since 1970-01-01. TableError naming the table and the column when a
        column is absent, of another type, or holds values that are not of its kind; when lines
        of a table that others refer to share a key. Checkpointed, but for the ancestry of
        concepts: it may be far larger than the data, and is filtered at once.
        """
        if name not in self._read:
            self._read[name] = self._typed(layout.table(name))
        return self._read[name]

    def _typed(self, described: layout.RawTable) -> Frame:
        name = described.name
        found = cdm_files.alike(self.name, name, self.files[name])
        typed = nw.concat([self._converted(described, group) for group in found])
        if name != "concept_ancestor":
            typed = self.engine.checkpoint(typed, name)
        self._check_key(described, typed)
        return typed

    def _converted(self, described: layout.RawTable, group: cdm_files.Alike) -> Frame:
        """The lines of files written alike, typed."""
        frame = self._stored(described, group)
        types = frame.collect_schema()
        columns, wrong = [], {}
        for column in described.columns:
            if column.name not in types:  # an optional column, or one without values
                nothing = nw.lit(None).cast(_TYPES[column.kind])
                columns.append(nothing.alias(column.name))
                continue
            converted = convert(column.name, types[column.name], column.kind)
            if converted is None:
                raise self._wrong_type(described.name, column, str(types[column.name]))
            value, fault = converted
            columns.append(value.cast(_TYPES[column.kind]).alias(column.name))
            if fault is not None:
                wrong[column.name] = fault
        self._check_values(described.name, frame, wrong)
        return frame.select(*columns)

    def _stored(self, described: layout.RawTable, group: cdm_files.Alike) -> Frame:
        """The lines as they are stored: the read columns under their present names."""
        lower = {column.lower(): column for column in group.columns}
        named, absent = {}, []
        for column in described.columns:
            given = lower.get(column.name) or lower.get(column.old_name)
            if given:
                named[column.name] = given
            elif column.required:
                absent.append(column.name)
        if absent:
            raise TableError(
                f"Source « {self.name} », table « {described.name} » ({group.files[0].name}) : "
                f"colonnes absentes {', '.join(absent)} ; reçu {', '.join(group.columns)}."
            )
        kept = {n: given for n, given in named.items() if given not in group.without_values}
        frame = self.engine.read_parquet(self._as_parquet(group, tuple(named.values())))
        return frame.select(*[nw.col(given).alias(n) for n, given in kept.items()])

    def _as_parquet(self, group: cdm_files.Alike, wanted: Sequence[str]) -> Sequence[Path]:
        if group.files[0].suffix.lower() == ".parquet":
            return group.files
        lower = tuple(column.lower() for column in wanted)
        self.scratch.mkdir(parents=True, exist_ok=True)
        copies = [self.scratch / f"{len(self._read)}-{file.stem}.parquet" for file in group.files]
        return [
            cdm_files.as_parquet(self.name, file, copy, lower)
            for file, copy in zip(group.files, copies, strict=True)
        ]

    def _wrong_type(self, table: str, column: layout.RawColumn, stored: str) -> TableError:
        return TableError(
            f"Source « {self.name} », table « {table} », colonne {column.name} : type {stored}, "
            f"attendu {_KINDS[column.kind]} ; convertir à l'écriture."
        )

    def _check_values(self, table: str, frame: Frame, wrong: Mapping[str, nw.Expr]) -> None:
        if not wrong:
            return
        counted = frame.select(
            *[fault.cast(nw.Int64).sum().alias(name) for name, fault in wrong.items()]
        )
        counts = self.engine.collect(counted).iloc[0].fillna(0).astype("int64").to_dict()
        for column in layout.table(table).columns:
            if counts.get(column.name, 0):
                bad = frame.filter(wrong[column.name]).select(nw.col(column.name)).head(1)
                sample = self.engine.collect(bad)[column.name].iloc[0]
                raise TableError(
                    f"Source « {self.name} », table « {table} », colonne {column.name} : "
                    f"{counts[column.name]} valeurs comme « {sample} », attendu "
                    f"{_KINDS[column.kind]} ; corriger l'export."
                )

    def _check_key(self, described: layout.RawTable, frame: Frame) -> None:
        if described.name not in _KEYED:
            return
        keys = frame.select(described.key)
        repeated = self.engine.count(keys) - self.engine.count(keys.unique())
        if repeated:
            raise TableError(
                f"Source « {self.name} », table « {described.name} », colonne {described.key} : "
                f"{repeated} lignes portent l'identifiant d'une autre ; chaque ligne a le sien."
            )

    def _check_version(self) -> None:
        """Refuses tables of two versions, and a version whose tables are not these."""
        told: dict[str, str] = {}
        for name, found in self.files.items():
            written = {column.lower() for column in cdm_files.columns(self.name, name, found)}
            for column in layout.table(name).columns:
                if column.old_name in written and column.old_name:
                    told.setdefault("5.3", f"{name}.{column.old_name}")
                if column.old_name and column.name in written:
                    told.setdefault("5.4", f"{name}.{column.name}")
        if len(told) > 1:
            raise TableError(
                f"Source « {self.name} » : des tables de deux versions d'OMOP sont mêlées, "
                f"{told['5.3']} est de la 5.3 et {told['5.4']} de la 5.4 ; exporter toutes les "
                "tables de la même base."
            )
        self._check_declared()

    def _check_declared(self) -> None:
        """Refuses a version that the CDM itself says it has, when it says one."""
        found = cdm_files.alike(self.name, "cdm_source", self.files.get("cdm_source", ()))
        told = [
            column.lower()
            for group in found
            for column in set(group.columns) - group.without_values
        ]
        if "cdm_version" not in told:
            return
        declared = self.engine.collect(self.table("cdm_source"))["cdm_version"].dropna()
        for text in declared:
            number = re.search(r"(\d+)\.(\d+)", str(text))
            if number and number[0] not in layout.VERSIONS:
                raise TableError(
                    f"Source « {self.name} », table « cdm_source », colonne cdm_version : reçu "
                    f"« {text} » ; les versions lues sont {' et '.join(layout.VERSIONS)}."
                )
