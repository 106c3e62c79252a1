"""Direct standardisation, its intervals and the excess, by hand; shares against scipy."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from studylib import cohort
from studylib.errors import EstimationError

COLUMNS = ["region", "age_band", "sex", "persons", "events", "person_years"]
# Region A is young, B is old. Rates: A 1/100 and 4/20; B 1/50 and 12/80.
STRATA = pd.DataFrame(
    [
        ("A", "65-74", "F", 100, 1, 100.0),
        ("A", "75+", "F", 20, 4, 20.0),
        ("B", "65-74", "F", 50, 1, 50.0),
        ("B", "75+", "F", 80, 12, 80.0),
    ],
    columns=COLUMNS,
)


def standardised(strata=STRATA, **choices):
    given = {"indicator": "x", "measure": "rate", "whole": "all"} | choices
    return cohort.standardised(strata, **given).set_index("population")


def test_rates_by_hand():
    """Weights: 150/250 = 0.6 and 100/250 = 0.4.

    A: 0.6 × 0.01 + 0.4 × 0.2 = 0.086; B: 0.6 × 0.02 + 0.4 × 0.15 = 0.072; all: 18/250 = 0.072.
    Expected in A: 100 × 2/150 + 20 × 16/100 = 1.3333 + 3.2 = 4.5333; excess 5 - 4.5333 = 0.4667.
    """
    made = standardised(per=1000)
    assert made["estimate"].round(6).to_dict() == {"A": 86.0, "B": 72.0, "all": 72.0}
    assert made["crude"].round(4).to_dict() == {"A": 41.6667, "B": 100.0, "all": 72.0}
    assert made.loc["A", "expected"] == pytest.approx(4.533333, abs=1e-6)
    assert made.loc["A", "excess"] == pytest.approx(0.466667, abs=1e-6)
    assert made.loc["B", "excess"] == pytest.approx(-0.466667, abs=1e-6)
    assert made["reference"].tolist() == pytest.approx([72.0] * 3)


def test_the_gamma_interval_by_its_formula():
    """A: variance 0.006² × 1 + 0.02² × 4 = 0.001636, largest weight over size 0.02."""
    rate, variance, most = 0.086, 0.6**2 * 1 / 100**2 + 0.4**2 * 4 / 20**2, 0.4 / 20
    low = stats.gamma.ppf(0.025, rate**2 / variance, scale=variance / rate)
    wide, up = variance + most**2, rate + most
    high = stats.gamma.ppf(0.975, up**2 / wide, scale=wide / up)
    made = standardised()
    assert made.loc["A", ["ci_low", "ci_high"]].tolist() == pytest.approx([low, high])


def test_one_stratum_gives_the_exact_poisson_interval():
    one = STRATA.groupby("region", as_index=False)[["persons", "events", "person_years"]].sum()
    made = standardised(one.assign(age_band="all", sex="F"))
    low, high = stats.chi2.ppf(0.025, 10) / 2 / 120, stats.chi2.ppf(0.975, 12) / 2 / 120
    assert made.loc["A", ["ci_low", "ci_high"]].tolist() == pytest.approx([low, high])


def test_shares_have_wilsons_interval_where_there_is_one_stratum():
    one = STRATA.groupby("region", as_index=False)[["persons", "events"]].sum()
    made = standardised(one.assign(age_band="all", sex="F"), measure="share")
    for region, events, persons in (("A", 5, 120), ("B", 13, 130)):
        exact = stats.binomtest(events, persons).proportion_ci(method="wilson")
        assert made.loc[region, ["ci_low", "ci_high"]].tolist() == pytest.approx(list(exact))


def test_the_interval_of_the_excess_by_hand():
    """A is 2/3 of the first stratum and 1/5 of the second. Poisson: own events weigh 1/3 and 4/5,
    the others' 2/3 and 1/5: (1/9)·1 + (16/25)·4 + (4/9)·1 + (1/25)·12 = 3.5956; 1.96 × its root.
    """
    made = standardised()
    half = 1.959964 * np.sqrt(1 / 9 + 16 / 25 * 4 + 4 / 9 + 12 / 25)
    assert made.loc["A", "excess_high"] - made.loc["A", "excess"] == pytest.approx(half, abs=1e-5)


def test_what_can_be_avoided_is_never_negative():
    made = cohort.avoidable(standardised(), share=0.5)
    assert made["excess"].round(4).to_dict() == {"A": 0.2333, "B": 0.0, "all": 0.0}
    assert (made["excess_low"] >= 0).all()
    assert made.loc["B", "excess_high"] > 0
    with pytest.raises(EstimationError, match="part de 0"):
        cohort.avoidable(standardised(), share=0)


def test_a_stratum_with_nobody_leaves_no_estimate_and_no_case_an_upper_limit():
    without = standardised(STRATA.drop(index=1))
    assert np.isnan(without.loc["A", "estimate"])
    assert without.loc["A", "persons"] == 100
    none = standardised(STRATA.assign(events=[0, 0, 1, 12]))
    assert none.loc["A", ["estimate", "ci_low"]].tolist() == [0, 0]
    # one Poisson zero in the stratum that weighs most: 0.02 × 3.689
    assert none.loc["A", "ci_high"] == pytest.approx(0.02 * 3.688879, abs=1e-6)
    assert standardised(STRATA.iloc[:0]).empty


def test_bad_strata_are_refused():
    with pytest.raises(EstimationError, match="figure deux fois"):
        standardised(pd.concat([STRATA, STRATA.iloc[:1]]))
    with pytest.raises(EstimationError, match="plus de cas que de personnes"):
        standardised(STRATA.assign(events=500), measure="share")
    with pytest.raises(EstimationError, match="colonnes absentes sex"):
        standardised(STRATA.drop(columns="sex"))


def test_the_intervals_cover():
    """100 draws of three regions: 95 % intervals of rate, share and excess hold the truth.

    The bounds are 3.3 binomial standard errors; Fay and Feuer's interval is known to be wide.
    """
    generator = np.random.default_rng(20261122)
    size = np.array([[300, 80], [150, 200], [400, 250]])
    truth = np.array([[0.02, 0.10], [0.03, 0.08], [0.02, 0.06]])
    weights = size.sum(axis=0) / size.sum()
    index = [(r, a, "F") for r in "ABC" for a in ("65-74", "75+")]
    hits = {"rate": 0, "share": 0, "excess": 0}
    together = (truth * size).sum(axis=0) / size.sum(axis=0)
    excess = ((truth - together) * size).sum(axis=1)
    for _ in range(100):
        for measure in ("rate", "share"):
            draw = generator.poisson(truth * size) if measure == "rate" else generator.binomial(
                size, truth)  # fmt: skip
            frame = pd.DataFrame(index, columns=COLUMNS[:3]).assign(
                persons=size.ravel(), events=draw.ravel(), person_years=size.ravel().astype(float)
            )
            row = standardised(frame, measure=measure).loc["B"]
            hits[measure] += row["ci_low"] <= (weights * truth[1]).sum() <= row["ci_high"]
            if measure == "rate":
                hits["excess"] += row["excess_low"] <= excess[1] <= row["excess_high"]
    assert 88 <= hits["share"] <= 100
    assert 88 <= hits["excess"] <= 100
    assert 90 <= hits["rate"] <= 100
