"""Conditional logistic regression: by hand, against all subsets, and on bad sets."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from studylib import risk
from studylib.errors import EstimationError
from studylib.risk.conditional_logistic import fit_conditional_logistic


def pairs(n10, n01, same=4):
    """Matched pairs, case first: exposed case alone, exposed control alone, both alike."""
    exposed = [1, 0] * n10 + [0, 1] * n01 + [1, 1] * same
    count = len(exposed) // 2
    return pd.DataFrame(
        {"set": np.repeat(range(count), 2), "case": [True, False] * count, "drug": exposed}
    )


def test_pairs_give_the_ratio_of_discordant_pairs():
    """12 pairs with the case alone exposed, 5 with the control alone: 12 / 5, whatever the others.

    The error of its log is sqrt(1/12 + 1/5).
    """
    row = risk.conditional_logistic(pairs(12, 5), outcome="fall", exposures=["drug"]).iloc[0]
    assert row["estimate"] == pytest.approx(12 / 5)
    half = 1.959963985 * np.sqrt(1 / 12 + 1 / 5)
    assert np.log(row["ci_high"] / row["estimate"]) == pytest.approx(half, rel=1e-6)
    assert row["events"] == 5, "cases not exposed are fewer than those exposed"


def by_all_subsets(x, case, sets, beta):
    """The likelihood from its definition: every choice of as many members of each set."""
    value = 0.0
    for one in np.unique(sets):
        rows, cases = x[sets == one], int(case[sets == one].sum())
        own = rows[case[sets == one]].sum(axis=0) @ beta
        every = [rows[list(some)].sum(axis=0) @ beta
                 for some in combinations(range(len(rows)), cases)]  # fmt: skip
        value += own - np.log(np.exp(every).sum())
    return value


def test_several_cases_a_set_against_all_subsets():
    draw = np.random.default_rng(5)
    sizes, cases = [8, 8, 6, 5, 9, 4], [3, 2, 3, 1, 4, 3]
    sets = np.repeat(range(6), sizes)
    case = np.concatenate([np.arange(n) < m for n, m in zip(sizes, cases, strict=True)])
    x = draw.normal(size=(len(sets), 2)) + 0.4 * case[:, None]
    fit = fit_conditional_logistic(x, case, sets)
    top = by_all_subsets(x, case, sets, fit.coefficients)
    assert fit.log_likelihood == pytest.approx(top, abs=1e-9)
    step = 1e-4
    information = np.zeros((2, 2))
    for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
        a, b = step * np.eye(2)[i], step * np.eye(2)[j]
        corner = [by_all_subsets(x, case, sets, fit.coefficients + s * a + t * b)
                  for s, t in ((1, 1), (1, -1), (-1, 1), (-1, -1))]  # fmt: skip
        information[i, j] = -(corner[0] - corner[1] - corner[2] + corner[3]) / (4 * step**2)
    assert np.linalg.inv(fit.covariance) == pytest.approx(information, rel=1e-4)
    slope = [by_all_subsets(x, case, sets, fit.coefficients + step * e)
             - by_all_subsets(x, case, sets, fit.coefficients - step * e)
             for e in np.eye(2)]  # fmt: skip
    assert slope == pytest.approx([0, 0], abs=1e-7)


def test_large_sets_do_not_overflow():
    """Sets of 2,000 with 40 cases: as many subsets as have 84 digits."""
    draw = np.random.default_rng(2)
    sets = np.repeat(range(3), 2000)
    x = draw.normal(size=(6000, 1))
    case = np.zeros(6000, bool)
    for one in range(3):
        chance = np.exp(0.5 * x[sets == one, 0])
        rows = draw.choice(2000, 40, replace=False, p=chance / chance.sum())
        case[np.flatnonzero(sets == one)[rows]] = True
    fit = fit_conditional_logistic(x, case, sets)
    assert fit.converged
    error = np.sqrt(fit.covariance[0, 0])
    assert abs(fit.coefficients[0] - 0.5) < 3 * error
    assert error < 0.12


@pytest.mark.parametrize(
    ("members", "reason"),
    [(pairs(0, 0), "no discordant set"), (pairs(6, 0), "separation"), (pairs(0, 6), "separation")],
)
def test_sets_without_an_answer(members, reason):
    row = risk.conditional_logistic(members, outcome="fall", exposures=["drug"]).iloc[0]
    assert np.isnan(row["estimate"])
    assert f"not_estimable={reason}" in row["method"]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        (pairs(3, 2).drop(columns="drug"), "colonnes drug absentes"),
        (pairs(3, 2).assign(drug=np.nan), "valeurs manquantes dans drug"),
        (pairs(3, 2).head(0), "aucun ensemble"),
        (pairs(3, 2).assign(person_id=1), "deux fois dans un même ensemble"),
    ],
)
def test_sets_that_cannot_be_right_are_refused(members, said):
    with pytest.raises(EstimationError, match=said):
        risk.conditional_logistic(members, outcome="fall", exposures=["drug"])
