"""Standardised spending, guard on last months and trend: properties and refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from studylib import economics, tables
from studylib.errors import EstimationError

ZONES = ("11", "24", "27", "28")
STRATA = [(band, sex) for band in ("0-19", "60+") for sex in ("1", "2")]


def spending_and_population(
    factors: dict[str, float], *, months: int = 12, noise: float = 0.0, seed: int = 1
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Zones of different ages whose true standardised ratios are proportional to ``factors``."""
    random = np.random.default_rng(seed)
    rate = {"0-19": 50.0, "60+": 400.0}
    population, spending = [], []
    for place, zone in enumerate(factors):
        for band, sex in STRATA:
            inhabitants = 1000.0 * (place + 1) if band == "60+" else 2000.0
            population.append((zone, band, sex, inhabitants * months / 12))
            for month in pd.period_range("2023-01", periods=months, freq="M"):
                spent = factors[zone] * rate[band] * inhabitants / 12
                spent *= np.exp(noise * random.standard_normal())
                spending.append((str(month), zone, band, sex, spent))
    names = ["month", "zone", "age_band", "sex", "reimbursed"]
    lived = pd.DataFrame(population, columns=["zone", "age_band", "sex", "person_years"])
    return pd.DataFrame(spending, columns=names), lived


def monthly_series(*, start: str = "2019-01", end: str = "2024-12", seed: int = 0) -> pd.Series:
    """Ten millions a month, growing 3 % a year, with a season and 2 % of noise."""
    months = pd.period_range(start, end, freq="M")
    random = np.random.default_rng(seed)
    season = 1 + 0.1 * np.sin(2 * np.pi * months.month.to_numpy() / 12)
    noise = np.exp(0.02 * random.standard_normal(len(months)))
    growth = 1.03 ** (np.arange(len(months)) / 12)
    return pd.Series(1e7 * growth * season * noise, index=months.astype(str))


# --- standardised spending ----------------------------------------------------------------------


def test_zones_that_differ_only_by_age_have_ratio_one() -> None:
    spending, lived = spending_and_population(dict.fromkeys(ZONES, 1.0))
    frame = economics.standardised_spending(spending, lived)
    assert frame["ratio"].to_numpy() == pytest.approx(1.0)
    assert frame["crude"].max() / frame["crude"].min() > 1.5  # ages do differ
    assert (frame["position"] == "within_2").all()


def test_standardised_amounts_are_per_year_whatever_the_number_of_months() -> None:
    one = economics.standardised_spending(*spending_and_population({"11": 1, "24": 2, "27": 1}))
    two = economics.standardised_spending(
        *spending_and_population({"11": 1, "24": 2, "27": 1}, months=24)
    )
    assert two["standardised"].to_numpy() == pytest.approx(one["standardised"].to_numpy())


def test_doubling_every_amount_leaves_ratios_unchanged() -> None:
    spending, lived = spending_and_population({"11": 1, "24": 2, "27": 1}, noise=0.05)
    once = economics.standardised_spending(spending, lived)
    twice = economics.standardised_spending(
        spending.assign(reimbursed=2 * spending["reimbursed"]), lived
    )
    kept = ["ratio", "ci_low", "ci_high", "limit_low_2", "limit_high_3"]
    pd.testing.assert_frame_equal(once[kept], twice[kept])


def test_an_extreme_zone_stands_out_of_limits_it_does_not_set() -> None:
    factors = {"44": 3.0, "11": 0.8, "24": 0.9, "27": 1.0, "28": 1.1, "32": 1.2}
    frame = economics.standardised_spending(*spending_and_population(factors)).set_index("zone")
    assert frame.loc["44", "position"] == "beyond_3"
    assert (frame["position"].drop("44") == "within_2").all()


def test_unknown_age_or_sex_is_left_out_and_its_share_said() -> None:
    spending, lived = spending_and_population(dict.fromkeys(ZONES, 1.0))
    unknown = spending.head(1).assign(age_band="unknown", reimbursed=1e9)
    whole = pd.concat([spending, unknown], ignore_index=True)
    with_unknown = economics.standardised_spending(whole, lived)
    pd.testing.assert_frame_equal(with_unknown, economics.standardised_spending(spending, lived))
    assert economics.unknown_share(whole) == pytest.approx(1e9 / whole["reimbursed"].sum())


