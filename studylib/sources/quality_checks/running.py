"""All the checks of a source, in one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pandas as pd

from studylib.sources.quality_checks import coding, drift, events, flow, shares
from studylib.sources.quality_checks.measuring import Measure
from studylib.sources.quality_checks.ranges import Range
from studylib.sources.quality_checks.verdict import judged
from studylib.sources.source import Source


@dataclass(frozen=True)
class Choices:
    """What is chosen: months after which ``complete_share`` of lines have arrived, drift, ranges.

    ``own`` replaces the range of a check, whatever the table.
    """

    flow_months: int = 6
    complete_share: float = 0.985
    drift_tolerance: float = 0.50
    own: Mapping[str, Range] = field(default_factory=dict)


def check_data(source: Source, choices: Choices | None = None) -> pd.DataFrame:
    """Every check of the source, with its range and verdict (``CHECKS``), failures first.

    Checks of the reading bear on the whole source; those of events on the regions it is opened for.
    """
    return judged(_measures(source, choices or Choices()), (choices or Choices()).own)


def _measures(source: Source, choices: Choices) -> Iterator[Measure]:
    yield from shares.quality_checks(source)
    yield from flow.flow_checks(
        source, months=choices.flow_months, complete_share=choices.complete_share
    )
    yield from events.persons_checks(source)
    yield from events.observation_checks(source)
    yield from events.event_checks(source)
    yield events.without_event(source)
    yield from coding.form_checks(source)
    yield from coding.sex_and_age_checks(source)
    yield from coding.main_code_checks(source)
    by_year = drift.prevalence_drift(source, tolerance=choices.drift_tolerance)
    yield from drift.drift_checks(by_year)
    yield from drift.year_checks(by_year, source)
