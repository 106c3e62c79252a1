"""Checks of data quality: each defect, planted alone, is found and nothing else changes."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from studylib import project, report, requests, sources, tables
from studylib.cohort import day
from studylib.errors import RequestError
from studylib.sources import quality, quality_checks
from studylib.sources.quality_checks import coding, events, flow
from studylib.sources.quality_checks.measuring import Measure
from studylib.sources.quality_checks.ranges import range_of
from studylib.sources.quality_checks.verdict import judged

FIRST, LAST = day(date(2020, 1, 1)), day(date(2023, 1, 1))
PERSONS = 400


def healthy():
    """Three years of events of four hundred persons, without a defect."""
    rng = np.random.default_rng(7)
    ids = np.arange(1, PERSONS + 1)
    persons = pd.DataFrame(
        {
            "person_id": ids,
            "sex": np.where(ids % 2, "F", "M"),
            "birth_date": day(date(1950, 1, 1)) + ids * 20,
            "death_date": pd.array([pd.NA] * PERSONS, dtype="Int64"),
            "region": "11",
        }
    )
    observation = pd.DataFrame({"person_id": ids, "start": FIRST, "end": LAST})
    starts = np.concatenate([FIRST + (ids * 7 + 30 * k) % (LAST - FIRST) for k in range(36)])
    dispensings = pd.DataFrame(
        {
            "person_id": np.tile(ids, 36),
            "atc": rng.choice(["C10AA05", "N02BE01", "A02BC01"], PERSONS * 36),
            "cip13": rng.choice(["3400930000010", "3400930000027"], PERSONS * 36),
            "start": starts,
            "end": starts + 30,
            "quantity": 1.0,
            "days_supply": 30,
            "cost": 5.0,
            "establishment": pd.Series([None] * len(starts), dtype="string"),
        }
    ).drop_duplicates(["person_id", "start"])
    entries = FIRST + (ids * 5) % (LAST - FIRST - 10)
    stays = pd.DataFrame(
        {
            "stay_id": ids,
            "person_id": ids,
            "start": entries,
            "end": entries + 4,
            "ghm": rng.choice(["05M092", "04M053", "06M041"], PERSONS),
            "quantity": 1.0,
            "cost": 2000.0,
            "establishment": "750000001",
            "emergency": ids % 3 == 0,
            "died": ids % 100 == 0,
        }
    )
    diagnoses = stays[["stay_id", "person_id", "start", "end", "quantity"]].assign(
        code=rng.choice(["I500", "J189", "K922", "E119"], PERSONS), position="DP", cost=0.0
    )
    return {
        "persons": persons,
        "observation": observation,
        "dispensings": dispensings,
        "stays": stays,
        "diagnoses": diagnoses,
    }


def source_of(changed=None, **quality_tables):
    return replace(sources.from_tables(healthy() | (changed or {})), quality=quality_tables)


def failed(source, **choices):
    checks = quality_checks.check_data(source, quality_checks.Choices(**choices))
    return {(r["check"], r["table"]) for r in quality_checks.failures(checks).to_dict("records")}


@pytest.fixture(scope="module")
def clean():
    return quality_checks.check_data(source_of())


def test_healthy_data_pass_every_check(clean):
    assert not len(quality_checks.failures(clean))
    assert quality_checks.overall(clean).passed
    assert "sans réserve" in quality_checks.overall(clean).text
    assert {"pass", "informs", "not_applicable"} == set(clean["verdict"])


def test_a_source_without_raw_tables_has_nothing_to_judge_of_them(clean):
    raw = clean[clean["table"].isin(["rejected", "links", "volumes", "codings"])]
    assert set(raw["verdict"]) == {"not_applicable"}
    assert len(raw) == 5


def planted(table, column, values, rows=8):
    """The healthy table with the first ``rows`` rows changed."""
    frame = healthy()[table]
    frame[column] = frame[column].astype(object)
    frame.loc[frame.index[:rows], column] = values
    kind = healthy()[table][column].dtype
    return {table: frame.astype({column: kind})}


def stacked():
    """Sixty stays of one person at the same time."""
    stays = healthy()["stays"]
    first = stays.index[:60]
    stays.loc[first, ["person_id", "start", "end"]] = (1, FIRST, FIRST + 4)
    return {"stays": stays}


DEFECTS = {
    ("unknown_sex", "persons"): lambda: planted("persons", "sex", "?"),
    ("death_before_birth", "persons"): lambda: planted("persons", "death_date", -20_000),
    ("born_after_data", "persons"): lambda: planted("persons", "birth_date", LAST + 9),
    ("over_115_years", "persons"): lambda: planted("persons", "birth_date", day(date(1890, 1, 1))),
    ("after_death", "dispensings"): lambda: planted("persons", "death_date", FIRST + 5),
    ("before_birth", "dispensings"): lambda: planted("persons", "birth_date", LAST - 5),
    ("unknown_persons", "dispensings"): lambda: planted("dispensings", "person_id", 99_999),
    ("in_the_future", "dispensings"): lambda: planted("dispensings", "start", LAST + 400),
    ("ends_before_start", "dispensings"): lambda: planted("dispensings", "end", FIRST - 99),
    ("quantity_not_positive", "dispensings"): lambda: planted("dispensings", "quantity", -1.0),
    ("negative_cost", "stays"): lambda: planted("stays", "cost", -5.0),
    ("code_form", "dispensings"): lambda: planted("dispensings", "atc", "C10AA", rows=40),
    ("code_form", "diagnoses"): lambda: planted("diagnoses", "code", "I50.0"),
    ("long_stays", "stays"): lambda: planted("stays", "end", LAST + 400),
    ("deaths_in_stays", "stays"): lambda: planted("stays", "died", True, rows=60),
    ("overlapping_stays", "stays"): lambda: stacked(),
    ("main_code", "diagnoses"): lambda: planted("diagnoses", "code", "R69", rows=300),
    ("women", "persons"): lambda: planted("persons", "sex", "F", rows=400),
    ("outside_observation", "stays"): lambda: planted("observation", "end", FIRST + 1, rows=120),
    ("pregnancy_age", "diagnoses"): lambda: planted("diagnoses", "code", "O80", rows=400),
    ("women_only_in_men", "diagnoses"): lambda: planted("diagnoses", "code", "C539", rows=9),
    ("men_only_in_women", "diagnoses"): lambda: planted("diagnoses", "code", "C61", rows=9),
}


WHERE = {
    events.persons_checks: (
        "unknown_sex", "death_before_birth", "born_after_data", "over_115_years", "women",
    ),
    coding.form_checks: ("code_form",),
    coding.main_code_checks: ("main_code",),
    coding.sex_and_age_checks: ("pregnancy_age", "women_only_in_men", "men_only_in_women"),
    events.event_checks: {check for check, _ in DEFECTS},
}  # fmt: skip


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda pair: "-".join(pair))
def test_each_planted_defect_is_found(defect):
    check, table = defect
    source = source_of(DEFECTS[defect]())
    place = next(find for find, checks in WHERE.items() if check in checks)
    found = quality_checks.failures(judged(place(source)))
    assert (check, table) in set(zip(found["check"], found["table"], strict=True))


def test_repeated_rows_are_found():
    stays = healthy()["diagnoses"]
    assert ("duplicates", "diagnoses") in failed(
        source_of({"diagnoses": pd.concat([stays, stays[:20]])})
    )


def test_periods_that_overlap_are_found():
    seen = healthy()["observation"]
    both = pd.concat([seen, seen[:1].assign(start=FIRST + 10)])
    assert ("overlapping_observation", "observation") in failed(source_of({"observation": both}))


def test_a_year_and_months_without_anything_are_found():
    frame = healthy()["dispensings"]
    gap = (frame["start"] >= day(date(2021, 1, 1))) & (frame["start"] < day(date(2022, 1, 1)))
    found = failed(source_of({"dispensings": frame[~gap]}))
    assert {("absent_years", "dispensings"), ("absent_months", "dispensings")} <= found


def test_a_class_that_jumps_is_flagged_and_chance_is_not():
    frame = healthy()["dispensings"].copy()
    late = frame["start"] >= day(date(2022, 1, 1))
    frame.loc[late & (frame["atc"] == "N02BE01"), "atc"] = "A02BC01"
    source = source_of({"dispensings": frame})
    drift = quality_checks.prevalence_drift(source, tolerance=0.5)
    assert set(map(tuple, drift.loc[drift["flagged"], ["code", "year"]].values)) == set()
    kept = frame[~(late & (frame["person_id"] > 20))]
    drift = quality_checks.prevalence_drift(source_of({"dispensings": kept}), tolerance=0.5)
    flagged = drift[drift["flagged"]]
    assert set(flagged["year"]) == {2022}
    assert (flagged["ratio"] < 0.5).all()
    assert drift["share"].between(0, 1).all()


# --- raw tables ----------------------------------------------------------------------------------


def volumes(delays=(0.55, 0.25, 0.1, 0.05, 0.025, 0.012, 0.008, 0.005), size=10_000):
    months = [str(month) for month in pd.period_range("2021-01", "2024-12", freq="M")]
    rows = [
        ("ER_PHA_F", care, months[place + late], int(size * share), 1.0)
        for place, care in enumerate(months)
        for late, share in enumerate(delays)
        if place + late < len(months)
    ]
    return pd.DataFrame(rows, columns=quality.VOLUMES.names)


def test_months_still_arriving_are_told_and_not_taken_for_a_drop():
    months = quality_checks.volume_months(source_of(volumes=volumes()), complete_share=0.98)
    late = months[months["phase"] == "incomplete"]
    assert late["period"].tolist() == [f"2024-{month:02d}" for month in range(8, 13)]
    assert late["observed"].iloc[-1] == pytest.approx(55, abs=1)
    assert late["expected"].to_numpy() == pytest.approx(100, abs=2)
    assert ("uneven_months", "ER_PHA_F") not in failed(source_of(volumes=volumes()))


def test_care_from_before_the_period_is_no_month_of_it():
    before = pd.DataFrame([("ER_PHA_F", "2019-12", "2020-01", 3, 1.0)], columns=volumes().columns)
    raw = pd.concat([before, volumes()], ignore_index=True)
    months = quality_checks.volume_months(source_of(volumes=raw), complete_share=0.98)
    assert months["period"].min() == "2021-01"
    assert ("absent_months", "ER_PHA_F") not in failed(source_of(volumes=raw))


def test_the_delay_is_that_of_old_months():
    delays = quality_checks.availability(source_of(volumes=volumes()))
    assert delays["share"].tolist()[:3] == pytest.approx([0.55, 0.80, 0.90])
    assert delays["share"].iloc[-1] == 1
    slow = volumes(delays=(0.4, 0.2, 0.1, 0.1, 0.05, 0.05, 0.03, 0.03, 0.04))
    assert ("available_within", "ER_PHA_F") in failed(source_of(volumes=slow))
    assert ("available_within", "ER_PHA_F") not in failed(source_of(volumes=slow), flow_months=8)


def test_delays_shown_never_differ_by_a_few_lines():
    delays = quality_checks.availability(source_of(volumes=volumes(size=700)))
    shown = quality_checks.main_delays(delays, fewest=11)
    steps = shown["lines"].diff().dropna()
    assert len(shown) >= 3
    assert (steps >= 11).all()


def test_a_hole_in_the_middle_is_found():
    holed = volumes()
    found = failed(source_of(volumes=holed[holed["care_month"] != "2022-06"]))
    assert ("absent_months", "ER_PHA_F") in found


REJECTED = pd.DataFrame(
    [
        ("ER_PHA_F", "cancelled", 400, 1000.0, 10_000),
        ("T_MCOaaC", "return_code", 6, None, 2_000),
        ("T_MCOaaB", "error_group", 500, None, 2_000),
    ],
    columns=quality.REJECTED.names,
)


def test_rejected_lines_stand_against_what_is_published_of_them():
    checks = quality_checks.check_data(source_of(rejected=REJECTED))
    rows = checks[checks["check"] == "rejected"].set_index("column")
    assert rows["verdict"].to_dict() == {
        "cancelled": "pass",
        "return_code": "fail",
        "error_group": "fail",
    }
    assert rows.loc["cancelled", "value"] == pytest.approx(4)
    assert "98 %" in rows.loc["return_code", "source"]


def test_links_codes_and_writings():
    links = pd.DataFrame(
        [("T_MCOaaB", "T_MCOaaC", 1_000, 20), ("ER_PHA_F", "ER_PRS_F", 1_000, 0)],
        columns=quality.LINKS.names,
    )
    unknown = pd.DataFrame(
        [("ER_PHA_F", "PHA_PRS_C13", "CIP13", "34009", 90_000, 1.0)],
        columns=quality.UNKNOWN_CODES.names,
    )
    codings = pd.DataFrame(
        [
            ("ER_PHA_F", "PHA_PRS_C13", 2020, "CIP7", 900),
            ("ER_PHA_F", "PHA_PRS_C13", 2020, "CIP13", 100),
            ("ER_PHA_F", "PHA_PRS_C13", 2021, "CIP13", 1_000),
            ("ER_PHA_F", "PHA_PRS_C13", 2023, "CIP13", 1_000),
        ],
        columns=quality.CODINGS.names,
    )
    source = source_of(volumes=volumes(), links=links, unknown_codes=unknown, codings=codings)
    checks = quality_checks.check_data(source).set_index(["check", "table", "column"])
    assert checks.loc[("failed_links", "T_MCOaaB", "T_MCOaaC"), "verdict"] == "fail"
    assert checks.loc[("failed_links", "ER_PHA_F", "ER_PRS_F"), "verdict"] == "pass"
    assert checks.loc[("unknown_codes", "ER_PHA_F", "PHA_PRS_C13"), "verdict"] == "fail"
    assert checks.loc[("mixed_coding", "ER_PHA_F", "PHA_PRS_C13"), "value"] == pytest.approx(
        100 / 30
    )
    assert checks.loc[("coding_changes", "ER_PHA_F", "PHA_PRS_C13"), "value"] == 1
    forms = quality_checks.coding_forms(source)
    runs = forms[forms["form"] == "CIP13"][["first_year", "last_year", "lines"]].values.tolist()
    assert runs == [[2020, 2021, 1_100], [2023, 2023, 1_000]]
    assert quality_checks.unknown_codes(source, most=1)["code"].tolist() == ["34009"]


def test_no_code_as_long_as_a_number_of_a_person_is_shown():
    rows = [
        ("T_MCOaaMED", "UCD", "UCD7", code, 50, 1.0)
        for code in ("0000009999999", "1850575123456", "1850599999999", "3400894000012")
    ]
    unknown = pd.DataFrame(rows, columns=quality.UNKNOWN_CODES.names)
    shown = quality_checks.unknown_codes(source_of(unknown_codes=unknown), most=9)
    assert shown.set_index("code")["lines"].to_dict() == {
        "9999999": 50,
        "1850… (13 chiffres)": 100,
        "3400894000012": 50,
    }


# --- ranges, verdicts, what is shown ------------------------------------------------------------


def test_every_check_has_a_range_with_its_source():
    for (check, _, _), expected in quality_checks.ranges().items():
        assert expected.category in ("conformance", "completeness", "plausibility")
        assert expected.severity in ("blocking", "reserve", "informs")
        assert expected.source
        assert (expected.low is None and expected.high is None) == (expected.severity == "informs")
        assert report.labels.value(check) != check, f"{check} has no French name"


def test_the_closest_range_is_taken_and_a_check_without_range_is_a_defect():
    assert range_of("rejected", "T_MCOaaC", "return_code", {}).low == 0.5
    assert range_of("duplicates", "dispensings", "person_id", {}).high == 15
    with pytest.raises(KeyError):
        range_of("never_declared", "x", "y", {})


def test_own_ranges_replace_the_usual_ones_and_say_why():
    usual = quality_checks.ranges()["women", "persons", "*"]
    own = {"women": usual.changed(None, 10, "clinique d'urologie")}
    (row,) = judged([Measure("women", "persons", "sex", 52.0)], own).to_dict("records")
    assert row["verdict"] == "fail"
    assert (row["sentence"], row["source"]) == ("au plus 10 %", "clinique d'urologie")


def test_the_summary_counts_what_the_checks_say(clean):
    summary = quality_checks.summary(clean).set_index("category")
    assert summary["checks"].sum() == len(clean)
    kinds = ["passed", "failed", "informs", "not_applicable"]
    assert summary[kinds].sum(axis=1).tolist() == summary["checks"].tolist()
    assert summary["passed"].sum() == (clean["verdict"] == "pass").sum()
    assert (summary["share"] == 1).all()


def test_small_counts_of_lines_are_hidden_with_what_gives_them_back():
    source = source_of(rejected=REJECTED)
    checks = quality_checks.check_data(source)
    shown = report.table(checks, quality_checks.CHECKS, caption="Contrôles").text
    line = next(each for each in shown.splitlines() if "code retour" in each)
    assert "<\u00a011" in line
    assert "masqué" in line
    assert "0,3" not in line.split("masqué")[0]
    small = report.table(
        quality_checks.rejected_shares(source), quality_checks.REJECTED_SHARES, caption="Écartées"
    ).text
    assert "400" in small
    assert "masqué" in small


def test_an_empty_source_says_nothing_rather_than_fail():
    empty = {
        name: frame[:0].astype({c: "string" for c in frame.select_dtypes("object")})
        for name, frame in healthy().items()
        if name not in ("persons", "observation")
    }
    source = source_of(empty)
    checks = quality_checks.check_data(source)
    assert set(checks.loc[checks["table"] == "stays", "verdict"]) <= {"not_applicable", "pass"}
    assert not len(quality_checks.rejected_shares(source))
    assert len(quality_checks.volume_months(source, complete_share=0.98)) == 0


def test_contracts_hold_and_months_are_whole_numbers(clean):
    tables.check(clean, quality_checks.CHECKS)
    assert (flow._number(pd.Series(["2021-01", "2020-12"])).diff().iloc[1]) == -1


# --- the request --------------------------------------------------------------------------------


def test_the_example_reads_and_gives_its_choices():
    request = requests.read("parameters/examples/data_quality.yaml")
    choices = request.parameters.choices()
    assert choices.flow_months == 6
    assert choices.own["persons_without_event"].high == 40
    assert choices.own["persons_without_event"].category == "completeness"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("persons_without_event:", "personnes:", "expected.personnes"),
        ("high: 40", "low: 50\n      high: 40", "limite haute"),
        ("complete_share: 0.98", "complete_share: 98", "entre 0 et 1"),
        ("flow_months: 6", "flow_months: 0", "de 1 à 12"),
        ("      high: 40\n", "", "au moins une limite"),
    ],
)
def test_wrong_choices_are_told(tmp_path, monkeypatch, old, new, told):
    text = (project.root() / "parameters/examples/data_quality.yaml").read_text(encoding="utf-8")
    assert old in text
    monkeypatch.setenv(project.ROOT_VARIABLE, str(tmp_path))
    file = tmp_path / "r.yaml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RequestError, match=told):
        requests.read(file)
