"""Making a bundle from the results of one observatory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from studylib.errors import StudyError
from studylib.report import disclosure
from studylib.report.bundle.identity import Identity, digest
from studylib.report.bundle.pieces import CONTENTS, FORMAT, VERSION, packed
from studylib.report.disclosure import DEFAULT_THRESHOLD
from studylib.tables import ESTIMATES

ArmRule = Literal["each_arm", "whole"]


def bundle(
    identity: Identity,
    results: Mapping[str, pd.DataFrame],
    *,
    arm_events: pd.DataFrame | None = None,
    arm_rule: ArmRule = "each_arm",
) -> dict[str, Any]:
    """The bundle of one site, as JSON holds it: identity, masked tables, what is withheld, hash.

    ``results`` are exact tables under the names of CONTENTS; others are refused. Each is masked as
    in a report. A likelihood profile leads back to the outcomes of each arm (its slopes far out are
    these very counts): it needs ``threshold`` outcomes in all, and, under ``each_arm``, in each arm
    too, or none in an arm: those of ``arm_events`` (rates by arm, not sent), by default those of
    the incidence sent. For a case series ``arm_events`` has the events by window behind each
    profile (``self_controlled.PROFILE_EVENTS``). ``whole`` gives up the second half where the
    site's rules allow it; the bundle says which. StudyError when there is neither profile nor
    estimate to send.
    """
    _check_given(identity, results)
    withheld: list[str] = []
    kept = {name: frame for name, frame in results.items() if len(frame)}
    if "profiles" in kept:
        rates = kept.get("incidence") if arm_events is None else arm_events
        sent = _profiles(kept["profiles"], rates, identity.threshold, arm_rule, withheld)
        kept["profiles"] = sent
        small = rates is not None and _gives_away(sent, rates, identity.threshold)
        if small and kept.pop("incidence", None) is not None:
            withheld.append("Incidence par groupe : un petit groupe se déduirait du total.")
    shown = _masked(kept, identity.threshold)
    tables = {name: packed(frame, CONTENTS[name]) for name, frame in shown.items() if len(frame)}
    if not {"profiles", "estimates"} & set(tables):
        told = f" {' '.join(withheld)}" if withheld else ""
        raise StudyError(f"Lot de résultats : ni profil ni estimation à transmettre.{told}")
    content = {
        "format": FORMAT,
        "version": VERSION,
        "identity": identity.as_json(),
        "arm_rule": arm_rule,
        "withheld": withheld,
        "tables": tables,
    }
    return {**content, "sha256": digest(content)}


def _check_given(identity: Identity, results: Mapping[str, pd.DataFrame]) -> None:
    unknown = sorted(set(results) - set(CONTENTS))
    if unknown:
        raise StudyError(
            f"Lot de résultats : table {', '.join(unknown)} non prévue ; tables possibles : "
            f"{', '.join(CONTENTS)}."
        )
    if identity.threshold < DEFAULT_THRESHOLD:
        raise StudyError(
            f"Lot de résultats : seuil de diffusion {identity.threshold} ; "
            f"attendu {DEFAULT_THRESHOLD} ou plus."
        )


def write(content: Mapping[str, Any], file: Path) -> Path:
    """The bundle written to ``file``, one table row a line, so that it can be read by eye."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(_laid_out(content) + "\n", encoding="utf-8")
    return file


def _laid_out(content: Mapping[str, Any]) -> str:
    text = json.dumps({**content, "tables": "@"}, ensure_ascii=False, indent=1)
    tables = []
    for name, table in content["tables"].items():
        rows = ",\n   ".join(json.dumps(row, ensure_ascii=False) for row in table["rows"])
        columns = json.dumps(table["columns"], ensure_ascii=False)
        tables.append(f'  {json.dumps(name)}: {{"columns": {columns}, "rows": [\n   {rows}\n  ]}}')
    return text.replace('"@"', "{\n" + ",\n".join(tables) + "\n }", 1)


