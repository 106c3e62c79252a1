"""The pieces of a source: each whole and hashed before the next begins, shown together at the end.

While a source is landed its pieces stand below ``LOCATION/unfinished``, out of sight of readers,
and ``import.json`` says where each ends in the source, so that an import goes on from there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyarrow import parquet

from studylib.errors import DataMissing
from studylib.sources.landing.days import OddDays
from studylib.sources.landing.manifest import Manifest, hash_of
from studylib.sources.landing.recognition import Target
from studylib.sources.landing.writing import PART

REJECTED = "rejected"
UNFINISHED = "unfinished"
Position = dict[str, Any]


@dataclass
class Tally:
    """Lines of a source so far: kept, set aside, and what the first of these was."""

    rows: int = 0
    rejected: int = 0
    first: str = ""

    @property
    def lines(self) -> int:
        """Lines read."""
        return self.rows + self.rejected

    def reject(self, line: int, column: str | None, reason: str) -> None:
        """Counts a line set aside."""
        self.rejected += 1
        if not self.first:
            self.first = f"ligne {line}{f', colonne {column}' if column else ''} : {reason}"

    def too_many(self, admitted: float) -> bool:
        """Whether more lines are set aside than is admitted."""
        return self.rejected > admitted * self.lines


@dataclass
class Pieces:
    """The pieces done of one source, in the manifest and on the disk."""

    manifest: Manifest
    target: Target
    identity: dict[str, Any]
    done: list[dict[str, Any]] = field(default_factory=list)
    first: str = ""

    @classmethod
    def found(cls, manifest: Manifest, target: Target, identity: dict[str, Any]) -> Pieces:
        """Those an interrupted import of this very source left, untouched; else none."""
        left = manifest.unfinished.get(target.key, {})
        pieces = cls(
            manifest, target, identity, list(left.get("pieces", ())), left.get("first", "")
        )
        same = left.get("identity") == identity
        if not same or not all(pieces._untouched(piece) for piece in pieces.done):
            pieces.forget()
            pieces._remove_rejected()
        return pieces

    @property
    def next(self) -> Position | None:
        """Where the next piece begins in the source; None when the source was read to its end."""
        following: Position | None = self.done[-1]["next"]
        return following

    def tally(self) -> Tally:
        """The lines of the pieces done."""
        rows, rejected = (sum(p[name] for p in self.done) for name in ("rows", "rejected_rows"))
        return Tally(rows, rejected, self.first)

    def next_files(self) -> tuple[Path, Path]:
        """The files of the next piece: its lines, and those set aside."""
        location, table = self.manifest.location, self.target.table
        name = self._name(len(self.done) + 1)
        return location / UNFINISHED / table / name, location / REJECTED / table / name

    def keep(self, record: dict[str, Any], tally: Tally) -> None:
        """Adds a piece that is whole; the manifest tells of it when others follow."""
        self.done.append(record)
        self.first = tally.first
        if record["next"] is not None:
            left = {"identity": self.identity, "pieces": self.done, "first": self.first}
            self.manifest.begun(self.target, left)

    def first_rejected(self) -> Path:
        """The first file of lines set aside."""
        named = next(piece["rejected"]["file"] for piece in self.done if piece["rejected"])
        return self.manifest.location / str(named)

    def forget(self) -> None:
        """Removes the pieces, and what an interruption left half written."""
        for folder in (UNFINISHED, REJECTED):
            for file in self._files(folder):
                if folder == UNFINISHED or file.name.endswith(PART):
                    file.unlink()
        self._tidy()
        self.done, self.first = [], ""
        self.manifest.begun(self.target, None)

    def publish(self, tally: Tally) -> dict[str, Any]:
        """Shows the pieces in place of what the part held before; what the manifest says of them.

        DataMissing when the files have not the lines that were written to them.
        """
        location = self.manifest.location
        written = sum(parquet.read_metadata(self._place(p)).num_rows for p in self.done)
        if written != tally.rows:
            raise DataMissing(
                f"Table {self.target.table}, partie {self.target.part} : {tally.rows} lignes lues "
                f"et {written} écrites ; vérifier le disque et relancer l'import."
            )
        self.manifest.parts.pop(self.target.key, None)
        unfinished = location / UNFINISHED / self.target.table
        kept = {Path(piece["file"]).name for piece in self.done}
        for file in self._files(""):
            if file.name not in kept or (unfinished / file.name).exists():
                file.unlink()
        for piece in self.done:
            place, shown = self._place(piece), self._shown(piece)
            shown.parent.mkdir(parents=True, exist_ok=True)
            os.replace(place, shown)
            piece["file"] = shown.relative_to(location).as_posix()
        self._tidy()
        return self._entry()

    def _tidy(self) -> None:
        unfinished = self.manifest.location / UNFINISHED
        for folder in (unfinished / self.target.table, unfinished):
            with suppress(OSError):  # not there, or other parts are still in it
                folder.rmdir()

    def _entry(self) -> dict[str, Any]:
        files = [{name: piece[name] for name in ("file", "sha256", "rows")} for piece in self.done]
        odd = OddDays()
        for piece in self.done:
            odd.add(piece["odd_days"])
        remarks = odd.remarks()
        return {
            "table": self.target.table,
            "year": self.target.year,
            "files": files,
            "rejected": [piece["rejected"] for piece in self.done if piece["rejected"]],
            "rows": sum(piece["rows"] for piece in self.done),
            "rejected_rows": sum(piece["rejected_rows"] for piece in self.done),
            **({"remarks": remarks} if remarks else {}),
            **self.identity,
        }

    def _name(self, number: int) -> str:
        """The first piece has the part's name; ``~`` is in no name of a part."""
        return f"{self.target.part}{f'~{number:04d}' if number > 1 else ''}.parquet"

    def _files(self, folder: str) -> list[Path]:
        place = self.manifest.location / folder / self.target.table
        names = [f"{self.target.part}{each}.parquet" for each in ("", "~*")]
        return [f for name in names for end in ("", PART) for f in place.glob(name + end)]

    def _remove_rejected(self) -> None:
        for file in self._files(REJECTED):
            file.unlink()

    def _shown(self, piece: Mapping[str, Any]) -> Path:
        return self.manifest.location / self.target.table / Path(piece["file"]).name

    def _place(self, piece: Mapping[str, Any]) -> Path:
        """Where the piece is: still out of sight, or already shown when that was interrupted."""
        unfinished = self.manifest.location / UNFINISHED / self.target.table
        hidden = unfinished / Path(piece["file"]).name
        return hidden if hidden.exists() else self._shown(piece)

    def _untouched(self, piece: Mapping[str, Any]) -> bool:
        aside = piece["rejected"]
        same = hash_of(self._place(piece)) == piece["sha256"]
        return same and (
            aside is None or hash_of(self.manifest.location / aside["file"]) == aside["sha256"]
        )
