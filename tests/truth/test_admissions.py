"""Drug-related stays on drawn tables: levels, moments, the two lists, what is tied to nobody."""

from dataclasses import replace

import pandas as pd
import pytest
from conftest import drawn
from drawn_use import YEAR, listed, use_source

from studylib import cohort
from studylib.errors import EstimationError
from studylib.risk import admissions

HEADER = "person_id | drug | start | days\n"
DIAGNOSES = "stay_id | person_id | code | position | start | end\n"
STAYS = "stay_id | person_id | start | end | emergency | died | cost | establishment\n"


def found(engine, dispensings="", diagnoses="", stays="", *, carry_days=0, **tables):
    source = use_source(
        engine, HEADER + dispensings, diagnoses=DIAGNOSES + diagnoses, stays=STAYS + stays, **tables
    )
    return admissions.drug_related_stays(
        source,
        period=YEAR,
        coded=[listed("T36", "T42", "T45", "D683", "Y44", "Y47", "K711", system="CIM-10")],
        intentional=listed("X61", system="CIM-10"),
        bleeding=listed("K922", "I61", system="CIM-10"),
        antithrombotics=[listed("B01A")],
        carry_days=carry_days,
    )


def told(made, *columns):
    table = made.source.engine.collect(made.stays).sort_values("stay_id")
    return [tuple(row) for row in table[["stay_id", *columns]].itertuples(index=False)]


def test_levels_moments_and_classes(engine):
    """1 code in DP; 2 in DAS by emergency; 3 in DAS, planned; 4 bleeding in DP, coded in DAS;
    5 deliberate; 6 a bleeding without drug nor code, not found; 7 a code that names no class."""
    made = found(
        engine,
        "4 | aod | 2022-02-20 | 30",
        """1 | 1 | T455 | DP  | 2022-03-01 | 2022-03-05
        2 | 2 | S720 | DP  | 2022-03-01 | 2022-03-05
        2 | 2 | Y471 | DAS | 2022-03-01 | 2022-03-05
        3 | 3 | I500 | DP  | 2022-03-01 | 2022-03-05
        3 | 3 | Y471 | DAS | 2022-03-01 | 2022-03-05
        4 | 4 | K922 | DP  | 2022-03-01 | 2022-03-05
        4 | 4 | Y442 | DAS | 2022-03-01 | 2022-03-05
        5 | 5 | T424 | DP  | 2022-03-01 | 2022-03-05
        5 | 5 | X61  | DAS | 2022-03-01 | 2022-03-05
        6 | 6 | K922 | DP  | 2022-03-01 | 2022-03-05
        7 | 7 | K711 | DP  | 2022-03-01 | 2022-03-05""",
        """1 | 1 | 2022-03-01 | 2022-03-05 | yes | no | 1000 | 750000001
        2 | 2 | 2022-03-01 | 2022-03-05 | yes | no | 1000 | 750000001
        3 | 3 | 2022-03-01 | 2022-03-05 | no | no | 1000 | 750000001
        4 | 4 | 2022-03-01 | 2022-03-05 | no | yes | 3000 | 750000001
        5 | 5 | 2022-03-01 | 2022-03-05 | yes | no | 1000 | 750000001
        6 | 6 | 2022-03-01 | 2022-03-05 | yes | no | 1000 | 750000001
        7 | 7 | 2022-03-01 | 2022-03-05 | yes | no | 1000 | 750000001""",
    )
    assert told(made, "level", "moment", "drug_class", "nights") == [
        (1, "coded_cause", "admission", "Anticoagulants", 3),
        (2, "coded_associated", "emergency_entry", "Benzodiazépines", 3),
        (3, "coded_associated", "undetermined", "Benzodiazépines", 3),
        (4, "coded_associated", "admission", "Anticoagulants", 3),
        (5, "intentional", "admission", "Benzodiazépines", 3),
        (7, "coded_cause", "admission", "Classe non précisée", 3),
    ]
    by_level = admissions.admissions_by(made, "level", population="x", regions=["11"])
    counts = by_level.set_index("stratum")[["events", "deaths"]]
    assert counts.loc["all"].tolist() == [6, 1]
    assert counts.loc["coded_associated"].tolist() == [3, 1]
    row = by_level.set_index("stratum").loc["coded_associated"]
    assert row["cost"] == pytest.approx(5000 / 3)
    coded = admissions.coded_bleedings(made, names={"11": "x"})
    assert coded[["stays", "events"]].values.tolist() == [[1, 1]]


BLEEDINGS = "\n".join(f"{n} | {n} | K922 | DP | 2022-03-01 | 2022-03-05" for n in range(1, 8))
BLED = "\n".join(
    f"{n} | {n} | 2022-03-01 | 2022-03-05 | yes | no | 1000 | 750000001" for n in range(1, 8)
)


