"""A reader with a solver attacks masked tables: no hidden count may be worked back.

The attack is written here from what a page prints, apart from the code that masks.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from studylib.report.disclosure import review
from studylib.tables import ESTIMATES, FLOW, Column, Table

THRESHOLD = 11
WIDE = 5  # values a small count must keep, at least

REPEATABLE = settings(max_examples=25, deadline=None, derandomize=True)
small_or_large = st.one_of(st.integers(0, 14), st.integers(0, 400))


class Attack:
    """What a reader knows: printed counts, bounds of « < 11 », and sums."""

    def __init__(self):
        self.bounds, self.equations = {}, []

    def printed(self, name, value, mark):
        low, high = {"": (value, value), "small": (1, THRESHOLD - 1), "withheld": (0, None)}[mark]
        self.bounds[name] = (low, high)

    def total(self, whole, parts):
        self.equations.append({whole: 1, **dict.fromkeys(parts, -1)})

    def subtract(self, larger, smaller):
        """The reader forms a count that nothing prints."""
        gap = (larger, "less", smaller)
        self.bounds[gap] = (0, None)
        self.equations.append({larger: 1, smaller: -1, gap: -1})
        return gap

    def values_left(self, name):
        names = list(self.bounds)
        matrix = np.zeros((len(self.equations), len(names)))
        for row, terms in enumerate(self.equations):
            for each, coefficient in terms.items():
                matrix[row, names.index(each)] = coefficient
        ends = []
        for sign in (1, -1):
            goal = np.zeros(len(names))
            goal[names.index(name)] = sign
            found = linprog(
                goal,
                A_eq=matrix,
                b_eq=np.zeros(len(matrix)),
                bounds=list(self.bounds.values()),
            )
            assert found.status in (0, 3), "what is printed contradicts itself"
            ends.append(sign * found.fun if found.status == 0 else math.inf)
        return math.floor(ends[1] + 1e-6) - math.ceil(ends[0] - 1e-6) + 1 if ends[1] < 1e12 else 1e9


def assert_safe(attack, masked, names, frame):
    for (row, column), name in names.items():
        mark, value = masked.marks[column].iloc[row], frame[column].iloc[row]
        if 1 <= value < THRESHOLD:
            assert mark, f"{column} of row {row} prints {value}"
            assert attack.values_left(name) >= WIDE
        elif mark:
            assert attack.values_left(name) >= 2


@REPEATABLE
@given(st.integers(30, 5000), st.lists(small_or_large, min_size=1, max_size=7))
def test_no_exclusion_of_a_flow_chart_can_be_subtracted(population, losses):
    persons = [population]
    for loss in losses:
        persons.append(persons[-1] - min(loss, persons[-1]))
    excluded = [0, *(-np.diff(persons)).tolist()]
    flow = pd.DataFrame(
        {"step": [f"step {i}" for i in range(len(persons))], "persons": persons}
    ).assign(excluded=excluded)
    masked = review(flow, FLOW, threshold=THRESHOLD)
    attack, names = Attack(), {}
    for row in range(len(flow)):
        for column in ("persons", "excluded"):
            names[row, column] = (column, row)
            attack.printed(
                (column, row), int(flow[column].iloc[row]), masked.marks[column].iloc[row]
            )
        if row:
            attack.total(("persons", row - 1), [("persons", row), ("excluded", row)])
    assert_safe(attack, masked, names, flow)


WARDS = Table(
    "wards",
    (
        Column("ward", "text", "the ward"),
        Column("stays", "integer", "stays", counts="stays"),
        Column("deaths", "integer", "deaths", counts="stays"),
        Column("lethality", "number", "deaths over stays", from_counts=("stays", "deaths")),
    ),
    key=("ward",),
)


@REPEATABLE
@given(st.lists(st.tuples(small_or_large, small_or_large), min_size=2, max_size=7))
def test_no_cell_of_a_table_with_a_total_can_be_subtracted(pairs):
    stays = [max(pair) for pair in pairs]
    deaths = [min(pair) for pair in pairs]
    frame = pd.DataFrame(
        {
            "ward": [*(f"ward {i}" for i in range(len(pairs))), "Total"],
            "stays": [*stays, sum(stays)],
            "deaths": [*deaths, sum(deaths)],
            "lethality": 0.1,
        }
    )
    masked = review(frame, WARDS, threshold=THRESHOLD, totals={"ward": "Total"})
    attack, names, survivors = Attack(), {}, {}
    last = len(pairs)
    for row in range(len(frame)):
        for column in ("stays", "deaths"):
            names[row, column] = (column, row)
            attack.printed(
                (column, row), int(frame[column].iloc[row]), masked.marks[column].iloc[row]
            )
        gap = attack.subtract(("stays", row), ("deaths", row))
        survivors[row] = (gap, int(frame["stays"].iloc[row] - frame["deaths"].iloc[row]))
    for column in ("stays", "deaths"):
        attack.total((column, last), [(column, row) for row in range(last)])
    assert_safe(attack, masked, names, frame)
    for gap, value in survivors.values():
        if 1 <= value < THRESHOLD:
            assert attack.values_left(gap) >= WIDE
    hidden = (masked.marks[["stays", "deaths"]] != "").any(axis=1)
    assert masked.frame.loc[hidden, "lethality"].isna().all()


def estimates_of(events):
    """Two regions and their pool, two arms and their contrast, two nested analyses."""
    rows = []
    for analysis in range(2):
        for region in ("11", "84", "ensemble"):
            regions = ("11", "84") if region == "ensemble" else (region,)
            by_arm = {
                arm: sum(sum(events[arm, r][: analysis + 1]) for r in regions)
                for arm in ("AOD", "AVK")
            }
            size = 500 * len(regions)
            rows += [(analysis, region, arm, size, by_arm[arm]) for arm in by_arm]
            rows.append((analysis, region, "AOD / AVK", 2 * size, sum(by_arm.values())))
    frame = pd.DataFrame(
        rows, columns=["analysis", "population", "comparison", "persons", "events"]
    )
    return frame.assign(
        analysis=frame["analysis"].map({0: "primary", 1: "wider"}),
        outcome="bleeding",
        measure=["incidence_rate", "incidence_rate", "hazard_ratio"] * 6,
        estimate=1.0,
        ci_low=0.5,
        ci_high=2.0,
        p_value=0.5,
        person_years=400.0,
        method="",
    )[ESTIMATES.names]


def attack_estimates(frame, masked):
    attack, place = Attack(), {}
    for row in range(len(frame)):
        key = tuple(frame[["analysis", "population", "comparison"]].iloc[row])
        place[row, "events"] = key
        attack.printed(key, int(frame["events"].iloc[row]), masked.marks["events"].iloc[row])
    for analysis in ("primary", "wider"):
        for region in ("11", "84", "ensemble"):
            attack.total(
                (analysis, region, "AOD / AVK"),
                [(analysis, region, "AOD"), (analysis, region, "AVK")],
            )
        for arm in ("AOD", "AVK", "AOD / AVK"):
            attack.total(
                (analysis, "ensemble", arm), [(analysis, "11", arm), (analysis, "84", arm)]
            )
    return attack, place


counts = st.tuples(small_or_large, st.one_of(st.just(0), st.integers(0, 40)))


@settings(max_examples=6, deadline=None, derandomize=True)
@given(counts, counts, counts, counts)
def test_no_event_count_follows_from_arms_regions_and_analyses(a, b, c, d):
    events = {("AOD", "11"): a, ("AVK", "11"): b, ("AOD", "84"): c, ("AVK", "84"): d}
    frame = estimates_of(events)
    masked = review(frame, ESTIMATES, threshold=THRESHOLD)
    attack, place = attack_estimates(frame, masked)
    gaps = {}
    for region in ("11", "84", "ensemble"):
        for arm in ("AOD", "AVK", "AOD / AVK"):
            wide, narrow = ("wider", region, arm), ("primary", region, arm)
            gap = attack.subtract(wide, narrow)
            value = {name: int(frame["events"].iloc[row]) for (row, _), name in place.items()}
            gaps[gap] = value[wide] - value[narrow]
    assert_safe(attack, masked, place, frame)
    for gap, value in gaps.items():
        if 1 <= value < THRESHOLD:
            assert attack.values_left(gap) >= WIDE


@pytest.mark.parametrize("column", ["persons", "excluded"])
def test_the_attack_itself_finds_an_unprotected_exclusion(column):
    """The attack is worth something: without complementary suppression it finds the count."""
    attack = Attack()
    attack.printed(("persons", 0), 500, "")
    attack.printed(("persons", 1), 495 if column == "excluded" else 0, "")
    attack.printed(("excluded", 1), 5, "small")
    attack.bounds["persons", 1] = (495, 495)
    attack.total(("persons", 0), [("persons", 1), ("excluded", 1)])
    assert attack.values_left(("excluded", 1)) == 1
