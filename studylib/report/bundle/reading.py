"""Bundles received, as the tables that a synthesis needs."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from studylib.errors import StudyError
from studylib.report.bundle.checking import faults
from studylib.report.bundle.pieces import CONTENTS, SITES, unpacked
from studylib.tables import check, empty


@dataclass(frozen=True)
class Bundles:
    """The bundles of one request: what each site sent, one under the other.

    ``sites`` (a SITES table) names them; in the other tables ``population`` (or ``site``) says
    which site a row comes from. Rows whose counts are hidden are not among ``estimates``.
    """

    request: str
    title: str
    synthetic: bool
    sites: pd.DataFrame
    profiles: pd.DataFrame
    estimates: pd.DataFrame
    incidence: pd.DataFrame
    balance: pd.DataFrame
    gates: pd.DataFrame


def read(
    files: Iterable[Path],
    *,
    fingerprint: str = "",
    request: str = "",
    synthetic: bool | None = None,
    sites: Collection[str] | None = None,
    needs: str = "",
) -> Bundles:
    """The bundles in ``files``, checked, of one request and one set of parameters.

    StudyError with every fault found, one sentence each: those of ``faults``, two bundles of one
    site, bundles that do not answer the same question, synthetic ones among real ones (or other
    than ``synthetic`` when it is given), a site missing or in excess of ``sites``, no bundle with
    the table ``needs``.
    """
    given = list(files)
    if not given:
        raise StudyError("Synthèse : aucun lot de résultats donné.")
    found = [
        fault for file in given for fault in faults(file, fingerprint=fingerprint, request=request)
    ]
    contents = [] if found else [json.loads(file.read_text(encoding="utf-8")) for file in given]
    found += _disagreements(contents, [file.name for file in given], synthetic)
    found += list(_lacking(contents, sites, needs)) if contents else []
    if found:
        raise StudyError("\n".join(found))
    first = contents[0]["identity"]
    return Bundles(
        request=first["request"],
        title=first["title"],
        synthetic=first["synthetic"],
        sites=_sites(contents),
        **{name: _together(contents, name) for name in CONTENTS},
    )


def _disagreements(
    contents: list[dict[str, Any]], names: list[str], synthetic: bool | None
) -> list[str]:
    found, seen = [], dict[str, str]()
    for content, name in zip(contents, names, strict=True):
        identity, first = content["identity"], contents[0]["identity"]
        if identity["site"] in seen:
            found.append(
                f"{name} : le site {identity['site']} est déjà dans {seen[identity['site']]} ; "
                "garder un seul lot par site."
            )
        seen.setdefault(identity["site"], name)
        if any(identity[key] != first[key] for key in ("request", "fingerprint")):
            found.append(
                f"{name} : ce lot et {names[0]} ne répondent pas à la même demande avec les mêmes "
                "paramètres ; ils ne se combinent pas."
            )
        expected = first["synthetic"] if synthetic is None else synthetic
        if identity["synthetic"] != expected:
            kind = "synthétiques" if identity["synthetic"] else "réelles"
            found.append(
                f"{name} : données {kind}, à la différence de ce qui est attendu ; des données "
                "simulées et réelles ne se combinent pas."
            )
    return found


def _lacking(
    contents: list[dict[str, Any]], sites: Collection[str] | None, needs: str
) -> Iterator[str]:
    present = {content["identity"]["site"] for content in contents}
    if sites is not None and present != set(sites):
        missing, excess = sorted(set(sites) - present), sorted(present - set(sites))
        told = [f"manque {', '.join(missing)}"] if missing else []
        told += [f"en trop {', '.join(excess)}"] if excess else []
        yield f"Synthèse : les lots ne sont pas ceux des régions de la demande ({'; '.join(told)})."
    if needs and not any(needs in content["tables"] for content in contents):
        yield f"Synthèse : aucun lot ne contient la table {needs} ; choisir un autre calcul."


def _sites(contents: list[dict[str, Any]]) -> pd.DataFrame:
    rows = []
    for content in contents:
        identity, profiles = content["identity"], content["tables"].get("profiles")
        told = unpacked(profiles, CONTENTS["profiles"])["comparison"] if profiles else pd.Series()
        rows.append(
            {
                "site": identity["site"],
                "run": identity["run"],
                "bundle": content["sha256"][:12],
                "studylib": identity["studylib"],
                "data": identity["data_fingerprint"][:12],
                "profiles": ", ".join(dict.fromkeys(told)),
                "withheld": " ".join(content["withheld"]),
            }
        )
    return check(pd.DataFrame(rows), SITES)


def _together(contents: list[dict[str, Any]], name: str) -> pd.DataFrame:
    """One table of all sites, ``population`` being the site where the table has one."""
    schema, parts = CONTENTS[name], []
    for content in contents:
        table = content["tables"].get(name)
        if not table or not table["rows"]:
            continue
        site, frame = content["identity"]["site"], unpacked(table, schema)
        column = "population" if "population" in schema.names else "site"
        parts.append(frame.assign(**{column: site}))
    if not parts:
        return empty(schema)
    frame = pd.concat(parts, ignore_index=True)
    counts = [c.name for c in schema.columns if c.kind == "integer" and not c.nullable]
    known = frame.dropna(subset=counts) if counts else frame
    kept = known.astype(dict.fromkeys(counts, "int64")).reset_index(drop=True)
    return check(kept, schema)
