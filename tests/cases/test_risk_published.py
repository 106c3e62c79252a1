"""Cox and Kaplan-Meier on published data sets with exact answers (kept out of the project)."""

import json

import numpy as np
import pandas as pd
import pytest

from studylib import project, risk

CASES = project.root().parent / "shared" / "cases" / "risk"
pytestmark = pytest.mark.skipif(
    not CASES.is_dir(), reason="the published cases are not beside the project"
)


def answer(case: str) -> dict:
    published = json.loads((CASES / "expected.json").read_text(encoding="utf-8"))
    return next(one["answer"] for one in published["cases"] if one["id"] == case)


def follow_up(time, event, arm):
    return pd.DataFrame(
        {
            "person_id": range(len(time)),
            "arm": arm,
            "entry": 0,
            "exit": time,
            "event": event,
            "exit_reason": ["outcome" if one else "end_of_follow_up" for one in event],
        }
    )


def test_rossi_recidivism():
    """PE23, lifelines documentation: coefficients, log likelihood and concordance."""
    data = pd.read_csv(CASES / "rossi.csv")
    persons = follow_up(data["week"], data["arrest"].eq(1), "all").join(data)
    known = answer("PE23")
    model = risk.cox_coefficients(persons, list(known["coef"])).set_index("term")
    assert model["coefficient"].to_dict() == pytest.approx(known["coef"], rel=1e-4)
    assert model["log_likelihood"].iloc[0] == pytest.approx(known["loglik"], rel=1e-6)
    assert model["concordance"].iloc[0] == pytest.approx(known["concordance"], rel=1e-4)


def test_rossi_robust_error_under_strata():
    """R survival 3.5: 0.19154 for ``fin``, with age and prio, stratified by race."""
    data = pd.read_csv(CASES / "rossi.csv")
    persons = follow_up(data["week"], data["arrest"].eq(1), "all").join(data)
    model = risk.cox_coefficients(persons, ["fin", "age", "prio"], strata=["race"])
    assert model["robust_error"].iloc[0] == pytest.approx(0.19154, abs=5e-6)


def test_lung_cancer():
    """PE24, R survival 3.5-3: Efron coefficient of sex and its error, medians by sex."""
    data = pd.read_csv(CASES / "lung.csv")
    data.columns = [name.strip('"') for name in data.columns]
    complete = data.dropna(subset=["ph.ecog"])
    persons = follow_up(
        complete["time"].to_numpy(),
        complete["status"].eq(2).to_numpy(),
        complete["sex"].map({1: "men", 2: "women"}).to_numpy(),
    ).assign(age=complete["age"].to_numpy(float), ecog=complete["ph.ecog"].to_numpy(float))
    row = risk.hazard_ratio(
        persons, outcome="death", reference="men", covariates=["age", "ecog"]
    ).iloc[0]
    known = answer("PE24")["efron"]
    assert np.log(row["estimate"]) == pytest.approx(known["coef"]["sex"], rel=1e-5)
    error = np.log(row["ci_high"] / row["ci_low"]) / (2 * 1.959963985)
    assert error == pytest.approx(known["se"]["sex"], rel=1e-5)

    breslow = risk.cox_coefficients(
        persons.assign(sex=complete["sex"].to_numpy(float)), ["age", "sex", "ecog"], ties="breslow"
    )
    assert breslow["coefficient"].to_numpy() == pytest.approx(
        list(answer("PE24")["breslow"]["coef"].values()), rel=1e-5
    )

    everyone = follow_up(
        data["time"], data["status"].eq(2), data["sex"].map({1: "men", 2: "women"})
    )
    curves = risk.survival(everyone, days=range(1200))
    medians = curves[curves["estimate"] <= 0.5].groupby("arm")["day"].min()
    assert medians.to_dict() == {
        "men": answer("PE24")["median_days_by_sex"]["1"],
        "women": answer("PE24")["median_days_by_sex"]["2"],
    }
