"""The manifest of an import: for each part, its source, its hash, what was made of it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studylib.errors import DataMissing
from studylib.sources.landing.recognition import Target
from studylib.sources.landing.writing import whole_file
from studylib.tables import Column, Table

FILE = "import.json"
VERSION = 2
_CHUNK = 4 << 20

REJECTED_SOURCE_LINES = Table(
    "rejected_source_lines",
    (
        Column("file", "text", "name of the source file"),
        Column("line", "integer", "line in that file, the header being line 1"),
        Column("column", "text", "column whose value is wrong", nullable=True),
        Column("reason", "text", "why the line is set aside"),
        Column("text", "text", "the line as it was written"),
    ),
)


@dataclass(frozen=True)
class Manifest:
    """What ``LOCATION/import.json`` says, by place below the location.

    ``parts`` are whole; ``unfinished`` holds the pieces done of those an interruption stopped.
    """

    location: Path
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    unfinished: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, location: Path) -> Manifest:
        """The manifest of a location, empty when nothing was imported there yet.

        DataMissing when the file is there and cannot be read.
        """
        path = location / FILE
        if not path.exists():
            return cls(location)
        try:
            written = json.loads(path.read_text(encoding="utf-8"))
            parts, unfinished = written["parts"], written["unfinished"]
            if written["version"] != VERSION or not isinstance(parts, dict):
                raise ValueError(written["version"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataMissing(
                f"{path.name} : le manifeste de l'import ne se lit pas ; le supprimer et relancer "
                "l'import, qui vérifiera chaque fichier."
            ) from error
        return cls(location, parts, unfinished)

    def keep(self, target: Target, entry: dict[str, Any]) -> None:
        """Adds or replaces the entry of a part that is whole, and writes the manifest."""
        self.parts[target.key] = entry
        self.unfinished.pop(target.key, None)
        self._write()

    def begun(self, target: Target, pieces: dict[str, Any] | None) -> None:
        """Keeps, or forgets, the pieces done of a part that is not whole yet."""
        if pieces is not None:
            self.unfinished[target.key] = pieces
        elif self.unfinished.pop(target.key, None) is None:
            return
        self._write()

    def _write(self) -> None:
        said = {"version": VERSION, "parts": self.parts, "unfinished": self.unfinished}
        text = json.dumps(said, ensure_ascii=False, indent=1, sort_keys=True)
        with whole_file(self.location / FILE) as part:
            part.write_text(text + "\n", encoding="utf-8")

    def holds(self, target: Target, source: dict[str, Any]) -> bool:
        """Whether the part was made from this very source and its files are untouched."""
        entry = self.parts.get(target.key)
        if entry is None or any(entry.get(name) != value for name, value in source.items()):
            return False
        return all(
            hash_of(self.location / file["file"]) == file["sha256"]
            for file in (*entry["files"], *entry["rejected"])
        )


def written(location: Path, file: Path) -> dict[str, Any]:
    """A Parquet file as the manifest names it: its place below the location and its hash."""
    return {"file": file.relative_to(location).as_posix(), "sha256": hash_of(file)}


def hash_of(file: Path) -> str | None:
    """The sha256 of a file, in constant memory; None when there is no such file."""
    try:
        return hash_and_lines(file)[0]
    except FileNotFoundError:
        return None


def hash_and_lines(file: Path, advance: Callable[[int], None] | None = None) -> tuple[str, int]:
    """The sha256 of a file and its number of ends of line, in constant memory."""
    digest, lines = hashlib.sha256(), 0
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            lines += chunk.count(b"\n")
            if advance:
                advance(len(chunk))
    return digest.hexdigest(), lines


def size_of(file: Path) -> int:
    """Bytes of a file."""
    return os.stat(file).st_size
