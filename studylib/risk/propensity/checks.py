"""Gates of an adjusted comparison: balance, equipoise, positivity; none looks at outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from studylib.risk.gates.schemas import measured
from studylib.risk.propensity.adjusted import Adjusted
from studylib.risk.propensity.overlap import equipoise_shares
from studylib.risk.propensity.score import Score
from studylib.tables import CheckResult


def check_balance(balance: pd.DataFrame, *, threshold: float = 0.1) -> CheckResult:
    """Whether no covariate differs by more than ``threshold`` (absolute smd) once adjusted.

    ``balance`` is a BALANCE table, of a few covariates or of thousands; without adjustment, the
    crude difference is looked at. One row per compared arm: the largest difference, whose covariate
    is not named (its counts may be too small to show). Not evaluated when no covariate has one.

    Reference
    ---------
    Austin PC (2009), Stat Med 28:3083-3107.
    """
    balance = balance.reset_index(drop=True)
    adjusted = bool(balance["smd_after"].notna().any())
    size = balance["smd_after" if adjusted else "smd"].astype(float).abs()
    rows, above = [], int((size > threshold).sum())
    for arm, part in balance[size.notna()].groupby("arm", sort=True, observed=True):
        worst = size[part.index].idxmax()
        rows.append(
            {
                "subject": f"{arm} / {balance.loc[worst, 'reference']}",
                "statistic": "largest_smd",
                "value": round(float(size[worst]), 4),
                "at_most": threshold,
                "persons": int(part["arm_persons"].iloc[0] + part["reference_persons"].iloc[0]),
            }
        )
    if not rows:
        text = "aucune différence mesurable : équilibre non évalué."
        return CheckResult("balance", None, measured([]), text, evaluated=False)
    when = "après ajustement" if adjusted else "sans ajustement"
    worst_text = _said(max(float(str(row["value"])) for row in rows))
    text = (
        f"{when}, aucune différence standardisée ne dépasse {_said(threshold)} "
        f"(la plus grande : {worst_text}, sur {int(size.notna().sum())})."
        if not above
        else f"{when}, différences standardisées au-dessus de {_said(threshold)} : {above} sur "
        f"{int(size.notna().sum())} (la plus grande : {worst_text})."
    )
    return CheckResult("balance", above == 0, measured(rows), text)


def check_equipoise(
    score: Score, *, threshold: float = 0.2, low: float = 0.3, high: float = 0.7
) -> CheckResult:
    """Whether enough persons could have had either drug: preference score from ``low`` to ``high``.

    CohortMethod asks for a fifth of persons; Walker et al. (2013) proposed half.
    """
    shares = equipoise_shares(score, low=low, high=high)
    sizes = score.persons["arm"].value_counts()
    rows = [
        {
            "subject": f"{arm} / {score.reference}",
            "statistic": "equipoise",
            "value": share,
            "at_least": threshold,
            "persons": int(sizes[str(arm)] + sizes[score.reference]),
        }
        for arm, share in shares.items()
    ]
    passed = bool((shares >= threshold).all())
    text = (
        f"{_percent(shares.min())} des personnes au moins ont un score de préférence de "
        f"{_said(low)} à {_said(high)} ({_percent(threshold)} attendus)."
        if passed
        else f"{_percent(shares.min())} seulement des personnes ont un score de préférence de "
        f"{_said(low)} à {_said(high)} ({_percent(threshold)} attendus) : les groupes se "
        "recouvrent trop peu."
    )
    return CheckResult("equipoise", passed, measured(rows), text)


def equipoise_of(
    scores: Sequence[Score], reasons: Mapping[str, str], *, threshold: float = 0.2
) -> CheckResult:
    """``check_equipoise`` of every pair together; not evaluated where a pair has no score.

    ``reasons`` says, by arm, why there is none.
    """
    each = [check_equipoise(score, threshold=threshold) for score in scores]
    if not each or reasons:
        text = " ".join(reasons.values()) or "aucun score : équipoise non évaluée."
        nothing = each[0].table.iloc[:0] if each else pd.DataFrame()
        return CheckResult("equipoise", None, nothing, text, evaluated=False)
    table = pd.concat([one.table for one in each], ignore_index=True)
    passed = all(one.passed for one in each)
    return CheckResult("equipoise", passed, table, " ".join(one.text for one in each))


def check_positivity(
    adjusted: Adjusted,
    *,
    smallest_effective_share: float = 0.1,
    largest_weight_share: float = 0.05,
) -> CheckResult:
    """Whether the adjustment rests on many persons, in each arm.

    The effective size must be ``smallest_effective_share`` of the persons kept, and no person may
    hold more than ``largest_weight_share`` of the arm's weight. No published rule: choices.
    """
    rows: list[dict[str, object]] = []
    for _, line in adjusted.summary.iterrows():
        kept = int(line["kept"])
        named = {"subject": str(line["arm"]), "persons": kept}
        share = float(line["effective_size"]) / kept
        heaviest = float(line["weight_max"]) / (float(line["weight_mean"]) * kept)
        rows += [
            named
            | {
                "statistic": "effective_share",
                "value": share,
                "at_least": smallest_effective_share,
            },
            named
            | {
                "statistic": "largest_weight_share",
                "value": heaviest,
                "at_most": largest_weight_share,
            },
        ]
    table = measured(rows)
    short = table["value"] < table["at_least"].fillna(-np.inf)
    heavy = table["value"] > table["at_most"].fillna(np.inf)
    failing = sorted(set(table.loc[short | heavy, "subject"]))
    text = (
        f"les poids reposent sur peu de personnes dans {', '.join(failing)}."
        if failing
        else "les poids sont répartis sur assez de personnes dans chaque groupe."
    )
    return CheckResult("positivity", not failing, table, text)


def positivity_of(
    pairs: Sequence[Adjusted],
    *,
    smallest_effective_share: float = 0.1,
    largest_weight_share: float = 0.05,
) -> CheckResult:
    """Positivity of every compared pair together."""
    each = [
        check_positivity(
            pair,
            smallest_effective_share=smallest_effective_share,
            largest_weight_share=largest_weight_share,
        )
        for pair in pairs
    ]
    table = pd.concat([one.table for one in each], ignore_index=True)
    texts = [one.text for one in each if not one.passed]
    told = " ".join(texts) or each[0].text
    return CheckResult("positivity", not texts, table, told)


def _said(value: float) -> str:
    return f"{round(value, 3):g}".replace(".", ",")


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %".replace(".", ",").replace(",0 %", " %")
