"""Commands on versions: comparing two, bringing a new one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pandas as pd

from studylib import codes, referentials
from studylib.cli.code_checking import require_list_file
from studylib.cli.frames import cells, print_json
from studylib.cli.shown import messages, path, plural, results, say, table
from studylib.errors import CodeError, DataMissing

_CHANGES = {"added": "ajouté", "removed": "retiré", "relabelled": "renommé"}


def diff(name: str, before: str, after: str | None, as_json: bool) -> int:
    """Print what changed between two versions of a referential, or two lists."""
    old, new = (name, before) if after is None else (before, after)
    if after is not None and name in referentials.all_known():
        changes = _referential_changes(name, before, after)
    else:
        first, labels = _list_of(name, old)
        second, others = _list_of(name if after is not None else before, new)
        changes = codes.diff(first, second)
        changes["before"] = changes["code"].map(labels)
        changes["after"] = changes["code"].map(others)
    if as_json:
        print_json({"changes": changes})
        return 0
    rows = cells(changes.assign(change=changes["change"].map(_CHANGES)))
    if rows:
        table(
            results(),
            ["changement", "code", "libellé avant", "libellé après", "compris dans"],
            rows,
        )
    counts = changes["change"].value_counts()
    said = ", ".join(
        plural(int(counts.get(key, 0)), word, f"{word}s") for key, word in _CHANGES.items()
    )
    say(results(), f"De {old} à {new} : {said}.")
    return 0


def update(
    name: str,
    file: Path | None,
    url: str | None,
    version: date | None,
    fewer_rows: bool,
    as_json: bool,
) -> int:
    """Bring a version of a referential from a file, an address, or a file of the data folders."""
    if file is not None and url is not None:
        raise CodeError("Donner --file ou --url, et non les deux.")
    today = date.today()
    with messages().status(f"Mise à jour de {name}…"):
        if url is not None:
            done = referentials.update_from(
                name, url, today=today, version=version, fewer_rows=fewer_rows
            )
        else:
            given = file or referentials.at_hand(name)
            done = referentials.update(
                name, given, today=today, version=version, fewer_rows=fewer_rows
            )
    kept = done.version
    if as_json:
        print_json({"new": done.is_new, "dated_by": done.dated_by, **vars(kept)})
        return 0
    state = "ajoutée" if done.is_new else "déjà présente, rien de changé"
    say(
        results(),
        f"{name}, version {kept.version} {state} : {plural(kept.rows, 'ligne', 'lignes')}, "
        f"SHA-256 {kept.file_sha256[:12]}…, {path(Path(kept.place))}",
    )
    if done.dated_by == "today" and done.is_new:
        say(
            messages(),
            "Le fichier ne dit pas sa date : celle d'aujourd'hui est retenue ; la donner par "
            "--version AAAA-MM-JJ si l'état est plus ancien.",
        )
    return 0


def _referential_changes(name: str, before: str, after: str) -> pd.DataFrame:
    entry = referentials.known(name)
    sides = []
    for given in (before, after):
        frame = referentials.referential(name, _version(name, given))
        sides.append(codes.labels_by_code(frame, entry.code, entry.label))
    return codes.diff(*sides)


def _version(name: str, given: str) -> date:
    present = list(referentials.versions(name)["version"])
    if not present:
        raise DataMissing(f"Référentiel « {name} » absent. {referentials.how_to_get(name)}")
    if given not in present:
        raise CodeError(
            f"Référentiel « {name} » : version « {given} » absente ; présentes : "
            f"{', '.join(present)}."
        )
    return date.fromisoformat(given)


def _list_of(name: str, given: str) -> tuple[codes.Codelist, Mapping[str, str]]:
    """The list of a file, of a version of ``name``, or of another name."""
    if given.endswith(".csv"):
        return codes.list_file(Path(given))
    require_list_file(given)
    if given in codes.codelist_names():
        return codes.codelist(given), codes.code_labels(given)
    found = codes.list_versions(name)
    if given not in found:
        raise CodeError(
            f"Liste « {name} » : version « {given} » absente ; présentes : {', '.join(found)} ; "
            "ou donner un fichier .csv."
        )
    return found[given]