def test_the_drug_is_dispensed_before_and_covers_the_day_of_admission(engine):
    """1 covers the day; 2 ends on it (its last day is the one before); 3 was dispensed that day;
    4 is another drug; 5 an antiplatelet; 6 ended 14 days before; 7 both classes."""
    dispensed = """1 | aod | 2022-02-01 | 29
        2 | aod | 2022-02-01 | 28
        3 | aod | 2022-03-01 | 30
        4 | statin | 2022-02-01 | 60
        5 | aspirin | 2022-02-28 | 30
        6 | aod | 2022-01-01 | 45
        7 | aspirin | 2022-02-01 | 60
        7 | avk | 2022-02-01 | 60"""
    made = found(engine, dispensed, BLEEDINGS, BLED)
    assert told(made, "level", "drug_class") == [
        (1, "two_list", "Anticoagulants"),
        (5, "two_list", "Antiagrégants et thrombolytiques"),
        (7, "two_list", "Antiagrégants et thrombolytiques"),
    ]
    later = found(engine, dispensed, BLEEDINGS, BLED, carry_days=14)
    assert [row[0] for row in told(later)] == [1, 2, 5, 7]
    longest = found(engine, dispensed, BLEEDINGS, BLED, carry_days=15)
    assert [row[0] for row in told(longest)] == [1, 2, 5, 6, 7]


def test_a_bleeding_elsewhere_than_in_dp_or_out_of_the_period_is_not_one(engine):
    dispensed = "1 | aod | 2021-01-01 | 999\n2 | aod | 2021-01-01 | 999\n3 | aod | 2021-01-01 | 999"
    made = found(
        engine,
        dispensed,
        """1 | 1 | K922 | DAS | 2022-03-01 | 2022-03-05
        2 | 2 | K922 | DP | 2021-12-31 | 2022-03-05
        3 | 3 | K922 | DP | 2022-12-31 | 2023-01-05""",
        """1 | 1 | 2022-03-01 | 2022-03-05 | yes | no | 1000 | 750000001
        2 | 2 | 2021-12-31 | 2022-03-05 | yes | no | 1000 | 750000001
        3 | 3 | 2022-12-31 | 2023-01-05 | yes | no | 1000 | 750000001""",
    )
    assert [row[0] for row in told(made)] == [3]


def test_rates_sites_and_what_is_tied_to_nobody(engine):
    """Three stays of two persons of region 11, none of the one of region 84, over 365 days each:
    3 / (2 × 365 / 365.25) years. Of four stays of the first establishment three are found."""
    made = found(
        engine,
        "3 | statin | 2022-02-01 | 60",
        """1 | 1 | T455 | DP | 2022-03-01 | 2022-03-05
        2 | 1 | T455 | DP | 2022-05-01 | 2022-05-05
        3 | 2 | T455 | DP | 2022-05-01 | 2022-05-05
        4 | 2 | I500 | DP | 2022-07-01 | 2022-07-05""",
        """1 | 1 | 2022-03-01 | 2022-03-05 | yes | no | 1000 | 750000001
        2 | 1 | 2022-05-01 | 2022-05-05 | yes | no | 1000 | 750000001
        3 | 2 | 2022-05-01 | 2022-05-05 | yes | no | 1000 | 750000001
        4 | 2 | 2022-07-01 | 2022-07-05 | yes | no | 1000 | 750000001
        5 | 3 | 2022-07-01 | 2022-07-05 | yes | no | 1000 | 690000002""",
        persons="person_id | sex | birth_date | region\n3 | F | 1940-06-01 | 84",
    )
    source = made.source
    people = cohort.population(source, period=YEAR, age_cuts=[75])
    rates = admissions.admission_rates(
        admissions.admission_strata(made, people), indicator="x", whole="all", per=1000
    ).set_index("population")
    assert rates.loc["11", "estimate"] == pytest.approx(1000 * 3 / (2 * 365 / 365.25))
    assert rates.loc["84", ["events", "estimate"]].tolist() == [0, 0]
    assert rates.loc["11", "expected"] == pytest.approx(2.0)
    sites = admissions.establishments(made).set_index("establishment")
    assert sites.loc["750000001", ["stays", "events", "estimate"]].tolist() == [4, 3, 0.75]
    assert sites.loc["690000002", "events"] == 0
    unlinked = drawn("stay_id | start | end\n9 | 2022-03-01 | 2022-03-05")
    lost = source.engine.load(unlinked.assign(region="84").astype({"region": "string"}), "lost")
    whole = replace(made, source=replace(source, tables={**source.tables, "unlinked_stays": lost}))
    told_apart = admissions.coverage(whole, names={"11": "IdF", "84": "AuRA"})
    assert told_apart[["stays", "unlinked"]].values.tolist() == [[4, 0], [1, 1]]
    assert told_apart["share"].tolist() == [0, 0.5]
    assert admissions.coverage(made, names={"11": "IdF"})["unlinked"].isna().all()


def test_nothing_found_is_empty_tables(engine):
    made = found(
        engine,
        "1 | statin | 2022-02-01 | 60",
        "1 | 1 | I500 | DP | 2022-03-01 | 2022-03-05",
        "1 | 1 | 2022-03-01 | 2022-03-05 | yes | no | 1000 | 750000001",
    )
    assert admissions.admissions_by(made, "level", population="x", regions=["11"]).empty
    assert pd.isna(admissions.coded_bleedings(made, names={"11": "x"}).loc[0, "estimate"])
    people = cohort.population(made.source, period=YEAR, age_cuts=[75])
    strata = admissions.admission_strata(made, people)
    assert strata["events"].sum() == 0
    with pytest.raises(EstimationError, match="level, moment ou drug_class"):
        admissions.admissions_by(made, "region", population="x", regions=["11"])
    with pytest.raises(EstimationError, match="report de -1 jours"):
        found(engine, "1 | statin | 2022-02-01 | 60", carry_days=-1)
