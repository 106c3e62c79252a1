"""How dispensings become episodes: drawn examples, then a naive oracle on generated tables."""

import pandas as pd
import pytest
from conftest import drawn, examples, redrawn, rows
from hypothesis import given, settings
from hypothesis import strategies as st

from studylib.cohort.exposure import covered
from studylib.errors import StudyError

COLUMNS = ["person_id", "arm", "start", "end"]


def episodes(engine, frame, grace_days, carry_over):
    found = covered(
        engine, engine.load(frame, "days"), grace_days=grace_days, carry_over=carry_over
    )
    return engine.collect(found)


def test_the_grace_period_bridges_gaps_and_is_not_added_at_the_end(engine):
    dispensed = drawn("""
        person_id | arm | start      | days
        1         | AVK | 2022-01-01 | 30
        1         | AVK | 2022-02-20 | 30
        1         | AVK | 2022-06-01 | 30
    """)
    # gaps of 20 days (bridged) and 71 days (a new episode)
    assert redrawn(episodes(engine, dispensed, 30, False), COLUMNS) == rows("""
        person_id | arm | start      | end
        1         | AVK | 2022-01-01 | 2022-03-22
        1         | AVK | 2022-06-01 | 2022-07-01
    """)


def test_a_gap_as_long_as_the_grace_period_is_bridged(engine):
    dispensed = drawn("""
        person_id | arm | start      | days
        1         | AVK | 2022-01-01 | 10
        1         | AVK | 2022-01-31 | 10
        2         | AVK | 2022-01-01 | 10
        2         | AVK | 2022-02-01 | 10
    """)
    found = episodes(engine, dispensed, 20, True)
    assert found.groupby("person_id").size().to_dict() == {1: 1, 2: 2}


def test_what_is_dispensed_early_is_used_later(engine):
    dispensed = drawn("""
        person_id | arm | start      | days
        1         | AVK | 2022-01-01 | 30
        1         | AVK | 2022-01-11 | 30
    """)
    with_stock = episodes(engine, dispensed, 0, True)
    without = episodes(engine, dispensed, 0, False)
    assert (with_stock["end"] - with_stock["start"]).tolist() == [60]
    assert (without["end"] - without["start"]).tolist() == [40]


def test_stock_does_not_survive_a_gap(engine):
    dispensed = drawn("""
        person_id | arm | start      | days
        1         | AVK | 2022-01-01 | 30
        1         | AVK | 2022-01-11 | 30
        1         | AVK | 2022-06-01 | 30
    """)
    assert redrawn(episodes(engine, dispensed, 30, True), COLUMNS) == rows("""
        person_id | arm | start      | end
        1         | AVK | 2022-01-01 | 2022-03-02
        1         | AVK | 2022-06-01 | 2022-07-01
    """)


def test_a_negative_grace_period_is_refused(engine):
    dispensed = drawn("person_id | arm | start | days\n1 | AVK | 2022-01-01 | 30")
    with pytest.raises(StudyError, match="positif"):
        episodes(engine, dispensed, -1, True)


def walked(frame: pd.DataFrame, grace_days: int, carry_over: bool) -> list[tuple]:
    """The same, walked dispensing by dispensing: slow and obvious."""
    found = []
    for (person, arm), group in frame.sort_values("start").groupby(["person_id", "arm"]):
        begun = until = None
        for start, days in zip(group["start"], group["days"], strict=True):
            if until is None or start - until > grace_days:
                if begun is not None:
                    found.append((person, arm, begun, until))
                begun, until = start, start + days
            else:
                until = max(until, start) + days if carry_over else max(until, start + days)
        found.append((person, arm, begun, until))
    return sorted(found)


boxes = st.tuples(
    st.integers(1, 3), st.sampled_from(["AVK", "AOD"]), st.integers(0, 200), st.integers(1, 90)
)


@settings(max_examples=examples(60), deadline=None, derandomize=True)
@given(
    st.lists(boxes, min_size=1, max_size=25, unique_by=lambda box: box[:3]),
    st.integers(0, 60),
    st.booleans(),
)
def test_windows_agree_with_the_walk(engine, dispensed, grace_days, carry_over):
    frame = pd.DataFrame(dispensed, columns=["person_id", "arm", "start", "days"])
    found = episodes(engine, frame, grace_days, carry_over)
    assert sorted(found[COLUMNS].itertuples(index=False, name=None)) == walked(
        frame, grace_days, carry_over
    )
