"""Each effect planted in the simulated population can be measured, and is what was said."""

from datetime import date

import numpy as np
import pytest

from studylib.sources import simulated
from studylib.sources.event_folder import open_folder
from studylib.sources.simulated.formulary import formulary
from studylib.sources.simulated.settings import EPOCH


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    folder = tmp_path_factory.mktemp("population")
    settings = simulated.Settings(persons=200_000)
    simulated.generate(settings, folder)
    truth = simulated.planted_effects(settings)
    return open_folder("simulated", folder, truth=truth, synthetic=True)


def query(source, sql):
    """``sql`` over the source's tables, by their names."""
    views = {name: frame.to_native() for name, frame in source.tables.items()}
    for name, relation in views.items():
        relation.create_view(f"seen_{name}", replace=True)
    return source.engine.connection.sql(sql).df()


def planted(source, name):
    return source.truth.set_index("name").loc[name, "value"]


def test_the_extra_cost_of_a_bleeding_under_vka(large):
    stays = query(
        large,
        """
        SELECT s.cost, s.ghm, year(DATE '1970-01-01' + (s."end" - 1)::INTEGER
                - INTERVAL 2 MONTH) AS tariff_year,
            max(CASE WHEN d.atc LIKE 'B01AA%' THEN 1 ELSE 0 END) AS avk
        FROM seen_stays AS s JOIN seen_diagnoses AS c USING (stay_id)
        JOIN seen_dispensings AS d ON d.person_id = s.person_id AND d.start <= s.start
            AND d."end" > s.start - 30 AND (d.atc LIKE 'B01AA%' OR d.atc LIKE 'B01AF%')
        WHERE c.position = 'DP' AND c.code IN ('K922', 'K254', 'K264', 'K625', 'I619', 'I620')
        GROUP BY s.stay_id, s.cost, s.ghm, tariff_year""",
    )
    groups = stays.groupby(["ghm", "tariff_year", "avk"])["cost"].median().unstack("avk").dropna()
    assert len(groups) >= 4
    assert (groups[1] - groups[0]).median() == pytest.approx(planted(large, "bleeding_cost_avk"))


def rate_ratio(counts, years, exposed):
    """Log of the ratio of two rates and its error, from events and years per person."""
    logs, variances = [], []
    for group in (exposed, ~exposed):
        rate = counts[group].sum() / years[group].sum()
        spread = ((counts[group] - rate * years[group]) ** 2).sum()
        logs.append(np.log(rate))
        variances.append(spread / counts[group].sum() ** 2)
    return logs[0] - logs[1], sum(variances) ** 0.5


PPI = """
    SELECT p.region, o.start, o."end", count(d.atc) FILTER (d.start < {day}) AS before,
        count(d.atc) FILTER (d.start >= {day}) AS after,
        greatest(0, least(o."end", {day}) - o.start) AS days_before,
        greatest(0, o."end" - greatest(o.start, {day})) AS days_after
    FROM seen_observation AS o JOIN seen_persons AS p USING (person_id)
    LEFT JOIN seen_dispensings AS d ON d.person_id = o.person_id AND d.atc LIKE 'A02BC%'
    GROUP BY o.person_id, p.region, o.start, o."end\""""


def contract_day(source, name):
    return (date.fromisoformat(source.truth.set_index("name").loc[name, "start"]) - EPOCH).days


def test_one_region_gets_more_proton_pump_inhibitors(large):
    persons = query(large, PPI.format(day=contract_day(large, "contract_ppi")))
    persons = persons[persons["region"] != "53"]
    ratio, error = rate_ratio(
        persons["before"] + persons["after"],
        persons["days_before"] + persons["days_after"],
        persons["region"] == "84",
    )
    assert abs(ratio - np.log(planted(large, "ppi_region"))) < 3.3 * error
    assert error < 0.03


def test_the_contract_lowers_proton_pump_inhibitors_where_it_was_signed(large):
    persons = query(large, PPI.format(day=contract_day(large, "contract_ppi")))
    signed = persons["region"] == "53"
    after, error_after = rate_ratio(persons["after"], persons["days_after"], signed)
    before, error_before = rate_ratio(persons["before"], persons["days_before"], signed)
    error = (error_after**2 + error_before**2) ** 0.5
    assert abs(after - before - np.log(planted(large, "contract_ppi"))) < 3.3 * error
    assert error < 0.06


def initiations(source, atc):
    """First dispensings prescribed in hospital, four months or more after entry: rank, copy."""
    return query(
        source,
        f"""
        WITH first_ones AS (
            SELECT d.person_id, arg_min(d.establishment, d.start) AS establishment,
                arg_min(d.cip13, d.start) AS cip13, min(d.start) AS start
            FROM seen_dispensings AS d WHERE d.atc = '{atc}' GROUP BY d.person_id)
        SELECT right(left(f.establishment, 7), 2) AS rank, f.start, f.cip13
        FROM first_ones AS f JOIN seen_observation AS o USING (person_id)
        WHERE f.establishment IS NOT NULL AND f.start >= o.start + 120""",
    ).assign(copy=lambda rows: rows["cip13"].isin(copies()))


def copies():
    table = formulary()
    return set(table.loc[table["biosimilar"], "cip13"])


def share_difference(copy, exposed):
    share = copy.groupby(exposed).mean()
    error = (share * (1 - share) / copy.groupby(exposed).size()).sum() ** 0.5
    return share[True] - share[False], error


def test_one_establishment_starts_fewer_biosimilars(large):
    starts = initiations(large, "L04AB04")
    found, error = share_difference(starts["copy"], starts["rank"] == "01")
    assert abs(found - planted(large, "biosimilar_outlier")) < 3.3 * error
    assert error < 0.12


def test_the_contract_raises_biosimilars_where_it_was_signed(large):
    starts = initiations(large, "A10AE04")
    day = contract_day(large, "contract_biosimilar")
    signed = starts["rank"].isin(["02", "03"])
    after = starts["start"] >= day
    found, error = share_difference(starts["copy"][after], signed[after])
    assert abs(found - planted(large, "contract_biosimilar")) < 3.3 * error
    found, error_before = share_difference(starts["copy"][~after], signed[~after])
    assert abs(found) < 3.3 * error_before
    assert error < 0.08


def test_the_originator_costs_what_was_planted_more(large):
    prices = query(
        large,
        "SELECT DISTINCT cip13, cost / quantity AS c FROM seen_dispensings WHERE atc = 'L04AB04'",
    )
    full = prices.groupby("cip13")["c"].max()
    assert full.max() - full.min() == planted(large, "biosimilar_price")


def test_effects_are_told_only_where_they_can_be_seen():
    names = set(simulated.planted_effects(simulated.Settings())["name"])
    assert {"bleeding_aod", "bleeding_ssri", "ppi_region", "misuse_pregabalin"} <= names
    alone = simulated.planted_effects(simulated.Settings(regions=("84",)))["name"]
    assert not {"ppi_region", "contract_ppi", "misuse_pregabalin"} & set(alone)
    early = simulated.Settings(first_year=2016, last_year=2020)
    assert not {"contract_ppi", "contract_biosimilar"} & set(
        simulated.planted_effects(early)["name"]
    )
