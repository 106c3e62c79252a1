# ruff: noqa: E501 - drawn tables are read across
"""A CDM of ten persons drawn by hand, with the oddities that real ones have."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

APIXABAN, ASPIRIN, BLEED, ULCER, ENDOSCOPY = 43013024, 1112807, 192671, 4000, 5000
ATC_APIXABAN, ATC_XABANS, ICD_BLEED = 21600002, 21600001, 45000001

TABLES = {
    "person": """
        person_id | gender_concept_id | year_of_birth | month_of_birth | day_of_birth | location_id
        1  | 8532 | 1950 | 2 | 29 | 1
        2  | 8507 | 1960 | 1 | 1  | 1
        3  | 0    | 1960 | 1 | 1  | 1
        4  | 8532 | -    | - | -  | 1
        5  | 8507 | 1970 | - | -  | 1
        6  | 8532 | 1980 | 3 | -  | 1
        7  | 8507 | 1990 | 6 | 30 | 1
        8  | 8532 | 1944 | 12| 31 | 2
        9  | 8507 | 1930 | 5 | 8  | 2
        10 | 8532 | 1955 | 7 | 14 | -""",
    "observation_period": """
        observation_period_id | person_id | observation_period_start_date | observation_period_end_date
        1  | 1  | 2018-01-01 | 2020-12-31
        2  | 2  | 2018-01-01 | 2020-12-31
        3  | 3  | 2018-01-01 | 2020-12-31
        4  | 5  | 2018-01-01 | 2020-12-31
        5  | 6  | 2018-01-01 | 2020-12-31
        6  | 8  | 2018-01-01 | 2018-12-31
        7  | 8  | 2019-07-01 | 2020-12-31
        8  | 9  | 2018-01-01 | 2019-03-04
        9  | 10 | 2018-01-01 | 2020-12-31
        10 | 99 | 2018-01-01 | 2020-12-31
        11 | 10 | 2020-06-01 | 2020-05-01""",
    "death": """
        person_id | death_date
        9  | 2019-03-04""",
    "location": """
        location_id | state
        1 | Rhône
        2 | Ailleurs""",
    "care_site": """
        care_site_id | care_site_name
        7 | Hôpital d'essai""",
    "visit_occurrence": """
        visit_occurrence_id | person_id | visit_concept_id | visit_start_date | visit_end_date | care_site_id | admitting_source_concept_id | discharge_to_concept_id
        1 | 1 | 9201 | 2019-05-01 | 2019-05-04 | 7 | 8870 | 0
        2 | 9 | 9202 | 2018-02-01 | 2018-02-01 | - | 0 | 0
        3 | 9 | 262  | 2019-03-01 | 2019-03-04 | 7 | 0 | 0
        4 | 2 | 8717 | 2019-06-01 | 2019-06-01 | - | 0 | 4216643""",
    "drug_exposure": """
        drug_exposure_id | person_id | drug_concept_id | drug_source_concept_id | drug_source_value | drug_type_concept_id | drug_exposure_start_date | drug_exposure_end_date | days_supply | quantity | visit_occurrence_id
        1  | 1  | 43013024 | 0 | 3400930000001 | 38000175 | 2019-01-10 | 2019-01-10 | 30 | 60 | 77
        2  | 1  | 43013024 | 0 | x | 38000175 | 2019-02-10 | 2019-02-20 | 0  | 0 | -
        2  | 2  | 1112807  | 0 | x | 38000175 | 2019-02-10 | -          | -  | 1 | 0
        4  | 2  | 0        | 0 | x | 38000175 | 2019-03-10 | 2019-03-10 | 10 | 1 | -
        5  | 5  | 43013024 | 0 | x | 38000175 | 2019-02-10 | 2019-01-01 | 0  | 1 | -
        6  | 8  | 43013024 | 0 | x | 38000175 | 2019-02-10 | 2019-02-10 | 30 | 1 | -
        7  | 3  | 43013024 | 0 | x | 38000175 | 2019-02-10 | 2019-02-10 | 30 | 1 | -
        8  | 98 | 43013024 | 0 | x | 38000175 | 2019-02-10 | 2019-02-10 | 30 | 1 | -
        9  | 6  | 43013024 | 0 | x | 38000175 | 2019-02-10 | 2019-02-10 | -5 | 1 | -
        10 | 1  | 43013024 | 0 | x | 38000180 | 2019-05-02 | 2019-05-02 | 1  | 1 | 1""",
    "drug_era": """
        drug_era_id | person_id | drug_concept_id | drug_era_start_date | drug_era_end_date | drug_exposure_count
        1 | 1 | 43013024 | 2019-01-10 | 2019-02-20 | 2""",
    "condition_occurrence": """
        condition_occurrence_id | person_id | condition_concept_id | condition_source_concept_id | condition_start_date | condition_end_date | condition_status_concept_id | visit_occurrence_id
        1 | 1 | 192671 | 45000001 | 2019-05-01 | 2019-05-04 | 32902 | 1
        2 | 9 | 192671 | 0 | 2019-03-01 | - | 32908 | 3
        3 | 2 | 4000   | 0 | 2019-06-01 | - | 0 | 55
        4 | 10| 0      | 0 | 2019-06-01 | - | 0 | -""",
    "procedure_occurrence": """
        procedure_occurrence_id | person_id | procedure_concept_id | procedure_source_concept_id | procedure_date | quantity | visit_occurrence_id
        1 | 1 | 5001 | 5000 | 2019-05-02 | - | 1""",
    "concept": """
        concept_id | vocabulary_id | concept_code
        43013024 | RxNorm | 1364430
        1112807  | RxNorm | 1191
        192671   | SNOMED | 74474003
        4000     | SNOMED | 397825006
        5001     | SNOMED | 386718000
        5000     | CCAM   | HEQE002
        21600001 | ATC    | B01AF
        21600002 | ATC    | B01AF02
        21600003 | ATC    | B01AC06
        21600004 | ATC    | N02BA01
        45000001 | ICD10  | K92.2
        45000002 | ICD10  | K25.0
        45000003 | ICD10  | K25.4
        9202     | Visit  | OP
        9201     | Visit  | IP""",
    "concept_ancestor": """
        ancestor_concept_id | descendant_concept_id
        21600001 | 43013024
        21600002 | 43013024
        21600003 | 1112807
        21600004 | 1112807
        192671   | 192671
        4180628  | 192671
        9201     | 8717""",
    "concept_relationship": """
        concept_id_1 | concept_id_2 | relationship_id | invalid_reason
        45000001 | 192671 | Maps to | -
        45000002 | 4000   | Maps to | -
        45000003 | 4000   | Maps to | -""",
    "cdm_source": """
        cdm_version
        v5.3.1""",
}
TEXT = ("drug_source_value", "state", "care_site_name", "vocabulary_id", "concept_code")
TEXT += ("relationship_id", "invalid_reason", "cdm_version")


