"""People whose data are sound, the same otherwise dressed, and the same with a fault."""

import warnings

import numpy as np
import pandas as pd

from studylib.errors import StudyError

SIZE = 60


def people(size=SIZE, seed=1):
    draw = np.random.default_rng(seed)
    arm = np.where(np.arange(size) % 2, "A", "B")
    days, censored = draw.exponential(150, size), draw.uniform(30, 400, size)
    event = days <= censored
    ended = np.where(draw.random(size) < 0.3, "death", "end_of_observation")
    return pd.DataFrame(
        {
            "person_id": np.arange(size), "arm": arm, "entry": 0,
            "exit": np.ceil(np.minimum(days, censored)).astype(int), "event": event,
            "exit_reason": np.where(event, "outcome", ended),
            "age": draw.normal(70, 8, size).round(1), "male": draw.integers(0, 2, size),
            "w": draw.uniform(0.5, 2, size),
            "region": np.where(draw.random(size) < 0.5, "11", "84"),
            "y": draw.normal(0, 1, size) + (arm == "A"),
        }
    )  # fmt: skip


GIVEN = people()
ARMS = {"outcome": "o", "reference": "B"}


def few(arm, number):
    """The other arm whole, and the first persons of ``arm``, who have the outcome late."""
    rows = GIVEN[(GIVEN["arm"] != arm) | (GIVEN["exit"] > 60)]
    kept = rows.groupby("arm").cumcount() < np.where(rows["arm"] == arm, number, SIZE)
    return rows[kept]


def both(number):
    return GIVEN[GIVEN.groupby("arm").cumcount() < number]


def on(*persons, small=0.0):
    """Weights that rest on these persons."""
    return GIVEN.assign(w=np.where(GIVEN["person_id"].isin(persons), 1.0, small))


def with_one(name, value):
    """One value of a column changed."""
    column = GIVEN[name].astype(object if isinstance(value, str | None) else float)
    return GIVEN.assign(**{name: column.mask(GIVEN.index == 3, value)})


