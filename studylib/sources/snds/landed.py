"""Raw tables that « studylib import » landed: whole, sealed, and the lines it set aside told."""

from __future__ import annotations

from collections import Counter

from studylib.errors import DataMissing
from studylib.sources import integrity
from studylib.sources.snds.findings import Findings
from studylib.sources.snds.raw import Raw


def check_landed(raw: Raw, findings: Findings) -> None:
    """A location without an import has nothing to check.

    DataMissing when an import was interrupted, or when a file that it landed is absent or has
    changed. The lines that it could not read are told, table by table.
    """
    from studylib.sources.landing.manifest import Manifest  # which knows the layout of raw tables

    manifest = Manifest.read(raw.folder)
    if manifest.unfinished:
        raise DataMissing(
            f"Source « {raw.name} » : l'import de {next(iter(sorted(manifest.unfinished)))} est "
            "inachevé ; relancer « studylib import », qui reprend où il s'est arrêté."
        )
    files = [file for part in manifest.parts.values() for file in part["files"]]
    wrong = integrity.changed(raw.folder, {file["file"]: file["sha256"] for file in files})
    if wrong:
        raise DataMissing(
            f"Source « {raw.name} » : {', '.join(wrong[:3])} absent ou modifié depuis l'import ; "
            "relancer « studylib import », qui ne refait que ces fichiers."
        )
    aside = Counter[str]()
    for part in manifest.parts.values():
        aside[str(part["table"])] += int(part["rejected_rows"])
    for table, lines in sorted(aside.items()):
        if lines:
            findings.notice(
                table, "des lignes illisibles ont été mises de côté à l'import (rejected)", lines
            )
