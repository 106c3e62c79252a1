"""Commands that look into code lists and referentials: list, search, show."""

from __future__ import annotations

from typing import Any

import pandas as pd

from studylib import codes, referentials
from studylib.cli.frames import cells, print_json
from studylib.cli.shown import messages, plural, results, say, table
from studylib.errors import CodeError, DataMissing

_RELATIONS = {
    "code": "le code",
    "parent": "au-dessus",
    "neighbour": "à côté",
    "child": "au-dessous",
    "list": "dans la liste",
    "other spelling": "autre écriture",
    "speciality": "spécialité",
    "atc": "ATC",
}
_SHOWN_ROWS = 20


def show_all(as_json: bool) -> int:
    """Print the code lists, then the referentials, and how to get those absent."""
    known, console = referentials.catalogue(), results()
    lists, faulty = _lists()
    if as_json:
        print_json({"lists": lists, "referentials": known, "faulty_lists": faulty})
        return 0
    rows = cells(lists, ["name", "system", "codes", "version", "label"])
    table(console, ["liste", "système", "codes", "version", "libellé"], rows)
    for name, fault in faulty.items():
        say(console, f"{name} : {fault}", style="red")
    say(console, "")
    rows = [
        [str(row.name), _state(row), str(row.latest), str(row.rows or ""), str(row.title)]
        for row in known.itertuples(index=False)
    ]
    table(console, ["référentiel", "état", "version", "lignes", "titre"], rows)
    absent = known[~known["present"]]
    if len(absent):
        say(console, "\nPour obtenir ce qui manque :")
    for row in absent.itertuples(index=False):
        say(console, f"- {row.name} ({row.licence}) : {row.obtain}\n  {row.page}")
    return 0


def search(text: str, limit: int, as_json: bool) -> int:
    """Print what a search finds, best first, and the referentials it could not look into.

    The exit code is 1 when nothing is found.
    """
    found, console = codes.search(text, limit=limit), results()
    missing = codes.absent()
    if as_json:
        print_json({"hits": found, "missing": missing})
        return 0 if len(found) else 1
    if len(found):
        rows = cells(found, ["code", "system", "label", "origin", "version"])
        table(console, ["code", "système", "libellé", "trouvé dans", "version"], rows)
    else:
        close = codes.close_words(text)
        hint = f" ; mots proches : {', '.join(close)}" if close else ""
        say(console, f"Rien pour « {text} » dans les listes et référentiels présents{hint}.")
    if missing:
        say(
            messages(),
            f"Non cherché, faute d'être présents : {', '.join(missing)} (studylib codes list dit "
            "comment les obtenir).",
        )
    return 0 if len(found) else 1


def show(name: str, as_json: bool) -> int:
    """Print a list, a referential or what is known of a code, in that order of recognition."""
    if name in codes.codelist_names():
        return _show_list(name, as_json)
    if name in referentials.all_known():
        return _show_referential(name, as_json)
    try:
        card = codes.card(name)
    except CodeError as refusal:
        if any(character.isdigit() for character in name):
            raise
        codes.codelist(name)  # its refusal names the closest lists
        raise refusal
    if as_json:
        print_json({"code": name, "card": card})
        return 0
    origin = (card["referential"] + " " + card["version"]).str.strip()
    told = card.assign(relation=card["relation"].map(_RELATIONS), origin=origin)
    rows = cells(told.replace("", "–"), ["relation", "system", "code", "label", "origin"])
    table(results(), ["lien", "système", "code", "libellé", "source"], rows)
    lacking = sorted({one for system in card["system"].unique() for one in codes.absent(system)})
    if lacking:
        say(messages(), f"Référentiels absents : {', '.join(lacking)} (studylib codes list).")
    return 0


def _lists() -> tuple[pd.DataFrame, dict[str, str]]:
    rows, faulty = [], {}
    for name in codes.codelist_names():
        try:
            made = codes.codelist(name)
        except CodeError as refusal:
            faulty[name] = str(refusal)
            continue
        licence = codes.licence_of(name)
        about = (made.version, made.label, made.source, licence, made.sha256)
        rows.append((made.name, made.system, len(made.codes), *about))
    names = ["name", "system", "codes", "version", "label", "source", "licence", "sha256"]
    return pd.DataFrame(rows, columns=names), faulty


def _show_list(name: str, as_json: bool) -> int:
    shown, labels, console = codes.codelist(name), codes.code_labels(name), results()
    versions = list(codes.list_versions(name))
    licence = codes.licence_of(name)
    if as_json:
        about = {
            key: getattr(shown, key) for key in ("name", "system", "version", "source", "label")
        }
        about |= {"licence": licence, "sha256": shown.sha256, "versions": versions}
        print_json(
            about | {"codes": [{"code": c, "label": labels.get(c, "")} for c in shown.codes]}
        )
        return 0
    say(console, f"{shown.name} : {shown.label}")
    say(console, f"système {shown.system}, version {shown.version}, source : {shown.source}")
    say(console, f"licence : {licence or 'liste du projet'} ; SHA-256 : {shown.sha256}")
    if len(versions) > 1:
        say(console, f"versions : {', '.join(versions)}")
    table(console, ["code", "libellé"], [[code, labels.get(code, "")] for code in shown.codes])
    return 0


def _show_referential(name: str, as_json: bool) -> int:
    entry, present, console = referentials.known(name), referentials.versions(name), results()
    if as_json:
        about = {"name": name, "title": entry.title, "system": entry.system}
        about |= {"producer": entry.producer, "licence": entry.licence, "page": entry.page}
        print_json({**about, "versions": present, "obtain": referentials.how_to_get(name)})
        return 0
    say(console, f"{name} : {entry.title}")
    say(console, f"producteur : {entry.producer} ; licence : {entry.licence}")
    if present.empty:
        raise DataMissing(f"Référentiel « {name} » absent. {referentials.how_to_get(name)}")
    rows = cells(present, ["version", "rows", "source", "file_sha256", "added"])
    table(console, ["version", "lignes", "source", "SHA-256 du fichier", "ajoutée le"], rows)
    frame = referentials.referential(name)
    say(console, "")
    table(console, list(frame.columns), cells(frame.head(_SHOWN_ROWS)))
    if len(frame) > _SHOWN_ROWS:
        say(console, f"… {len(frame) - _SHOWN_ROWS} lignes de plus.")
    return 0


def _state(row: Any) -> str:
    if row.shipped:
        return "fourni"
    return plural(row.versions, "version", "versions") if row.present else "absent"