DRESSED = {
    "index out of order": GIVEN.set_axis(np.random.default_rng(1).permutation(SIZE)),
    "one index for all": GIVEN.set_axis([0] * SIZE),
    "index named as columns": GIVEN.set_index(["arm", "person_id", "region"], drop=False),
    "columns out of order, and more of them": GIVEN[GIVEN.columns[::-1]].assign(
        treated="x", stratum=7, match_set=1, score=2, start=3, weight=9
    ),
    "rows out of order": GIVEN.sample(frac=1, random_state=3),
    "nullable": GIVEN.convert_dtypes(),
    "categories": GIVEN.astype({"arm": "category", "region": "category"}).assign(
        exit_reason=pd.Categorical(
            GIVEN["exit_reason"], ["nobody", *sorted(set(GIVEN["exit_reason"]))]
        ),
        arm=pd.Categorical(GIVEN["arm"], ["Z", "B", "A"]),
    ),
    "small numbers": GIVEN.astype({"exit": "uint16", "entry": "int8", "event": int}),
    "days before 1970": GIVEN.assign(entry=-900, exit=GIVEN["exit"] - 900),
}
BROKEN = {
    "no outcome in an arm": GIVEN.assign(event=GIVEN["event"] & (GIVEN["arm"] == "A")),
    "no outcome": GIVEN.assign(event=False, exit_reason="end_of_observation"),
    "an outcome in all": GIVEN.assign(event=True, exit_reason="outcome"),
    "every outcome the same day": GIVEN.assign(event=True, exit_reason="outcome", exit=90),
    "everybody leaves on the first day": GIVEN.assign(exit=1),
    "separated arms": GIVEN.assign(age=(GIVEN["arm"] == "A") * 1.0),
    "separated outcomes": GIVEN.assign(age=GIVEN["event"] * 10 + GIVEN.index / 100),
    "weights on one": on(1),
    "weights on two": on(1, 2),
    "weights on four, or nearly": on(1, 2, 3, 4, small=1e-9),
    "no weight in an arm": GIVEN.assign(w=(GIVEN["arm"] == "B") * 1.0),
    "negative weight": with_one("w", -1.0),
    "text weights": GIVEN.assign(w="1"),
    "immense weights": GIVEN.assign(w=1e300),
    "no time at risk": GIVEN.assign(exit=0),
    "negative time": with_one("exit", -5.0),
    "missing day": with_one("exit", np.nan),
    "infinite day": with_one("exit", np.inf),
    "dates": GIVEN.assign(exit=pd.Timestamp("2020-01-01"), entry=pd.Timestamp("2019-01-01")),
    "text days": GIVEN.assign(exit=GIVEN["exit"].astype(str), entry="0"),
    "persons twice": pd.concat([GIVEN, GIVEN]),
    "nobody is named": GIVEN.assign(person_id=np.nan),
    "missing covariate": with_one("age", np.nan),
    "infinite covariate": with_one("age", np.inf),
    "immense covariate": GIVEN.assign(age=GIVEN["age"] * 1e200),
    "minute covariate": GIVEN.assign(age=GIVEN["age"] * 1e-200),
    "numbers in text": GIVEN.assign(age=GIVEN["age"].astype(str), y=GIVEN["y"].astype(str)),
    "a text among numbers": with_one("age", "vieux"),
    "covariate of dates": GIVEN.assign(age=pd.date_range("1950-01-01", periods=SIZE)),
    "constant covariate": GIVEN.assign(age=5.0),
    "complex": GIVEN.assign(age=GIVEN["age"] + 0j, y=GIVEN["y"] + 0j, w=GIVEN["w"] + 0j),
    "lists": GIVEN.assign(age=[[1]] * SIZE, region=[[1]] * SIZE),
    "objects": GIVEN.astype(dict.fromkeys(["event", "male", "age", "exit", "w", "y"], object)),
    "outcome in words": GIVEN.assign(event=np.where(GIVEN["event"], "oui", "non")),
    "outcome counted": GIVEN.assign(event=GIVEN["event"] * 2),
    "outcome unknown": GIVEN.assign(event=GIVEN["event"].astype("boolean").mask(GIVEN.index == 3)),
    "outcome as a category": GIVEN.assign(event=pd.Categorical(GIVEN["event"])),
    "no value varies": GIVEN.assign(y=1.0),
    "a value that is the arm": GIVEN.assign(y=(GIVEN["arm"] == "A") * 1.0),
    "immense values": GIVEN.assign(y=GIVEN["y"] * 1e200),
    "arm unnamed": with_one("arm", None),
    "arm numbered": GIVEN.assign(arm=np.where(GIVEN["arm"] == "A", 1, 2)),
    "one arm": GIVEN[GIVEN["arm"] == "B"],
    "an arm of one": few("A", 1),
    "an arm of three": few("A", 3),
    "a reference of two": few("B", 2),
    "two and two": both(2),
    "three and three": both(3),
    "a stratum each": GIVEN.assign(region=[str(k) for k in range(SIZE)]),
    "strata that are arms": GIVEN.assign(region=GIVEN["arm"]),
    "one stratum": GIVEN.assign(region="11"),
    "missing stratum": with_one("region", None),
    "unknown ends": GIVEN.assign(exit_reason=np.nan),
    "nobody": GIVEN.head(0),
    "no column": pd.DataFrame(),
    "a column twice": pd.concat([GIVEN, GIVEN[["age"]]], axis=1),
    **{f"without {name}": GIVEN.drop(columns=name) for name in GIVEN},
}


def answer(estimator, data):
    """What comes back, or the sentence; any warning is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return estimator(data.copy())
        except StudyError as refusal:
            return str(refusal)


def unsound(table):
    """The rows that say a number without an interval that holds it, or nothing without a reason."""
    if "estimate" not in table:
        numbers = table.select_dtypes("number").drop(columns="concordance", errors="ignore")
        may_lack = [name for name in numbers if name.startswith(("arm_", "reference_"))]
        may_lack += ["smd", "smd_after", "variance_ratio", "variance_ratio_after"]
        kept = numbers.drop(columns=may_lack, errors="ignore")
        return table[~np.isfinite(kept.to_numpy(float)).all(axis=1)]
    value, low, high = (table[name].astype(float) for name in ("estimate", "ci_low", "ci_high"))
    inside = (low <= value) & (value <= high) & (low < high) & np.isfinite(value)
    if "method" not in table:  # a curve: none or all has no limits, but on the first day
        return table[~(inside | value.isin([0, 1]) & ((table["day"] == 0) | low.isna()))]
    stated = table["method"].str.contains("not_estimable=")
    empty = value.isna() & low.isna() & high.isna()
    inverse = table["measure"].eq("number_needed") & low.isna() & high.isna()
    return table[~np.where(stated, empty, inside | inverse)]