def test_positive_autocorrelation_widens_the_interval() -> None:
    spending, lived = spending_and_population(dict.fromkeys(ZONES, 1.0))
    drift = np.tile(np.linspace(0.8, 1.2, 12), 4)
    alternating = np.tile([0.8, 1.2] * 6, 4)
    first = spending["zone"] == "11"
    widths = {}
    for name, wave in {"drift": drift, "alternating": alternating}.items():
        changed = spending.copy()
        changed.loc[first, "reimbursed"] *= wave
        row = economics.standardised_spending(changed, lived).set_index("zone").loc["11"]
        widths[name] = row["ci_high"] / row["ci_low"]
        assert (row["autocorrelation"] > 0) == (name == "drift")
    assert widths["drift"] > widths["alternating"]


def test_money_carries_its_perspective_and_period() -> None:
    spending, lived = spending_and_population(dict.fromkeys(ZONES, 1.0))
    paid = spending.rename(columns={"reimbursed": "paid"})
    frame = economics.standardised_spending(paid, lived, amount="paid")
    assert set(frame["perspective"]) == {"all payers"}
    assert set(frame["price_year"]) == {"2023-01 – 2023-12"}


def test_standardisation_refuses_what_has_no_answer() -> None:
    spending, lived = spending_and_population(dict.fromkeys(ZONES, 1.0))
    with pytest.raises(EstimationError, match="2 mois"):
        economics.standardised_spending(spending[spending["month"] <= "2023-02"], lived)
    with pytest.raises(EstimationError, match="strate"):
        economics.standardised_spending(spending, lived.assign(person_years=0.0))
    hole = spending[~((spending["zone"] == "24") & (spending["month"] == "2023-05"))]
    with pytest.raises(EstimationError, match="zone 24"):
        economics.standardised_spending(hole, lived)


# --- complete months ----------------------------------------------------------------------------


def test_flow_lag_is_cut_and_nothing_else() -> None:
    series = monthly_series()
    series.iloc[-3:] *= [0.97, 0.85, 0.60]
    found = economics.complete_months(series)
    assert found.last == "2024-10"
    assert found.check.passed is None
    assert found.check.table["complete"].tolist() == [True, True, True, True, False, False]
    tables.check(found.check.table, economics.MONTHS_JUDGED)


@pytest.mark.parametrize("end", ["2020-12", "2021-03", "2021-08", "2022-04", "2023-12"])
def test_a_complete_series_keeps_every_month_though_spring_2020_fell(end: str) -> None:
    series = monthly_series()
    series[["2020-03", "2020-04", "2020-05"]] *= [0.8, 0.55, 0.75]
    found = economics.complete_months(series[:end])
    assert found.last == end
    assert found.check.passed is True


def test_a_low_month_followed_by_a_full_one_stays() -> None:
    series = monthly_series()
    series["2024-10"] *= 0.5
    assert economics.complete_months(series).last == "2024-12"


def test_six_low_months_fail_the_check() -> None:
    series = monthly_series()
    series.iloc[-6:] *= 0.5
    found = economics.complete_months(series)
    assert found.check.passed is False
    assert found.last == "2024-06"


def test_a_short_series_is_not_judged_and_says_so() -> None:
    found = economics.complete_months(monthly_series(start="2023-06"))
    assert found.last == "2024-12"
    assert found.check.passed is None
    assert "non jugés" in found.check.text


@pytest.mark.parametrize("tolerance", [0, 1, -0.1])
def test_tolerance_is_a_share(tolerance: float) -> None:
    with pytest.raises(EstimationError, match="entre 0 et 1"):
        economics.complete_months(monthly_series(), tolerance=tolerance)


def test_a_series_with_a_hole_is_refused() -> None:
    series = monthly_series().drop("2023-05")
    with pytest.raises(EstimationError, match="2023-05"):
        economics.complete_months(series)
    with pytest.raises(EstimationError):
        economics.spending_trend(series)


# --- trend --------------------------------------------------------------------------------------


