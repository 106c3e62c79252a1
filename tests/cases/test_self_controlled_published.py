"""Case series on published data with exact answers (kept out of the project)."""

import json

import numpy as np
import pandas as pd
import pytest

from studylib import project, risk
from studylib.risk import self_controlled as sccs
from studylib.risk.self_controlled import Steps, Window

SHARED = project.root().parent / "shared"
CASES = SHARED / "cases" / "risk"
pytestmark = pytest.mark.skipif(
    not CASES.is_dir(), reason="the published cases are not beside the project"
)


def published(case):
    known = json.loads((CASES / "expected.json").read_text(encoding="utf-8"))
    return next(one for one in known["cases"] if one["id"] == case)


def purpura(**time):
    """Idiopathic thrombocytopenic purpura and MMR vaccine: 44 events of 35 children."""
    data = pd.read_csv(CASES / "itpdat.csv")
    child = data.drop_duplicates("case")
    given = child[["case", "mmr"]].dropna().astype(int)
    return sccs.case_series(
        pd.DataFrame(
            {"person_id": child["case"], "start": child["sta"], "end": child["end"] + 1, "birth": 0}
        ),
        pd.DataFrame(
            {
                "person_id": given["case"],
                "drug": "mmr",
                "start": given["mmr"],
                "end": given["mmr"] + 1,
            }
        ),
        pd.DataFrame({"person_id": data["case"], "day": data["itp"]}),
        windows=[Window("risk", 0, 42, last_from="start")],
        **time,
    )


def close(series, irr, interval):
    row = sccs.self_controlled_case_series(series, outcome="purpura").iloc[0]
    assert row["estimate"] == pytest.approx(irr, rel=1e-5)
    assert [row["ci_low"], row["ci_high"]] == pytest.approx(interval, rel=1e-5)


def test_purpura_without_age():
    """PE07, R package SCCS 1.7."""
    answer = published("PE07")["answer"]
    close(purpura(), answer["irr"], answer["ci"])


def test_purpura_with_age_groups():
    """PE08: each cut is the first day of the new group, and the variant a day earlier."""
    case = published("PE08")
    cuts = tuple(case["settings"]["age_group_starts"])
    series = purpura(age=Steps(cuts))
    close(series, case["answer"]["irr"], case["answer"]["ci"])
    ratios = sccs.time_ratios(series)["ratio"].tolist()
    assert ratios == pytest.approx(case["answer"]["age_ratio"], rel=1e-5)
    earlier = case["variants"]["groups_start_one_day_earlier"]
    close(purpura(age=Steps(tuple(earlier["age_group_starts"]))), earlier["irr"], earlier["ci"])
    as_last_days = purpura(age=Steps(tuple(cut - 1 for cut in cuts), "last_day"))
    close(as_last_days, case["answer"]["irr"], case["answer"]["ci"])


def test_infertility():
    """PE25, R's clogit on infert: two covariates, sets of two or three women."""
    data = pd.read_csv(CASES / "infert.csv")
    data["set"], data["case"] = data["stratum"], data["case"] == 1
    names = ["spontaneous", "induced"]
    rows = risk.conditional_logistic(data, outcome="infertility", exposures=names)
    answer = published("PE25")["answer"]
    for name, row in zip(names, rows.itertuples(), strict=True):
        assert np.log(row.estimate) == pytest.approx(answer["coef"][name], rel=1e-5)
        error = np.log(row.ci_high / row.ci_low) / (2 * 1.959963985)
        assert error == pytest.approx(answer["se"][name], rel=1e-5)


@pytest.mark.skipif(not (SHARED / "data" / "omop_gibleed").is_dir(), reason="no OMOP data")
def test_flow_of_bleeding_cases():
    """PE04, SelfControlledCaseSeries 6.1.4 on GiBleed: cases and days at each step, exactly."""
    answer = published("PE04")["answer"]
    people, use, bleeds, span = gibleed()

    def flow(cases, **choices):
        kept = bleeds[bleeds["person_id"].isin(cases["person_id"])]
        return sccs.case_series(cases, use, kept, windows=[Window("exposed")], **choices)

    def steps(series):
        return series.flow[["persons", "days"]].to_numpy().tolist()

    everyone = flow(people, naive_period=180)
    assert steps(everyone)[:2] == [answer["all"], answer["after_naive_period"]]
    men = flow(people[people["gender_concept_id"] == 8507], naive_period=180, period=span)
    assert steps(men)[1:3] == [answer["males"], answer["calendar_span"]]
    exposed = men.counts.set_index("term")["persons"]
    assert exposed.drop(["unexposed", "total"]).sum() == answer["cases_exposed"]


def gibleed():
    """Cases with their observation, celecoxib eras, bleeds and the span of the eras."""
    data = SHARED / "data" / "omop_gibleed"
    names = ("observation_period", "person", "condition_occurrence", "concept_ancestor", "drug_era")
    read = {name: pd.read_parquet(data / f"{name}.parquet") for name in names}
    day = lambda dates: (pd.to_datetime(dates) - pd.Timestamp(0)).dt.days  # noqa: E731
    observed = read["observation_period"].assign(
        start=lambda t: day(t["observation_period_start_date"]),
        end=lambda t: day(t["observation_period_end_date"]) + 1,
    )
    below = read["concept_ancestor"].query("ancestor_concept_id == 192671")["descendant_concept_id"]
    found = read["condition_occurrence"]
    found = found[found["condition_concept_id"].isin(below)]
    bleeds = pd.DataFrame(
        {"person_id": found["person_id"], "day": day(found["condition_start_date"])}
    ).drop_duplicates()
    inside = bleeds.merge(observed[["person_id", "start", "end"]], on="person_id")
    bleeds = inside.loc[inside["day"].between(inside["start"], inside["end"] - 1), bleeds.columns]
    cases = observed[observed["person_id"].isin(bleeds["person_id"])].merge(
        read["person"][["person_id", "gender_concept_id"]], on="person_id", how="left"
    )
    eras = read["drug_era"].query("drug_concept_id == 1118084")
    use = pd.DataFrame(
        {
            "person_id": eras["person_id"],
            "drug": "celecoxib",
            "start": day(eras["drug_era_start_date"]),
            "end": day(eras["drug_era_end_date"]) + 1,
        }
    )
    return cases, use, bleeds, (int(use["start"].min()), int(use["end"].max()))
