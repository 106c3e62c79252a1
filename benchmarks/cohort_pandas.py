"""The same cohort in pandas, vectorised, as an analyst would write it without an engine."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.measured import told
from benchmarks.outcome import CONDITIONS, digest
from studylib import codes

FIRST, LAST, END = 18993, 19722, 20088
folder = Path(sys.argv[1])


def read(name: str, columns: list[str]) -> pd.DataFrame:
    return pd.read_parquet(folder / name, columns=columns)


def select(values: pd.Series, name: str) -> pd.Series:
    codelist = codes.codelist(name)
    return values.str.startswith(tuple(codelist.prefixes) or ("\0",)) | values.isin(
        codelist.full_codes
    )


def years(birth: pd.Series, when: pd.Series) -> pd.Series:
    born, now = (pd.to_datetime(days, unit="D").dt for days in (birth, when))
    early = (now.month < born.month) | ((now.month == born.month) & (now.day < born.day))
    return now.year - born.year - early


drugs = read("dispensings", ["person_id", "atc", "start", "end", "cost"])
drugs["arm"] = np.select(
    [select(drugs["atc"], "avk"), select(drugs["atc"], "aod")], ["AVK", "AOD"], ""
)
drug = drugs[drugs["arm"] != ""].assign(days=lambda t: t["end"] - t["start"])
drug = drug.groupby(["person_id", "arm", "start"], as_index=False)["days"].sum()
diagnoses = read("diagnoses", ["person_id", "code", "position", "start", "end"])
major = select(diagnoses["code"], "major_bleeding")
bleeding = diagnoses[(diagnoses["position"] == "DP") & major]

daily = drug.groupby(["person_id", "start"], as_index=False).agg(
    arm=("arm", "min"), arms=("arm", "size")
)
daily = daily.sort_values(["person_id", "start"])
gap = daily["start"] - daily.groupby("person_id")["start"].shift()
fresh = daily[daily["start"].between(FIRST, LAST) & (gap.isna() | (gap > 365))]
fresh = fresh.drop_duplicates("person_id")
users = (
    fresh[fresh["arms"] == 1]
    .rename(columns={"start": "entry"})
    .merge(read("persons", ["person_id", "birth_date", "death_date"]), on="person_id")
    .merge(read("observation", ["person_id", "start", "end"]), on="person_id")
)
users = users[
    (users["start"] <= users["entry"])
    & (users["end"] > users["entry"])
    & (users["entry"] - users["start"] >= 365)
    & (years(users["birth_date"], users["entry"]) >= 18)
]


def before(events: pd.DataFrame) -> pd.Series:
    pairs = users[["person_id", "entry"]].merge(
        events[["person_id", "start", "end"]], on="person_id"
    )
    hit = pairs[(pairs["start"] < pairs["entry"]) & (pairs["end"] > pairs["entry"] - 365)]
    return users["person_id"].isin(hit["person_id"])


users = users[~before(bleeding)]
index = users[["person_id", "entry"]]
known = index.merge(diagnoses, on="person_id")
known = known[(known["start"] < known["entry"]) & (known["end"] > known["entry"] - 365)]
marks = pd.concat(
    [
        known.loc[known["code"].str.startswith(prefix), ["person_id"]].assign(prefix=prefix)
        for prefix in CONDITIONS
    ]
)
bought = index.merge(drugs, on="person_id")
bought = bought[(bought["start"] < bought["entry"]) & (bought["start"] >= bought["entry"] - 365)]

own = drug[drug["person_id"].isin(users["person_id"])].sort_values(["person_id", "arm", "start"])
key = [own["person_id"], own["arm"]]
total = own["days"].groupby(key).cumsum()
own["until"] = total + (own["start"] - total + own["days"]).groupby(key).cummax()
own["number"] = (own["start"] - own["until"].groupby(key).shift() > 30).groupby(key).cumsum()
spans = own.groupby(["person_id", "arm", "number"], as_index=False).agg(
    start=("start", "min"), until=("until", "max")
)
spans = users[["person_id", "arm", "entry"]].merge(spans, on=["person_id", "arm"])
spans = spans[(spans["start"] <= spans["entry"]) & (spans["until"] > spans["entry"])]
others = users[["person_id", "arm", "entry"]].merge(drug, on="person_id", suffixes=("", "_other"))
others = others[(others["arm"] != others["arm_other"]) & (others["start"] > others["entry"])]
events = users[["person_id", "entry"]].merge(bleeding[["person_id", "start"]], on="person_id")
events = events[events["start"] >= events["entry"]]
cuts = users.set_index("person_id")
cuts["death"] = cuts["death_date"] + 1
cuts["switch"] = others.groupby("person_id")["start"].min() + 1
cuts["discontinuation"] = spans.groupby("person_id")["until"].max()
cuts["end_of_observation"] = cuts["end"]
cuts["end_of_follow_up"] = np.minimum(cuts["entry"] + 365, END + 1)
cuts["outcome"] = events.groupby("person_id")["start"].min()
order = ["death", "switch", "discontinuation", "end_of_observation", "end_of_follow_up"]
bounds = cuts[order].astype(float)
cut = bounds.min(axis=1)
cuts["event"] = cuts["outcome"] < cut
cuts["exit"] = np.where(cuts["event"], cuts["outcome"] + 1, cut).astype("int64")
reason = bounds.eq(cut, axis=0).idxmax(axis=1)
cuts["exit_reason"] = np.where(cuts["event"], "outcome", reason)
cuts["score"] = marks.groupby("person_id")["prefix"].nunique()
cuts["drugs"] = bought.groupby("person_id")["atc"].nunique()
cuts["spent"] = bought.groupby("person_id")["cost"].sum()
told(digest(cuts.fillna({"score": 0, "drugs": 0, "spent": 0}).reset_index()))
