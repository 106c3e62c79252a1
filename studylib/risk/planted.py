"""Estimates held against the truth, where a simulated source knows it."""

from __future__ import annotations

import pandas as pd

from studylib.tables import CheckResult

COLUMNS = ["exposure", "reference", "value", "estimate", "ci_low", "ci_high"]


def check_planted(
    estimates: pd.DataFrame,
    truth: pd.DataFrame | None,
    outcome: str | None,
    *,
    kind: str = "hazard_ratio",
    measure: str = "hazard_ratio",
    comparison: str = "{exposure} / {reference}",
) -> CheckResult:
    """Whether the intervals of ratios hold the planted ones; only informs on real data.

    ``truth`` has the columns of ``sources.simulated.planted_effects``; ``outcome`` names the code
    list of the outcome (None: whichever the comparison names). ``kind`` is that of the planted
    effects, ``measure`` and ``comparison`` those of the rows they are held against. Table:
    exposure, reference, value, estimate, ci_low, ci_high.
    """
    rows = []
    for _, effect in (truth if truth is not None else pd.DataFrame()).iterrows():
        compared = comparison.format(**effect)
        found = estimates[
            (estimates["comparison"] == compared) & (estimates["measure"] == measure)
        ].dropna(subset=["estimate"])
        if effect["kind"] == kind and outcome in (None, effect["outcome"]) and len(found):
            rows.append({**effect[COLUMNS[:3]], **found.iloc[0][COLUMNS[3:]]})
    table = pd.DataFrame(rows, columns=COLUMNS)
    name = "Effet introduit par la simulation"
    if table.empty:
        return CheckResult(name, None, table, "sans objet, aucun effet connu n'est comparable.")
    covered = (table["ci_low"] <= table["value"]) & (table["value"] <= table["ci_high"])
    planted = " et ".join(f"{value:.2f}".replace(".", ",") for value in table["value"])
    text = (
        f"l'intervalle de confiance contient le rapport introduit ({planted})."
        if covered.all()
        else f"l'intervalle de confiance ne contient pas le rapport introduit ({planted})."
    )
    return CheckResult(name, bool(covered.all()), table, text)
