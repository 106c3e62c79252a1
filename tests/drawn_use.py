"""Event tables of a few persons, drawn, for rules, polypharmacy and admissions."""

from __future__ import annotations

from datetime import date

import pandas as pd
from conftest import drawn

from studylib import sources
from studylib.codes import Codelist
from studylib.cohort import day

FIRST, LAST = day(date(2020, 1, 1)), day(date(2024, 1, 1))
YEAR = (date(2022, 1, 1), date(2022, 12, 31))
ATC = {
    "bzd": "N05BA12", "hyp": "N05CF02", "nsaid": "M01AE01", "ppi": "A02BC01", "aod": "B01AF02",
    "avk": "B01AA03", "aspirin": "B01AC06", "statin": "C10AA05", "diuretic": "C03CA01",
    "ace": "C09AA05", "eye": "S01EE01",
}  # fmt: skip


def listed(*codes: str, system: str = "ATC") -> Codelist:
    return Codelist("drawn", system, codes, version="2026-01-01", source="tests", label="drawn")


def use_source(
    engine,
    dispensings: str,
    *,
    persons: str = "",
    diagnoses: str = "",
    stays: str = "",
    observation: str = "",
):
    """A source from drawn tables; who is not drawn is a woman of region 11 born on 1940-06-01."""
    given = drawn(dispensings)
    boxes = pd.DataFrame(
        {
            "person_id": given["person_id"],
            "atc": given["drug"].map(lambda name: ATC.get(name, name)),
            "cip13": given.get("cip13", "3400999900010"),
            "start": given["start"].astype("int64"),
            "end": given["start"].astype("int64") + given["days"],
            "quantity": given.get("quantity", pd.Series(1, index=given.index)).astype(float),
            "days_supply": given["days"],
            "cost": 10.0,
            "establishment": given.get("establishment", pd.Series("-", index=given.index)),
        }
    )
    boxes["establishment"] = boxes["establishment"].replace("-", None).astype("string")
    if "prescriber" in given:
        boxes["prescriber"] = given["prescriber"].replace("-", None).astype("string")
    coded = drawn(diagnoses) if diagnoses else _none("stay_id", "person_id", "code", "position")
    tables = {
        "dispensings": boxes.astype({"atc": "string", "cip13": "string"}),
        "diagnoses": _events(coded).astype({"code": "string", "position": "string"}),
        "establishments": pd.DataFrame(
            {"code": ["750000001", "690000002"], "name": ["A", "B"], "category": ["CH", "CH"],
             "region": ["11", "84"]}
        ).astype("string"),
    }  # fmt: skip
    if stays:
        tables["stays"] = _stays(drawn(stays))
    ids = sorted({*given["person_id"], *coded["person_id"].astype("int64")})
    tables["persons"] = _persons(ids, drawn(persons) if persons else None)
    ids = list(tables["persons"]["person_id"])
    seen = pd.DataFrame({"person_id": ids, "start": FIRST, "end": LAST})
    tables["observation"] = drawn(observation) if observation else seen
    return sources.from_tables(tables, engine=engine)


def _none(*columns: str) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype="object") for name in (*columns, "start", "end")})


def _events(coded: pd.DataFrame) -> pd.DataFrame:
    whole = coded.assign(quantity=1.0, cost=0.0)
    return whole.astype({n: "int64" for n in ("stay_id", "person_id", "start", "end")})


def _stays(given: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "stay_id": given["stay_id"],
            "person_id": given["person_id"],
            "start": given["start"].astype("int64"),
            "end": given["end"].astype("int64"),
            "ghm": "06M041",
            "quantity": 1.0,
            "cost": given.get("cost", pd.Series(1000, index=given.index)).astype(float),
            "establishment": given.get("establishment", "750000001"),
            "emergency": given.get("emergency", pd.Series("yes", index=given.index)) == "yes",
            "died": given.get("died", pd.Series("no", index=given.index)) == "yes",
        }
    ).astype({"ghm": "string", "establishment": "string"})


def _persons(ids: list[int], given: pd.DataFrame | None) -> pd.DataFrame:
    table = pd.DataFrame({"person_id": ids, "sex": "F", "birth_date": day(date(1940, 6, 1))})
    table["region"] = "11"
    table["death_date"] = pd.Series([None] * len(ids), dtype="Int64")
    if given is not None:
        told = given.set_index("person_id")
        table = table[~table["person_id"].isin(told.index)]
        named = told.reset_index().reindex(
            columns=["person_id", "sex", "birth_date", "region", "death_date"]
        )
        named["death_date"] = named["death_date"].astype("Int64")
        table = pd.concat([table, named], ignore_index=True)
    return table.astype(
        {"sex": "string", "region": "string", "birth_date": "int64", "person_id": "int64"}
    )
