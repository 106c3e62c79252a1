"""Cohort flows published by OHDSI on the synthetic OMOP data set GiBleed, met exactly."""

import json
from datetime import date

import narwhals as nw
import numpy as np
import pytest

from studylib import cohort, project, risk, sources
from studylib.codes import Codelist
from studylib.cohort import arms, calendar, observed_time
from studylib.sources import omop
from studylib.sources.event_folder import open_folder

SHARED = project.root().parent / "shared"
CASES, GIBLEED = SHARED / "cases" / "risk", SHARED / "data" / "omop_gibleed"
pytestmark = pytest.mark.skipif(
    not (CASES.is_dir() and GIBLEED.is_dir()),
    reason="the published cases and the OMOP data are not beside the project",
)
ALL_TIME = (date(1900, 1, 1), date(2100, 1, 1))


def concepts(name: str, code: str) -> Codelist:
    return Codelist(name, "OMOP", (code,), version="2019-01-18", source="GiBleed", label=name)


CELECOXIB, DICLOFENAC = concepts("celecoxib", "1118084"), concepts("diclofenac", "1124300")
BLEED = concepts("bleed", "192671")
TARGET, COMPARATOR = "target", "comparator"


def case(number: str) -> dict:
    published = json.loads((CASES / "expected.json").read_text(encoding="utf-8"))
    return next(one for one in published["cases"] if one["id"] == number)


@pytest.fixture(scope="module")
def eras(tmp_path_factory) -> sources.Source:
    """GiBleed with its drug eras, opened once."""
    patch = pytest.MonkeyPatch()
    patch.setenv(project.DATA_VARIABLE, str(tmp_path_factory.mktemp("data")))
    folder = omop.event_folder_of("gibleed", GIBLEED, settings=omop.Settings(drugs="era"))
    yield open_folder("gibleed", folder)
    patch.undo()


def by_arm(source: sources.Source, people) -> tuple[int, int]:
    found = arms.persons_by_arm(source.engine, people).set_index("arm")["persons"]
    return int(found[TARGET]), int(found[COMPARATOR])


def exposed(source: sources.Source) -> list:
    """Days of exposure as published: all, of one cohort only, first of each person."""
    original = cohort.dispensing_days(source, {TARGET: CELECOXIB, COMPARATOR: DICLOFENAC})
    alone = arms.one_arm_only(source.engine, original)
    return [original, alone, arms.first_exposure(source.engine, alone)]


def starters(source: sources.Source) -> cohort.Cohort:
    """New users with 183 days of history or more."""
    users = cohort.new_users(
        source,
        {TARGET: CELECOXIB, COMPARATOR: DICLOFENAC},
        inclusion=ALL_TIME,
        washout_days=0,
        days=exposed(source)[-1],
    )
    return users.require("183 days", cohort.history_days() >= 183)


def at_risk(users: cohort.Cohort, days: int = 31):
    """The published window: the day of the era and the 30 that follow."""
    risked = cohort.follow_up(
        users, BLEED, design="intention_to_treat", follow_up_days=days, until=ALL_TIME[1]
    )
    return cohort.collect(users, risked)


def test_new_user_flow_PE01(eras):
    """OHDSI CohortMethod 6.0.2: persons of each arm after each of the eight steps."""
    expected = case("PE01")
    observed = starters(eras)
    common = calendar.require_common_period(observed, "common", bounds="from_last_arm")
    free = common.require_none("no bleed", BLEED, days_before=30)
    person_time = at_risk(free)
    frames = [*exposed(eras), observed.people, common.people, free.people]
    steps = [by_arm(eras, frame) for frame in frames]
    # One start each: no later time at risk censors it. The last two lines come from the follow-up.
    for at_least in (0, 1):
        long_enough = person_time[person_time["exit"] - person_time["entry"] >= at_least]
        seen = long_enough["arm"].value_counts()
        steps.append((int(seen[TARGET]), int(seen[COMPARATOR])))
    assert [target for target, _ in steps] == expected["answer"]["target"]
    assert [comparator for _, comparator in steps] == expected["answer"]["comparator"]


def test_variants_of_the_common_period_PE01(eras):
    variants = case("PE01")["variants"]
    observed = starters(eras)
    assert calendar.common_period(observed) == (date(1943, 7, 3), date(2019, 3, 15))
    both = calendar.require_common_period(observed, "common", bounds="both")
    known = variants["common_period_both_bounds"]
    assert by_arm(eras, both.people) == (known["target"], known["comparator"])
    known = variants["no_common_period"]
    assert by_arm(eras, observed.people) == (known["target"], known["comparator"])


