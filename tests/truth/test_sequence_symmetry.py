"""Sequence symmetry worked by hand, and its interval on simulated starts."""

import numpy as np
import pandas as pd
import pytest

from studylib import risk
from studylib.errors import EstimationError
from studylib.risk.validation import sequence_symmetry as simulated


def uses(*days):
    frame = pd.DataFrame(days, columns=["index_day", "marker_day"], dtype="float")
    return frame.astype("Int64").reset_index(names="person_id")


# Gaps, marker less index: 5, 20, 100, 400, -10, -365, 0, and two who begin only one.
NINE = uses(
    (1000, 1005), (1000, 1020), (1000, 1100), (1000, 1400), (1000, 990), (1000, 635), (1000, 1000),
    (1000, None), (None, 1000),
)  # fmt: skip


def crude(**choices):
    return risk.sequence_symmetry(NINE, index="A", marker="B", **choices).iloc[0]


def test_pairs_within_the_window_by_order():
    """5, 20 and 100 come after within a year; -10 and -365 before; 400 is too far: 3 / 2."""
    row = crude()
    assert (row["estimate"], row["persons"], row["events"]) == (1.5, 5, 2)
    assert row["measure"] == "crude_sequence_ratio"
    assert risk.sequences(NINE, index="A", marker="B")["persons"].tolist() == [3, 2, 1]


@pytest.mark.parametrize(
    ("choices", "ratio"),
    [
        ({"window": 364}, 3 / 1),
        ({"window": 400}, 4 / 2),
        ({"blackout": 5}, 2 / 2),
        ({"blackout": 10}, 2 / 1),
        ({"same_day": "split"}, 3.5 / 2.5),
        ({"same_day": "index_first"}, 4 / 2),
        ({"same_day": "marker_first"}, 3 / 3),
    ],
)
def test_each_choice_moves_the_ratio_by_what_it_says(choices, ratio):
    row = crude(**choices)
    assert row["estimate"] == pytest.approx(ratio)
    assert all(f"{name}={value}" in row["method"] for name, value in choices.items())


def test_the_two_intervals():
    """Beta(3.5, 2.5): quantiles 0.1931 and 0.9004 (R's qbeta); exact binomial 3 of 5: 0.1466 and
    0.9473 (Clopper and Pearson's table)."""
    row = crude()
    assert [row["ci_low"], row["ci_high"]] == pytest.approx(beta_odds(3.5, 2.5), rel=1e-6)
    exact = crude(interval="clopper_pearson")
    low, high = (odds / (1 + odds) for odds in (exact["ci_low"], exact["ci_high"]))
    assert (low, high) == (pytest.approx(0.1466, abs=5e-5), pytest.approx(0.9473, abs=5e-5))


def beta_odds(first, second):
    """Quantiles of the odds by integrating the density, not by the library's own inverse."""
    share = (np.arange(2_000_000) + 0.5) / 2_000_000
    density = share ** (first - 1) * (1 - share) ** (second - 1)
    reached = np.cumsum(density) / density.sum()
    found = share[np.searchsorted(reached, [0.025, 0.975])]
    return list(found / (1 - found))


def test_nobody_the_other_way_round_gives_an_infinite_limit():
    rows = risk.sequence_symmetry(uses((10, 20), (10, 30)), index="A", marker="B")
    assert rows.loc[0, "estimate"] == np.inf
    assert rows.loc[0, "ci_high"] == np.inf
    assert rows.loc[0, "ci_low"] > 0.3
    assert "not_estimable=no trend" in rows.loc[1, "method"]
    other = risk.sequence_symmetry(uses((20, 10), (30, 10)), index="A", marker="B").iloc[0]
    assert (other["estimate"], other["ci_low"]) == (0, 0)
    assert np.isfinite(other["ci_high"])


def test_nobody_at_all_is_not_estimable():
    row = risk.sequence_symmetry(uses((10, None), (None, 20)), index="A", marker="B").iloc[0]
    assert np.isnan(row["estimate"])
    assert "not_estimable=no pair" in row["method"]