def _masked(kept: Mapping[str, pd.DataFrame], threshold: int) -> dict[str, pd.DataFrame]:
    """What may be sent of each table; ratios are masked beside the rates of the arms compared."""
    shown = {"profiles": kept["profiles"]} if "profiles" in kept else {}
    earlier = None  # as a page does: rates by arm first, then ratios that must not undo them
    for name in ("incidence", "estimates"):
        if name in kept:
            masked = disclosure.review(kept[name], ESTIMATES, threshold=threshold, earlier=earlier)
            earlier = disclosure.combine(earlier, masked)
            shown[name] = masked.frame
    for name in ("balance", "gates"):
        if name in kept:
            shown[name] = disclosure.mask(kept[name], CONTENTS[name], threshold=threshold)
    if "gates" in shown:  # totals stand elsewhere, masked beside what they are the sum of
        hidden = pd.Series(pd.NA, index=shown["gates"].index, dtype="Int64")
        shown["gates"] = shown["gates"].assign(persons=hidden, events=hidden)
    return shown


def _gives_away(sent: pd.DataFrame, rates: pd.DataFrame, threshold: int) -> bool:
    """Whether a total shown with a profile, less one arm, would give another arm's few outcomes."""
    arms = {arm for each in sent["comparison"].unique() for arm in str(each).split(" / ")}
    few = rates["events"].between(1, threshold - 1) & rates["comparison"].isin(arms)
    return bool(few.any())


def _profiles(
    profiles: pd.DataFrame,
    rates: pd.DataFrame | None,
    threshold: int,
    arm_rule: ArmRule,
    withheld: list[str],
) -> pd.DataFrame:
    """The profiles that may be sent; the others are named in ``withheld`` with the reason."""
    kept = []
    key = ["analysis", "population", "comparison", "outcome"]
    for _, profile in profiles.groupby(key, sort=False):
        row = profile.iloc[0]
        reason = _too_few(row, rates, threshold, arm_rule)
        if reason:
            withheld.append(f"Profil de {row['comparison']} ({row['analysis']}) : {reason}.")
        else:
            kept.append(profile)
    return pd.concat(kept, ignore_index=True) if kept else profiles.iloc[:0]


def _too_few(row: pd.Series, rates: pd.DataFrame | None, threshold: int, arm_rule: ArmRule) -> str:
    """Why a profile may not be sent; empty when it may."""
    if min(int(row["events"]), int(row["persons"])) < threshold:
        return f"moins de {threshold} événements ou personnes en tout"
    if arm_rule == "whole":
        return ""
    if rates is None:
        return "nombre d'événements par groupe inconnu, donc non vérifiable"
    if "profile" in rates:
        return _too_few_in_window(row, rates, threshold)
    same = (rates["outcome"] == row["outcome"]) & rates["comparison"].isin(
        str(row["comparison"]).split(" / ")
    )
    arms = rates[same].drop_duplicates("comparison")
    if len(arms) != len(str(row["comparison"]).split(" / ")):
        return "nombre d'événements par groupe inconnu, donc non vérifiable"
    if int(arms["events"].sum()) != int(row["events"]):
        return "groupes d'une autre population que celle du profil, donc non vérifiables"
    small = arms["events"].between(1, threshold - 1).any()
    return (
        f"un groupe a de 1 à {threshold - 1} événements, que le profil livrerait" if small else ""
    )


def _too_few_in_window(row: pd.Series, windows: pd.DataFrame, threshold: int) -> str:
    """Why the profile of a window may not be sent: events in it, and of the same cases elsewhere.

    What is left once the drug's other windows that are shown are taken away counts too.
    """
    own = windows[
        (windows["profile"] == row["comparison"]) & (windows["outcome"] == row["outcome"])
    ]
    there = own["comparison"] + " / unexposed" == row["comparison"]
    if int(there.sum()) != 1:
        return "nombre d'événements par fenêtre inconnu, donc non vérifiable"
    inside = int(own.loc[there, "events"].iloc[0])
    others = own.loc[~there, "events"]
    outside = int(row["events"]) - inside
    left = outside - int(others[others >= threshold].sum())
    small = any(1 <= count < threshold for count in (inside, outside, left))
    return (
        f"de 1 à {threshold - 1} événements dans la fenêtre ou hors d'elle, que le profil livrerait"
        if small
        else ""
    )
