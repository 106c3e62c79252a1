"""Small event tables with what goes wrong at the edges: ties, gaps, duplicates, zero supply,
overlapping stays, deaths, conditions that go on, a leap day, persons with nothing."""

from datetime import date

import pandas as pd
from hypothesis import strategies as st

from studylib import sources
from studylib.codes import Codelist
from studylib.cohort import day

BASE = day(date(2020, 1, 20))  # the 29th of February is day 40
LAST = 300
PERSONS = [*range(1, 15), 40, 2_147_483_650]
ARMS = {"A": "B01AA", "B": "B01AF", "C": "C10AA"}
TYPES = {
    "persons": {"person_id": "int64", "sex": "string", "birth_date": "int64",
                "death_date": "Int64", "region": "string"},
    "observation": {"person_id": "int64", "start": "int64", "end": "int64"},
    "dispensings": {"person_id": "int64", "atc": "string", "cip13": "string", "start": "int64",
                    "end": "int64", "quantity": "float64", "days_supply": "int64",
                    "cost": "float64", "establishment": "string"},
    "stays": {"stay_id": "int64", "person_id": "int64", "start": "int64", "end": "int64",
              "ghm": "string", "quantity": "float64", "cost": "float64",
              "establishment": "string", "emergency": "bool", "died": "bool"},
    "diagnoses": {"stay_id": "int64", "person_id": "int64", "code": "string",
                  "position": "string", "start": "int64", "end": "int64", "quantity": "float64",
                  "cost": "float64"},
    "long_term_conditions": {"person_id": "int64", "code": "string", "start": "int64",
                             "end": "Int64", "quantity": "float64", "cost": "float64"},
    "consultations": {"person_id": "int64", "code": "string", "start": "int64", "end": "int64",
                      "quantity": "float64", "cost": "float64"},
    "hospital_drugs": {"stay_id": "Int64", "person_id": "Int64", "ucd7": "string",
                       "atc": "string", "start": "int64", "end": "int64", "quantity": "float64",
                       "cost": "float64", "establishment": "string"},
    "establishments": {"code": "string", "name": "string", "category": "string",
                       "region": "string"},
}  # fmt: skip

# Half of the persons have most events, so that events of one person meet.
person = st.sampled_from([*PERSONS[:6] * 4, *PERSONS[6:]])
# Most days stand on a grid of ten, as every window of the tests does: bounds are met exactly.
days = st.builds(
    lambda ten, one: BASE + 10 * ten + one,
    st.integers(0, LAST // 10),
    st.sampled_from([0, 0, 0, 0, 1, -1]),
)
euros = st.integers(0, 30_000).map(lambda cents: cents / 100)


def dated(lengths, **columns):
    """Rows with a start, and an end a length later."""
    made = st.fixed_dictionaries({"person_id": person, "start": days, "length": lengths, **columns})
    return made.map(lambda row: {**row, "end": row["start"] + row["length"]})


dispensings = dated(
    st.sampled_from([0, 1, 10, 20, 30, 90]),
    atc=st.sampled_from(["B01AA03", "B01AA03", "B01AF02", "B01AF02", "C10AA05"]),
    cip13=st.sampled_from(["3400930000011", "3400930000028", "3400930000035"]),
    quantity=st.sampled_from([1.0, 1.0, 2.0]),
    cost=euros,
    establishment=st.sampled_from([None, "750000001", "750000002"]),
).map(lambda row: {**row, "days_supply": row["length"]})
stays = dated(
    st.sampled_from([0, 1, 10, 20]), cost=euros, emergency=st.booleans(),
    ghm=st.sampled_from(["05K051", "05K052", "28Z04Z"]),
)  # fmt: skip
codes = st.sampled_from(["K922", "K920", "I500", "E112", "E119", "C509"])
diagnoses = dated(
    st.sampled_from([0, 1, 5]), code=codes, position=st.sampled_from(["DP", "DAS", "DP_UM"])
)
conditions = st.builds(
    lambda row, goes_on: {**row, "end": None} if goes_on else row,
    dated(st.sampled_from([10, 200]), code=codes),
    st.booleans(),
)
consultations = dated(st.just(1), code=st.just("G"), cost=euros)
given = dated(
    st.just(1), ucd7=st.just("9000001"), atc=st.sampled_from([None, "B01AA03", "B01AF02"]),
    quantity=st.sampled_from([1.0, 3.0]), linked=st.booleans(),
).map(lambda row: {**row, "person_id": row["person_id"] if row["linked"] else None})  # fmt: skip
born = st.sampled_from(
    [day(date(1936, 2, 29)), day(date(1950, 12, 31)), day(date(1951, 1, 1)), day(date(1969, 6, 1))]
)
who = st.fixed_dictionaries(
    {
        "sex": st.sampled_from(["F", "M"]),
        "birth_date": born,
        "death_date": st.none() | days,
        "region": st.sampled_from(["11", "93"]),
    }
)
seen = st.lists(
    st.tuples(
        st.integers(-50, 20).map(lambda ten: BASE + 10 * ten), st.sampled_from([10, 90, 500, 900])
    ),
    min_size=1,
    max_size=3,
).map(lambda spans: [(start, start + length) for start, length in spans])


@st.composite
def worlds(draw, dispensed=70, others=25):
    """Rows of every event table, as dictionaries."""
    people = [{"person_id": number, **draw(who)} for number in PERSONS]
    rows = {
        "persons": people,
        "observation": [
            {"person_id": one["person_id"], "start": start, "end": end}
            for one in people
            for start, end in draw(seen)
        ],
        "dispensings": draw(st.lists(dispensings, min_size=30, max_size=dispensed)),
        "stays": draw(st.lists(stays, min_size=12, max_size=others)),
        "diagnoses": draw(st.lists(diagnoses, min_size=12, max_size=others)),
        "long_term_conditions": draw(st.lists(conditions, max_size=others)),
        "consultations": draw(st.lists(consultations, max_size=others)),
        "hospital_drugs": draw(st.lists(given, max_size=others)),
        "establishments": [
            {"code": "750000001", "name": "Un", "category": "CHU", "region": "11"},
        ],
    }
    return {name: [_whole(name, row, i) for i, row in enumerate(r)] for name, r in rows.items()}


def _whole(table, row, number):
    filled = {"stay_id": number, "quantity": 1.0, "cost": 0.0, "died": False, **row}
    filled.setdefault("establishment", "750000001")
    return {name: filled[name] for name in TYPES[table]}


def opened(world, engine):
    """The world as a source over an engine."""
    frames = {
        name: pd.DataFrame(rows, columns=list(TYPES[name])).astype(TYPES[name])
        for name, rows in world.items()
    }
    return sources.from_tables(frames, engine=engine)


def listed(name, system, code):
    return Codelist(name, system, (code,), version="2026-01-01", source="tests", label=name)


def drug_lists(*names):
    return {name: listed(name, "ATC", ARMS[name]) for name in names}


def told(engine, frame, *columns):
    """The rows of a frame as a set of tuples: whole numbers as int, missing values as None.

    A row told twice is an error of grain, and is refused here.
    """
    table = engine.collect(frame)
    cells = [[_plain(value) for value in table[name]] for name in columns]
    rows = list(zip(*cells, strict=True))
    assert len(rows) == len(set(rows)), f"rows told twice: {sorted(map(str, rows))}"
    return set(rows)


def _plain(value):
    if pd.isna(value):
        return None
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):  # engines divide by 100 with or without an error in the last bit
        value = round(value, 9)
        return int(value) if value.is_integer() else value
    return value
