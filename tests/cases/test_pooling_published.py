"""Thirteen trials of BCG, pooled as published (kept out of the project)."""

import json

import numpy as np
import pandas as pd
import pytest

from studylib import project
from studylib.risk import pooling
from studylib.risk.pooling.between import i_squared

CASES = project.root().parent / "shared" / "cases" / "risk"
pytestmark = pytest.mark.skipif(
    not CASES.is_dir(), reason="the published cases are not beside the project"
)
Z = 1.959963984540054


def trials():
    data = pd.read_csv(CASES / "dat_bcg.csv")
    treated, control = data["tpos"] + data["tneg"], data["cpos"] + data["cneg"]
    log = np.log((data["tpos"] / treated) / (data["cpos"] / control))
    error = np.sqrt(1 / data["tpos"] - 1 / treated + 1 / data["cpos"] - 1 / control)
    return pd.DataFrame(
        {
            "analysis": "primary",
            "population": data["trial"].astype(str),
            "comparison": "vaccine / none",
            "outcome": "tuberculosis",
            "measure": "risk_ratio",
            "estimate": np.exp(log),
            "ci_low": np.exp(log - Z * error),
            "ci_high": np.exp(log + Z * error),
            "p_value": np.nan,
            "persons": treated + control,
            "events": data["tpos"] + data["cpos"],
            "person_years": 1.0,
            "method": "",
        }
    )


def test_fixed_and_random_effects_of_bcg():
    """PE31, metafor: fixed effect, DerSimonian-Laird and REML."""
    published = json.loads((CASES / "expected.json").read_text(encoding="utf-8"))
    known = next(one["answer"] for one in published["cases"] if one["id"] == "PE31")
    choices = {
        "FE": {"effects": "fixed"},
        "DL": {"effects": "random", "between_variance": "dersimonian_laird", "interval": "normal"},
        "REML": {"effects": "random", "between_variance": "reml", "interval": "normal"},
    }
    for name, chosen in choices.items():
        row = pooling.meta_analysis(trials(), **chosen).iloc[0]
        error = np.log(row["ci_high"] / row["ci_low"]) / (2 * Z)
        assert (np.log(row["estimate"]), error) == pytest.approx(known[name], rel=1e-5)
    for name, chosen in (("DL", "dersimonian_laird"), ("REML", "reml")):
        row = pooling.heterogeneity(trials(), between_variance=chosen).iloc[0]
        assert row["tau2"] == pytest.approx(known["tau2"][name], rel=1e-5)
        assert 100 * row["i_squared"] == pytest.approx(known["I2_percent"][name], rel=1e-5)
        assert row["q"] == pytest.approx(known["Q"], rel=1e-5)
    from_q = pooling.heterogeneity(trials(), i_squared_from="q").iloc[0]
    assert 100 * from_q["i_squared"] == pytest.approx(known["I2_percent"]["DL"], rel=1e-5)
    # the Q-profile interval published for these trials: 0.1197 to 1.1115 (Viechtbauer, 2010)
    assert (from_q["tau2_low"], from_q["tau2_high"]) == pytest.approx((0.1197, 1.1115), abs=1e-4)
    assert i_squared(np.array([0.0, 0.0]), np.array([1.0, 1.0]), 0.0, definition="q") == 0
