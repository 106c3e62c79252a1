"""The check of code lists: which ones are meant, what is wrong with each, and the exit code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from studylib import codes
from studylib.cli.frames import cells, print_json
from studylib.cli.shown import plural, results, say, table
from studylib.errors import CodeError
from studylib.tables import CheckResult

_WORDS = {
    "malformed": "mal formé",
    "cut": "coupé",
    "duplicate": "en double",
    "empty": "liste vide",
    "unknown": "inconnu",
    "absent": "absent des données",
    "covered": "déjà compris",
    "broad": "groupe entier",
    "ambiguous": "ambigu",
    "misspelt": "données mal écrites",
    "matches_nothing": "sans effet",
    "neighbours": "voisins oubliés ?",
}
_SEVERITY = {"error": "erreur", "warning": "à regarder"}
FAULTY = 2


def check(names: Sequence[str], source: str | None, as_json: bool) -> int:
    """Check lists, or those of requests; 2 when one has an error, else 0.

    CodeError for an unknown list, RequestError for a request that cannot be read, StudyError or
    DataMissing for a source that cannot be opened.
    """
    lists = [raw for name in (names or codes.codelist_names()) for raw in _meant(name)]
    checked = _checked(list(dict.fromkeys(lists)), source)
    wrong = [one for one in checked if not one.passed]
    if as_json:
        print_json(
            [
                {"list": one.name, "passed": one.passed, "text": one.text, "findings": one.table}
                for one in checked
            ]
        )
        return FAULTY if wrong else 0
    console = results()
    for one in checked:
        say(console, f"{_verdict(one)} · {one.text}", style="" if one.passed else "bold red")
        found = one.table.assign(
            severity=one.table["severity"].map(_SEVERITY), finding=one.table["finding"].map(_WORDS)
        )
        rows = cells(found, ["severity", "finding", "code", "label", "text"])
        if rows:
            table(console, ["gravité", "constat", "code", "libellé", "détail"], rows)
    bad = plural(len(wrong), "a une erreur", "ont une erreur")
    say(console, f"\n{plural(len(checked), 'liste vérifiée', 'listes vérifiées')}, dont {bad}.")
    return FAULTY if wrong else 0


def _meant(name: str) -> list[codes.RawList]:
    """The list called so, or the lists of the request called so."""
    if name.endswith(".csv") or name in codes.codelist_names():
        return [codes.raw_list(name)]
    if name.endswith((".yaml", ".yml")) or name[:1].isdigit():  # a list begins with a letter
        from studylib import requests

        asked = requests.codelists_of(requests.read(requests.find(name)))
        if not asked:
            raise CodeError(f"Demande {name} : elle ne nomme aucune liste de codes à vérifier.")
        return [codes.raw_list(each) for each in asked]
    require_list_file(name)
    return [codes.raw_list(name)]


def require_list_file(name: str) -> None:
    """CodeError when ``name`` is plainly a file, and not one a list can be read from."""
    given = Path(name)
    if given.suffix != ".csv" and (given.suffix or len(given.parts) > 1):
        raise CodeError(
            f"Fichier {name} : ce n'est pas une liste de codes, qui est un fichier .csv de "
            f"colonnes {', '.join(codes.LIST_COLUMNS)} ; donner un tel fichier, ou le nom d'une "
            "liste."
        )


def _checked(lists: Sequence[codes.RawList], source: str | None) -> list[CheckResult]:
    if source is None:
        return [codes.check_codelist(raw) for raw in lists]
    from studylib import sources

    opened = sources.open(source)
    present = {system: opened.present_codes(system) for system in {raw.system for raw in lists}}
    return [codes.check_codelist(raw, present=present[raw.system]) for raw in lists]


def _verdict(one: CheckResult) -> str:
    if not one.passed:
        return "ERREUR"
    return "à regarder" if len(one.table) else "bonne"