def test_a_noiseless_series_gives_back_its_coefficients() -> None:
    months = pd.period_range("2019-01", "2023-12", freq="M")
    t = np.arange(len(months))
    season = np.array([0, 3, -2, 5, 1, 0, 4, -9, 2, 6, 1, 3])[months.month - 1]
    pulse = (months >= "2020-03") & (months <= "2020-05")
    values = 100 + 0.5 * t + season - 40 * pulse + 8 * (months >= "2020-03")
    trend = economics.spending_trend(
        pd.Series(values, index=months.astype(str)), shock=("2020-03", "2020-05")
    )
    found = trend.estimates.set_index("term")["change"]
    assert found[["trend", "pulse", "level"]].tolist() == pytest.approx([0.5, -40, 8])
    after = trend.series.set_index("period").loc["2023-01"]
    assert after["observed"] - after["expected"] == pytest.approx(8)  # expected has no shock


def test_shifting_the_first_month_leaves_the_level_change_unchanged() -> None:
    series = monthly_series()
    shock = ("2021-03", "2021-05")
    renamed = pd.Series(
        series.to_numpy(), index=(pd.PeriodIndex(series.index, freq="M") + 24).astype(str)
    )
    here = economics.spending_trend(series, shock=shock).estimates
    there = economics.spending_trend(renamed, shock=("2023-03", "2023-05")).estimates
    assert here["change"].to_numpy() == pytest.approx(there["change"].to_numpy())


def test_phases_and_specification_are_printed() -> None:
    trend = economics.spending_trend(monthly_series(), shock=("2020-03", "2020-05"), lag=4)
    counts = trend.series["phase"].value_counts()
    assert counts.to_dict() == {"after": 55, "before": 14, "shock": 3}
    for part in ("2020-03 – 2020-05", "niveau dès 2020-03", "72 mois", "retard 4"):
        assert part in trend.specification


def test_a_plain_trend_has_no_pulse() -> None:
    trend = economics.spending_trend(monthly_series())
    assert trend.estimates["term"].tolist() == ["trend"]
    assert set(trend.series["phase"]) == {"before"}


@pytest.mark.parametrize("shock", [("2018-01", "2018-02"), ("2025-01", "2025-02")])
def test_a_shock_outside_the_series_is_refused(shock: tuple[str, str]) -> None:
    with pytest.raises(EstimationError, match="série va de 2019-01"):
        economics.spending_trend(monthly_series(), shock=shock)


def test_too_short_a_series_is_refused() -> None:
    with pytest.raises(EstimationError, match="Régression impossible"):
        economics.spending_trend(monthly_series(start="2024-01"))


def test_sensitivity_names_each_specification_once() -> None:
    table = economics.trend_sensitivity(monthly_series(), shock=("2020-03", "2020-05"))
    assert len(table) == 2 * 8  # pulse and level under eight specifications
    assert set(table["pulse_months"]) == {"2020-03 – 2020-05", table["pulse_months"].iloc[-1]}
    assert set(table["level_from"]) == {"2020-03", "2020-06", "2020-12", "2021-01"}


def test_incomplete_months_are_shown_and_not_fitted() -> None:
    series = monthly_series()
    cut = series.copy()
    cut["2024-12"] *= 0.5
    shown = economics.spending_trend(cut, last="2024-11", shock=("2020-03", "2020-05"))
    whole = economics.spending_trend(series[:"2024-11"], shock=("2020-03", "2020-05"))
    pd.testing.assert_frame_equal(shown.estimates, whole.estimates)
    december = shown.series.set_index("period").loc["2024-12"]
    assert december["phase"] == "incomplete"
    assert pd.isna(december["expected"])
    assert economics.in_millions(shown.series)["observed"].iloc[-1] == cut["2024-12"] / 1e6


def test_months_compared_are_complete_ones() -> None:
    assert economics.comparison_months("2024-10") == ("2023-11", "2024-10")
    assert economics.comparison_months("2024-10", asked=("2023-01", "2023-12"))[1] == "2023-12"
    with pytest.raises(EstimationError, match="2024-10"):
        economics.comparison_months("2024-10", asked=("2024-01", "2024-12"))


def test_no_shock_has_no_sensitivity() -> None:
    assert economics.trend_sensitivity(monthly_series(), shock=None).empty
