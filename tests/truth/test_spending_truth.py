"""Spending estimators against hand computations and simulations with known truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from studylib import economics, usage
from studylib.economics.regression import least_squares, usual_lag


def test_standardisation_by_hand() -> None:
    """Three zones, two ages, one sex. Weights: young 400/600, old 200/600.

    Zone A: 100 young at 12 euros, 100 old at 60: (2/3) 12 + (1/3) 60 = 28.
    Zone B: 200 young at 6, 50 old at 48: 4 + 16 = 20. Zone C: 100 at 9, 50 at 30: 6 + 10 = 16.
    Nation: (1200 + 6000 + 1200 + 2400 + 900 + 1500) / 600 = 22.
    Ratios 28/22, 20/22, 16/22; median absolute log ratio that of A, ln(28/22) = 0.2412.
    """
    lived = pd.DataFrame(
        [("A", "y", 100), ("A", "o", 100), ("B", "y", 200), ("B", "o", 50), ("C", "y", 100),
         ("C", "o", 50)], columns=["zone", "age_band", "person_years"],
    ).assign(sex="1")  # fmt: skip
    yearly = [1200.0, 6000.0, 1200.0, 2400.0, 900.0, 1500.0]
    months = ["2024-01", "2024-02", "2024-03"]
    spending = pd.concat(
        [lived.assign(month=month, reimbursed=np.array(yearly) / 3) for month in months]
    )
    frame = economics.standardised_spending(spending, lived).set_index("zone")
    assert frame["standardised"].tolist() == pytest.approx([28, 20, 16])
    assert frame["nation"].tolist() == pytest.approx([22, 22, 22])
    assert frame["crude"].tolist() == pytest.approx([36, 14.4, 16])
    assert frame["difference"].tolist() == pytest.approx([6, -2, -6])
    # months are all alike: the ratio is perfectly steady
    assert frame["ci_low"].tolist() == pytest.approx(frame["ratio"].tolist())
    tau = 1.4826 * np.log(28 / 22)
    assert frame["limit_high_2"].tolist() == pytest.approx([np.exp(2 * tau)] * 3)
    assert frame["limit_low_3"].tolist() == pytest.approx([np.exp(-3 * tau)] * 3)


def test_monthly_interval_by_hand() -> None:
    """Log ratios of one zone -0.1, 0, 0.1 around its mean: sd 0.1, lag-1 autocorrelation 0.

    Half-width = t(0.975, 2) x 0.1 / sqrt(3) = 4.302653 x 0.057735 = 0.248414.
    """
    from studylib.economics.standardised import _steadiness

    frame = _steadiness(pd.DataFrame([[-0.1, 0.0, 0.1]], index=["A"]), 0.95)
    assert frame.loc["A", "autocorrelation"] == pytest.approx(0.0)
    assert frame.loc["A", "margin"] == pytest.approx(0.248414, abs=1e-6)


def test_newey_west_by_hand() -> None:
    """Mean of 1, 2, 4, 5: residuals -2, -1, 1, 2.

    Sum of squares 10; lag-1 products 2 - 1 + 2 = 3, Bartlett weight 1/2, counted twice: 3.
    Variance of the mean = (10 + 3) / 4² x 4/3 = 13/12.
    """
    fit = least_squares(np.array([1.0, 2.0, 4.0, 5.0]), np.ones((4, 1)), lag=1)
    assert fit.coefficients[0] == pytest.approx(3.0)
    assert fit.covariance[0, 0] == pytest.approx(13 / 12)
    white = least_squares(np.array([1.0, 2.0, 4.0, 5.0]), np.ones((4, 1)), lag=0)
    assert white.covariance[0, 0] == pytest.approx(10 / 12)


def test_usual_lag_is_that_of_newey_and_west() -> None:
    assert [usual_lag(n) for n in (24, 69, 100, 200)] == [2, 3, 4, 4]


def simulated(seed: int, *, autocorrelation: float) -> pd.Series:
    """Billions: trend 0.03, pulse -3.5, level 0.8, season, noise of sd 0.4."""
    random = np.random.default_rng(seed)
    months = pd.period_range("2019-01", "2024-09", freq="M")
    noise = np.zeros(len(months))
    innovation = 0.4 * np.sqrt(1 - autocorrelation**2)
    noise[0] = 0.4 * random.standard_normal()
    for t in range(1, len(months)):
        noise[t] = autocorrelation * noise[t - 1] + innovation * random.standard_normal()
    season = np.sin(2 * np.pi * months.month.to_numpy() / 12)
    shock = (months >= "2020-03") & (months <= "2020-05")
    values = 11 + 0.03 * np.arange(len(months)) + season + noise - 3.5 * shock
    return pd.Series(values + 0.8 * (months >= "2020-03"), index=months.astype(str))


@pytest.mark.parametrize("autocorrelation", [0.0, 0.3])
def test_level_change_is_covered_and_unbiased(autocorrelation: float) -> None:
    """200 series: the 95 % interval of the level covers 0.8 in 84 to 98 % of them.

    Newey-West falls short of 95 % in short series (measured here over 300 series: 92 % without
    autocorrelation, 90 % with 0.3), which the report says. The Monte Carlo standard error is about
    2 points; bounds are three of them away from what was measured.
    """
    covered, found = [], []
    for seed in range(200):
        trend = economics.spending_trend(
            simulated(seed, autocorrelation=autocorrelation), shock=("2020-03", "2020-05")
        )
        row = trend.estimates.set_index("term").loc["level"]
        covered.append(row["ci_low"] <= 0.8 <= row["ci_high"])
        found.append(row["change"])
    assert np.mean(found) == pytest.approx(0.8, abs=0.05)
    assert 0.84 <= np.mean(covered) <= 0.98


def test_flow_lag_guard_over_simulated_series() -> None:
    """200 series with 3 % of noise: none loses a month when complete; the planted cut is found.

    Completeness 99, 97, 75 and 60 % in the last four months: the last two are always cut; the
    noise takes one month more in at most 4 % of the series (measured: 2 %).
    """
    kept_whole, cut_right = 0, 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        months = pd.period_range("2019-01", "2024-12", freq="M")
        season = 1 + 0.08 * np.sin(2 * np.pi * months.month.to_numpy() / 12)
        noise = np.exp(0.03 * random.standard_normal(len(months)))
        series = pd.Series(season * noise * 1.02 ** (np.arange(72) / 12), months.astype(str))
        kept_whole += economics.complete_months(series).last == "2024-12"
        series.iloc[-4:] *= [0.99, 0.97, 0.75, 0.60]
        last = economics.complete_months(series).last
        assert last <= "2024-10"
        cut_right += last == "2024-10"
    assert kept_whole >= 198
    assert cut_right >= 192


def test_concentration_by_hand() -> None:
    """60, 30, 10: Gini = (-2 x 10 + 0 x 30 + 2 x 60) / (3 x 100) = 1/3; two products make 80 %."""
    row = usage.concentration(pd.Series([10.0, 60.0, 30.0, 0.0])).iloc[0]
    assert row["gini"] == pytest.approx(1 / 3)
    assert row["products_for_80"] == 2
    assert row["products"] == 3
    assert row["top_10"] == 1.0


def test_gini_of_a_lognormal_is_that_of_its_law() -> None:
    """Gini of a lognormal of log sd 1.5 is erf(0.75) = 0.7112 (Aitchison and Brown 1957)."""
    amounts = np.random.default_rng(3).lognormal(0, 1.5, size=200_000)
    row = usage.concentration(pd.Series(amounts)).iloc[0]
    assert row["gini"] == pytest.approx(0.7112, abs=0.01)
