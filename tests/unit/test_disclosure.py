"""What a masked table shows, hides and says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studylib import tables
from studylib.errors import StudyError, TableError
from studylib.report.disclosure import coarsen, exposed_by_parts, mask, review


def flow(*persons):
    excluded = [0, *(-np.diff(persons)).tolist()]
    return pd.DataFrame(
        {"step": [f"step {i}" for i in range(len(persons))], "persons": persons}
    ).assign(excluded=excluded)


def estimate(comparison, persons, events, measure="hazard_ratio", **other):
    row = {
        "analysis": "primary",
        "population": "11",
        "comparison": comparison,
        "outcome": "Hémorragie",
        "measure": measure,
        "estimate": 0.7,
        "ci_low": 0.5,
        "ci_high": 0.9,
        "p_value": 0.01,
        "persons": persons,
        "events": events,
        "person_years": 1000.0,
        "method": "",
    }
    return row | other


def balance(arm_count, *, covariate="diabetes", persons=500):
    return {
        "covariate": covariate,
        "kind": "share",
        "arm": "AOD",
        "reference": "AVK",
        "arm_persons": persons,
        "arm_count": arm_count,
        "arm_mean": arm_count / persons,
        "arm_sd": 0.1,
        "reference_persons": 400,
        "reference_count": 100,
        "reference_mean": 0.25,
        "reference_sd": 0.4,
        "smd": 0.1,
        "variance_ratio": np.nan,
        "arm_mean_after": np.nan,
        "reference_mean_after": np.nan,
        "smd_after": 0.05,
        "variance_ratio_after": np.nan,
    }


@pytest.mark.parametrize(("count", "mark"), [(0, ""), (1, "small"), (10, "small"), (11, "")])
def test_eleven_is_shown_ten_is_not_zero_is(count, mark):
    masked = review(pd.DataFrame([estimate("AOD", 5000, count)]), tables.ESTIMATES)
    assert masked.marks["events"].iloc[0] == mark


def test_zero_is_hidden_when_asked():
    frame = pd.DataFrame([estimate("AOD", 5000, 0)])
    masked = review(frame, tables.ESTIMATES, show_zero=False)
    assert masked.marks["events"].iloc[0] == "small"


def test_a_higher_threshold_hides_more():
    frame = pd.DataFrame([estimate("AOD", 5000, 15)])
    assert mask(frame, tables.ESTIMATES)["events"].iloc[0] == 15
    assert pd.isna(mask(frame, tables.ESTIMATES, threshold=20)["events"].iloc[0])


def test_values_that_lead_back_to_a_small_count_go_with_it():
    masked = mask(pd.DataFrame([estimate("AOD", 5000, 7)]), tables.ESTIMATES)
    hidden = ["estimate", "ci_low", "ci_high", "p_value", "person_years"]
    assert masked[hidden].isna().all(axis=None)
    assert masked["comparison"].tolist() == ["AOD"]


def test_nearly_everybody_having_the_outcome_is_a_small_count_too():
    masked = review(pd.DataFrame([estimate("AOD", 100, 95)]), tables.ESTIMATES)
    assert masked.marks["events"].iloc[0] == "withheld"
    assert masked.frame["persons"].iloc[0] == 100


def test_a_small_exclusion_hides_its_neighbours_and_keeps_the_ends():
    masked = review(flow(1000, 995, 700, 400), tables.FLOW)
    assert masked.marks["excluded"].tolist() == ["", "small", "withheld", ""]
    assert masked.marks["persons"].tolist() == ["", "withheld", "", ""]


def test_a_small_last_exclusion_keeps_the_number_analysed():
    masked = review(flow(1000, 700, 695), tables.FLOW)
    assert masked.frame["persons"].iloc[-1] == 695
    assert masked.marks["persons"].iloc[1] == "withheld"


def test_a_flow_without_small_count_is_shown_whole():
    assert not review(flow(1000, 700, 400), tables.FLOW).hides


def test_the_ratio_goes_when_the_events_of_one_arm_are_small():
    """Its interval and the total would give back the events of each arm."""
    frame = pd.DataFrame(
        [
            estimate("AOD", 900, 5, "incidence_rate"),
            estimate("AVK", 800, 60, "incidence_rate"),
            estimate("AOD / AVK", 1700, 65),
        ]
    )
    masked = mask(frame, tables.ESTIMATES)
    assert masked["estimate"].isna().tolist() == [True, True, True] or (
        masked["estimate"].isna().tolist() == [True, False, True]
    )
    assert masked["events"].isna().sum() >= 2


def test_nested_analyses_hide_a_small_difference_but_keep_the_ratio():
    frame = pd.DataFrame(
        [
            estimate("AOD / AVK", 2000, 120),
            estimate("AOD / AVK", 2000, 125, analysis="intention_de_traiter"),
        ]
    )
    masked = mask(frame, tables.ESTIMATES)
    assert masked["events"].isna().sum() == 1
    assert masked["estimate"].notna().all()


def test_the_same_persons_on_every_row_are_one_count():
    frame = pd.DataFrame([balance(5), balance(200, covariate="cancer")])
    masked = review(frame.astype({"arm_count": "Int64"}), tables.BALANCE)
    assert masked.marks["arm_count"].tolist() == ["small", ""]
    assert masked.marks["arm_mean"].tolist() == ["withheld", ""]
    assert masked.marks["smd"].tolist() == ["withheld", ""]
    assert (masked.marks["arm_persons"] == "").all()


def test_two_complementary_characteristics_are_both_hidden():
    frame = pd.DataFrame([balance(496, covariate="female"), balance(4, covariate="male")])
    masked = review(frame.astype({"arm_count": "Int64"}), tables.BALANCE)
    assert masked.marks["arm_count"].tolist() == ["withheld", "small"]


def test_categories_that_make_everybody_protect_one_another():
    ages = {"Âge : 18-64": 300, "Âge : 65-79": 193, "Âge : 80 et plus": 7}
    frame = pd.DataFrame([balance(n, covariate=name) for name, n in ages.items()])
    marks = review(frame.astype({"arm_count": "Int64"}), tables.BALANCE).marks["arm_count"]
    assert (marks != "").sum() == 2
    assert marks.iloc[2] == "small"


def test_a_mean_of_a_small_group_is_withheld():
    row = balance(5, covariate="age", persons=8) | {"kind": "mean", "arm_count": None}
    masked = mask(pd.DataFrame([row]).astype({"arm_count": "Int64"}), tables.BALANCE)
    assert masked[["arm_mean", "arm_sd", "smd"]].isna().all(axis=None)


def test_masking_twice_changes_nothing_more():
    once = mask(flow(1000, 995, 700, 400), tables.FLOW)
    pd.testing.assert_frame_equal(mask(once, tables.FLOW), once)


def test_undeclared_numbers_are_not_shown():
    frame = flow(1000, 700).assign(secret=[3, 4], region="11")
    assert list(mask(frame, tables.FLOW).columns) == ["step", "persons", "excluded", "region"]


def test_a_missing_declared_column_is_refused():
    with pytest.raises(TableError, match="excluded"):
        mask(flow(10, 5).drop(columns="excluded"), tables.FLOW)


def test_a_threshold_below_two_is_refused():
    with pytest.raises(StudyError, match="Seuil"):
        mask(flow(10, 5), tables.FLOW, threshold=1)


def test_an_empty_table_stays_empty():
    assert mask(tables.empty(tables.ESTIMATES), tables.ESTIMATES).empty


def curve(at_risk, events):
    return pd.DataFrame(
        {
            "arm": "AOD",
            "day": range(len(events)),
            "measure": "survival",
            "estimate": 0.9,
            "ci_low": 0.8,
            "ci_high": 1.0,
            "at_risk": at_risk,
            "events": events,
        }
    )


steps = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9)), min_size=1, max_size=60)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(12, 800), steps)
def test_between_two_points_of_a_curve_nobody_is_singled_out(persons, leaving):
    at_risk, events = [persons], [0]
    for occurred, censored in leaving:
        occurred = min(occurred, at_risk[-1])
        at_risk.append(max(at_risk[-1] - occurred - censored, 0))
        events.append(events[-1] + occurred)
    shown = coarsen(curve(at_risk, events), threshold=11)
    days = shown["day"].to_numpy()
    for exact, name in ((at_risk, "at_risk"), (events, "events")):
        gap = pd.Series(exact).loc[days].diff().dropna().abs()
        assert ((gap == 0) | (gap >= 11)).all()
        assert (shown[name] % 10 == 0).all()
        assert (shown[name].to_numpy() >= pd.Series(exact).loc[days].to_numpy()).all()
    assert (shown["at_risk"] >= 11).all()
    assert len(shown) >= 1


def test_a_curve_ends_where_too_few_are_at_risk():
    shown = coarsen(curve([150, 110, 60, 10], [0, 20, 40, 55]), threshold=11)
    assert shown["day"].tolist() == [0, 1, 2]


def test_a_curve_of_a_small_group_is_not_shown():
    assert coarsen(curve([9, 8], [0, 1]), threshold=11).empty


def test_a_curve_reaches_its_end_by_merging_the_last_steps():
    shown = coarsen(curve([500, 470, 465, 430], [0, 12, 18, 24]), threshold=11)
    assert shown["day"].tolist() == [0, 1, 3]


def published(**events):
    return {
        name: pd.DataFrame({"population": [name], "comparison": ["AOD"], "events": [value]})
        for name, value in events.items()
    }


@pytest.mark.parametrize(
    ("regions", "pooled", "exposed"),
    [
        ({"nord": "<\u00a011", "sud": "30"}, "35", ["nord"]),
        ({"nord": "masqué", "sud": "30"}, "60", ["nord"]),
        ({"nord": "<\u00a011", "sud": "<\u00a011"}, "20", ["nord", "sud"]),
        ({"nord": "<\u00a011", "sud": "<\u00a011"}, "12", []),
        ({"nord": "<\u00a011", "sud": "masqué"}, "60", []),
        ({"nord": "25", "sud": "30"}, "55", []),
        ({"nord": "<\u00a011", "sud": "30"}, "masqué", []),
    ],
)
def test_tables_of_regions_and_of_the_whole_read_together(regions, pooled, exposed):
    whole = published(ensemble=pooled)["ensemble"]
    found = exposed_by_parts(published(**regions), whole)
    assert [sentence.split(",")[0] for sentence in found] == exposed


def test_a_few_persons_left_out_by_an_adjustment_are_not_given_back():
    from studylib.risk.propensity import ADJUSTMENT

    row = {
        "arm": "AOD", "persons": 500, "kept": 495, "left_out": 5, "weight_min": 1.0,
        "weight_mean": 1.0, "weight_max": 1.0, "effective_size": 495.0,
    }  # fmt: skip
    other = row | {"arm": "AVK", "kept": 400, "left_out": 100, "effective_size": 400.0}
    masked = review(pd.DataFrame([row, other]), ADJUSTMENT)
    assert masked.marks["left_out"].tolist() == ["small", ""]
    assert masked.marks["kept"].tolist() == ["withheld", ""]
    assert masked.marks["effective_size"].tolist() == ["withheld", ""]


def test_codes_cut_at_two_lengths_do_not_give_their_difference_back():
    rows = [
        balance(100, covariate="ATC/3 B01"),
        balance(95, covariate="ATC/5 B01AA"),
        balance(60, covariate="ATC/5 C09AA"),
    ]
    masked = review(pd.DataFrame(rows), tables.BALANCE)
    # five persons have a B01 that is not a B01AA: one of the two counts is hidden, not the third
    assert sorted(masked.marks["arm_count"].tolist()[:2]) == ["", "withheld"]
    assert masked.marks["arm_count"].iloc[2] == ""
    hidden = masked.marks["arm_count"].tolist().index("withheld")
    assert masked.marks["smd_after"].iloc[hidden] == "withheld"


def test_the_texts_of_a_covariate_are_categories_that_protect_one_another():
    from studylib import risk

    arms, regions = ["AOD"] * 100 + ["AVK"] * 100, ["11"] * 50 + ["76"] * 45 + ["84"] * 5
    people = pd.DataFrame({"person_id": range(200), "arm": arms, "region": regions * 2})
    masked = review(risk.balance(people, ["region"], reference="AVK"), tables.BALANCE)
    assert masked.marks["arm_count"].tolist().count("") == 1
