"""DuckDB, Polars and a naive oracle agree on every cohort verb, on generated event tables."""

from datetime import date

import oracle
import pytest
from agreement import END, INCLUSION, TWO, agreed, both, entries, users_of
from generated import listed, told, worlds
from hypothesis import strategies as st
from oracle_history import hospital_history, prior_cost

from studylib import cohort
from studylib.errors import EstimationError

BLEEDING = listed("bleeding", "CIM-10", "K92")
grace = st.sampled_from([0, 10, 30])


@agreed(
    world=worlds(),
    washout=st.sampled_from([0, 30, 90]),
    repeat=st.booleans(),
    gap=st.sampled_from([0, 20]),
)
def test_new_users(name, world, washout, repeat, gap):
    source, engine = both(name, world)
    made, expected = users_of(source, world, washout, repeat, gap)
    columns = ("person_id", "index_date", "arm", "observed_from", "observed_to", "age")
    known = oracle.persons(world)
    assert told(engine, made.people, *columns) == {
        (e["person"], e["index"], e["arm"], *e["seen"],
         oracle.years(known[e["person"]]["birth_date"], e["index"]))
        for e in expected
    }  # fmt: skip
    assert made.persons == len({entry["person"] for entry in expected})
    then = date(2020, 2, 29)
    aged = cohort.age_at(made, then, name="then")
    assert told(engine, aged.people, "person_id", "index_date", "then") == {
        (p, i, oracle.years(known[p]["birth_date"], cohort.day(then))) for p, i in entries(expected)
    }


@agreed(
    world=worlds(),
    grace_days=grace,
    carry_over=st.booleans(),
    repeat=st.booleans(),
    overlap=st.sampled_from([0, 10, 30]),
)
def test_exposure(name, world, grace_days, carry_over, repeat, overlap):
    source, engine = both(name, world)
    made, expected = users_of(source, world, repeat=repeat)
    people = {entry["person"] for entry in expected}
    given_days = {who: days for who, days in oracle.supply(world, TWO).items() if who[0] in people}
    spans = oracle.episodes(given_days, grace_days, carry_over)
    found = cohort.episodes(made, grace_days=grace_days, carry_over=carry_over)
    assert told(engine, found, "person_id", "arm", "start", "end") == spans
    together = cohort.concurrent(engine, found, arms=["B", "A"])
    columns = ("person_id", "drugs", "number", "start", "end")
    assert told(engine, together, *columns) == oracle.concurrent(spans)
    changes = cohort.treatment_changes(
        made, grace_days=grace_days, gap_days=20, overlap_days=overlap, carry_over=carry_over
    )
    columns = ("person_id", "index_date", "change", "day", "other")
    assert told(engine, changes, *columns) == oracle.treatment_changes(
        world, expected, spans, 20, overlap
    )
    columns = ("person_id", "entry", "exit", "event", "exit_reason")
    kept = cohort.persistence(
        made, grace_days=grace_days, follow_up_days=100, carry_over=carry_over
    )
    assert told(engine, kept, *columns) == oracle.persistence(
        world, expected, spans, grace_days, 100
    )
    bare = oracle.episodes(given_days, 0, carry_over)
    covered = cohort.days_covered(made, window_days=90, carry_over=carry_over)
    if not repeat:
        covered = covered.join(made.index(), on="person_id", how="inner")
    columns = ("person_id", "index_date", "covered", "window")
    assert told(engine, covered, *columns) == oracle.days_covered(world, expected, bare, 90)


@agreed(
    world=worlds(),
    grace_days=grace,
    repeat=st.booleans(),
    on_treatment=st.booleans(),
    positions=st.sampled_from([None, ["DP"]]),
)
def test_follow_up(name, world, grace_days, repeat, on_treatment, positions):
    source, engine = both(name, world)
    made, expected = users_of(source, world, repeat=repeat)
    followed = cohort.follow_up(
        made, BLEEDING, design="on_treatment" if on_treatment else "intention_to_treat",
        positions=positions, grace_days=grace_days, follow_up_days=120, until=INCLUSION[1],
    )  # fmt: skip
    columns = ("person_id", "arm", "entry", "exit", "event", "exit_reason")
    assert told(engine, followed, *columns) == oracle.follow_up(
        world, TWO, expected, "K92", positions, grace_days, 120, END, on_treatment
    )
    if not expected:
        with pytest.raises(EstimationError, match="Aucune personne"):
            cohort.collect(made, followed)
    else:
        assert len(cohort.collect(made, followed)) == len(expected)


@agreed(world=worlds(), days_before=st.sampled_from([1, 30, 120]), repeat=st.booleans())
def test_what_is_known_before_index(name, world, days_before, repeat):
    source, engine = both(name, world)
    made, expected = users_of(source, world, repeat=repeat)

    def agree(frame, columns, answer):
        """One row per entry, holding the oracle's answer."""
        if not repeat:
            frame = frame.join(made.index(), on="person_id", how="inner")
        rows = told(engine, frame, "person_id", "index_date", *columns)
        assert rows == {(e["person"], e["index"], *answer(e)) for e in expected}

    diseases = {"mild": "E11", "severe": "E112", "cancer": "C50"}
    found = {name: oracle.events(world, code) for name, code in diseases.items()}

    def comorbidity(entry):
        has = {name: oracle.had_event(found[name], entry, days_before) for name in diseases}
        return (
            *has.values(),
            has["mild"] * (not has["severe"]) + 2 * has["severe"] + 3 * has["cancer"],
        )

    lists = {name: listed(name, "CIM-10", code) for name, code in diseases.items()}
    score = cohort.charlson(
        made, lists, {"mild": 1, "severe": 2, "cancer": 3}, hierarchy={"mild": "severe"},
        days_before=days_before,
    )  # fmt: skip
    agree(score, (*diseases, "charlson"), comorbidity)
    principal = oracle.events(world, "K92", ["DP"])
    flagged = cohort.had_event(
        made, "bled", BLEEDING, days_before=days_before, positions=["DP"]
    ).select(*made.key, "bled")
    agree(flagged, ["bled"], lambda e: [oracle.had_event(principal, e, days_before)])
    for counted in ("present", "admitted"):
        agree(
            cohort.hospital_history(made, days_before=days_before, counted=counted),
            ("stays", "hospital_days", "emergency_stays", "days_since_stay"),
            lambda e, c=counted: hospital_history(world, e, days_before, c),
        )
    for stays in ("prorated", "admitted"):
        parts = ("dispensings", "stays", "consultations", "hospital_drugs")
        spent = cohort.prior_cost(made, days_before=days_before, stays=stays)
        agree(
            spent,
            [f"cost_{part}" for part in parts],
            lambda e, s=stays, parts=parts: [
                prior_cost(world, e, days_before, part, (s, part) == ("prorated", "stays"))
                for part in parts
            ],
        )
