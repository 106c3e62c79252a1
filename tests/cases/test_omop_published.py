"""Cohort flows published by OHDSI on the synthetic OMOP data set GiBleed, met exactly."""

import json
from datetime import date

import narwhals as nw
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


def at_risk(users: cohort.Cohort):
    """The published window: the day of the era and the 30 that follow."""
    risked = cohort.follow_up(
        users, BLEED, design="intention_to_treat", follow_up_days=31, until=ALL_TIME[1]
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
    ratio = risk.hazard_ratio(person_time, outcome="bleed", reference=COMPARATOR).iloc[0]
    efron = expected["variants"]["efron_ties"]["hr"]
    assert ratio["estimate"] == pytest.approx(efron, rel=1e-5)


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
