"""Risks by a day, weighted or not, and competing events: by hand, against peers, by simulation."""

import numpy as np
import pandas as pd
import pytest

from studylib import risk
from studylib.errors import EstimationError
from studylib.risk.time_to_event.influence import incidence_at, mean_time_until, occupation

O, D, C = "outcome", "death", "end_of_follow_up"  # noqa: E741


def persons(days, reasons, arm="A", start=1, **columns):
    return pd.DataFrame(
        {
            "person_id": range(start, start + len(days)),
            "arm": arm,
            "entry": 0,
            "exit": days,
            "event": [reason == O for reason in reasons],
            "exit_reason": list(reasons),
            **columns,
        }
    )


def seen(days, reasons, weights=None):
    reasons = np.array(reasons)
    return occupation(np.array(days), reasons == O, reasons == D, weights)


def test_weighted_incidence_by_hand():
    # day 1: weights 2+1+1 at risk, 2 with the outcome: 1/2. Day 2: 2 left, a death of weight 1:
    # free 1/2 x 1/2. Day 3: the last, of weight 1, has the outcome: 1/2 + 1/4 = 3/4.
    value, _ = incidence_at(seen([1, 2, 3], [O, D, O], np.array([2.0, 1, 1])), 3)
    assert value == pytest.approx(0.75)


def test_mean_time_by_hand():
    # free of both: 1 until day 2, 3/4 until day 4, 3/8 until day 6 (one censored on day 3)
    value, _ = mean_time_until(seen([2, 3, 4, 9], [O, C, D, C]), 6)
    assert value == pytest.approx(2 + 0.75 * 2 + 0.375 * 2)


@pytest.mark.parametrize("estimator", [incidence_at, mean_time_until])
def test_influence_is_what_a_little_more_weight_moves(estimator):
    draw = np.random.default_rng(1)
    days, reasons = draw.integers(1, 9, 40), draw.choice([O, D, C], 40)
    weights = draw.random(40) + 0.5
    _, influence = estimator(seen(days, reasons, weights), 6)
    for person in range(40):
        more, less = weights.copy(), weights.copy()
        more[person] *= 1 + 1e-6
        less[person] *= 1 - 1e-6
        up, down = (estimator(seen(days, reasons, w), 6)[0] for w in (more, less))
        assert influence[person] == pytest.approx((up - down) / 2e-6, abs=1e-6)


def test_without_weights_the_variance_is_close_to_that_of_greenwood():
    draw = np.random.default_rng(2)
    time = np.ceil(draw.exponential(50, 2000)).astype(int)
    reasons = np.where(draw.random(2000) < 0.7, O, C)
    value, influence = incidence_at(seen(time, reasons), 40)
    days, place = np.unique(time, return_inverse=True)
    events = np.bincount(place, reasons == O)
    at_risk = len(time) - np.r_[0, np.cumsum(np.bincount(place))[:-1]]
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(at_risk > events, events / (at_risk * (at_risk - events)), 0)
    greenwood = (1 - value) ** 2 * terms[days <= 40].sum()
    assert (influence**2).sum() == pytest.approx(greenwood, rel=0.01)


def test_differences_ratios_and_numbers_needed_of_eight_persons():
    # A: 2 of 4 by day 5, B: 1 of 4, all followed: 0.25 more, four treated for one, ratio 2
    both = pd.concat(
        [persons([1, 3, 9, 9], [O, O, C, C]), persons([2, 9, 9, 9], [O, C, C, C], "B", 5)]
    )
    rows = risk.risk_difference(both, outcome="o", reference="B", day=5).set_index("measure")
    assert rows["estimate"].to_dict() == pytest.approx(
        {"risk_difference": 0.25, "number_needed": 4, "risk_ratio": 2}
    )
    # binomial variances p(1-p)/n: 0.0625 and 0.046875
    half = 1.959964 * np.sqrt(0.0625 + 0.046875)
    assert rows.loc["risk_difference", "ci_high"] == pytest.approx(0.25 + half, rel=1e-6)
    times = risk.mean_time_difference(both, outcome="o", reference="B", day=5).iloc[0]
    assert times["estimate"] == pytest.approx((1 + 3 + 5 + 5) / 4 - (2 + 15) / 4)


