"""The same agreement for relations, matching, supplies, wide covariates and prescribers."""

from collections import defaultdict

import oracle
import oracle_matching
import pandas as pd
import pytest
from agreement import END, FIRST, INCLUSION, TWO, agreed, both, entries, users_of
from generated import drug_lists, told, worlds
from hypothesis import strategies as st
from oracle_history import cents

from studylib import cohort
from studylib.errors import EstimationError

grace = st.sampled_from([0, 10, 30])


@agreed(
    world=worlds(),
    nth=st.integers(1, 3),
    apart=st.sampled_from([1, 20]),
    later=st.booleans(),
    data=st.data(),
)
def test_entries_and_relations(name, world, nth, apart, later, data):
    source, engine = both(name, world)
    days = {
        arm: {
            (row["person_id"], row["start"], max(row["end"], row["start"] + 1))
            for row in world["dispensings"]
            if row["atc"].startswith(prefix)
        }
        for arm, prefix in TWO.items()
    }

    def longest(rows):
        ends = defaultdict(int)
        for person, start, end in rows:
            ends[person, start] = max(ends[person, start], end)
        return {(*key, end) for key, end in ends.items()}

    lists = drug_lists("A", "B")
    a, b = (cohort.occurrences(source, lists[arm]) for arm in "AB")
    one, two = (longest(days[arm]) for arm in "AB")
    columns = ("person_id", "start", "end")
    assert told(engine, a, *columns) == one
    pairs = [(x, y) for x in one for y in two if x[0] == y[0]]
    low = data.draw(st.sampled_from([0, 1, 10]))
    high = low + data.draw(st.sampled_from([0, 30, 90]))
    followed = [(x, y) for x, y in pairs if low <= y[1] - x[1] <= high]
    for at, rank in (("first", 0), ("second", 1)):
        found = cohort.followed_by(engine, a, b, within_days=high, after_days=low, at=at)
        assert told(engine, found, *columns) == {pair[rank] for pair in followed}
    near = {x for x, y in pairs if -low <= y[1] - x[1] <= high}
    found = cohort.without(engine, a, b, days_before=low, days_after=high)
    assert told(engine, found, *columns) == one - near
    shared = [(x[0], max(x[1], y[1]), min(x[2], y[2])) for x, y in pairs]
    found = cohort.overlapping(engine, a, b, min_days=low or 1)
    assert told(engine, found, *columns) == longest(
        (p, s, e) for p, s, e in shared if e - s >= (low or 1)
    )
    starts = defaultdict(list)
    for person, start, _ in sorted(one):
        starts[person].append(start)
    nths = {p: oracle.nth_events(s, nth, apart, later) for p, s in starts.items()}
    found = cohort.nth_event(engine, a, nth, apart_days=apart, later=later)
    assert told(engine, found, "person_id", "start") == {(p, d) for p in nths for d in nths[p]}
    candidates = defaultdict(set)
    for arm, rows in (("A", one), ("with", longest(y for _, y in followed))):
        by_person = defaultdict(list)
        for person, start, _ in sorted(rows):
            by_person[person].append(start)
        for person, listed_days in by_person.items():
            for day in oracle.nth_events(listed_days, nth, apart, later):
                if FIRST <= day <= END:
                    candidates[person, day].add(arm)
    firsts = {p: min(d for q, d in candidates if q == p) for p, _ in candidates}
    begun = [(p, d, arms) for (p, d), arms in candidates.items() if later or firsts[p] == d]
    entered = cohort.entrants(
        source, {"A": lists["A"],
                 "with": cohort.followed_by(engine, a, b, within_days=high, after_days=low)},
        inclusion=INCLUSION, nth=nth, apart_days=apart, repeat=later,
    )  # fmt: skip
    assert told(engine, entered.people, "person_id", "index_date", "arm") == entries(
        oracle.admitted(world, begun, 0), "arm"
    )


@agreed(
    world=worlds(),
    ratio=st.integers(1, 2),
    replacement=st.booleans(),
    band=st.sampled_from([None, 1, 10]),
    seed=st.sampled_from([None, 7]),
    history=st.sampled_from([0, 30]),
)
def test_matching(name, world, ratio, replacement, band, seed, history):
    source, engine = both(name, world)
    made, expected = users_of(source, world)
    on = ("sex",) if history else ()
    pairs = oracle_matching.matched(world, expected, on, band, ratio, replacement, history, seed)
    joined = cohort.matched(
        made, on=on, birth_band_years=band, ratio=ratio, replacement=replacement, seed=seed,
        history_days=history,
    )  # fmt: skip
    cases = {case for case, _ in pairs}
    assert told(engine, joined.people, "match_set", "person_id") == pairs | {
        (case, case) for case in cases
    }
    assert joined.persons == len({person for pair in pairs for person in pair})
    whole = cohort.matched(
        made, on=on, birth_band_years=band, ratio=ratio, replacement=replacement, seed=seed,
        history_days=history, complete=True,
    )  # fmt: skip
    full = {case for case in cases if sum(one == case for one, _ in pairs) == ratio}
    assert {row[0] for row in told(engine, whole.people, "match_set", "person_id")} == full


