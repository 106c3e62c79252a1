"""Rules and polypharmacy against a naive reading, person by person and day by day."""

from itertools import pairwise

import numpy as np
import pandas as pd
from conftest import examples
from drawn_use import ATC, FIRST, LAST, YEAR, listed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studylib import cohort, sources, usage
from studylib.cohort import day
from studylib.usage import rules
from studylib.usage.rules import Rule, RuleSet

P0, P1 = day(YEAR[0]), day(YEAR[1]) + 1
HISTORY, GRACE = 60, 5
DRUGS = ["bzd", "N05BA06", "hyp", "nsaid", "ppi", "aod"]
BASE = {"label": "x", "category": "x", "level": "inappropriate", "source": "x"}
RULES = (
    Rule(id="plain", drugs=listed("N05BA"), minimum_days=20, **BASE),
    Rule(id="pair", drugs=listed("M01A"), together=(listed("B01A"),), overlap_days=5, **BASE),
    Rule(id="several", drugs=listed("N05BA", "N05CF"), substances=2, **BASE),
    Rule(id="alone", drugs=listed("M01A"), without=listed("A02BC"), **BASE),
    Rule(id="missing", drugs=listed("A02BC"), exposure="missing", **BASE),
)
box = st.tuples(
    st.integers(1, 5),
    st.sampled_from(DRUGS),
    # around both ends of the period, and in a stretch of two months within it
    st.one_of(st.integers(-70, 70), st.integers(330, 380)).map(lambda n: P0 + n),
    st.sampled_from([0, 5, 10, 14, 30]),
)


def source_of(engine, boxes):
    table = pd.DataFrame(boxes, columns=["person_id", "drug", "start", "days"])
    ids = range(1, 6)
    persons = pd.DataFrame(
        {"person_id": ids, "sex": "F", "birth_date": -10_000, "region": "11",
         "death_date": pd.Series([None] * 5, dtype="Int64")}
    )  # fmt: skip
    dispensed = pd.DataFrame(
        {
            "person_id": table["person_id"],
            "atc": table["drug"].map(lambda name: ATC.get(name, name)),
            "cip13": "3400900000001",
            "start": table["start"],
            "end": table["start"] + table["days"],
            "quantity": 1.0,
            "days_supply": table["days"],
            "cost": 1.0,
            "establishment": pd.Series([None] * len(table), dtype="string"),
        }
    ).astype({"atc": "string", "cip13": "string"})
    seen = pd.DataFrame({"person_id": ids, "start": FIRST, "end": LAST})
    given_tables = {
        "persons": persons.astype({"sex": "string", "region": "string"}),
        "dispensings": dispensed,
        "observation": seen,
    }
    return sources.from_tables(given_tables, engine=engine), dispensed


def runs(spans):
    """Spans that overlap, touch or leave at most the grace period between them, as one."""
    merged = []
    for start, end in sorted(spans):
        if merged and start - merged[-1][1] <= GRACE:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return [(start, end) for start, end in merged]


def episodes(boxes):
    """By substance: what is given is used one box after the other."""
    found = {}
    for atc, own in boxes.groupby("atc"):
        by_day = (own["end"] - own["start"]).groupby(own["start"]).sum().clip(lower=1)
        spans, until = [], None
        for start, days in by_day.items():
            until = max(start, until if until is not None else start) + days
            spans.append((start, until))
        found[atc] = [(start, min(end, P1)) for start, end in runs_of_stock(spans)]
    return found


def runs_of_stock(spans):
    """Boxes used one after the other: the next begins within the grace period of the stock."""
    joined = []
    for start, until in spans:
        if joined and start - joined[-1][1] <= GRACE:
            joined[-1][1] = max(joined[-1][1], until)
        else:
            joined.append([start, until])
    return joined


def of_list(found, codelist):
    return [span for atc, spans in found.items() if codelist.matches(atc) for span in spans]


def days_of(spans):
    return {one for start, end in spans for one in range(start, end)}


