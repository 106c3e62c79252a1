"""Search by words or by code, over code lists and referentials, best hits first."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from difflib import get_close_matches
from functools import lru_cache

import pandas as pd

from studylib.codes.codelist import Codelist
from studylib.codes.library import code_labels, codelist, codelist_names
from studylib.errors import CodeError
from studylib.referentials import all_known, referential, versions

HIT_COLUMNS = ["origin", "version", "system", "code", "label", "rank"]
# Tables that only help to find others, or whose labels another one carries.
_NOT_SEARCHED = (
    "department_spellings", "region_names", "code_warnings", "old_regions", "charlson",
    "bdpm_generic_groups",
)  # fmt: skip
_SHORTEST = 2


def words_of(text: str) -> str:
    """Small letters and digits, without accents, words apart by one space.

    >>> words_of("  Hémorragie, d'ulcère")
    'hemorragie d ulcere'
    """
    plain = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("Œ", "oe"))
    kept = (c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join("".join(kept).casefold().split())


def search(text: str, *, limit: int = 20) -> pd.DataFrame:
    """Codes, lists and labels in which every word of ``text`` is found, best first.

    Accents, capitals and punctuation do not count; a code is also found by its beginning. Columns:
    origin (``liste NAME`` or the referential), version, system, code, label, rank (0 the code
    itself, 1 the whole label, 2 beginning of code, 3 beginning of label, 4 beginnings of words, 5
    anywhere). At most ``limit`` rows. CodeError when ``text`` has fewer than two characters.

    >>> search("antivitamines K").iloc[0]["origin"]
    'liste avk'
    """
    asked = words_of(text)
    if len(asked.replace(" ", "")) < _SHORTEST:
        raise CodeError(
            f"Recherche « {text} » trop courte : donner au moins deux lettres ou chiffres, par "
            "exemple un nom de substance ou le début d'un code."
        )
    found = _ranked(_haystack(_signature()), asked)
    found = pd.concat([found, _lists_of(found[found["rank"] <= 1])], ignore_index=True)
    ordered = found.sort_values(["rank", "order", "length", "code"], kind="stable")
    ordered = ordered.drop_duplicates(["origin", "code"])
    return ordered[HIT_COLUMNS].head(limit).reset_index(drop=True)


def close_words(text: str, *, limit: int = 3) -> list[str]:
    """Words of the labels that are spelt nearly as ``text``, for a search that found nothing.

    >>> close_words("antivitamine", limit=1)
    ['antivitamines']
    """
    stack = _haystack(_signature())
    vocabulary = {word for line in stack["words"] for word in line.split() if len(word) > 3}
    return get_close_matches(words_of(text), sorted(vocabulary), n=limit, cutoff=0.75)


def _ranked(stack: pd.DataFrame, asked: str) -> pd.DataFrame:
    joined = asked.replace(" ", "")
    by_code = stack["folded_code"].str.startswith(joined)
    everywhere = pd.Series(True, index=stack.index)
    for word in asked.split():
        everywhere &= stack["words"].str.contains(word, regex=False)
    kept = stack[by_code | everywhere].copy()
    starts = pd.Series(True, index=kept.index)
    for word in asked.split():
        starts &= (" " + kept["words"]).str.contains(f" {word}", regex=False)
    rank = pd.Series(5, index=kept.index)
    rank[starts] = 4
    rank[kept["words"].str.startswith(asked)] = 3
    rank[kept["folded_code"].str.startswith(joined)] = 2
    rank[kept["folded_label"] == asked] = 1
    rank[kept["folded_code"] == joined] = 0
    return kept.assign(rank=rank, length=kept["label"].str.len())


def _readable_lists() -> Iterator[tuple[str, Codelist]]:
    """The code lists by name; a faulty one of the project is told by « codes check »."""
    for name in codelist_names():
        with suppress(CodeError):
            yield name, codelist(name)


def _lists_of(exact: pd.DataFrame) -> pd.DataFrame:
    """The code lists that hold, by a prefix, a code found by itself or by its whole label."""
    rows = []
    for name, made in _readable_lists():
        for code in exact.loc[exact["system"] == made.system, "code"]:
            held = [each for each in made.codes if code.startswith(each) and code != each]
            rows += [
                (f"liste {name}", made.version, made.system, each, made.label) for each in held
            ]
    frame = pd.DataFrame(rows, columns=HIT_COLUMNS[:-1], dtype=object)
    return frame.assign(rank=1, order=len(frame), length=frame["label"].str.len())


def _signature() -> tuple[tuple[str, str, str], ...]:
    """What the haystack is made of: it is built again when a version comes or a list changes."""
    of_lists = [("liste", name, made.version + made.sha256) for name, made in _readable_lists()]
    of_tables = [
        ("referential", name, str(present["place"].iloc[-1]) + str(present["sha256"].iloc[-1]))
        for name in all_known()
        if name not in _NOT_SEARCHED and len(present := versions(name))
    ]
    names = {name for _, name, _ in of_tables}
    if "bdpm_specialities" in names:  # whose rows carry the substances
        of_tables = [one for one in of_tables if one[1] != "bdpm_compositions"]
    return (*of_lists, *of_tables)


@lru_cache(maxsize=2)
def _haystack(signature: tuple[tuple[str, str, str], ...]) -> pd.DataFrame:
    parts = [
        _of_list(name) if kind == "liste" else _of_referential(name) for kind, name, _ in signature
    ]
    stack = pd.concat(
        [part.assign(order=rank) for rank, part in enumerate(parts)], ignore_index=True
    )
    stack["label"] = stack["label"].fillna("")
    stack["folded_label"] = [words_of(label) for label in stack["label"]]
    stack["folded_code"] = [words_of(code).replace(" ", "") for code in stack["code"]]
    stack["words"] = stack["folded_label"] + " " + stack["also"].map(words_of)
    return stack


def _of_list(name: str) -> pd.DataFrame:
    """The list itself, found by its name and label, then each of its codes."""
    made, labels = codelist(name), code_labels(name)
    codes = [name, *made.codes]
    shown = [made.label, *(labels[code] for code in made.codes)]
    return pd.DataFrame({"code": codes, "label": shown}).assign(
        origin=f"liste {name}", version=made.version, system=made.system, also=""
    )


def _of_referential(name: str) -> pd.DataFrame:
    entry = all_known()[name]
    table = referential(name)
    out = pd.DataFrame({"code": table[entry.code], "label": table[entry.label], "also": ""})
    if "substance" in table:
        out["also"] = table["substance"].fillna("")
    if "cis" in table and len(versions("bdpm_compositions")):
        active = referential("bdpm_compositions").set_index("cis")["label"]
        out["also"] = table["cis"].map(active).fillna("")
    if name == "bdpm_presentations" and len(versions("bdpm_specialities")):
        named = referential("bdpm_specialities").set_index("cis")["label"]
        out["label"] = table["cis"].map(named).fillna("") + " – " + out["label"]
    out = out.dropna(subset=["code"]).drop_duplicates(["code", "label"])
    version = versions(name)["version"].iloc[-1]
    return out.assign(origin=name, version=version, system=entry.system)