@agreed(world=worlds(), grace_days=grace)
def test_other_supplies_and_doses(name, world, grace_days):
    source, engine = both(name, world)
    lists = drug_lists("A", "B")
    large = "3400930000028"
    packs = cohort.pack_days(source, lists, large_packs=[large])
    expected = oracle.supply(
        world, TWO, lambda row: int(row["quantity"]) * (90 if row["cip13"] == large else 30)
    )
    columns = ("person_id", "arm", "start", "days")
    flat = {(*who, day, n) for who, days in expected.items() for day, n in days.items()}
    assert told(engine, packs, *columns) == flat
    hospital = cohort.administration_days(source, lists, days_each={"A": 7, "B": 21})
    doses = {
        (row["person_id"], arm, row["start"], {"A": 7, "B": 21}[arm])
        for row in world["hospital_drugs"]
        for arm, prefix in TWO.items()
        if row["person_id"] is not None and (row["atc"] or "").startswith(prefix)
    }
    assert told(engine, hospital, *columns) == doses
    both_days = defaultdict(int)
    for person, arm, day, n in [*flat, *doses]:
        both_days[person, arm, day] += n
    united = cohort.supplies(engine, [packs, hospital])
    assert told(engine, united, *columns) == {(*key, n) for key, n in both_days.items()}

    made, entered = users_of(source, world)
    spans = cohort.episodes(made, grace_days=grace_days)
    strengths = {"3400930000011": 14.0, large: 45.5}
    per_pack = pd.DataFrame({"cip13": list(strengths), "dose": list(strengths.values())})
    people = {entry["person"] for entry in entered}
    rows = set()
    for person, arm, start, end in oracle.episodes(oracle.supply(world, TWO), grace_days, True):
        inside = [
            row for row in oracle.of(world, "dispensings", person)
            if row["atc"].startswith(TWO[arm]) and start <= row["start"] < end
        ]  # fmt: skip
        unknown = sum(row["cip13"] not in strengths for row in inside)
        dose = sum(row["quantity"] * strengths.get(row["cip13"], 0) for row in inside)
        per_day = None if unknown else round(dose / (end - start), 9)
        if person in people:
            rows.add((person, arm, start, end, unknown, per_day))
    table = cohort.daily_dose(made, spans, per_pack=per_pack)
    columns = ("person_id", "arm", "start", "end", "unknown", "dose_per_day")
    assert told(engine, table, *columns) == rows


@agreed(
    world=worlds(),
    minimum=st.integers(1, 2),
    counts=st.sampled_from(["days", "records"]),
    repeat=st.booleans(),
)
def test_wide_covariates_and_prescribers(name, world, minimum, counts, repeat):
    source, engine = both(name, world)
    made, expected = users_of(source, world, repeat=repeat)
    cells, lines = defaultdict(set), defaultdict(int)
    tables = {"ATC/3": ("dispensings", "atc", 3), "ATC/7": ("dispensings", "atc", 7),
              "CIM-10/3": ("diagnoses", "code", 3), "GHM/5": ("stays", "ghm", 5)}  # fmt: skip
    for entry in expected:
        for domain, (table, column, length) in tables.items():
            for row in oracle.of(world, table, entry["person"]):
                if entry["index"] - 60 <= row["start"] < entry["index"]:
                    key = (entry["person"], entry["index"]), domain, row[column][:length]
                    cells[key].add(row["start"])
                    lines[key] += 1
    carried = defaultdict(set)
    for who, domain, code in cells:
        carried[domain, code].add(who)
    columns = sorted(key for key, who in carried.items() if len(who) >= minimum)
    levels = {"ATC": (3, 7), "CIM-10": (3,), "GHM": (5,), "CCAM": (7,)}

    def build():
        return cohort.wide_covariates(
            made, days_before=60, levels=levels, minimum_persons=minimum, counts=counts
        )

    if not columns:
        with pytest.raises(EstimationError):
            build()
    else:
        wide = build()
        assert list(zip(wide.columns["domain"], wide.columns["code"], strict=True)) == columns
        assert list(wide.columns["persons"]) == [len(carried[key]) for key in columns]
        order = sorted((entry["person"], entry["index"]) for entry in expected)
        assert [row[0] for row in wide.rows.itertuples(index=False)] == [p for p, _ in order]
        values = {
            (order[i], *columns[j]): int(wide.matrix[i, j])
            for i, j in zip(*wide.matrix.nonzero(), strict=True)
        }
        assert wide.matrix.has_canonical_format
        assert values == {
            key: len(days) if counts == "days" else lines[key]
            for key, days in cells.items()
            if (key[1], key[2]) in columns
        }
    drugs = cohort.prior_drugs(made, days_before=60)
    where = cohort.prescribing_establishment(made, several="smallest")
    known = made.with_measures(
        drugs, where, cohort.prescribing(made).select(*made.key, "different")
    )
    rows = set()
    for entry in expected:
        own = oracle.of(world, "dispensings", entry["person"])
        before = [r for r in own if entry["index"] - 60 <= r["start"] < entry["index"]]
        sites = {
            r["establishment"] for r in own
            if r["start"] == entry["index"] and r["atc"].startswith(TWO[entry["arm"]])
        } - {None}  # fmt: skip
        site = min(sites, default=None)
        spent = sum(cents(r["cost"]) for r in before) / 100
        rows.add((
            entry["person"], entry["index"], len({r["atc"] for r in before}),
            int(spent) if spent.is_integer() else spent,
            site, "CHU" if site == "750000001" else None, len(sites),
        ))  # fmt: skip
    assert rows == told(
        engine, known.people, "person_id", "index_date", "drugs", "spent",
        "establishment", "establishment_category", "different",
    )  # fmt: skip
