"""Users against non-users drawn beforehand: a known effect is found, and everyone counts once."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from studylib import cohort, risk
from studylib.codes import Codelist
from studylib.sources.source import Source

FIRST, LAST = cohort.day(date(2020, 1, 1)), cohort.day(date(2024, 1, 1))
PERSONS, RATIO = 30_000, 2.5
DRUG = Codelist("drug", "ATC", ("M01AE",), version="2026-01-01", source="tests", label="drug")
EVENT = Codelist("event", "CIM-10", ("K922",), version="2026-01-01", source="tests", label="event")


@pytest.fixture(scope="module")
def world(engine):
    """Persons whose event is likelier with age, as treatment is, and 2.5 times during 90 days."""
    draw = np.random.default_rng(20)
    born = draw.integers(-14_610, 0, PERSONS)  # 1930 to 1969
    older = -born / 14_610
    started = draw.random(PERSONS) < 0.05 + 0.2 * older
    start = np.where(started, draw.integers(FIRST + 366, LAST - 400, PERSONS), 10**6)
    yearly = 0.05 * np.exp(1.5 * older)
    usual = FIRST + draw.exponential(365.25 / yearly)
    brought = start + draw.exponential(365.25 / ((RATIO - 1) * yearly))
    happened = np.minimum(usual, np.where(brought < start + 90, brought, 10**7)).astype("int64")
    ids = np.arange(1, PERSONS + 1)
    persons = pd.DataFrame(
        {"person_id": ids, "sex": "F", "birth_date": born, "region": "11", "death_date": None}
    ).astype({"death_date": "Int64"})
    seen = pd.DataFrame({"person_id": ids, "start": FIRST, "end": LAST})
    boxes = pd.DataFrame({"person_id": ids, "start": start})[started].assign(
        atc="M01AE01", cip13="3400999900010", quantity=1.0, days_supply=90, cost=1.0
    )
    boxes["end"] = boxes["start"] + 90
    stays = pd.DataFrame({"stay_id": ids, "person_id": ids, "start": happened})
    stays = stays[stays["start"] < LAST].assign(code="K922", position="DP")
    stays = stays.assign(end=stays["start"] + 1, quantity=1.0, cost=0.0)
    tables = {"persons": persons, "observation": seen, "dispensings": boxes, "diagnoses": stays}
    frames = {name: engine.load(frame, name) for name, frame in tables.items()}
    return Source("drawn", engine, frames, (FIRST, LAST), ("11",), "", True)


def test_the_effect_planted_is_found_and_users_lost_are_lost_at_random(world):
    inclusion = (date(2021, 1, 1), date(2023, 6, 30))
    users = cohort.new_users(world, {"A": DRUG}, inclusion=inclusion)
    both = cohort.with_non_users(
        users, arm="0", per_user=1, drawn_share=0.4, birth_band_years=2, history_days=365
    )
    people = world.engine.collect(both.people)
    assert people["person_id"].is_unique
    everyone = world.engine.collect(users.people)
    kept = everyone["person_id"].isin(people.loc[people["arm"] == "A", "person_id"])
    assert kept.mean() == pytest.approx(0.6, abs=0.03)
    ages = everyone["birth_date"]
    lost_at_random = 4 * ages.std() * (1 / kept.sum() + 1 / (~kept).sum()) ** 0.5
    assert abs(ages[kept].mean() - ages[~kept].mean()) < lost_at_random
    both = both.require_none("none before", EVENT, days_before=1500)
    follow_up = cohort.on_treatment(both, EVENT, follow_up_days=90, until=date(2023, 12, 31))
    persons = cohort.collect(both, follow_up, ["age"])
    row = risk.hazard_ratio(persons, outcome="e", reference="0", covariates=["age"]).iloc[0]
    error = np.log(row["ci_high"] / row["ci_low"]) / 3.92
    assert row["events"] > 200
    assert abs(np.log(row["estimate"] / RATIO)) < 2.5 * error
    assert error < 0.17
