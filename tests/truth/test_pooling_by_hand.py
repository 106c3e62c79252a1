"""Synthesis of sites against arithmetic done by hand, and against the data of all sites at once."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from studylib import risk
from studylib.errors import EstimationError
from studylib.risk import pooling
from studylib.risk.rows import estimates

Z = 1.959963984540054


def sites(values, errors, measure="hazard_ratio"):
    """One estimate a site, from log ratios (or differences) and their errors."""
    shown = np.exp if measure.endswith("ratio") else np.asarray
    return estimates(
        {
            "analysis": "primary",
            "population": f"site {place}",
            "comparison": "A / B",
            "outcome": "o",
            "measure": measure,
            "estimate": float(shown(value)),
            "ci_low": float(shown(value - Z * error)),
            "ci_high": float(shown(value + Z * error)),
            "p_value": np.nan,
            "persons": 1000,
            "events": 50,
            "person_years": 900.0,
            "method": "cox; ties=efron",
        }
        for place, (value, error) in enumerate(zip(values, errors, strict=True))
    )


NORMAL = {"effects": "random", "between_variance": "dersimonian_laird", "interval": "normal"}


def test_fixed_effects_of_two_sites():
    # weights 1 / 0.1² and 1 / 0.2²: 100 and 25; (0 + 25 x 0.5) / 125 = 0.1, error 125^-½
    row = pooling.meta_analysis(sites([0.0, 0.5], [0.1, 0.2]), effects="fixed").iloc[0]
    assert np.log(row["estimate"]) == pytest.approx(0.1)
    assert np.log(row["ci_high"] / row["estimate"]) == pytest.approx(Z / 125**0.5)
    assert row["p_value"] == pytest.approx(2 * stats.norm.sf(0.1 * 125**0.5))
    assert (row["persons"], row["events"], row["population"]) == (2000, 100, "ensemble")


def test_random_effects_of_three_equal_sites():
    # values 0, 0.3, 0.6, variance 0.01: Q = 18 = 0.18/0.01; tau² = (18 - 2) / (300 - 100) = 0.08
    three = sites([0.0, 0.3, 0.6], [0.1] * 3)
    row = pooling.meta_analysis(three, **NORMAL).iloc[0]
    assert np.log(row["ci_high"] / row["estimate"]) == pytest.approx(Z * (0.09 / 3) ** 0.5)
    spread = pooling.heterogeneity(three, between_variance="dersimonian_laird").iloc[0]
    assert (spread["q"], spread["tau2"]) == pytest.approx((18, 0.08))
    assert spread["q_p_value"] == pytest.approx(np.exp(-9))  # chi-squared with two degrees
    assert spread["i_squared"] == pytest.approx(16 / 18)
    # a new site: t with one degree, variance tau² + 0.09/3
    reach = stats.t.ppf(0.975, 1) * (0.08 + 0.03) ** 0.5
    assert np.log(spread["prediction_high"]) == pytest.approx(0.3 + reach)
    # equal variances: REML is the variance of the values less 0.01, and Q-profile is exact
    reml = pooling.heterogeneity(three, between_variance="reml").iloc[0]
    assert reml["tau2"] == pytest.approx(0.08)
    assert reml["tau2_low"] == pytest.approx(0.18 / stats.chi2.ppf(0.975, 2) - 0.01)
    assert reml["tau2_high"] == pytest.approx(0.18 / stats.chi2.ppf(0.025, 2) - 0.01)


def test_hartung_and_knapp_with_and_without_its_floor():
    # values 0 and 0.02 with error 0.1: Q = 0.02, tau² = 0, scale 0.02 < 1
    near = sites([0.0, 0.02], [0.1, 0.1])
    own = pooling.meta_analysis(near, effects="random", least_scale=0.0).iloc[0]
    kept = pooling.meta_analysis(near, effects="random").iloc[0]
    reach = stats.t.ppf(0.975, 1) * (0.01 / 2) ** 0.5
    assert np.log(own["ci_high"] / own["estimate"]) == pytest.approx(reach * 0.02**0.5)
    assert np.log(kept["ci_high"] / kept["estimate"]) == pytest.approx(reach)
    assert "least_scale=1.0" in kept["method"]


def test_differences_are_pooled_as_they_are():
    row = pooling.meta_analysis(
        sites([0.01, 0.03], [0.01, 0.01], "risk_difference"), effects="fixed"
    ).iloc[0]
    assert row["estimate"] == pytest.approx(0.02)


def test_sites_without_estimate_are_left_out_and_counted():
    three = sites([0.0, 0.5, 9.0], [0.1, 0.2, 0.1])
    three.loc[2, ["estimate", "ci_low", "ci_high"]] = np.nan
    row = pooling.meta_analysis(three, effects="fixed").iloc[0]
    assert np.log(row["estimate"]) == pytest.approx(0.1)
    assert row["persons"] == 2000
    assert "sites=2; excluded_sites=1" in row["method"]
    infinite = sites([0.0, 0.5, 9.0], [0.1, 0.2, 0.1]).assign(
        ci_high=[*sites([0.0, 0.5], [0.1, 0.2])["ci_high"], np.inf]
    )
    assert "excluded_sites=1" in pooling.meta_analysis(infinite, effects="fixed")["method"].item()


def test_one_site_and_no_site_are_no_synthesis():
    one = sites([0.3], [0.1])
    for effects in ("fixed", "random"):
        row = pooling.meta_analysis(one, effects=effects).iloc[0]
        assert np.isnan(row["estimate"])
        assert "not_estimable=a single site" in row["method"]
    assert np.isnan(pooling.heterogeneity(one)["tau2"].item())
    none = one.assign(estimate=np.nan, ci_low=np.nan, ci_high=np.nan)
    assert "not_estimable=no site" in pooling.meta_analysis(none, effects="fixed")["method"].item()


def test_a_width_of_zero_is_not_a_certainty():
    certain = sites([0.1, 0.5], [0.1, 0.0])
    row = pooling.meta_analysis(certain, effects="fixed").iloc[0]
    assert "not_estimable=a single site" in row["method"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"outcome": ["o", "p"]}, "plusieurs valeurs de outcome"),
        ({"measure": ["hazard_ratio", "odds_ratio"]}, "plusieurs valeurs de measure"),
        ({"population": ["x", "x"]}, "donné deux fois"),
        ({"measure": "survival"}, "ne se combine pas"),
        ({"ci_low": 9.0}, "inversé"),
    ],
)
def test_what_may_not_be_pooled_is_refused(change, told):
    with pytest.raises(EstimationError, match=told):
        pooling.meta_analysis(sites([0.0, 0.5], [0.1, 0.2]).assign(**change), effects="fixed")


def binomial_profile(inside, outside, name, grid=None):
    """Log likelihood of a rate ratio, ``inside`` and ``outside`` outcomes in equal times."""
    x = np.linspace(np.log(0.1), np.log(10), 9) if grid is None else np.asarray(grid, float)
    total = inside + outside
    return pd.DataFrame(
        {
            "analysis": "primary",
            "population": name,
            "comparison": "A / B",
            "outcome": "o",
            "measure": "rate_ratio",
            "log_ratio": x,
            "log_likelihood": inside * x - total * np.log1p(np.exp(x)),
            "gradient": inside - total * np.exp(x) / (1 + np.exp(x)),
            "persons": 1000,
            "events": total,
        }
    )


def test_summed_profiles_are_the_profile_of_the_sum():
    # 3 and 5, 0 and 4, 9 and 3: together 12 and 12, ratio 1; ends solve the summed likelihood
    parts = pd.concat(
        [binomial_profile(a, b, f"s{a}") for a, b in ((3, 5), (0, 4), (9, 3))], ignore_index=True
    )
    row = pooling.pooled_profiles(parts, effects="fixed").iloc[0]
    assert row["estimate"] == pytest.approx(1, abs=2e-3)
    assert row["p_value"] == pytest.approx(1, abs=1e-3)
    assert (row["persons"], row["events"]) == (3000, 24)
    # 12 x - 24 log(1 + eˣ) falls by 1.9207 from x = 0
    low, high = np.log(row["ci_low"]), np.log(row["ci_high"])
    assert 12 * high - 24 * np.log1p(np.exp(high)) + 24 * np.log(2) == pytest.approx(
        -stats.chi2.ppf(0.95, 1) / 2, abs=5e-3
    )
    assert low == pytest.approx(-high, abs=2e-3)


def test_a_site_without_outcome_in_an_arm_informs():
    alone = binomial_profile(0, 12, "zero")
    none = pd.concat([alone, binomial_profile(0, 9, "none")])
    row = pooling.pooled_profiles(none, effects="fixed").iloc[0]
    assert np.isnan(row["estimate"])
    assert "not_estimable=beyond the grid" in row["method"]
    even = binomial_profile(15, 15, "even")
    both = pooling.pooled_profiles(pd.concat([alone, even]), effects="fixed").iloc[0]
    assert both["estimate"] == pytest.approx(15 / 27, rel=5e-3)


@pytest.mark.parametrize("effects", ["fixed", "random"])
def test_one_site_is_no_synthesis(effects):
    # its profile may be sent although a lack of power keeps its estimate off its own page
    row = pooling.pooled_profiles(binomial_profile(15, 15, "even"), effects=effects).iloc[0]
    assert np.isnan(row["estimate"])
    assert "not_estimable=a single site" in row["method"]


def test_random_effects_widen_what_differs_and_only_that():
    alike = pd.concat([binomial_profile(40, 40, f"s{i}") for i in range(4)])
    unlike = pd.concat(
        [binomial_profile(a, 80 - a, f"s{a}") for a in (15, 30, 50, 65)], ignore_index=True
    )

    def width(profiles, **choices):
        row = pooling.pooled_profiles(profiles, **choices).iloc[0]
        return np.log(row["ci_high"] / row["ci_low"])

    profiled = {"effects": "random", "interval": "profile"}
    assert width(alike, **profiled) == pytest.approx(width(alike, effects="fixed"), rel=0.15)
    assert width(unlike, **profiled) > 2 * width(unlike, effects="fixed")
    # a t quantile with three degrees is wider than a normal one
    assert width(unlike, effects="random") > 1.2 * width(unlike, **profiled)
    # near parabolas: the normal random-effects model by maximum likelihood gives the same spread
    single = pooling.pooled_profiles(binomial_profile(40, 40, "s"), effects="random").iloc[0]
    assert "not_estimable=a single site" in single["method"]


def test_random_effects_of_parabolas_are_those_of_the_normal_model():
    """Outside witness: direct maximum likelihood of the normal-normal model."""
    values, error = np.array([-0.4, -0.1, 0.3, 0.6]), 0.15
    x = np.linspace(-2.3, 2.3, 9)
    profiles = pd.concat(
        binomial_profile(1, 1, f"s{i}", x).assign(
            log_likelihood=-0.5 * ((x - value) / error) ** 2, gradient=(value - x) / error**2
        )
        for i, value in enumerate(values)
    )
    row = pooling.pooled_profiles(profiles, effects="random", interval="profile").iloc[0]
    assert np.log(row["estimate"]) == pytest.approx(values.mean(), abs=1e-3)
    assert "between_variance=ml; interval=profile" in row["method"]

    def height(mean):
        taus = np.linspace(0, 2, 4001)[:, None]
        variance = taus**2 + error**2
        return (-0.5 * np.log(variance) - 0.5 * (values - mean) ** 2 / variance).sum(1).max()

    drop = height(values.mean()) - height(np.log(row["ci_high"]))
    assert drop == pytest.approx(stats.chi2.ppf(0.95, 1) / 2, abs=0.02)


@pytest.mark.parametrize("spread", [1.0, 0.1])
@pytest.mark.parametrize("least_scale", [0.0, 1.0])
def test_random_effects_of_parabolas_are_hartung_and_knapp_s(spread, least_scale):
    """Profiles that are parabolas hold an estimate and its error: both ways must agree."""
    values, errors = np.array([-0.4, -0.1, 0.3, 0.6]) * spread, [0.15, 0.2, 0.1, 0.25]
    x = np.linspace(-2.3, 2.3, 9)
    profiles = pd.concat(
        binomial_profile(1, 1, f"s{i}", x).assign(
            log_likelihood=-0.5 * ((x - value) / error) ** 2, gradient=(value - x) / error**2
        )
        for i, (value, error) in enumerate(zip(values, errors, strict=True))
    )
    choices = {"effects": "random", "least_scale": least_scale}
    row = pooling.pooled_profiles(profiles, **choices).iloc[0]
    known = pooling.meta_analysis(sites(values, errors), **choices).iloc[0]
    for name in ("estimate", "ci_low", "ci_high", "p_value"):
        assert row[name] == pytest.approx(known[name], rel=2e-3)
    told = f"between_variance=reml; interval=hartung_knapp; least_scale={least_scale}"
    assert told in row["method"]


def test_sites_that_agree_beyond_chance_leave_no_interval_but_that_of_their_floor():
    same = pd.concat([binomial_profile(40, 40, f"s{i}") for i in range(3)])
    own = pooling.pooled_profiles(same, effects="random").iloc[0]
    assert "not_estimable=identical sites" in own["method"]
    assert np.isnan(own["estimate"])
    kept = pooling.pooled_profiles(same, effects="random", least_scale=1.0).iloc[0]
    error = np.log(kept["ci_high"]) / stats.t.ppf(0.975, 2)
    assert error == pytest.approx(60**-0.5, rel=0.03)  # 120 x 2 outcomes, half in each arm


def test_profiles_of_sites_pooled_are_the_stratified_model_of_all_their_persons():
    parts = [region(seed) for seed in range(5)]
    profiles = pd.concat(
        risk.likelihood_profile(one, outcome="o", reference="B").assign(population=f"s{i}")
        for i, one in enumerate(parts)
    )
    pooled = pooling.pooled_profiles(profiles, effects="fixed").iloc[0]
    together = pd.concat(one.assign(site=f"s{i}") for i, one in enumerate(parts))
    one_place = risk.hazard_ratio(
        together.assign(person_id=range(len(together))),
        outcome="o",
        reference="B",
        strata=["site"],
        interval="profile",
    ).iloc[0]
    for name in ("estimate", "ci_low", "ci_high"):
        assert pooled[name] == pytest.approx(one_place[name], rel=1e-3)
    assert (pooled["persons"], pooled["events"]) == (one_place["persons"], one_place["events"])


def region(seed, size=300):
    draw = np.random.default_rng(seed)
    arm = np.where(draw.random(size) < 0.5, "A", "B")
    wait = draw.exponential(1 / (0.0015 * np.where(arm == "A", 1.5, 1)))
    time = np.ceil(np.minimum(wait, 200)).astype(int)
    return pd.DataFrame(
        {
            "person_id": range(size),
            "arm": arm,
            "entry": 0,
            "exit": time,
            "event": wait <= 200,
            "exit_reason": np.where(wait <= 200, "outcome", "end_of_follow_up"),
        }
    )


def test_grids_that_share_nothing_or_repeat_a_point_are_refused():
    low, high = (binomial_profile(3, 3, str(i), x) for i, x in enumerate(([-2, -1], [1, 2])))
    with pytest.raises(EstimationError, match="rien en commun"):
        pooling.pooled_profiles(pd.concat([low, high]), effects="fixed")
    with pytest.raises(EstimationError, match="deux points distincts"):
        pooling.Profile([0, 0], [1, 1], [0, 0])
    with pytest.raises(EstimationError, match="infinie"):
        pooling.Profile([0, 1], [1, np.inf], [0, 0])
