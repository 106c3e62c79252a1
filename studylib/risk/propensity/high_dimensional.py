"""hdPS: from every code of the past to the few hundred covariates that could confound."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from scipy import sparse

from studylib.cohort import WideCovariates
from studylib.errors import EstimationError
from studylib.risk.propensity.balance import aligned
from studylib.risk.propensity.schemas import HIGH_DIMENSIONAL
from studylib.risk.rows import is_flag, refuse_persons
from studylib.tables import check

Ranking = Literal["bias", "exposure"]
RECURRENCES = ("once", "sporadic", "frequent")


def high_dimensional_covariates(
    people: pd.DataFrame,
    wide: WideCovariates,
    *,
    reference: str,
    outcome: pd.Series | None = None,
    per_domain: int = 200,
    kept: int = 500,
    ranking: Ranking = "bias",
    zero_cell: float = 0.1,
) -> tuple[WideCovariates, pd.DataFrame]:
    """The high-dimensional propensity score's choice of covariates, on a sparse matrix of counts.

    1. In each domain, the ``per_domain`` codes of highest prevalence, a prevalence above one half
       counting as its complement; ties in the order of the columns.
    2. Of each, three flags: the code at least ``once``; at least as often as the median of those
       who have it (``sporadic``); at least as often as their third quartile (``frequent``). A flag
       equal to an earlier one of its code is left out.
    3. The ``kept`` flags of largest |log bias multiplier| (``bias``: Bross, 1966), with the arms'
       prevalences and the ``outcome`` (one true or false per person) in carriers over others; or
       of largest |log ratio of prevalences| (``exposure``), which looks at no outcome.
       ``zero_cell`` is added to each cell of a table that has an empty one.

    Returns the flags as ``WideCovariates`` (codes followed by the recurrence), for
    ``lasso_propensity_score`` or ``wide_balance``, and a HIGH_DIMENSIONAL table of all flags
    ranked: domain, code, recurrence, persons, bias, log_score, rank, kept.

    Reference
    ---------
    Schneeweiss S et al. (2009), Epidemiology 20:512-522; Bross IDJ (1966), J Chronic Dis
    19:637-647.
    """
    _check_choices(people, reference, outcome, ranking, per_domain, kept)
    counts = aligned(wide, people).tocsc()
    chosen = _prevalent(counts, wide.columns["domain"].to_numpy(), per_domain)
    flags, named = _recurrences(counts, chosen, wide.columns)
    compared = (people["arm"] != reference).to_numpy(float)
    with_it = np.asarray(flags.sum(axis=0)).ravel()
    in_arm = np.asarray(flags.T @ compared)
    first = _shares(in_arm, compared.sum(), with_it - in_arm, (1 - compared).sum(), zero_cell)
    if ranking == "exposure" or outcome is None:
        bias = first[0] / first[1]
    else:
        event = np.asarray(outcome, float)
        had = np.asarray(flags.T @ event)
        risk = _shares(had, with_it, event.sum() - had, len(event) - with_it, zero_cell)
        ratio = risk[0] / risk[1]
        bias = (first[0] * (ratio - 1) + 1) / (first[1] * (ratio - 1) + 1)
    size = np.abs(np.log(bias))
    order = np.argsort(-size, kind="stable")
    rank = np.empty(len(order), int)
    rank[order] = np.arange(1, len(order) + 1)
    table = named.assign(
        persons=with_it.astype(int), bias=bias, log_score=size, rank=rank, kept=rank <= kept
    )
    table = check(table, HIGH_DIMENSIONAL)
    within = np.flatnonzero(table["kept"].to_numpy())
    columns = pd.DataFrame(
        {
            "column": np.arange(len(within)),
            "domain": table["domain"].to_numpy()[within],
            "code": (table["code"] + " " + table["recurrence"]).to_numpy()[within],
            "persons": table["persons"].to_numpy()[within],
        }
    )
    rows = people[["person_id"]].reset_index(drop=True)
    ranked = table.sort_values("rank", ignore_index=True)
    return WideCovariates(flags[:, within].tocsr(), rows, columns), ranked


def _prevalent(counts: sparse.csc_matrix, domains: np.ndarray, number: int) -> np.ndarray:
    """The columns kept in each domain, in their order."""
    share = np.diff(counts.indptr) / max(counts.shape[0], 1)
    share = np.minimum(share, 1 - share)
    chosen = [
        place[np.argsort(-share[place], kind="stable")[:number]]
        for place in (np.flatnonzero(domains == name) for name in np.unique(domains))
    ]
    return np.sort(np.concatenate(chosen))


def _recurrences(
    counts: sparse.csc_matrix, chosen: np.ndarray, columns: pd.DataFrame
) -> tuple[sparse.csc_matrix, pd.DataFrame]:
    """The flags of each column, as a matrix and their names."""
    blocks, names = [], []
    codes, domains = columns["code"].to_numpy(), columns["domain"].to_numpy()
    for column in chosen:
        part = slice(counts.indptr[column], counts.indptr[column + 1])
        who, often = counts.indices[part], counts.data[part]
        if not len(often):
            continue
        limits = (1, np.median(often), np.quantile(often, 0.75))
        seen: set[int] = set()
        for name, limit in zip(RECURRENCES, limits, strict=True):
            found = who[often >= limit]
            if len(found) not in seen:  # flags of one code are nested: as many, the same
                seen.add(len(found))
                blocks.append(found)
                names.append((domains[column], codes[column], name))
    starts = np.r_[0, np.cumsum([len(block) for block in blocks])]
    rows = np.concatenate(blocks) if blocks else np.zeros(0, int)
    matrix = sparse.csc_matrix(
        (np.ones(len(rows)), rows, starts), shape=(counts.shape[0], len(blocks))
    )
    return matrix, pd.DataFrame(names, columns=["domain", "code", "recurrence"])


def _shares(
    one: np.ndarray, of_one: np.ndarray, two: np.ndarray, of_two: np.ndarray, added: float
) -> tuple[np.ndarray, np.ndarray]:
    """Two shares, with ``added`` to the cells of tables that have an empty one."""
    empty = np.minimum.reduce([one, of_one - one, two, of_two - two]) <= 0
    more = np.where(empty, added, 0.0)
    return (one + more) / (of_one + 2 * more), (two + more) / (of_two + 2 * more)


def _check_choices(
    people: pd.DataFrame,
    reference: str,
    outcome: pd.Series | None,
    ranking: str,
    per_domain: int,
    kept: int,
) -> None:
    refuse_persons(people)
    arms = sorted(set(people["arm"]))
    wrong = [
        (reference not in arms or len(arms) != 2, f"groupes présents {', '.join(arms)} ; deux "
         f"attendus, dont « {reference} »"),
        (ranking not in ("bias", "exposure"), f"classement « {ranking} » ; bias ou exposure"),
        (ranking == "bias" and outcome is None, "classement par le biais sans événement (outcome)"),
        (outcome is not None and not (len(outcome) == len(people) and is_flag(outcome)),
         "un événement par personne, vrai ou faux, attendu (outcome)"),
        (per_domain < 1 or kept < 1, "per_domain et kept valent un ou plus"),
    ]  # fmt: skip
    for found, told in wrong:
        if found:
            raise EstimationError(f"hdPS : {told}.")