def test_person_time_and_hazard_ratio_PE02(eras):
    """The same persons followed: days, events, and the ratio with Efron's ties."""
    expected = case("PE02")
    observed = starters(eras)
    common = calendar.require_common_period(observed, "common", bounds="from_last_arm")
    person_time = at_risk(common.require_none("no bleed", BLEED, days_before=30))
    days = (person_time["exit"] - person_time["entry"]).groupby(person_time["arm"]).sum()
    events = person_time.groupby("arm")["event"].sum()
    answer = expected["answer"]
    assert (days[TARGET], days[COMPARATOR]) == (answer["target_days"], answer["comparator_days"])
    assert (events[TARGET], events[COMPARATOR]) == (
        answer["target_events"],
        answer["comparator_events"],
    )
    efron = ratio_of(person_time, ties="efron")
    assert efron["estimate"] == pytest.approx(expected["variants"]["efron_ties"]["hr"], rel=1e-6)
    breslow = ratio_of(person_time, interval="profile")
    assert breslow["estimate"] == pytest.approx(answer["hr"], rel=1e-6)
    limits = expected["second_implementation"]["ci_profile"]
    assert breslow[["ci_low", "ci_high"]].tolist() == pytest.approx(limits, rel=1e-6)
    assert breslow[["ci_low", "ci_high"]].tolist() == pytest.approx(answer["ci"], rel=2e-4)
    wald = ratio_of(person_time)
    limits = expected["second_implementation"]["ci_wald"]
    assert wald[["ci_low", "ci_high"]].tolist() == pytest.approx(limits, abs=5e-5)
    profile = risk.likelihood_profile(
        person_time,
        outcome="bleed",
        reference=COMPARATOR,
        ties="breslow",
        log_ratios=[0.0, np.log(breslow["estimate"])],
    )
    assert -profile["log_likelihood"].iloc[0] == pytest.approx(answer["llr"], rel=1e-5)


def ratio_of(person_time, ties="breslow", **choices):
    return risk.hazard_ratio(
        person_time, outcome="bleed", reference=COMPARATOR, ties=ties, **choices
    ).iloc[0]


def test_each_choice_of_the_window_moves_the_ratio_as_published_PE02(eras):
    """One choice at a time: event day, last day, length of the window, common period."""
    variants = case("PE02")["variants"]
    observed = starters(eras)
    common = calendar.require_common_period(observed, "common", bounds="from_last_arm")
    free = common.require_none("no bleed", BLEED, days_before=30)
    whole = at_risk(free)
    both = calendar.require_common_period(observed, "common", bounds="both")
    tables = {
        "event_day_not_counted": whole.assign(exit=whole["exit"] - whole["event"]),
        "window_end_exclusive": at_risk(free, 30),
        "risk_window_60_days": at_risk(free, 61),
        "risk_window_90_days": at_risk(free, 91),
        "follow_to_end_of_observation": at_risk(free, 100_000),
        "common_period_both_bounds": at_risk(both.require_none("no", BLEED, days_before=30)),
        "no_common_period": at_risk(observed.require_none("no", BLEED, days_before=30)),
    }
    for name, person_time in tables.items():
        known = variants[name]
        assert ratio_of(person_time)["estimate"] == pytest.approx(known["hr"], rel=1e-6), name
        events = person_time.groupby("arm")["event"].sum()
        if "target_events" in known:
            assert events[TARGET] == known["target_events"], name
            assert events[COMPARATOR] == known["comparator_events"], name


def test_case_series_flow_PE04(eras):
    """OHDSI SelfControlledCaseSeries 6.1.4: cases and person-days after each restriction."""
    expected = case("PE04")["answer"]
    cases = cohort.entrants(eras, {"cases": BLEED}, inclusion=ALL_TIME)
    assert [cases.persons, observed_time.person_days(cases)] == expected["all"]
    settled = observed_time.after_naive_period(cases, "naive period", BLEED, days=180)
    assert [settled.persons, observed_time.person_days(settled)] == expected["after_naive_period"]
    men = settled.require("men", nw.col("sex") == "M")
    assert [men.persons, observed_time.person_days(men)] == expected["males"]
    span = calendar.calendar_span(eras, CELECOXIB)
    assert span == (date(1941, 12, 5), date(2019, 6, 21))
    inside = observed_time.within_calendar(men, "calendar", BLEED, span=span)
    assert [inside.persons, observed_time.person_days(inside)] == expected["calendar_span"]
    exposed = observed_time.require_exposed(inside, "exposed", CELECOXIB)
    assert exposed.persons == expected["cases_exposed"]