def tables() -> dict[str, pd.DataFrame]:
    """The tables as a CDM in Parquet often has them: identifiers as floats, days as dates."""
    made = {}
    for name, text in TABLES.items():
        lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
        frame = pd.DataFrame(lines[1:], columns=lines[0]).replace("-", None)
        for column in frame.columns:
            if column.endswith("_date"):
                frame[column] = pd.to_datetime(frame[column])
            elif column not in TEXT:
                frame[column] = frame[column].astype("float64")
        made[name] = frame
    return made


def write(folder: Path, made: dict[str, pd.DataFrame]) -> Path:
    """The tables as ``FOLDER/TABLE.parquet``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in made.items():
        days = [column for column in frame.columns if column.endswith("_date")]
        whole = {column: frame[column].dt.date for column in days}
        frame.assign(**whole).to_parquet(folder / f"{name}.parquet", index=False)
    return folder


def export(folder: Path, made: dict[str, pd.DataFrame]) -> Path:
    """The tables as an OHDSI export: upper case, commas, the vocabulary with tabs and bare days."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in made.items():
        athena = name.startswith("concept")
        shown = frame.rename(columns=str.upper)
        whole = [c for c in shown.columns if shown[c].dtype == "float64"]
        shown = shown.astype(dict.fromkeys(whole, "Int64"))
        shown.to_csv(
            folder / f"{name.upper()}.csv",
            index=False,
            sep="\t" if athena else ",",
            date_format="%Y%m%d" if name == "drug_exposure" else "%Y-%m-%d",
        )
    return folder