def test_copies_of_a_person_clustered_change_nothing():
    one = pd.concat(
        [persons([1, 3, 9, 9], [O, O, C, C]), persons([2, 9, 9, 9], [O, C, C, C], "B", 5)]
    )
    twice = pd.concat([one, one])
    alone = risk.risk_difference(one, outcome="o", reference="B", day=5)
    again = risk.risk_difference(twice, outcome="o", reference="B", day=5, cluster="person_id")
    numbers = ["estimate", "ci_low", "ci_high"]
    assert again[numbers].to_numpy() == pytest.approx(alone[numbers].to_numpy(), nan_ok=True)


def test_what_has_no_answer_by_the_day_says_why():
    short = pd.concat([persons([2, 3], [O, C]), persons([9, 9], [O, C], "B", 5)])
    rows = risk.risk_difference(short, outcome="o", reference="B", day=5)
    assert rows["estimate"].isna().all()
    assert rows["method"].str.contains("not_estimable=nobody followed until the day in A").all()
    with pytest.raises(EstimationError, match="jour 0"):
        risk.risk_difference(short, outcome="o", reference="B", day=0)


def test_a_cause_is_its_own_hazard():
    both = pd.concat(
        [persons([1, 2, 3, 4], [O, D, O, C]), persons([2, 3, 5, 6], [D, O, D, C], "B", 5)]
    )
    rows = risk.cause_specific_hazard_ratios(
        both, outcomes={O: "Hémorragie", D: "Décès"}, reference="B"
    )
    deaths = both.assign(event=both["exit_reason"].eq(D))
    alone = risk.hazard_ratio(deaths, outcome="Décès", reference="B").iloc[0]
    assert rows["outcome"].tolist() == ["Hémorragie", "Décès"]
    assert rows.loc[1, "estimate"] == pytest.approx(alone["estimate"])
    with pytest.raises(EstimationError, match="motif de sortie fin"):
        risk.cause_specific_hazard_ratios(both, outcomes={"fin": "x"}, reference="B")


def fine_and_gray(seed, ratio, size=400, censored=True):
    """Fine and Gray's own simulation (1999): the subdistribution hazards are proportional."""
    draw = np.random.default_rng(seed)
    treated = draw.random(size) < 0.5
    share, factor = 0.5, np.where(treated, ratio, 1.0)
    first = draw.random(size) < 1 - (1 - share) ** factor
    u = draw.random(size)
    inside = (1 - u * (1 - (1 - share) ** factor)) ** (1 / factor)
    cause_1 = -np.log(1 - (1 - inside) / share)
    cause_2 = draw.exponential(1 / np.where(treated, 1.5, 1.0))
    time = np.where(first, cause_1, cause_2)
    end = draw.uniform(0.2, 3, size) if censored else np.full(size, np.inf)
    reason = np.where(time <= end, np.where(first, O, D), C)
    days = np.ceil(1000 * np.minimum(time, end)).astype(int)
    return persons(days, reason).assign(arm=np.where(treated, "A", "B"))


def test_without_censoring_it_is_cox_with_competing_events_kept_for_ever():
    data = fine_and_gray(1, 0.6, censored=False)
    row = risk.subdistribution_hazard_ratio(data, outcome="o", reference="B").iloc[0]
    kept = data.assign(exit=data["exit"].where(data["event"], data["exit"].max() + 1))
    cox = risk.hazard_ratio(
        kept, outcome="o", reference="B", ties="breslow", variance="sandwich"
    ).iloc[0]
    numbers = ["estimate", "ci_low", "ci_high"]
    assert row[numbers].to_numpy(float) == pytest.approx(cox[numbers].to_numpy(float), rel=1e-6)


