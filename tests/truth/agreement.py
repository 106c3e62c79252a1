"""What the tests of agreement share: the engines, the settings of Hypothesis, one cohort."""

import atexit

import oracle
import pytest
from generated import ARMS, BASE, LAST, drug_lists, opened
from hypothesis import HealthCheck, Phase, given, settings
from polars_engine import PolarsEngine

from studylib import cohort
from studylib.sources import Engine

ENGINES = {"duckdb": Engine.start(), "polars": PolarsEngine()}
INCLUSION = (cohort.as_date(BASE + 60), cohort.as_date(BASE + LAST))
FIRST, END = BASE + 60, BASE + LAST
TWO = {name: ARMS[name] for name in ("A", "B")}
for session in ENGINES.values():
    atexit.register(session.stop)

# DuckDB plans each small query at some cost: it sees fewer examples than Polars, the same first
# ones. They are not shrunk: an example is small already, and each takes a second.
EXAMPLES = {"duckdb": 6, "polars": 30}


def agreed(**strategies):
    """A test of one engine (its first argument) run on examples drawn from the strategies."""

    def decorate(test):
        @pytest.mark.parametrize("name", ENGINES)
        def run(name):
            @settings(
                max_examples=EXAMPLES[name],
                deadline=None,
                derandomize=True,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(**strategies)
            def one(**drawn):
                test(name, **drawn)

            one()

        return run

    return decorate


def both(name, world):
    """The source over the engine, and the engine."""
    return opened(world, ENGINES[name]), ENGINES[name]


def users_of(source, world, washout=30, repeat=False, gap=0):
    made = cohort.new_users(
        source, drug_lists("A", "B"), inclusion=INCLUSION, washout_days=washout, repeat=repeat,
        observation_gap_days=gap,
    )  # fmt: skip
    return made, oracle.new_users(world, TWO, FIRST, END, washout, repeat, gap)


def entries(found, *names):
    return {(entry["person"], entry["index"], *(entry[name] for name in names)) for entry in found}