def test_the_null_ratio_counts_everyone_s_starts():
    """Index starts on days 10, 10 and 40; marker on days 12, 9, 30.

    After, within 20: 12 and 30 for each start of day 10 (4 pairs), none for day 40. Before, within
    20: 9 for each start of day 10, and 30 for day 40 (3 pairs). Null 4 / 3, whoever they are.
    """
    given = uses((10, 12), (10, None), (40, 30), (None, 9))
    assert risk.null_ratio(given, null_window=20) == pytest.approx(4 / 3)
    shuffled = uses((10, None), (40, None), (10, 9), (None, 12), (None, 30))
    assert risk.null_ratio(shuffled, null_window=20) == pytest.approx(4 / 3)
    rows = risk.sequence_symmetry(given, index="A", marker="B", window=20, null_window=20)
    assert rows["estimate"].tolist() == pytest.approx([1.0, 3 / 4])


def test_starts_by_week():
    """Gaps 5, 20 and -10, and one the same day, within three weeks."""
    table = risk.gaps_by_week(NINE, index="A", marker="B", window=21).set_index("first_week")
    assert table.loc[table["persons"] > 0, "persons"].to_dict() == {-2: 1, 0: 1, 1: 1, 3: 1}
    assert list(table.index) == [-3, -2, -1, 0, 1, 2, 3]
    wide = risk.gaps_by_week(NINE, index="A", marker="B", window=28, weeks=2)
    assert wide[["first_week", "last_week", "persons"]].to_numpy().tolist() == [
        [-4, -3, 0],
        [-2, -1, 1],
        [0, 0, 1],
        [1, 2, 1],
        [3, 4, 1],
    ]
    safe = risk.gaps_by_week(NINE, index="A", marker="B", window=28, fewest=2)
    assert safe["persons"].tolist() == [1, 1, 2], "widened up to a row a side"


def test_the_day_a_year_has_over_its_weeks_makes_no_row_of_its_own():
    year = uses((1000, 1365), (1000, 1092), (1000, 635), (1000, 1091))
    table = risk.gaps_by_week(year, index="A", marker="B", window=365, weeks=13)
    assert table[["first_week", "last_week"]].to_numpy().tolist()[-2:] == [[27, 39], [40, 53]]
    assert table["persons"].tolist() == [1, 0, 0, 0, 0, 1, 1, 0, 1]
    half = risk.gaps_by_week(year, index="A", marker="B", window=365, weeks=20)
    assert half["last_week"].tolist()[-2:] == [40, 53]


@pytest.mark.parametrize(
    ("given", "choices", "said"),
    [
        (pd.concat([NINE, NINE]), {}, "deux fois"),
        (NINE.drop(columns="marker_day"), {}, "colonnes marker_day absentes"),
        (NINE, {"window": 10, "blackout": 10}, "la fenêtre doit dépasser"),
        (NINE, {"same_day": "zz"}, "same_day vaut « zz »"),
        (NINE, {"interval": "zz"}, "interval vaut « zz »"),
    ],
)
def test_what_cannot_be_analysed_is_said(given, choices, said):
    with pytest.raises(EstimationError, match=said):
        risk.sequence_symmetry(given, index="A", marker="B", **choices)


@pytest.mark.parametrize("effect", [1.0, 2.0])
def test_the_interval_covers_and_the_adjustment_matters(effect):
    row = simulated.coverage_of_sequence_symmetry(seeds=range(200), effect=effect).iloc[0]
    assert 181 / 200 <= row["coverage"] <= 199 / 200
    assert row["mean_estimate"] == pytest.approx(effect, rel=0.06)


def test_a_trend_makes_the_crude_ratio_wrong_and_the_adjusted_one_right():
    """The marker comes to be used as the index goes out: the crude ratio is above 1 by itself."""
    draw = np.random.default_rng(1)
    index = np.floor(1500 * draw.random(40_000) ** 1.6)
    marker = np.floor(1500 * draw.random(40_000) ** 0.6)
    given = uses(*zip(index, marker, strict=True))
    rows = risk.sequence_symmetry(given, index="A", marker="B", null_window=365)
    assert rows.loc[0, "ci_low"] > 1.3
    assert rows.loc[1, "ci_low"] < 1 < rows.loc[1, "ci_high"]
