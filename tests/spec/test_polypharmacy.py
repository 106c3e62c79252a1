"""Substances taken over a period, quarter after quarter, and at once; scores in use: drawn."""

from datetime import date

import pandas as pd
import pytest
from drawn_use import YEAR, use_source

from studylib import cohort, usage
from studylib.errors import CodeError, EstimationError
from studylib.usage import load
from studylib.usage.load import Scale
from studylib.usage.polypharmacy import quarter_bounds

HEADER = "person_id | drug | start | days\n"
CHOICES = {
    "period": YEAR, "atc_level": 5, "excluded": ["S"], "quarters": 3, "presence": "in_use",
    "history_days": 365, "grace_days": 0, "carry_over": True,
}  # fmt: skip


def counted(engine, table, **choices):
    source = use_source(engine, HEADER + table)
    people = cohort.population(source, period=YEAR, age_cuts=[65, 75])
    made = usage.polypharmacy(source, people, **{**CHOICES, **choices})
    return source, made, source.engine.collect(made).set_index("person_id")


def test_cumulative_counts_substances_dispensed_in_the_period(engine):
    """Two boxes are one substance; the day before the period, the day after it and eye drops
    (excluded) are none; at level 4 two benzodiazepines are one subgroup."""
    table = """1 | bzd | 2022-01-01 | 10
        1 | bzd | 2022-05-01 | 10
        1 | N05BA06 | 2022-12-31 | 10
        1 | eye | 2022-05-01 | 30
        2 | ppi | 2021-12-31 | 10
        2 | statin | 2023-01-01 | 10"""
    _, _, found = counted(engine, table)
    assert found["cumulative"].to_dict() == {1: 2, 2: 0}
    assert counted(engine, table, atc_level=4)[2]["cumulative"].to_dict() == {1: 1, 2: 0}
    assert counted(engine, table, excluded=[])[2]["cumulative"].to_dict() == {1: 3, 2: 0}


def test_continuous_wants_quarters_in_a_row(engine):
    """Quarters begin on 1 January, April, July, October. Person 1: boxes of 90 days on 20 March
    and 25 June touch quarters 1, 2, 3. Person 2 misses the third. Person 3 stops on 30 June, whose
    next day begins the third quarter: two only."""
    table = """1 | statin | 2022-03-20 | 90
        1 | statin | 2022-06-25 | 30
        2 | statin | 2022-01-05 | 90
        2 | statin | 2022-04-05 | 80
        2 | statin | 2022-10-05 | 80
        3 | statin | 2022-01-05 | 90
        3 | statin | 2022-06-01 | 30"""
    _, _, found = counted(engine, table)
    assert found["continuous"].to_dict() == {1: 1, 2: 0, 3: 0}
    dispensed = counted(engine, table, presence="dispensed")[2]
    assert dispensed["continuous"].to_dict() == {1: 0, 2: 0, 3: 0}
    assert counted(engine, table, quarters=2)[2]["continuous"].to_dict() == {1: 1, 2: 1, 3: 1}


def test_concurrent_is_the_mean_over_observed_days(engine):
    """73 days of one substance and 146 of another, from 365 days observed: 219 / 365 = 0.6. A box
    begun before the period counts by its days within it."""
    _, _, found = counted(
        engine,
        """1 | statin | 2022-02-01 | 73
        1 | bzd | 2022-02-01 | 146
        2 | statin | 2021-12-23 | 82""",
    )
    assert found["concurrent"].round(6).to_dict() == {1: 0.6, 2: 0.2}  # 82 - 9 = 73 days


def test_classes_from_five_to_nine_and_ten_and_more(engine):
    drugs = [f"A0{n}AA01" for n in range(1, 10)] + ["C01AA01"]
    lines = [f"{p} | {d} | 2022-02-01 | 30" for p, n in ((1, 4), (2, 5), (3, 9), (4, 10))
             for d in drugs[:n]]  # fmt: skip
    source, made, _ = counted(engine, "\n".join(lines))
    strata = usage.polypharmacy_strata(source, made)
    sums = strata.groupby("indicator")[["persons", "events"]].sum()
    assert sums.loc["cumulative_5_9"].tolist() == [4, 2]
    assert sums.loc["cumulative_10"].tolist() == [4, 1]
    shares = usage.shares_by(strata, "age_band", population="x")
    row = shares[(shares["indicator"] == "cumulative_10") & (shares["stratum"] == "all")].iloc[0]
    # Wilson for 1 of 4: centre (0.25 + 1.9208 / 4) / 1.9604 = 0.3725, half 0.3269
    assert [round(row[n], 4) for n in ("estimate", "ci_low", "ci_high")] == [0.25, 0.0456, 0.6994]


def test_quarters_are_counted_from_the_first_day():
    edges = quarter_bounds((date(2021, 11, 30), date(2022, 12, 31)))
    days = [cohort.as_date(start).isoformat() for start, _ in edges]
    assert days == ["2021-11-30", "2022-03-01", "2022-05-30", "2022-08-30"]


def test_what_cannot_be_counted_is_refused(engine):
    with pytest.raises(EstimationError, match="la période en a 4"):
        counted(engine, "1 | bzd | 2022-01-01 | 10", quarters=5)
    with pytest.raises(EstimationError, match="niveau ATC 3"):
        counted(engine, "1 | bzd | 2022-01-01 | 10", atc_level=3)


SCALE = Scale(
    "drawn", "drawn", "2026-01-01", "tests",
    pd.DataFrame({"code": ["N05BA", "N05BA12", "N05CF02"], "label": "x", "score": [1, 2, 1]}),
)  # fmt: skip


def test_the_longest_code_gives_the_score():
    assert [SCALE.score(code) for code in ("N05BA12", "N05BA06", "A02BC01")] == [2, 1, 0]
    with pytest.raises(CodeError, match="échelles connues"):
        load.scale("unknown")


def test_load_adds_what_is_in_use_that_day(engine):
    """Person 1: 2 for 10 days, then 2 + 1 for 5 days (10 to 15 March), then 1. Person 2 has both
    one after the other. Person 3's load of 3 lies before the period but for two days."""
    source = use_source(
        engine,
        HEADER
        + """1 | bzd | 2022-03-01 | 15
        1 | hyp | 2022-03-11 | 30
        2 | bzd | 2022-03-01 | 10
        2 | hyp | 2022-03-11 | 10
        3 | bzd | 2021-12-20 | 14
        3 | hyp | 2021-12-20 | 14
        4 | ppi | 2022-03-01 | 10""",
    )
    people = cohort.population(source, period=YEAR, age_cuts=[65])
    loads = usage.drug_load(
        source, people, SCALE, period=YEAR, history_days=365, grace_days=0, carry_over=True,
        at_least=3, minimum_days=3,
    )  # fmt: skip
    found = source.engine.collect(loads).set_index("person_id").sort_index()
    assert found["peak"].tolist() == [3, 2, 3, 0]
    assert found["days_above"].tolist() == [5, 0, 2, 0]
    assert found["flagged"].tolist() == [1, 0, 0, 0]
    strata = usage.load_strata(source, loads, indicator="drawn")
    assert strata[["persons", "events"]].values.tolist() == [[4, 1]]
