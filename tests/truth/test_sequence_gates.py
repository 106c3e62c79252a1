"""Gates of sequence symmetry: each closes on a designed violation, and nothing is left to read."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from studylib import report, risk
from studylib.errors import EstimationError
from studylib.requests.studies.sequence_symmetry import SequenceSymmetryParameters
from studylib.risk.doubt import mdrr_sequence_symmetry
from studylib.risk.gates import Thresholds

DAY = 18_000
PAIR = {"index": "statins", "marker": "ppi"}


def drawn(first, second, *, seed=1, gap=100):
    """So many persons who begin the index first, then the marker first, dates even over a year."""
    draw = np.random.default_rng(seed)
    start = DAY + draw.integers(0, 365, first + second)
    apart = draw.integers(1, gap, first + second)
    order = np.arange(first + second) < first
    days = {"index_day": np.where(order, start, start + apart)}
    days["marker_day"] = np.where(order, start + apart, start)
    return pd.DataFrame(days).astype("Int64").reset_index(names="person_id")


EVEN = drawn(200, 100)
FEW = drawn(6, 3)
GROWING = pd.DataFrame(
    {"person_id": range(900), "index_day": DAY, "marker_day": DAY + np.arange(900) // 3 - 50}
).astype("Int64")


def gates(uses, **choices):
    return risk.sequence_gates(uses, **PAIR, **choices)


def test_the_detectable_ratio_is_that_of_a_test_of_one_proportion():
    """The power of the two-sided test at the ratio found is the one asked for."""
    for pairs, null in ((200, 1.0), (1000, 0.8), (60, 1.7)):
        found = mdrr_sequence_symmetry(pairs, null_ratio=null) * null
        share, other = null / (1 + null), found / (1 + found)
        limit = share + 1.959964 * np.sqrt(share * (1 - share) / pairs)
        power = stats.norm.sf(limit, other, np.sqrt(other * (1 - other) / pairs))
        assert power == pytest.approx(0.8, abs=1e-6)
    assert mdrr_sequence_symmetry(0) == mdrr_sequence_symmetry(3) == np.inf
    assert mdrr_sequence_symmetry(50, null_ratio=np.nan) == np.inf


def test_power_does_not_look_at_the_order():
    swapped = drawn(100, 200)
    shown = [risk.check_mdrr_sequences(300).table, gates(EVEN).checks[0].table]
    assert len(EVEN) == len(swapped) == 300
    assert shown[0]["value"].item() == 1.4
    for uses in (EVEN, swapped):
        null = risk.null_ratio(uses)
        told = gates(uses).checks[0].table["value"].item()
        assert told == np.ceil(10 * mdrr_sequence_symmetry(300, null_ratio=null)) / 10


@pytest.mark.parametrize(
    ("uses", "choices", "closed"),
    [
        (EVEN, {}, ()),
        (EVEN, {"thresholds": Thresholds(largest_mdrr=1.2)}, ("mdrr",)),
        (FEW, {}, ("mdrr",)),
        (GROWING, {}, ("sequence_trend",)),
        (GROWING, {"thresholds": Thresholds(null_ratio=(0.1, 10))}, ()),
        (GROWING, {"opened": ["sequence_trend"]}, ()),
    ],
)
def test_each_gate_closes_on_what_it_measures(uses, choices, closed):
    assert gates(uses, **choices).closed_by == closed


def test_without_starts_near_one_another_nothing_is_evaluated():
    alone = EVEN.assign(marker_day=pd.array([pd.NA] * len(EVEN), dtype="Int64"))
    found = gates(alone)
    assert not found.checks[1].evaluated
    assert set(found.closed_by) == {"mdrr", "sequence_trend"}


def controls(*ratios, trend=None):
    uses = {
        ("statins", f"m{k}"): drawn(round(400 * r / (1 + r)), round(400 / (1 + r)), seed=k)
        for k, r in enumerate(ratios)
    }
    return risk.sequence_controls(
        uses | ({("statins", "grows"): trend} if trend is not None else {})
    )


def test_null_pairs_measure_the_error_of_the_method():
    sound = gates(EVEN, controls=controls(1, 1.05, 0.95, 1, 1.02))
    assert [each.name for each in sound.checks] == ["mdrr", "sequence_trend", "systematic_error"]
    assert not sound.closed
    assert gates(EVEN, controls=controls(2, 2.2, 1.9, 2, 2.1)).closed_by == ("systematic_error",)
    few = gates(EVEN, controls=controls(1, 1))
    assert few.closed_by == ("systematic_error",)
    assert "not_evaluated=systematic_error" in few.reason


def test_a_null_pair_under_a_trend_is_left_out_of_the_null():
    rows = controls(1, 1, trend=GROWING)
    assert rows["estimate"].isna().tolist() == [False, False, True]
    assert (rows["measure"] == "adjusted_sequence_ratio").all()


def test_calibration_widens_by_the_error_of_the_null_pairs():
    null = controls(1.6, 0.6, 1.4, 0.7, 1)
    ratios = risk.sequence_symmetry(EVEN, **PAIR)
    shared = ["population", "measure"]
    wide = risk.doubt.calibrated(ratios.iloc[[1]], null, shared=shared).iloc[0]
    assert wide["ci_low"] < ratios.loc[1, "ci_low"]
    assert wide["ci_high"] > ratios.loc[1, "ci_high"]


def test_nothing_tells_the_order_of_a_closed_pair():
    shut = gates(EVEN, thresholds=Thresholds(largest_mdrr=1.2))
    ratios = risk.sequence_symmetry(EVEN, **PAIR, gates=shut)
    assert ratios[["estimate", "ci_low", "ci_high", "p_value"]].isna().all(axis=None)
    assert ratios["persons"].tolist() == [300, 300]
    assert ratios["events"].isna().all()
    orders = risk.release_sequences(risk.sequences(EVEN, **PAIR), shut)
    assert orders[["sequence", "persons"]].to_numpy().tolist() == [
        ["either_order", 300],
        ["same_day", 0],
    ]
    gaps = risk.gaps_by_week(EVEN, **PAIR)
    assert risk.release_gaps(gaps, shut).empty
    assert risk.release_gaps(gaps, gates(EVEN)).equals(gaps)
    told = report.gates_of_each({"Une paire": shut, "Une autre": gates(EVEN)})
    assert "Une paire\N{NO-BREAK SPACE}: les estimations sont retenues" in told.text
    assert not any(count in told.text for count in ("100", "200"))


def request(**fields):
    pair = {"index": "ace_inhibitors", "marker": "cough_remedies", "label": "Toux"}
    given = {"pairs": {"toux": pair}, "period": {"start": "2022-01-01", "end": "2024-12-31"}}
    return SequenceSymmetryParameters.model_validate(given | fields)


def test_the_request_names_gates_and_null_pairs():
    other = {"index": "statins", "marker": "cough_remedies", "label": "Statine"}
    read = request(negative_controls={"statine": other}, gates={"null_ratio": ["0.8", "1.25"]})
    assert read.gates.thresholds().null_ratio == (0.8, 1.25)
    assert [one.name for one in read.codelists()] == [
        "ace_inhibitors", "cough_remedies", "statins",
    ]  # fmt: skip
    same = {"index": "ace_inhibitors", "marker": "cough_remedies", "label": "La même"}
    with pytest.raises(ValueError, match="context") as refused:
        request(negative_controls={"toux": other, "encore": same})
    faults = refused.value.errors()[0]["ctx"]["faults"]
    assert [fault.at for fault in faults] == [
        ("negative_controls", "toux"), ("negative_controls", "encore"),
    ]  # fmt: skip


def test_a_rule_for_same_days_that_is_none_is_refused():
    with pytest.raises(EstimationError, match="same_day vaut « zz »"):
        gates(EVEN, same_day="zz")