@pytest.mark.parametrize("ratio", [1.0, 0.6])
def test_the_subdistribution_ratio_covers(ratio):
    held = 0
    for seed in range(200):
        row = risk.subdistribution_hazard_ratio(
            fine_and_gray(seed, ratio), outcome="o", reference="B"
        ).iloc[0]
        held += row["ci_low"] < ratio < row["ci_high"]
    assert 181 <= held <= 199


def test_weighted_risks_cover_where_crude_ones_do_not():
    weighted = crude = 0
    for seed in range(200):
        draw = np.random.default_rng(seed)
        frail = draw.random(600) < 0.4
        score = np.where(frail, 0.7, 0.3)
        treated = draw.random(600) < score
        rate = np.where(treated, 0.002, 0.001) * np.where(frail, 1.6, 0.6)
        time = draw.exponential(1 / rate)
        data = persons(
            np.ceil(np.minimum(time, 400)).astype(int), np.where(time <= 400, O, C)
        ).assign(
            arm=np.where(treated, "A", "B"),
            weight=np.where(treated, 1 / score, 1 / (1 - score)),
        )
        truth = sum(  # everybody on B less everybody on A, by day 400
            share * (np.exp(-0.4 * factor) - np.exp(-0.8 * factor))
            for share, factor in ((0.4, 1.6), (0.6, 0.6))
        )
        row = risk.risk_difference(
            data, outcome="o", reference="B", day=400, weights="weight"
        ).iloc[0]
        bare = risk.risk_difference(data, outcome="o", reference="B", day=400).iloc[0]
        weighted += row["ci_low"] < truth < row["ci_high"]
        crude += bare["ci_low"] < truth < bare["ci_high"]
    assert weighted >= 185  # known scores: conservative
    assert crude < 150


def test_a_time_varying_exposure_against_another_leaves_time_with_none_apart():
    """The contrast of two drugs is that of a model with both, whatever time with none does."""
    draw = np.random.default_rng(3)
    persons = 4000
    state = draw.choice(3, (persons, 4), p=[0.4, 0.4, 0.2])  # A, B, none over four stretches
    hazard = np.array([0.02, 0.01, 0.04])[state]
    wait = draw.exponential(size=state.shape) / hazard
    happens = wait < 10
    first = np.where(happens.any(axis=1), happens.argmax(axis=1), 4)
    kept = np.arange(4) <= first[:, None]
    person, step = np.nonzero(kept)
    event = happens[person, step]
    rows = pd.DataFrame(
        {
            "person_id": person,
            "start": step * 10.0,
            "end": step * 10.0 + np.where(event, np.maximum(wait[person, step], 1e-3), 10),
            "event": event,
            "A": state[person, step] == 0,
            "B": state[person, step] == 1,
        }
    )
    row = risk.time_varying_hazard_ratio(rows, outcome="o", exposures=["A"], reference="B").iloc[0]
    assert row["comparison"] == "A / B"
    assert row["ci_low"] < 2 < row["ci_high"]
    both = risk.time_varying_hazard_ratio(rows, outcome="o", exposures=["A", "B"])
    contrast = both["estimate"].iloc[0] / both["estimate"].iloc[1]
    assert row["estimate"] == pytest.approx(contrast, rel=1e-6)
    lone = risk.time_varying_hazard_ratio(
        rows.assign(B=False), outcome="o", exposures=["A"], reference="B"
    ).iloc[0]
    assert "not_estimable=nobody in B" in lone["method"]
    # without an outcome in the time with none, it is as if that time were not there
    quiet = rows.assign(event=rows["event"] & (rows["A"] | rows["B"]))
    left = quiet[quiet["A"] | quiet["B"]]
    found = [
        risk.time_varying_hazard_ratio(each, outcome="o", exposures=["A"], reference="B").iloc[0]
        for each in (quiet, left)
    ]
    assert found[0]["estimate"] == pytest.approx(found[1]["estimate"], rel=1e-9)