def stretches(days):
    """Consecutive days as lists."""
    found = []
    for one in sorted(days):
        if found and one == found[-1][-1] + 1:
            found[-1].append(one)
        else:
            found.append([one])
    return found


def expected(rule, found):
    """The days of the period on which the rule holds, by the definition."""
    drugs = of_list(found, rule.drugs)
    period = set(range(P0, P1))
    if rule.exposure == "missing":
        return set() if days_of(runs(drugs)) & period else period
    if rule.substances > 1:
        used = [days_of(spans) for atc, spans in found.items() if rule.drugs.matches(atc)]
        every = set().union(*used) if used else set()
        held = {one for one in every if sum(one in own for own in used) >= rule.substances}
        lasting = [(part[0], part[-1] + 1) for part in stretches(held)]
    else:
        lasting = [(s + rule.minimum_days - 1, e) for s, e in runs(drugs)]
    kept = set()
    for start, end in lasting:
        common = days_of([(start, end)])
        for other in rule.together:
            common &= days_of(runs(of_list(found, other)))
        own = common & period
        if rule.without and own & days_of(runs(of_list(found, rule.without))):
            continue
        parts = [part for part in stretches(own) if len(part) >= rule.overlap_days]
        kept |= {one for part in parts for one in part}
    return kept


@settings(
    max_examples=examples(10),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(boxes=st.lists(box, min_size=15, max_size=60))
def test_rules_agree_with_a_naive_reading(engine, boxes):
    source, dispensed = source_of(engine, boxes)
    people = cohort.population(source, period=YEAR, age_cuts=[75])
    made = rules.evaluate(
        source, people, RuleSet("x", "x", "2026-01-01", "", "", RULES), period=YEAR,
        history_days=HISTORY, grace_days=GRACE, carry_over=True,
    )  # fmt: skip
    flags = source.engine.collect(made.flags).set_index(["rule", "person_id"])
    read = dispensed[(dispensed["start"] >= P0 - HISTORY) & (dispensed["start"] < P1)]
    for person in range(1, 6):
        found = episodes(read[read["person_id"] == person])
        for rule in RULES:
            days = expected(rule, found)
            key = (rule.id, person)
            assert (key in flags.index) == bool(days), (key, days)
            if days:
                assert flags.loc[key, ["first_day", "days"]].tolist() == [min(days), len(days)]


@settings(
    max_examples=examples(8),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(boxes=st.lists(box, min_size=15, max_size=60))
def test_polypharmacy_agrees_with_a_naive_reading(engine, boxes):
    source, dispensed = source_of(engine, boxes)
    people = cohort.population(source, period=YEAR, age_cuts=[75])
    counted = usage.polypharmacy(
        source, people, period=YEAR, atc_level=5, excluded=["A02"], quarters=2, presence="in_use",
        history_days=HISTORY, grace_days=GRACE, carry_over=True,
    )  # fmt: skip
    table = source.engine.collect(counted).set_index("person_id")
    read = dispensed[(dispensed["start"] >= P0 - HISTORY) & (dispensed["start"] < P1)]
    read = read[~read["atc"].str.startswith("A02")]
    edges = [P0, *(day(pd.Timestamp(2022, month, 1).date()) for month in (4, 7, 10)), P1]
    quarters = [set(range(a, b)) for a, b in pairwise(edges)]
    for person in range(1, 6):
        own = read[read["person_id"] == person]
        found = episodes(own)
        used = {atc: days_of(spans) for atc, spans in found.items()}
        present = {atc: [bool(days & q) for q in quarters] for atc, days in used.items()}
        long = sum(any(p[i] and p[i + 1] for i in range(3)) for p in present.values())
        inside = sum(len([d for d in days if P0 <= d < P1]) for days in used.values())
        assert table.loc[person, "cumulative"] == own.loc[own["start"] >= P0, "atc"].nunique()
        assert table.loc[person, "continuous"] == long
        assert np.isclose(table.loc[person, "concurrent"], inside / 365)
